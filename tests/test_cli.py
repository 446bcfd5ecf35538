"""Tests of what the command line says of itself."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from ratchet.adapters.corpus import data_folder, dvc
from ratchet.cli.app import app
from ratchet.cli.workspace import next_steps
from ratchet.domain.corpus import ledger
from ratchet.domain.errors import RatchetError
from tests.corpora import data_workspace, rows
from tests.tiers import exhaustive

SLOW = {"pandas", "scipy", "mlflow", "prefect", "docker", "boto3"}
IMPORTED = "import json, sys, ratchet.cli.app; print(json.dumps(sorted(sys.modules)))"


def test_the_version_is_the_installed_one() -> None:
    """What a bug report names."""
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"ratchet {version('ratchet')}\n")


def test_data_show_says_which_normal_form_a_ledger_has(tmp_path: Path) -> None:
    """An old ledger keeps version 1, and what that means is said; a new one has the newest."""
    settings = data_workspace(tmp_path / "bot-team")
    policy, data = settings.params.split, settings.workspace / "data"
    messages = pd.DataFrame(rows("leave", 12) + rows("laptop", 12)).assign(source="x").astype("str")
    new = ledger.assign(messages, ledger.empty(), policy, "2026-01-01")
    old = new[["key", "side", "first_seen"]]
    for book, version_, said in (
        (new, 2, "different emoji are different"),
        (old, 1, "keeps its keys; emoji"),
    ):
        data_folder.write(data, messages, book, policy)
        dvc.write_pointer(settings.workspace, dvc.add(settings.workspace, data))
        done = CliRunner().invoke(app, ["--workspace", str(settings.workspace), "data", "show"])
        shown = " ".join(done.stdout.split())
        assert (done.exit_code, f"version {version_}: " in shown, said in shown) == (0, True, True), (
            done.output
        )
        done = CliRunner().invoke(app, ["--workspace", str(settings.workspace), "data", "show", "--json"])
        found = json.loads(done.stdout)
        assert (found["normal_form"], found["sides"]) == (version_, {"train": 18, "test": 6, "quarantine": 0})


def test_no_help_text_waits_for_what_a_run_needs() -> None:
    """`ratchet --help` and completion load neither tables nor servers' clients: half a second, not two."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], check=True, capture_output=True, text=True, timeout=60
    )
    assert not SLOW & set(json.loads(done.stdout))


def test_no_rollback_waits_for_tables_or_servers_clients_before_it_switches() -> None:
    """Prefect it needs; what trains, tests under load or records is imported by the step that does so."""
    imported = IMPORTED.replace("ratchet.cli.app", "flows.rollback")
    done = subprocess.run(
        [sys.executable, "-c", imported], check=True, capture_output=True, text=True, timeout=120
    )
    assert not (SLOW - {"prefect"}) & set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("release 99", "no model version 99"),
        ("approve 99 --by Ana --reason wanted", "no model version 99"),
        ("reject 99 --by Ana --reason wrong", "no model version 99"),
        ("compare 98 99", "no model version 98"),
        ("rollback", "No release is live"),
        ("rollback --to 2026-11-21-3fa9c1", "Release 2026-11-21-3fa9c1 never was live"),
    ],
)
def test_a_mistyped_name_is_said_before_there_is_a_run(tmp_path: Path, words: str, said: str) -> None:
    """No server is started for it, no run fails, nobody is alerted."""
    settings = data_workspace(tmp_path / "bot-team")
    done = CliRunner().invoke(app, ["--workspace", str(settings.workspace), *words.split()])
    assert isinstance(done.exception, RatchetError)
    assert said in done.exception.fact
    assert not (settings.state / "prefect").exists()


@pytest.mark.parametrize("name", ["Ann's [old] $HOME Büro", *map(exhaustive, ("Büro bot", "bot $HOME"))])
def test_what_is_printed_to_be_typed_is_whole_for_a_shell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """A folder with spaces, quotes or brackets in its name is the one that `cd` and `ratchet label` then name."""
    next_steps(tmp_path / name, [])
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  cd ")]
    assert shlex.split(line) == ["cd", str(tmp_path / name)]
    settings, path = data_workspace(tmp_path / name), tmp_path / name / ".ratchet" / "harvest" / "sample.csv"
    monkeypatch.setattr("ratchet.adapters.prefect.server.connect", lambda _: "")
    monkeypatch.setattr("flows.harvest.harvest", lambda **_: str(path))
    done = CliRunner().invoke(app, ["--workspace", str(settings.workspace), "harvest"])
    [line] = [line for line in done.output.splitlines() if line.startswith("Next: ")]
    assert shlex.split(line) == ["Next:", "ratchet", "label", str(path)]


PRINT = r"""
from ratchet.cli.output import as_json, facts, forgive, out
forgive()
facts([("corpus", "h\u00e4ll\u2713 " * 60)])
as_json({"a": "\u2713"})
out.print("\u2713 ok")
"""


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LANG": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0"},
        {"TERM": "dumb", "COLUMNS": "20"},
    ],
)
def test_poor_terminals_and_pipes_get_every_line_whole(variables: dict[str, str]) -> None:
    """No character ends a command, nothing is wrapped where it is piped, and JSON stays JSON."""
    environment = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode("utf-8").splitlines()
    assert lines[0].startswith("corpus  h")
    assert lines[0].count("ll") == 60
    assert json.loads("".join(lines[1:4])) == {"a": "✓"}
    assert lines[4].endswith(" ok")

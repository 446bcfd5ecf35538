"""The README's first screens, typed into a fresh copy. The fast suite checks the same commands without running them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from ratchet.adapters.system.processes import free_port
from tests.docs.reading import ROOT, blocks
from tests.docs.small import INITIAL
from tests.docs.test_walk import shell

pytestmark = [pytest.mark.e2e, pytest.mark.long]

TYPED = re.compile(
    r"^(make run$|make run |cd |(\.venv/bin/|\.\./[\w-]+/\.venv/bin/)?ratchet"
    r" (init|ingest|retrain|release|rollback|status|history|chat|stop|approve|validate)\b)"
)
"""What is typed here; servers, other targets and the tests themselves are not."""

INTENTS = ("reset_password", "report_phishing", "vpn_problem", "get_payslip")


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """A fresh copy of what Git has, with nothing but uv installed."""
    if not INITIAL.is_dir():
        pytest.skip("the bot environment is missing: make setup")
    folder = tmp_path / "ratchet"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    # The environments are its own: `make setup` would install the copy into those that it shares.
    (folder / ".ratchet").mkdir()
    (folder / ".ratchet" / "uv").symlink_to(ROOT / ".ratchet" / "uv")
    (folder / ".env").write_text(f"RATCHET_PORT={free_port()}\n")
    yield folder
    for workspace in tmp_path.iterdir():
        if (workspace / "params.yaml").exists():
            subprocess.run([ROOT / ".venv/bin/ratchet", "--workspace", workspace, "stop"], check=False)
    shutil.rmtree(tmp_path, ignore_errors=True)


def typed() -> list[str]:
    """Return the README's commands in their order, long ones in one line."""
    lines = [
        line
        for block in blocks(ROOT / "README.md")
        if block.language == "sh"
        and "their-project" not in block.text  # tests/e2e/test_migration.py brings projects
        for line in re.sub(r"\\\n", " ", block.text).splitlines()
    ]
    return [line for line in lines if TYPED.match(line) and "swarm" not in line and "…" not in line]


def test_the_readme_carries_a_newcomer(clone: Path) -> None:
    """Each command succeeds, but for a rollback where nothing was released before."""
    script = []
    for line in typed():
        if found := re.search(r"ratchet ingest ([\w./-]+\.csv)", line):
            script.append(f"[ -f {found[1]} ] || cp {messages(clone.parent / 'own.csv')} {found[1]}")
        allowed = ' || [ "$?" = 1 ]' if "rollback" in line else ""
        script.append(line.split("   #")[0] + allowed)
    assert script[0].startswith("make run")
    said = shell(clone, script)
    assert said.count("Released.") >= 2
    assert "Traceback" not in said


def messages(path: Path) -> Path:
    """Write labelled messages of some intents that mean the same in every context."""
    corpus = pd.read_csv(ROOT / "examples/helpdesk/data/utterances.csv", dtype=str, keep_default_na=False)
    corpus[corpus["intent"].isin(INTENTS)][["text", "intent"]].to_csv(path, index=False)
    return path

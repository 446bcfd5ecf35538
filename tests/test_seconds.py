"""How long tests took: what a run of pytest leaves, the lines after it, and the table of .ci/run."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("seconds", ROOT / ".ci" / "seconds.py")
assert spec is not None
assert spec.loader is not None
seconds: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(seconds)

TESTS = """
import pytest

def test_good(): pass

def test_bad(): assert 1 == 2

@pytest.mark.skipif(True, reason="no engine here")
def test_left_out(): pass

@pytest.fixture
def broken(): raise RuntimeError
def test_without_ground(broken): pass
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of pytest with one test of each outcome leaves."""
    folder = tmp_path_factory.mktemp("record")
    (folder / "test_few.py").write_text(TESTS)
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    argv += [f"--rootdir={folder}", f"--junitxml={folder}/engines.xml", str(folder / "test_few.py")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    return folder


def test_a_run_is_kept_with_each_tests_outcome(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Passed, failed, skipped with its reason, and a failed set-up is a failure; the slowest are printed."""
    assert seconds.main(["engines", "--folder", str(folder)]) == 0
    kept = json.loads((folder / "engines.json").read_text())
    outcomes = {name.rpartition("::")[2]: test["outcome"] for name, test in kept["tests"].items()}
    assert outcomes == {
        "test_good": "passed",
        "test_bad": "failed",
        "test_left_out": "skipped",
        "test_without_ground": "failed",
    }
    assert "no engine here" in {test["reason"] for test in kept["tests"].values()}
    assert "test_bad" in capsys.readouterr().out


def test_the_table_fails_where_a_promise_has_no_proof(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A skipped test of the engines, or a run that was not made, ends with exit code 1 and is named."""
    whole = {"seconds": 61.0, "tests": {"a::b": {"seconds": 1.0, "outcome": "passed", "reason": ""}}}
    for name in ("fast", "bot", "bot-engines"):
        (tmp_path / f"{name}.json").write_text(json.dumps(whole))
    argv = ["--folder", str(tmp_path), "--part", "check=31", "--part", "total=90"]
    assert seconds.main(argv) == 1
    assert "Not run: engines" in capsys.readouterr().out
    (tmp_path / "engines.json").write_text(json.dumps(whole))
    assert seconds.main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:5] for line in lines if line.startswith("fast")] == [
        ["fast", "1", "min", "01", "s"]
    ]
    assert [line for line in lines if line][-1].startswith("total")
    seconds.main(["engines", "--folder", str(folder)])
    (tmp_path / "engines.json").write_text((folder / "engines.json").read_text())
    assert seconds.main(argv) == 1
    assert "Not proved here: test_few::test_left_out: no engine here" in capsys.readouterr().out

"""The check of both lock files against known weaknesses: what it reads, asks, accepts, and says when nobody answers.

The registry here is a stand-in that answers in the recorded form of the real one's JSON: the advisory service itself
could not be reached when this was written.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
assert spec is not None
assert spec.loader is not None
audit: Any = importlib.util.module_from_spec(spec)
sys.modules["audit"] = audit
spec.loader.exec_module(audit)

ADVISORY = {
    "aliases": ["CVE-2019-10906", "GHSA-462w-v97r-4m45"],
    "details": "In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.",
    "fixed_in": ["2.10.1"],
    "id": "PYSEC-2019-217",
    "link": "https://example.invalid/PYSEC-2019-217",
    "source": "osv",
    "summary": None,
    "withdrawn": None,
}
LOCK = """
[[package]]
name = "jinja2"
version = "2.10"
source = {{ registry = "{0}/simple" }}

[[package]]
name = "fine"
version = "1.0"
source = {{ registry = "{0}/simple" }}

[[package]]
name = "ours"
version = "0.1.0"
source = {{ virtual = "." }}
"""
ACCEPTED = """[[accepted]]
package = "jinja2"
version = "2.10"
id = "CVE-2019-10906"
reason = "no templates of strangers"
until = 2027-01-01
"""


class Registry(BaseHTTPRequestHandler):
    """Answers about versions."""

    asked: ClassVar[list[str]] = []
    pages: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        self.asked.append(self.path)
        found = self.pages.get(self.path)
        self.send_response(200 if found is not None else 404)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def registry() -> Iterator[str]:
    """The address of a registry."""
    Registry.asked = []
    Registry.pages = {
        "/pypi/jinja2/2.10/json": {
            "info": {},
            "vulnerabilities": [ADVISORY, {**ADVISORY, "withdrawn": "2020-01-01"}],
        },
        "/pypi/fine/1.0/json": {"info": {}, "vulnerabilities": []},
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def run(
    root: Path, registry: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """Audit two lock files; the exit code and what was said."""
    (root / "bot").mkdir(exist_ok=True)
    for name in audit.LOCKS:
        (root / name).write_text(LOCK.format(registry))
    monkeypatch.setattr(audit, "ROOT", root)
    monkeypatch.setattr(audit, "EXCEPTIONS", root / "audit.toml")
    return audit.main(), capsys.readouterr().out


def test_a_weakness_fails_until_somebody_accepts_it(
    tmp_path: Path, registry: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By any of its names, with the way out; a withdrawn one is none; our own packages are nobody's business."""
    (tmp_path / "audit.toml").write_text("")
    code, said = run(tmp_path, registry, monkeypatch, capsys)
    assert code == 1
    assert "jinja2 2.10: PYSEC-2019-217, CVE-2019-10906, GHSA-462w-v97r-4m45, fixed in 2.10.1" in said
    assert "2 versions, 0 accepted weaknesses, 1 others, 0 unanswered" in said
    assert sorted(Registry.asked) == ["/pypi/fine/1.0/json", "/pypi/jinja2/2.10/json"]
    (tmp_path / "audit.toml").write_text(ACCEPTED)
    assert run(tmp_path, registry, monkeypatch, capsys)[0] == 0


def test_an_exception_ends_with_its_date_and_its_version() -> None:
    """Somebody has to look again."""
    package = audit.Package("jinja2", "2.10", "")
    newer = audit.Package("jinja2", "2.11", "")
    known = audit.accepted(ACCEPTED)
    (found,) = audit.weaknesses(package, {"vulnerabilities": [ADVISORY]})
    (later,) = audit.weaknesses(newer, {"vulnerabilities": [ADVISORY]})
    assert audit.judge([found], known, date(2027, 1, 1)) == ([], [found])
    assert audit.judge([found], known, date(2027, 1, 2)) == ([found], [])
    assert audit.judge([later], known, date(2026, 1, 1)) == ([later], [])


@pytest.mark.parametrize("required", [False, True])
def test_where_nobody_answers_one_line_says_so(
    required: bool,
    tmp_path: Path,
    registry: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It passes, unless AUDIT=required, and asks once rather than for every version."""
    Registry.pages = {"/pypi/fine/1.0/json": {"info": {}}}  # a mirror without advisories
    if required:
        monkeypatch.setenv("AUDIT", "required")
    else:
        monkeypatch.delenv("AUDIT", raising=False)
    code, said = run(tmp_path, registry, monkeypatch, capsys)
    assert code == int(required)
    assert said.startswith("audit: not asked")
    assert said.count("\n") == 1
    assert len(Registry.asked) == 1


def test_our_own_exceptions_are_whole_and_name_what_is_locked() -> None:
    """Each has a reason and a date, and speaks of a version that a lock file has."""
    locked = {
        (p.name, p.version) for name in audit.LOCKS for p in audit.packages((ROOT / name).read_text("utf-8"))
    }
    for entry in audit.accepted((ROOT / ".ci" / "audit.toml").read_text("utf-8")):
        assert (entry.package, entry.version) in locked, entry
        assert len(entry.reason) > 20
        assert isinstance(entry.until, date)


def test_the_lock_files_hold_a_digest_for_everything() -> None:
    """What is installed is what was locked: every file of a package has its sha256."""
    import tomllib

    for name in audit.LOCKS:
        for entry in tomllib.loads((ROOT / name).read_text("utf-8"))["package"]:
            files = [*entry.get("wheels", []), *([entry["sdist"]] if "sdist" in entry else [])]
            assert all(file["hash"].startswith("sha256:") for file in files), (name, entry["name"])
            assert files or "registry" not in entry["source"], (name, entry["name"])


def test_make_check_audits() -> None:
    """The audit is part of what everybody runs."""
    made = subprocess.run(
        ["make", "-n", "check"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert ".ci/audit.py" in made

"""What a release needs: one version, a dated changelog, forms that GitHub takes, and a workflow that signs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.reading import ROOT

spec = importlib.util.spec_from_file_location("version", ROOT / ".ci" / "version.py")
assert spec is not None
assert spec.loader is not None
version: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(version)

CHANGES = "# Changelog\n\n## 1.0.0 (2026-12-01)\n\n- new\n\n## 1.0.0rc1 (2026-11-27)\n\n- old\n"
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"


def test_the_version_of_this_checkout_can_be_released() -> None:
    """Both packages have one version, and the changelog has a dated heading for it."""
    [number] = set(version.versions(ROOT).values())
    assert version.faults(ROOT, f"v{number}") == []


@pytest.mark.parametrize(("tag", "faults"), [("v1.0.0", 0), ("v1.0.1", 3)])
def test_a_tag_that_is_not_the_version_is_refused(tmp_path: Path, tag: str, faults: int) -> None:
    """Each package that has another one is named, and a changelog without it."""
    (tmp_path / "ratchet_bot").mkdir()
    for name in version.PROJECTS:
        (tmp_path / name).write_text('[project]\nversion = "1.0.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    assert len(version.faults(tmp_path, tag)) == faults


def test_the_notes_are_the_versions_own() -> None:
    """What stands between its heading and the next; nothing where it has none."""
    assert version.notes(CHANGES, "1.0.0") == "- new"
    assert version.notes(CHANGES, "1.0.0rc1") == "- old"
    assert version.notes(CHANGES, "1.0") is None


def test_the_forms_are_what_github_takes() -> None:
    """Against GitHub's own JSON schemas, as check-jsonschema brings them along."""
    folder = ROOT / ".github" / "ISSUE_TEMPLATE"
    forms = [path for path in folder.glob("*.yml") if path.name != "config.yml"]
    assert len(forms) == 2
    tool = Path(sys.executable).with_name("check-jsonschema")
    for schema, files in (("forms", forms), ("config", [folder / "config.yml"])):
        argv = [tool, "--builtin-schema", f"vendor.github-issue-{schema}", *files]
        done = subprocess.run(argv, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_release_is_tested_before_it_is_published_and_what_is_published_is_signed() -> None:
    """Wheels and image wait for the tests; each has a signature of itself and of its SBOM."""
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    assert [step.get("run") for step in jobs["test"]["steps"]][-2:] == ["make check", "make test"]
    for name, subjects in (("wheels", 2), ("image", 1)):
        assert jobs[name]["needs"] == "test"
        signed = [step["with"] for step in jobs[name]["steps"] if "actions/attest@" in step.get("uses", "")]
        assert sum("sbom-path" in one for one in signed) == subjects
        assert any("sbom-path" not in one for one in signed)
    assert all(" # v" in line for line in WORKFLOW.read_text().splitlines() if "uses:" in line)

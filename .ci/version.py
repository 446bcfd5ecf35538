"""Hold a tag against the versions in the files: `python .ci/version.py v1.0.0`; `--notes` prints its changelog.

Exit code 1, with the reason, where a package has another version or the changelog has no dated heading for it.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECTS = ("pyproject.toml", "ratchet_bot/pyproject.toml")


def versions(root: Path) -> dict[str, str]:
    """Return the version that each package says it has."""
    return {name: str(tomllib.loads((root / name).read_text())["project"]["version"]) for name in PROJECTS}


def notes(changelog: str, version: str) -> str | None:
    """Return what the changelog says of a version below its dated heading; None without one."""
    heading = rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)\n"
    found = re.search(rf"{heading}(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else None


def faults(root: Path, tag: str) -> list[str]:
    """Return what speaks against a release under this tag."""
    wanted = tag.removeprefix("v")
    found = [
        f"{name} has version {has}, not {wanted}" for name, has in versions(root).items() if has != wanted
    ]
    if notes((root / "CHANGELOG.md").read_text(encoding="utf-8"), wanted) is None:
        found.append(f"CHANGELOG.md has no heading '## {wanted} (YYYY-MM-DD)'")
    return found


def main(tag: str, *options: str) -> int:
    """Print what is wrong, or the notes."""
    if found := faults(ROOT, tag):
        print("\n".join(found), file=sys.stderr)
        return 1
    if "--notes" in options:
        print(notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), tag.removeprefix("v")))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Write which files earlier releases copied into workspaces: `python .ci/copied.py COMMIT…`.

`ratchet upgrade` takes a file of a workspace for an unchanged copy when its digest is here. Run this with the commits
of all releases, oldest first, whenever a release changes a file that `ratchet init` copies, of `bot/` or a workflow, or
that a team may copy, of `deployments/`.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "ratchet" / "resources" / "copied.json"
COPIED = (
    "bot",
    "deployments",
    *(f".github/workflows/{name}.yml" for name in ("pull-request", "inside-ci", "to-service")),
)


def git(*words: str) -> bytes:
    """Run one Git command and return its output."""
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout


def main(commits: list[str]) -> None:
    """Write the digests that each copied file had at these commits."""
    files: dict[str, list[str]] = {}
    for commit in commits:
        for name in git("ls-tree", "-r", "--name-only", commit, "--", *COPIED).decode().splitlines():
            digest = hashlib.sha256(git("show", f"{commit}:{name}")).hexdigest()
            if digest not in files.setdefault(name, []):
                files[name].append(digest)
    OUT.write_text(json.dumps({"commits": commits, "files": dict(sorted(files.items()))}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

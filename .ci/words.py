"""Find words that Ratchet's texts no longer use: `python .ci/words.py` (part of `make check`).

Reads what people meet: pages, comments of settings, messages, `--help` texts, docstrings and report templates. Code is
read for its strings and comments only. `docs/style.md` says what to write instead. `--count` prints a table and passes.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXTS = (
    "*.md",
    "params.yaml",
    "deployments",
    "examples/*/README.md",
    "examples/*/params.yaml",
    "flows",
    "ratchet",
    "ratchet_bot/src",
    "tasks",
    ".ci",
    ".github",
)
SUFFIXES = {".md", ".py", ".yaml", ".yml", ".html", ".cfg", ".sh", ""}
SPARED = {"docs/style.md", ".ci/words.py", "examples/helpdesk/data"}

WORDS = {
    "anew": (r"\banew\b", "again, restart, start over"),
    "for ever": (r"\bfor ever\b", "permanently, forever"),
    "somebody": (r"\bsomebody\b", "a person, someone, or say who"),
    "nobody": (r"\bnobody\b", "no one, or say who does not"),
    "whoever": (r"\bwhoever\b", "name the person or the program"),
    "so many": (r"\bso many\b", "number of …, this many"),
    "goes on": (r"\b(goes|go|went) on\b", "continues, keeps …ing"),
    "stands": (r"\bstands?\b(?!-| for\b| in for\b)", "is, appears"),
    "gives way": (r"\b(gives?|gave) way\b", "fails"),
    "comes twice": (r"\bcomes? twice\b", "is sent twice, is received twice"),
    "in vain": (r"\bin vain\b", "without success"),
    "N %": (r"(?<=[\d}])\u0020%(?![\w}])", "92.5%, without a space"),
}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield what a file says to people, with the number of its line."""
    content = path.read_text(encoding="utf-8", errors="ignore")
    if path.suffix != ".py":
        yield from enumerate(content.splitlines(), 1)
        return
    if not any(re.search(pattern, content, re.IGNORECASE) for pattern, _ in WORDS.values()):
        return  # reading a file's tokens is slow, and most files need it not
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)):
            yield from enumerate(token.string.splitlines(), token.start[0])


def files() -> Iterator[Path]:
    """Yield the files of `TEXTS` that Git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *TEXTS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix in SUFFIXES and not any(name.startswith(one) for one in SPARED):
            yield path


def main() -> int:
    """Print each listed word with its place; returns 1 if there is one."""
    counts: Counter[str] = Counter()
    found = []
    for path in files():
        for number, line in texts(path):
            for word, (pattern, better) in WORDS.items():
                for hit in re.findall(pattern, line, re.IGNORECASE):
                    counts[word] += 1
                    found.append(f"{path.relative_to(ROOT)}:{number}: {word}: write {better}" if hit else "")
    if "--count" in sys.argv:
        print("\n".join(f"{word}\t{counts[word]}" for word in WORDS) + f"\nall\t{counts.total()}")
        return 0
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

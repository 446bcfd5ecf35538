"""What `mkdocs build` does beyond docs/: the root's pages join the site, and links to code become plain text.

mkdocs calls the two functions by their names.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
JOINING = {
    "README.md": "start.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-policy.md",
}
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the root's pages, and the decisions to the navigation."""
    for source, name in JOINING.items():
        if (ROOT / source).exists():
            text = relinked((ROOT / source).read_text(encoding="utf-8"), "")
            files.append(File.generated(config, name, content=text))
    pages = sorted(
        file.src_uri for file in files.documentation_pages() if file.src_uri.startswith("decisions/")
    )
    fill(config.nav, pages)
    return files


def fill(nav: Any, pages: list[str]) -> None:
    """Put pages in the place of `decisions/`."""
    for entry in nav if isinstance(nav, list) else []:
        if isinstance(entry, dict):
            for title, below in entry.items():
                if below == "decisions/":
                    entry[title] = pages
                fill(below, pages)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Resolve the links of a page that lead out of docs/."""
    if page.file.src_uri in JOINING.values():
        return markdown
    return relinked(markdown, posixpath.join("docs", posixpath.dirname(page.file.src_uri)))


def relinked(text: str, folder: str) -> str:
    """Return a text, of a page in this folder of the repository, with links that hold on the site."""

    def resolved(found: re.Match[str]) -> str:
        picture, label, target = found.groups()
        path, sign, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not path:
            return found[0]
        whole = posixpath.normpath(posixpath.join(folder, path))
        here = posixpath.join("docs", posixpath.relpath(folder or ".", "docs")) if folder else "docs"
        if whole.startswith("docs/") and not whole.endswith(".json"):
            inside = whole
        elif whole in JOINING:
            inside = f"docs/{JOINING[whole]}"
        else:
            return label
        return f"{picture}[{label}]({posixpath.relpath(inside, posixpath.normpath(here))}{sign}{anchor})"

    return LINK.sub(resolved, text)

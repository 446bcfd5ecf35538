"""Which requirements of a whole project its actions need."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

PACKAGES = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "google": "google-auth",
    "jwt": "PyJWT",
    "MySQLdb": "mysqlclient",
    "PIL": "Pillow",
    "psycopg2": "psycopg2-binary",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}
"""Well-known packages whose modules are called otherwise."""
NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def split(lines: Iterable[str], imported: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the requirements whose package is among the imported modules, and the others; comments are neither.

    A package is known by its name, or by the name that `PACKAGES` gives a module.
    """
    wanted = {plain(name) for module in imported for name in (module, PACKAGES.get(module, module))}
    kept, left = list[str](), list[str]()
    for line in lines:
        text = line.split(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        name = NAME.match(text)
        (kept if name and plain(name[1]) in wanted else left).append(text)
    return kept, left


def plain(name: str) -> str:
    """Return a package's or module's name as both write it: `ruamel.yaml` and `ruamel_yaml` are one."""
    return re.sub(r"[-_.]+", "-", name).lower()

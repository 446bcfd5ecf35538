"""What of a project's requirements its actions need."""

from __future__ import annotations

from ratchet.domain.migration.requirements import split

LINES = [
    "# all of it",
    "",
    "rasa==2.8.1",
    "requests>=2 # http",
    "ruamel.yaml==0.16",
    "-r other.txt",
    "PyYAML",
    "numpy==1.19",
]


def test_only_what_actions_import_comes_along() -> None:
    """By the package's name or the module's; options of pip and the rest are named."""
    kept, left = split(LINES, {"requests", "ruamel", "yaml", "ruamel_yaml"})
    assert kept == ["requests>=2", "ruamel.yaml==0.16", "PyYAML"]
    assert left == ["rasa==2.8.1", "-r other.txt", "numpy==1.19"]

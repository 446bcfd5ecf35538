"""New keys in a team's `params.yaml`."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.new_keys import entries, missing, value_at, with_keys, without
from ratchet.resources import SOURCE

SHIPPED = (SOURCE / "params.yaml").read_text(encoding="utf-8")
TEMPLATE = """# The policy.

gate:
  # How much …
  drop: 1.0
  # … and a list.
  warnings: []
  wear:
    # Worn.
    most: 50
  # Last.
  last: 1

ramp:
  start: 80
"""
OURS = """# Ours.
gate:
  # we allow more
  drop: 2.5   # since May
  warnings:
  - imbalance
ramp: {start: 70}"""


def test_a_key_comes_with_its_comment_after_the_one_before_it() -> None:
    """The team's values, comments and lists stay to the letter."""
    wanted = list(missing(yaml.safe_load(OURS), yaml.safe_load(TEMPLATE)))
    assert wanted == [("gate", "wear"), ("gate", "last")]
    assert with_keys(OURS, TEMPLATE, wanted) == OURS.replace(
        "  - imbalance\n", "  - imbalance\n  wear:\n    # Worn.\n    most: 50\n  # Last.\n  last: 1\n"
    ) + ("\n")


def test_a_missing_section_comes_whole() -> None:
    """After the section that comes before it."""
    text = with_keys("gate:\n  drop: 1\n\nmonitor:\n  a: 1\n", TEMPLATE, [("ramp",)])
    assert text == "gate:\n  drop: 1\n\nramp:\n  start: 80\n\nmonitor:\n  a: 1\n"


def test_a_section_in_another_style_is_left_alone() -> None:
    """Braces have no lines to put a key between."""
    for text in ("gate: {drop: 1}\n", "gate: null\n", "gate: &shared\n  drop: 1\n"):
        assert with_keys(text, TEMPLATE, [("gate", "last")]) == text
    assert with_keys("gate:  # ours\n  drop: 1\n", TEMPLATE, [("gate", "last")]).endswith("  last: 1\n")


@given(st.sets(st.sampled_from([entry.path for entry in entries(SHIPPED.splitlines())])))
def test_whatever_keys_are_missing_come_back(gone: set[tuple[str, ...]]) -> None:
    """Taken out of the policy that Ratchet ships, each key comes back with its value, and nothing else changes."""
    lines = SHIPPED.splitlines(keepends=True)
    cut = {n for entry in entries(lines) if entry.path in gone for n in range(entry.first, entry.end)}
    left = "".join(line for number, line in enumerate(lines) if number not in cut)
    content, shipped = yaml.safe_load(left) or {}, yaml.safe_load(SHIPPED)
    emptied = [name for name, value in content.items() if value is None]
    wanted = [path for path in missing(content, shipped) if path[0] not in emptied]
    result = yaml.safe_load(with_keys(left, SHIPPED, wanted)) or {}
    assert all(value_at(result, path) == value_at(shipped, path) for path in wanted)
    assert without(result, wanted) == content

"""YAML of others is read within bounds."""

from __future__ import annotations

import pytest

from ratchet.adapters.system import yaml_text


def doubled(first: str, levels: int, times: int = 9) -> str:
    """A text whose last line stands for `times` to the power of `levels` of the first."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * times)}]" for n in range(1, levels + 1)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("first", ["lol", "[]", "{a: b}"])
def test_aliases_of_aliases_are_refused_before_they_unfold(first: str) -> None:
    """Ten lines that stand for billions of values: whoever walks through them would never come to an end."""
    for read in (yaml_text.load, yaml_text.tree, yaml_text.trees):
        with pytest.raises(yaml_text.NotYaml, match="its aliases stand for more than"):
            read(doubled(first, 10))


def test_one_large_block_named_often_is_refused() -> None:
    """Without levels too: thousands of entries with the same thousands of examples."""
    text = f"a: &a [{', '.join(['word'] * 5_000)}]\nb: [{', '.join(['*a'] * 5_000)}]\n"
    with pytest.raises(yaml_text.NotYaml, match="stand for more"):
        yaml_text.load(text)


def test_a_value_that_holds_itself_is_refused() -> None:
    """It has no end."""
    with pytest.raises(yaml_text.NotYaml, match="line 1 holds itself by the alias a"):
        yaml_text.load("a: &a [*a]\n")


def test_aliases_as_people_use_them_are_read() -> None:
    """A block that is named some times, and a mapping that is merged into others."""
    text = "a: &a {role: manager}\nb: [*a, *a]\nc: {<<: *a, place: here}\n"
    assert yaml_text.load(text)["c"] == {"role": "manager", "place": "here"}
    assert len(yaml_text.load(doubled("word", 3))["a3"]) == 9

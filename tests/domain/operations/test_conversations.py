"""What a conversation of production is as a test, and how that is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.adapters.system import yaml_text
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.operations.conversations import (
    MOST_NAME,
    Said,
    Script,
    another_name,
    named_after,
    scalar,
    script,
    written,
)
from tests.adapters.page.hostile import TEXTS

KNOWN = ["leave", "laptop", "nlu_fallback"]


def line(text: str, intent: str = "leave", **more: object) -> Said:
    return Said(1, 0.0, text, {}, intent, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "No",
        "null",
        "1e5",
        "0o17",
        "~",
        "a: b",
        "a #b",
        " a",
        "a ",
        "- a",
        "*a",
        "!x",
        "<<",
        "ä",
        "",
        "x, y",
        "I'm",
    ],
)
def test_every_text_is_read_back(text: str) -> None:
    """Whatever YAML would take it for otherwise."""
    assert yaml_text.load(f"[{scalar(text)}]") == [text]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_is_read_back_on_one_line(text: str) -> None:
    """Line breaks and what cannot be seen included; no line of the file begins with any of it."""
    found = scalar(text)
    assert len(found.splitlines()) == 1
    assert yaml_text.load(f"- {{user: {found}}}") == [{"user": text}]


@pytest.mark.parametrize("text", TEXTS)
def test_a_hostile_text_leaves_no_bracket_open(text: str) -> None:
    """The bot counts the brackets of a whole file, and reads none that has too many open."""
    text = text.replace("\0", " ")
    found = written(Script(text[:60], {"role": text[:60]}, ((text, "leave"),)))
    depth = worst = 0
    for char in found:
        depth += (char in "[{") - (char in "]}")
        worst = max(worst, depth)
    assert depth == 0
    assert worst < 6
    [entry] = yaml_text.load(found)
    assert entry == {
        "name": text[:60],
        "context": {"role": text[:60]},
        "steps": [{"user": text, "intent": "leave"}],
    }


def test_a_test_is_written_as_people_write_it() -> None:
    """Plain words without quotes, and no context where there is none."""
    test = Script(
        "A laptop, please", {"role": "manager"}, (("I need a laptop", "laptop"), ("thanks!", "leave"))
    )
    assert written(test) == (
        '- name: "A laptop, please"\n  context: {role: manager}\n  steps:\n'
        '  - {user: I need a laptop, intent: laptop}\n  - {user: "thanks!", intent: leave}\n'
    )
    assert "context" not in written(Script("x", {}, (("a", "leave"),)))


def test_what_is_no_test_is_refused() -> None:
    """A message without an intent that there is, a context that changes, none or too many messages."""
    said = [line("one"), line("two")]
    assert script("x", said, ["one", "two"], ["leave", "laptop"], KNOWN).steps == (
        ("one", "leave"),
        ("two", "laptop"),
    )
    for intents, fact in (
        (["leave", ""], "missing at message 2"),
        (["x", "leave"], "no intent 'x' at message 1"),
    ):
        with pytest.raises(UsageError, match=fact):
            script("x", said, ["one", "two"], intents, KNOWN)
    changed = [line("one"), Said(2, 0.0, "two", {"role": "boss"}, "leave")]
    with pytest.raises(RatchetError, match="changed at message 2"):
        script("x", changed, ["one", "two"], ["leave", "leave"], KNOWN)
    for many in ([], [line("one")] * 51):
        with pytest.raises(RatchetError, match="a test has 1 to 50"):
            script("x", many, ["one"] * len(many), ["leave"] * len(many), KNOWN)


def test_a_name_says_what_it_is_about_and_is_the_only_one() -> None:
    """The longest of the first messages, cut; a second one gets a number."""
    assert named_after(["hi", "I need a laptop", "now"]) == "I need a laptop"
    assert len(named_after(["long " * 40])) <= MOST_NAME
    assert another_name("a", []) == "a"
    assert another_name("a", ["a", "a (2)"]) == "a (3)"


def test_what_was_not_understood_is_no_guess() -> None:
    """Neither a fallback, nor a hand-off, nor a failure."""
    assert line("x").understood
    assert not any(
        one.understood for one in (line("x", "nlu_fallback"), line("x", "nlu_handoff"), line("x", ""))
    )
    assert not line("x", failed=True).understood

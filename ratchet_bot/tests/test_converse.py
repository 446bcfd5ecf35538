"""Reading conversation files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet_bot.tools._errors import ToolError
from ratchet_bot.tools.converse import Step, compare, read

REPLY = {
    "intent": {"name": "leave"},
    "messages": [{"text": "Ask your\n  manager."}, {"image": "x"}, {"text": "Bye"}],
}


def test_who_speaks(tmp_path: Path) -> None:
    """`as` names a person of the directory or states a context; `context` states one too."""
    path = tmp_path / "a.yml"
    path.write_text(
        "- {name: a, as: {user: anna}, steps: [{user: hi, intent: x}]}\n"
        "- {name: b, context: {role: boss}, steps: [{user: hi, bot: [hello, there]}]}\n"
        "- {name: c, as: {role: boss, location: rome}, steps: [{user: hi, bot: hello}]}\n"
        "- {name: d, steps: [{user: hi, bot: hello}]}\n"
    )
    found = read(path)
    assert [c.who for c in found] == [
        {"user": "anna"},
        {"context": {"role": "boss"}},
        {"context": {"role": "boss", "location": "rome"}},
        {},
    ]
    assert found[1].steps == (Step("hi", ("hello", "there"), None),)


def test_case_and_blanks_make_no_difference() -> None:
    """Texts are compared as people read them, over all messages of a reply."""
    assert compare(Step("hi", ("ask YOUR manager", "bye"), "leave"), REPLY) == []


def test_mismatches_say_what_was_and_what_should_be() -> None:
    """One line for each expectation that failed."""
    found = compare(Step("hi", ("soup",), "lunch"), REPLY)
    assert len(found) == 2
    assert "leave, not lunch" in found[0]
    assert "'soup'" in found[1]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "3",
        "- 3",
        "- {name: a}",
        "- {steps: []}",
        "- {name: a, steps: [{bot: x}]}",
        "- {name: a, steps: [{user: x}]}",
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    """A step that expects nothing is a mistake too: it could not fail."""
    path = tmp_path / "a.yml"
    path.write_text(text)
    with pytest.raises(ToolError, match=r"a\.yml"):
        read(path)

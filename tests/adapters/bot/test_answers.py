"""The answers of a domain: one is changed, and every other byte of the file stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.bot import answer_texts, answers
from ratchet.adapters.system import yaml_text
from ratchet.domain.errors import RatchetError
from tests.adapters.page.hostile import TEXTS

DOMAIN = """# The shop's answers
intents:
- leave
- laptop: {use_entities: []}
responses:   # by intent
  utter_leave:
  - text: 'Ask  your manager.'   # 👋 for everybody else
  - condition:
    - {type: slot, name: role, value: manager}
    text: |
      First line
      second line

  # the laptops
  "utter_laptop":
  - {text: In the shop, buttons: []}
  - image: x.png
  utter_plain:
  - text: on two
      lines
  - text: >-
      folded
    channel: slack
  utter_shared: [{text: &same one}, {text: *same}]
  utter_none: not a list
actions: []
"""


def texts(domain: str) -> dict[tuple[str, str], str | None]:
    """Return the words of each answer."""
    found = answers.answers_of("domain.yml", yaml_text.load(domain)["responses"])
    return {(one.name, one.place): one.text for one in found}


def test_the_answers_are_read_with_whom_they_are_for(tmp_path: Path) -> None:
    """In the files' order, with the intents; an answer without words is there, too."""
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "a.yml").write_text(DOMAIN, encoding="utf-8")
    (tmp_path / "domain" / "b.yml").write_text("responses:\n  utter_b: [{text: b}]\n", encoding="utf-8")
    found = answers.read(tmp_path)
    assert found.intents == ("leave", "laptop")
    assert [(one.file, one.intent, one.place) for one in found.answers][:3] == [
        ("domain/a.yml", "leave", "0"),
        ("domain/a.yml", "leave", "1"),
        ("domain/a.yml", "laptop", "0"),
    ]
    people = [one.said_people for one in found.answers]
    assert (people[0], people[1], people[5]) == ("everybody else", "role manager", "channel slack")
    assert found.answers[3].text is None
    assert found.answers[-1].file == "domain/b.yml"
    assert len({one.digest for one in found.answers[:6]}) == 6


@pytest.mark.parametrize("head", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("name", "number", "old", "new"),
    [
        ("utter_leave", "0", "'Ask  your manager.'", '"Ask: #HR \\"now\\" 👋"'),
        ("utter_laptop", "0", "In the shop", '"Ask: #HR \\"now\\" 👋"'),
        ("utter_plain", "0", "on two\n      lines", '"Ask: #HR \\"now\\" 👋"'),
        ("utter_plain", "1", ">-\n      folded", '|-\n      Ask: #HR "now" 👋'),
        ("utter_leave", "1", "|\n      First line\n      second line", '|-\n      Ask: #HR "now" 👋'),
    ],
)
def test_only_the_text_changes(head: str, line_end: str, name: str, number: str, old: str, new: str) -> None:
    """Quoted, plain, folded, in braces, with a byte order mark or Windows' line ends: all else stays."""
    before = head + DOMAIN.replace("\n", line_end)
    after = answer_texts.edited(before, name, number, 'Ask: #HR "now" 👋')
    assert after == before.replace(old.replace("\n", line_end), new.replace("\n", line_end))


@pytest.mark.parametrize("key", [("utter_leave", "0"), ("utter_leave", "1"), ("utter_laptop", "0")])
def test_a_hostile_text_is_a_text_in_the_file(key: tuple[str, str]) -> None:
    """Whatever is typed, the file says exactly that in this place, and everywhere else what it said."""
    for new in TEXTS:
        after = answer_texts.edited(DOMAIN, *key, new)
        assert texts(after) == {**texts(DOMAIN), key: new}
        assert "# the laptops" in after
        assert "# by intent" in after


def test_lines_are_kept_in_a_block() -> None:
    """A text of several lines stays readable where it was a block."""
    after = answer_texts.edited(DOMAIN, "utter_leave", "1", "one\n\n  two")
    assert "    text: |-\n      one\n\n        two\n\n  # the laptops\n" in after


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("utter_shared", "0"),
        ("utter_shared", "1"),
        ("utter_laptop", "1"),
        ("utter_leave", "7"),
        ("utter_none", "0"),
        ("x", "0"),
    ],
)
def test_what_cannot_be_changed_alone_is_refused(name: str, number: str) -> None:
    """An alias would change another answer, too; and there may be no such text."""
    with pytest.raises(RatchetError, match=name):
        answer_texts.edited(DOMAIN, name, number, "new")


@pytest.mark.parametrize("text", ["", "- a", "a: [", "responses:\n", "responses: {utter_a: 3}"])
def test_what_is_no_domain_is_refused(text: str) -> None:
    """With words."""
    with pytest.raises(RatchetError, match="no text of utter_a"):
        answer_texts.edited(text, "utter_a", "0", "new")


@pytest.mark.parametrize("head", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("utter_leave", "      second line\n"),
        ("utter_laptop", "  - image: x.png\n"),
        ("utter_plain", "    channel: slack\n"),
    ],
)
def test_one_more_answer_comes_last(head: str, line_end: str, name: str, after: str) -> None:
    """Behind the others of its response, with what the file had behind them; all else stays."""
    before = head + DOMAIN.replace("\n", line_end)
    new = (
        f'{after}  - condition:\n    - type: slot\n      name: role\n      value: "on"\n    text: "Hi: 👋"\n'
    )
    made = answer_texts.edited(before, name, "role=on", "Hi: 👋")
    assert made == before.replace(after.replace("\n", line_end), new.replace("\n", line_end))


def test_a_hostile_text_is_one_more_answer() -> None:
    """Also as a context value, and at the end of a file without a line end."""
    domain = 'responses:\n  utter_a:\n  - text: "a"  # kept'
    for new in TEXTS:
        value = new.replace("=", "")
        made = yaml_text.load(answer_texts.edited(domain, "utter_a", f"role={value}", new))
        found = answers.answers_of("x", made["responses"])
        assert [(one.text, one.people) for one in found] == [("a", ()), (new, (f"role {value}".strip(),))]


@pytest.mark.parametrize("name", ["utter_shared", "utter_none", "x"])
def test_what_cannot_get_one_more_is_refused(name: str) -> None:
    """A list in brackets, or none at all."""
    with pytest.raises(RatchetError, match=f"{name} cannot get another answer"):
        answer_texts.edited(DOMAIN, name, "role=a", "new")


def test_what_a_response_misses(tmp_path: Path) -> None:
    """An answer for a context value that has none; one that is there, and no response, miss nothing."""
    (tmp_path / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    found = answers.read(tmp_path)
    wanted = answers.missing(found, "domain.yml", "utter_leave", "role", "intern")
    assert wanted is not None
    assert (wanted.place, wanted.said_people) == ("role=intern", "role intern")
    assert answers.missing(found, "domain.yml", "utter_leave", "role", "manager") is None
    assert answers.missing(found, "domain.yml", "utter_x", "role", "intern") is None

"""Rasa 1's Markdown becomes what Rasa's YAML has."""

from __future__ import annotations

import re

import pytest

from ratchet.domain.errors import RatchetError
from ratchet.domain.migration import markdown

MESSAGES = """<!-- two
lines -->
## intent:greet
- hello [Anna](name)
* hi
## intent: faq/ask_hours
- when are you open?
## synonym:berlin
- bln
## regex:zip
- [0-9]{5}
## lookup:city
data/cities.txt
"""
STORIES = """## happy path
> check_start{"name": "Anna"}
* greet{"name": "Anna"} OR hello
  - utter_greet
  - slot{"name": "Anna"}
* book
  - book_form
  - form{"name": "book_form"}
  - form{"name": null}
> check_end

## sad path
* deny
  - utter_bye <!-- a comment -->
"""


def test_messages_keep_their_markup_and_tables() -> None:
    """Intents, members of groups, synonyms, expressions, and a lookup table that is a file."""
    entries = markdown.convert(MESSAGES, "nlu.md").nlu
    assert entries == [
        {"intent": "greet", "examples": "- hello [Anna](name)\n- hi\n"},
        {"intent": "faq/ask_hours", "examples": "- when are you open?\n"},
        {"synonym": "berlin", "examples": "- bln\n"},
        {"regex": "zip", "examples": "- [0-9]{5}\n"},
        {"lookup": "city", "examples": "- data/cities.txt\n"},
    ]


def test_what_rasa_1_passed_over_is_told() -> None:
    """A title, a line without a bullet, a section that Rasa does not have: none goes into another section."""
    text = "# about\n## intent:greet\n- hi\nhello\n## Notes: mine\n- of mine\n# more\n- stray\n"
    found = markdown.convert(text, "nlu.md")
    assert found.nlu == [{"intent": "greet", "examples": "- hi\n"}]
    assert [(one.number, one.text) for one in found.skipped] == [
        (1, "# about"),
        (4, "hello"),
        (5, "## Notes: mine"),
        (6, "- of mine"),
        (7, "# more"),
        (8, "- stray"),
    ]


def test_stories_keep_checkpoints_alternatives_slots_and_forms() -> None:
    """Each line becomes the step that Rasa's YAML has for it."""
    first, second = markdown.convert(STORIES, "stories.md").stories
    assert first == {
        "story": "happy path",
        "steps": [
            {"checkpoint": "check_start", "slot_was_set": [{"name": "Anna"}]},
            {"or": [{"intent": "greet", "entities": [{"name": "Anna"}]}, {"intent": "hello"}]},
            {"action": "utter_greet"},
            {"slot_was_set": [{"name": "Anna"}]},
            {"intent": "book"},
            {"action": "book_form"},
            {"active_loop": "book_form"},
            {"active_loop": None},
            {"checkpoint": "check_end"},
        ],
    }
    assert second["steps"] == [{"intent": "deny"}, {"action": "utter_bye"}]


def test_a_test_story_keeps_what_the_person_says() -> None:
    """`* greet: hello [Anna](name)` has both the intent and the text."""
    [story] = markdown.convert("## one\n* greet: hello [Anna](name)\n - utter_greet\n", "t.md").stories
    assert story["steps"][0] == {"user": "hello [Anna](name)", "intent": "greet"}


def test_responses_of_retrieval_intents_are_no_stories() -> None:
    """Rasa 1 kept them in a file of the same form."""
    text = "## hours\n* faq/ask_hours\n  - We open at nine.\n  - From nine.\n"
    assert markdown.convert(text, "responses.md").responses == {
        "utter_faq/ask_hours": [{"text": "We open at nine."}, {"text": "From nine."}]
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("greet somebody", "is not a valid line of a story"),
        ('* greet{"name": }', "no JSON"),
        ("- do this now", "no action"),
    ],
)
def test_a_line_that_fits_nothing_is_named_with_its_file(line: str, said: str) -> None:
    """The error names file and line."""
    with pytest.raises(RatchetError, match=rf"^data/s\.md:2 .*{said}"):
        markdown.convert(f"## a story\n{line}\n", "data/s.md")


def test_a_turn_without_an_intent_is_mended_as_advised() -> None:
    """With the intent written after `*`, the story is read."""
    with pytest.raises(RatchetError, match="names no intent") as refused:
        markdown.convert('## a story\n* {"name": "Ana"}\n- utter_hello\n', "data/s.md")
    assert refused.value.remedy == "Write the intent after `*`."
    assert markdown.convert("## a story\n* greet\n- utter_hello\n", "data/s.md").stories


@pytest.mark.parametrize("line", ["greet", "-"])
def test_a_line_that_fits_nothing_is_written_as_advised(line: str) -> None:
    """With one of the signs before it, or the action's name after `-`, the story is read."""
    story = "## a story\n* hello\n- utter_hello\n{}\n- utter_more\n"
    with pytest.raises(RatchetError) as refused:
        markdown.convert(story.format(line), "data/s.md")
    signs = re.findall(r"`([^`]+)`", refused.value.remedy)
    assert signs in (["##", "*", "-", ">"], ["-"])
    for sign in signs:
        assert markdown.convert(story.format(f"{sign} greet"), "data/s.md").stories

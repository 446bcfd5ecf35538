"""One more intent in the bot's files, of which all else stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ratchet.adapters.bot import new_intents
from ratchet.domain.errors import RatchetError

DOMAIN = """version: "3.1"   # kept
intents:
- leave
# the same for all
- laptop   # kept, too

responses:
  utter_leave:
  - text: "Ask your manager."
  utter_laptop:
  - text: |-
      In the shop.

      Or by mail.

actions: []
"""
RULES = """rules:
  - rule: leave
    steps:
      - intent: leave
      - action: utter_leave"""
NEW = {"lost_parcel": 'Ring "us": 1 < 2\nor\twrite: {x}', "late": "Sorry."}


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    (tmp_path / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    return tmp_path


def test_an_intent_gets_a_name_an_answer_and_a_rule(bot: Path) -> None:
    """Each at the end of its list; every line that was there is there as it was."""
    texts = new_intents.texts(bot, NEW)
    assert set(texts) == {"domain.yml", "rules.yml"}
    domain, rules = (yaml.safe_load(texts[name][1]) for name in ("domain.yml", "rules.yml"))
    assert domain["intents"] == ["leave", "laptop", "lost_parcel", "late"]
    assert domain["responses"]["utter_lost_parcel"] == [{"text": NEW["lost_parcel"]}]
    assert domain["responses"]["utter_laptop"] == [{"text": "In the shop.\n\nOr by mail."}]
    assert rules["rules"][-1]["steps"] == [{"intent": "late"}, {"action": "utter_late"}]
    for name, written in (("domain.yml", DOMAIN), ("rules.yml", RULES)):
        before, after = texts[name]
        assert before == written
        there = iter(after.splitlines())
        assert all(line in there for line in before.splitlines())


@pytest.mark.parametrize(
    "intents", ["intents: [leave, laptop]", "intents: [leave, laptop, ]", "intents: [\n  leave\n]"]
)
def test_a_list_in_brackets_gets_one_more_word(bot: Path, intents: str) -> None:
    """As small projects write their intents."""
    responses = "responses:\n  utter_leave:\n  - text: x\n"
    (bot / "domain.yml").write_text(f"{intents}\n{responses}", encoding="utf-8")
    made = new_intents.texts(bot, {"late": "Sorry."})["domain.yml"][1]
    assert yaml.safe_load(made)["intents"][-1] == "late"


def test_parts_may_be_in_several_files_with_other_line_ends(bot: Path) -> None:
    """A domain in a folder, rules among the dialogue; CRLF stays CRLF."""
    (bot / "domain.yml").unlink()
    (bot / "rules.yml").unlink()
    (bot / "domain").mkdir()
    (bot / "data").mkdir()
    (bot / "domain" / "a.yml").write_bytes(b"intents:\r\n- leave\r\n")
    (bot / "domain" / "b.yml").write_bytes(b"responses:\r\n  utter_leave:\r\n  - text: x\r\n")
    (bot / "data" / "stories.yml").write_text("stories: []\n", encoding="utf-8")
    (bot / "data" / "rules.yml").write_text(RULES, encoding="utf-8")
    texts = new_intents.texts(bot, {"late": "Sorry."})
    assert texts["domain/a.yml"][1] == "intents:\r\n- leave\r\n- late\r\n"
    assert set(texts) == {"domain/a.yml", "domain/b.yml", "data/rules.yml"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rules.yml", "version: '3.1'\n", "No file of the bot has rules"),
        ("domain.yml", "intents: [leave]\n", "No file of the bot has responses"),
        (
            "domain.yml",
            "intents: [leave]\nresponses: {utter_leave: [{text: x}]}\n",
            "list of responses cannot",
        ),
        ("domain.yml", "intents: &a [leave]\nresponses: {}\nforms: *a\n", "No file of the bot has responses"),
        ("domain.yml", "- 1\n", "is not a valid Rasa domain file|No file of the bot has intents"),
    ],
)
def test_a_file_without_a_place_for_it_is_named(bot: Path, name: str, content: str, said: str) -> None:
    """Nothing is guessed: the person is told to write it into the files."""
    (bot / name).write_text(content, encoding="utf-8")
    with pytest.raises(RatchetError, match=said):
        new_intents.texts(bot, NEW)


def test_what_an_alias_shares_is_not_changed(bot: Path) -> None:
    """An entry more in a list that stands for two would be two entries."""
    (bot / "domain.yml").write_text(
        "intents: &all\n- leave\nresponses:\n  utter_leave:\n  - text: x\nentities: *all\n", encoding="utf-8"
    )
    with pytest.raises(RatchetError, match="The list of intents cannot get another entry"):
        new_intents.texts(bot, NEW)

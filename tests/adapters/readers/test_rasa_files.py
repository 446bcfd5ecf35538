"""What Rasa projects hold: YAML with its slips, Rasa 1's Markdown, and the old JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns, Reading
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

POLICY = CorpusPolicy(context={"role": None})


def read(path: Path, content: str) -> Reading:
    """Write a file and read it."""
    path.write_text(content, encoding="utf-8")
    return sources.read([path], POLICY, Columns())


def pairs(reading: Reading) -> list[tuple[str, str]]:
    """Texts with their intents."""
    return list(zip(reading.frame["text"], reading.frame["intent"], strict=True))


def refusal(path: Path, content: str) -> RatchetError:
    """Return the refusal of a file."""
    with pytest.raises(RatchetError) as raised:
        read(path, content)
    return raised.value


SLIPS = """\
nlu:
- intent: greet # a comment
  examples: |
    - hello
    # - hidden
    -no space
    * star
    + plus
    – en dash
    • dot
    — em dash
    nothing
    -
    - hi # no comment
"""


def test_each_line_that_is_no_example_is_an_error_with_its_number(tmp_path: Path) -> None:
    """It says what to write; the lines written so are read."""
    found = read(tmp_path / "a.yml", SLIPS)
    assert pairs(found) == [("hello", "greet"), ("hi # no comment", "greet")]
    [fault] = found.faults
    assert fault.rows == tuple(f"a.yml:{line}" for line in range(5, 13))
    lines = SLIPS.splitlines()
    for place, text in fault.lines():
        number = int(place.split(":")[1]) - 1
        lines[number] = "    " + text.partition("(write `")[2].removesuffix("`)")
    mended = read(tmp_path / "b.yml", "\n".join(lines) + "\n")
    assert not mended.faults
    assert [text for text, _ in pairs(mended)] == [
        "hello",
        "hidden",
        "no space",
        "star",
        "plus",
        "en dash",
        "dot",
        "em dash",
        "nothing",
        "hi # no comment",
    ]
    assert "1 line without a text after `- ` left out" in found.account[0].sentence


@pytest.mark.parametrize(
    "form",
    ["examples: >\n    - a\n    - b\n", "examples: >-\n    - a\n    - b\n", 'examples: "- a\n    - b"\n'],
)
def test_examples_that_yaml_joins_are_refused(tmp_path: Path, form: str) -> None:
    """The remedy, followed, gives both messages."""
    error = refusal(tmp_path / "a.yml", f"nlu:\n- intent: x\n  {form}")
    assert "a.yml:3 makes one text of all lines" in error.fact
    assert "Write `examples: |`" in error.remedy
    assert pairs(read(tmp_path / "a.yml", "nlu:\n- intent: x\n  examples: |\n    - a\n    - b\n")) == [
        ("a", "x"),
        ("b", "x"),
    ]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("nlu:\n- intent: a\n  examples: |\n    - x\nnlu:\n- intent: b\n", "nlu twice, in lines 1 and 5"),
        (
            "nlu:\n- intent: a\n  examples: |\n    - x\n  examples: |\n    - y\n",
            "nlu.examples twice, in lines 3 and 5",
        ),
    ],
)
def test_a_key_twice_is_refused(tmp_path: Path, content: str, lines: str) -> None:
    """At the top and in an entry; two entries of one intent are two entries."""
    assert lines in refusal(tmp_path / "a.yml", content).fact
    twice = "nlu:\n- intent: a\n  examples: |\n    - x\n- intent: a\n  examples: |\n    - y\n"
    assert len(pairs(read(tmp_path / "a.yml", twice))) == 2


def test_all_documents_of_a_stream_are_read(tmp_path: Path) -> None:
    """With the lines of the file."""
    found = read(
        tmp_path / "a.yml",
        "nlu:\n- intent: a\n  examples: |\n    - one\n---\nnlu:\n- intent: b\n  examples: |\n    - two\n...\n",
    )
    assert pairs(found) == [("one", "a"), ("two", "b")]
    assert found.frame["place"].tolist() == ["a.yml:4", "a.yml:9"]


@pytest.mark.parametrize(
    ("entry", "fact", "remedy"),
    [
        ("- Intent: a\n  examples: |\n    - x\n", "a.yml:2 has the key 'Intent'", "Write `intent:`."),
        ("- intent: a\n  example: |\n    - x\n", "a.yml:3 has the key 'example'", "Write `examples:`."),
        ("- intent: a\n  examples:\n  - txt: x\n", "a.yml:4 has the key 'txt'", "Write `text:`."),
        ("- examples: |\n    - x\n", "a.yml:2 names neither an intent", "intent: NAME"),
    ],
)
def test_unknown_keys_are_refused(tmp_path: Path, entry: str, fact: str, remedy: str) -> None:
    """Key and line are named, and the one that was meant; written so, the entry is read."""
    error = refusal(tmp_path / "a.yml", f"nlu:\n{entry}")
    assert fact in error.fact
    assert remedy in error.remedy
    wrong, right = re.search(r"key '(\w+)'", error.fact), error.remedy.split("`")[1]
    mended = entry.replace(f"{wrong[1]}:", right) if wrong else entry.replace("- ", f"- {right}\n  ", 1)
    assert [text for text, _ in pairs(read(tmp_path / "b.yml", f"nlu:\n{mended}"))] == ["x"]


def test_data_under_another_section_is_refused_and_others_are_said(tmp_path: Path) -> None:
    """`NLU:` holds examples that would be lost; rules and stories are left alone, and said."""
    error = refusal(tmp_path / "a.yml", "NLU:\n- intent: a\n  examples: |\n    - x\n")
    assert "a.yml:1 has training data under 'NLU'" in error.fact
    found = read(tmp_path / "a.yml", "nlu:\n- intent: a\n  examples: |\n    - x\nrules: []\nstories: []\n")
    assert found.account[0].sentence == "a.yml: 2 sections that is no NLU data left out."


def test_metadata_that_no_field_takes_is_counted(tmp_path: Path) -> None:
    """It would be lost without a word."""
    found = read(
        tmp_path / "a.yml",
        "nlu:\n- intent: a\n  examples:\n  - text: x\n    metadata: {role: boss, mood: bad}\n",
    )
    assert found.frame["role"].tolist() == ["boss"]
    assert "whose 'mood' is no field of corpus.context" in found.account[0].sentence


def test_a_comment_among_examples_is_refused(tmp_path: Path) -> None:
    """In `examples: |` YAML takes it for text: nobody can tell a comment from a message whose bullet was forgotten."""
    found = read(
        tmp_path / "a.yml", "nlu:\n- intent: greet\n  examples: |\n    # how people say it\n    - hi\n"
    )
    [fault] = found.faults
    assert fault.rows == ("a.yml:4",)
    assert "that do not begin with `- `" in fault.sentence
    mended = "nlu:\n- intent: greet\n  # how people say it\n  examples: |\n    - hi\n"
    assert not read(tmp_path / "b.yml", mended).faults


MARKDOWN = """\
# Training data
## intent:greet
- hello <!-- a comment
over two lines -->
* hi [Ann](person)
+ hey

## intent:faq/ask_x
- where?
## synonym:NYC
- new york
- big apple
## regex:zip
- \\d{5}
## lookup:city
- Rome
## lookup:plant
plants.txt
"""


def test_rasa_1_markdown(tmp_path: Path) -> None:
    """Intents with their markup, synonyms, regular expressions, lookup tables here and in a file."""
    (tmp_path / "plants.txt").write_text("rose\n\nfern\n")
    found = read(tmp_path / "a.md", MARKDOWN)
    assert pairs(found) == [
        ("hello", "greet"),
        ("hi [Ann](person)", "greet"),
        ("hey", "greet"),
        ("where?", "faq/ask_x"),
    ]
    assert found.frame["place"].tolist() == ["a.md:3", "a.md:5", "a.md:6", "a.md:9"]
    assert found.extras == {
        "synonym": {"NYC": ["new york", "big apple"]},
        "regex": {"zip": ["\\d{5}"]},
        "lookup": {"city": ["Rome"], "plant": ["rose", "fern"]},
    }
    said = " ".join(one.sentence for one in found.account)
    assert "1 line outside of every section left out" in said
    assert "2 entries of a lookup table are from plants.txt" in said
    assert not found.faults


def test_markdown_with_slips(tmp_path: Path) -> None:
    """A section that Rasa does not have, a line without `- `, a table that is not there; stories are no data."""
    assert "a.md:1 begins a section 'Intent'" in refusal(tmp_path / "a.md", "## Intent:greet\n- hi\n").fact
    found = read(tmp_path / "a.md", "## intent:greet\n- hi\nhello\n## lookup:x\nnone.txt\n")
    assert [one.rows for one in found.faults] == [("a.md:3",), ("a.md:5",)]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "README.md").write_text("# About\n- a list\n")
    (tmp_path / "folder" / "stories.md").write_text("## happy path\n* greet\n  - utter_greet\n")
    (tmp_path / "folder" / "nlu.md").write_text("## intent:greet\n- hi\n")
    (tmp_path / "folder" / "package.json").write_text('{"name": "x"}\n')
    (tmp_path / "folder" / "notes.pdf").write_text("x")
    found = sources.read([tmp_path / "folder"], POLICY, Columns())
    assert pairs(found) == [("hi", "greet")]
    [unread] = found.account
    assert unread.sentence.endswith("not read: README.md, notes.pdf, package.json, stories.md.")


def test_the_old_rasa_json(tmp_path: Path) -> None:
    """Entities become markup, with value, role and group; what markup cannot hold is counted."""
    examples = [
        {"text": "hi", "intent": "greet", "entities": []},
        {
            "text": "from Rome to LA",
            "intent": "fly",
            "entities": [
                {"start": 5, "end": 9, "value": "Rome", "entity": "city", "role": "from"},
                {"start": 13, "end": 15, "value": "Los Angeles", "entity": "city"},
            ],
        },
        {"text": "no intent"},
        {
            "text": "overlap",
            "intent": "fly",
            "entities": [{"start": 0, "end": 99, "value": "x", "entity": "y"}],
        },
    ]
    data = {
        "common_examples": examples,
        "entity_synonyms": [{"value": "NYC", "synonyms": ["new york"]}],
        "regex_features": [{"name": "zip", "pattern": "[0-9]{5}"}],
        "lookup_tables": [{"name": "city", "elements": ["Rome"]}],
    }
    found = read(tmp_path / "a.json", json.dumps({"rasa_nlu_data": data}, indent=1))
    assert pairs(found) == [
        ("hi", "greet"),
        (
            'from [Rome]{"entity": "city", "role": "from"} to [LA]{"entity": "city", "value": "Los Angeles"}',
            "fly",
        ),
        ("overlap", "fly"),
    ]
    assert found.frame["place"].tolist()[0] == "a.json:4"
    assert found.extras == {
        "synonym": {"NYC": ["new york"]},
        "regex": {"zip": ["[0-9]{5}"]},
        "lookup": {"city": ["Rome"]},
    }
    assert sorted(one.count for one in found.account) == [1, 1]
    one = '{"rasa_nlu_data": {"common_examples": [{"text": "hi", "intent": "greet"}], "examples": []}}'
    assert "has 'examples' under rasa_nlu_data" in refusal(tmp_path / "a.json", one).fact


def test_words_that_yaml_reads_as_something_else_stay_words(tmp_path: Path) -> None:
    """As intents and as examples, in a block and in a list."""
    content = """\
nlu:
- intent: yes
  examples: |
    - yes
    - null
    - 1.0
- intent: null
  examples:
  - no
  - text: on
  - 2024-01-01
- intent: 1.0
  examples: |
    - ~
"""
    assert pairs(read(tmp_path / "a.yml", content)) == [
        *(("yes", "yes"), ("null", "yes"), ("1.0", "yes")),
        *(("no", "null"), ("on", "null"), ("2024-01-01", "null"), ("~", "1.0")),
    ]


def test_signs_of_markup_and_emoji_stay_in_a_message(tmp_path: Path) -> None:
    """Quotes, a colon, a hash, a pipe, an escape, a command of Rasa's: what stands after `- ` is the message."""
    written = [
        "👍🏽",
        "❤️",
        ":)",
        "...",
        '"quoted"',
        "key: value",
        "@user #1",
        "`code`",
        r"\u00e9",
        "| pipe",
        "/start",
    ]
    lines = "".join(f"    - {text}\n" for text in written)
    found = read(tmp_path / "a.yml", f"nlu:\n- intent: like\n  examples: |\n{lines}")
    assert pairs(found) == [(text, "like") for text in written]
    assert not found.faults


def test_an_intent_of_several_is_one_intent(tmp_path: Path) -> None:
    """Rasa joins them by `+`, which is a part of the name."""
    content = "nlu:\n- intent: greet+ask\n  examples: |\n    - hello, how are you\n"
    assert pairs(read(tmp_path / "a.yml", content)) == [("hello, how are you", "greet+ask")]

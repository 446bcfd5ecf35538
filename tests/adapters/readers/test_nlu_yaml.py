"""Rasa's training data in both formats, with everything that stands beside the examples."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ratchet.adapters.readers import nlu_extras, sources
from ratchet.adapters.readers.reading import Columns
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

POLICY = CorpusPolicy(context={"role": None, "location": None})

FILE = """\
version: "3.1"
nlu:
- intent: leave
  metadata:
    role: employee
  examples: |
    - how do I get leave?
    - I need a [week](duration) off
- intent: faq/ask_wifi   # a retrieval intent
  examples:
    - text: |
        - wifi password?
      metadata:
        role: manager
        location: Berlin
    - text: guest wifi
- synonym: laptop
  examples: |
    - notebook
    - "pc"
- regex: ticket
  examples: |
    - INC\\d{4}
- lookup: city
  examples: |
    - Berlin
responses:
  utter_faq/ask_wifi:
  - text: It is on the wall.
"""


def read(path: Path) -> sources.Reading:
    """Read one file or folder."""
    return sources.read([path], POLICY, Columns())


def test_examples_with_their_intents_context_and_lines(tmp_path: Path) -> None:
    """Blocks and lists, metadata of intent and example, markup kept, comments and responses left alone."""
    (tmp_path / "nlu.yml").write_text(FILE)
    frame = read(tmp_path / "nlu.yml").frame
    assert frame[["text", "intent", "role", "location"]].to_numpy().tolist() == [
        ["how do I get leave?", "leave", "employee", ""],
        ["I need a [week](duration) off", "leave", "employee", ""],
        ["wifi password?", "faq/ask_wifi", "manager", "Berlin"],
        ["guest wifi", "faq/ask_wifi", "", ""],
    ]
    lines = FILE.splitlines()
    for text, place in zip(frame["text"], frame["place"], strict=True):
        assert text in lines[int(place.split(":")[1]) - 1]


def test_format_2_0_is_read_alike(tmp_path: Path) -> None:
    """The older format differs in its version only, for what is read here."""
    (tmp_path / "a.yml").write_text(FILE)
    (tmp_path / "b.yml").write_text(FILE.replace('"3.1"', '"2.0"'))
    old, new = read(tmp_path / "b.yml").frame, read(tmp_path / "a.yml").frame
    assert old["text"].tolist() == new["text"].tolist()


def test_synonyms_lookups_and_regexes_are_kept(tmp_path: Path) -> None:
    """They come beside the messages, and together from several files."""
    (tmp_path / "a.yml").write_text(FILE)
    (tmp_path / "b.yml").write_text(
        "nlu:\n- synonym: laptop\n  examples: |\n    - computer\n    - notebook\n"
    )
    assert read(tmp_path).extras == {
        "synonym": {"laptop": ["notebook", '"pc"', "computer"]},
        "regex": {"ticket": [r"INC\d{4}"]},
        "lookup": {"city": ["Berlin"]},
    }


def test_extras_survive_writing_and_reading(tmp_path: Path) -> None:
    """Names and examples that look like YAML stay what they are."""
    named = {"yes: no": ["- a", "b # c", r"\d+"], "ü": ["x"]}
    nlu_extras.write_extras(tmp_path / "synonym.yml", "synonym", named)
    assert nlu_extras.read_extras(tmp_path / "synonym.yml") == {"synonym": named}


def test_files_without_nlu_data_hold_no_messages(tmp_path: Path) -> None:
    """Stories and rules in the same folder do no harm; alone they are an error."""
    (tmp_path / "rules.yml").write_text("rules:\n- rule: hello\n  steps: []\n")
    with pytest.raises(RatchetError, match="holds no messages"):
        read(tmp_path)
    (tmp_path / "nlu.yml").write_text(FILE)
    assert len(read(tmp_path).frame) == 4


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("nlu:\n- hello\n", "nlu.yml:2 is not a mapping"),
        ("nlu:\n- intent: a\n  examples:\n  - metadata: x\n", "nlu.yml:4 is an example without `text:`"),
        ("nlu:\n- intent: [a\n", "not valid YAML"),
    ],
)
def test_broken_files_are_named_with_the_line(tmp_path: Path, content: str, fact: str) -> None:
    """One clear error, with the place."""
    (tmp_path / "nlu.yml").write_text(content)
    with pytest.raises(RatchetError) as raised:
        read(tmp_path / "nlu.yml")
    assert fact in raised.value.fact


def test_twenty_thousand_examples_take_seconds(tmp_path: Path) -> None:
    """Both as blocks and as a list with metadata: measured at about a second."""
    block = "\n".join(f"    - example number {n}" for n in range(10_000))
    items = "\n".join(
        f"  - text: example text {n}\n    metadata:\n      role: r{n % 3}" for n in range(10_000)
    )
    (tmp_path / "nlu.yml").write_text(
        f"nlu:\n- intent: a\n  examples: |\n{block}\n- intent: b\n  examples:\n{items}\n"
    )
    started = time.process_time()
    assert len(read(tmp_path / "nlu.yml").frame) == 20_000
    assert time.process_time() - started < 10

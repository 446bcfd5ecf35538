"""The clean messages come in, the faulty ones lie in a file with a reason each, and the limits fit the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ratchet.adapters import scaffold
from ratchet.adapters.corpus import data_folder
from ratchet.adapters.migration import corpus
from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns
from ratchet.adapters.settings import Settings, read_settings
from ratchet.domain.migration.table import Kind


def message(text: str, intent: str, place: str = "data/nlu.yml:1", **metadata: str) -> dict[str, Any]:
    """A row as the bot's tool writes it."""
    return {"text": text, "intent": intent, "metadata": metadata, "place": place}


MESSAGES = [
    *(
        message(f"hello number {word}", "greet", f"data/nlu.yml:{n}")
        for n, word in enumerate("abcd", start=3)
    ),
    *(
        message(f"what does {word} cost", "faq/price")
        for word in ("a cat", "the dog", "one house", "this tree", "my car")
    ),
    message("call me at anna@example.org", "greet", "data/nlu.yml:20"),
    message("both", "greet", "data/a.yml:5"),
    message("both", "faq/price", "data/b.yml:6"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty workspace."""
    scaffold.fill(tmp_path / "workspace", None)
    return read_settings(tmp_path / "workspace")


def test_faulty_rows_do_not_stop_the_others(settings: Settings) -> None:
    """Each has its reason and its place; the limits are those that the rest meets."""
    found = corpus.prepare(settings, MESSAGES)
    assert len(found.taken.merged.frame) == 9
    assert dict(zip(found.faulty["place"], found.faulty["reason"], strict=True)) == {
        "data/nlu.yml:20": "personal data",
        "data/a.yml:5": "conflicting intents",
        "data/b.yml:6": "conflicting intents",
    }
    assert found.validation.minimum_examples == 4
    rows = corpus.rows_of(found, settings.params.validation)
    assert [row.what for row in rows if row.kind is Kind.LEFT] == ["2 faulty messages", "1 faulty message"]
    assert ("10", "4") in [(row.before, row.after) for row in rows]


def test_more_faulty_rows_than_a_finding_names_have_a_reason_each(settings: Settings) -> None:
    """A finding names a hundred."""
    many = [message(f"mail {n} to a{n}@example.org", "greet", f"data/nlu.yml:{n}") for n in range(230)]
    found = corpus.prepare(settings, [*MESSAGES[:9], *many])
    assert set(found.faulty["reason"]) == {"personal data"}
    assert len(found.faulty) == 230


def test_what_is_written_is_a_corpus_with_a_ledger_and_limits_that_hold(settings: Settings) -> None:
    """The data folder opens as after an ingest; the faulty rows are kept out of Git."""
    found = corpus.prepare(settings, MESSAGES)
    sides = corpus.write(settings, found, {"synonym": {"cat": ["kitten"]}})
    text = (settings.workspace / "params.yaml").read_text()
    (settings.workspace / "params.yaml").write_text(corpus.limits(text, found, settings.params.validation))
    now = read_settings(settings.workspace)
    assert now.params.validation.minimum_examples == 4
    assert now.params.ramp.start_percent == "champion"
    store = data_folder.open_store(now.workspace, now.state, now.params.corpus, now.params.split)
    assert len(store.frame) == sum(sides.values()) == 9
    assert (now.workspace / "data" / "extras" / "synonym.yml").is_file()
    assert "/faulty.csv" in (now.workspace / ".gitignore").read_text().splitlines()


def test_the_file_of_faulty_rows_is_one_that_ingest_reads(settings: Settings) -> None:
    """Followed to the letter: once a row is mended, the printed command takes it in."""
    found = corpus.prepare(settings, MESSAGES)
    corpus.write(settings, found, {})
    path = settings.workspace / corpus.FAULTY
    reading = sources.read([path], settings.params.corpus, Columns())
    assert list(reading.frame["intent"]) == ["greet", "greet", "faq/price"]
    assert list(pd.read_csv(path).columns) == ["text", "intent", "source", "reason", "place"]

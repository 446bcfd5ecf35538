"""Harvests on disk: what people label, and what comes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from ratchet.adapters.monitoring import harvest
from ratchet.adapters.monitoring.harvest import Strata
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import sampling
from tests.workspaces import fake_workspace

DRAWN = pd.DataFrame(
    {
        "text": [f"message {number}" for number in range(5)] + ["Bye!"],
        "form": [f"message {number}" for number in range(5)] + ["bye"],
        "context": ['{"role": "intern"}'] * 5 + ["{}"],
        "guess": ["a"] * 5 + ["goodbye"],
        "confidence": [0.1, 0.3, 0.5, 0.7, 0.8, 0.9],
        "suggestions": [["a", "b"]] * 5 + [["goodbye"]],
        "stratum": [0, 1, 2, 3, 4, 4],
        "drawn": [1, 1, 1, 1, 1, 3],
    }
)
STRATA = Strata("2026-W47", (10, 10, 10, 10, 10), ("1", "2"), 0.9)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace whose corpus knows one of the messages."""
    made = fake_workspace(tmp_path)
    (tmp_path / "params.yaml").write_text("corpus: {context: {role: null}}\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "utterances.csv").write_text("text,intent,role,source\nbye,goodbye,,seed\n")
    return load_settings(made.workspace)


def test_a_message_that_the_corpus_knows_needs_nobody(settings: Settings) -> None:
    """Its label is filled in, counts for the estimate, and is not ingested again."""
    path = harvest.write(settings, harvest.table(settings, DRAWN, ["b", "", "", "", "", ""]), STRATA)
    sample = harvest.read(path)
    assert sample["intent"].to_list() == [""] * 5 + ["goodbye"]
    assert sample["known"].to_list() == [""] * 5 + ["yes"]
    assert sample["role"].to_list() == ["intern"] * 5 + [""]
    assert sample["candidate"].to_list() == ["b", "", "", "", "", ""]
    assert harvest.estimate_of(path) is None
    harvest.save(path, sample.assign(intent=["a", "a", "a", "a", "b", "goodbye"]))
    found = harvest.estimate_of(path)
    assert found is not None
    assert found.accuracy == pytest.approx((4 + 3 / 4) / 5)
    assert (found.versions, found.holdout_accuracy) == (("1", "2"), 0.9)
    out = pd.read_csv(harvest.write_labelled(path, settings.params.corpus), dtype=str)
    assert list(out.columns) == ["text", "intent", "role", "source"]
    assert out["text"].to_list() == [f"message {number}" for number in range(5)]
    assert set(out["source"]) == {sampling.SOURCE}
    assert [one.name for one in harvest.estimates(settings)] == ["2026-W47"]


def test_labels_are_not_overwritten(settings: Settings) -> None:
    """A harvest that nobody has touched may be drawn anew."""
    table = harvest.table(settings, DRAWN, [])
    path = harvest.write(settings, table, STRATA)
    assert harvest.write(settings, table, STRATA) == path
    harvest.save(path, table.assign(intent="a"))
    with pytest.raises(RatchetError, match="5 labels already") as refused:
        harvest.write(settings, table, STRATA)
    assert f"`ratchet label {path}`, or move it away" in refused.value.remedy
    path.rename(path.with_name("labelled.csv"))  # as it advises
    assert harvest.write(settings, table, STRATA) == path


def test_another_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    """With what it lacks; one that `ratchet harvest` wrote, as advised, is read."""
    file = tmp_path / "new.csv"
    file.write_text("text,intent\nhello,greet\n")
    with pytest.raises(RatchetError, match="no column guess"):
        harvest.read(file)
    with pytest.raises(RatchetError, match="cannot be read") as refused:
        harvest.read(tmp_path / "none.csv")
    assert refused.value.remedy == "Name a file that `ratchet harvest` wrote."
    assert len(harvest.read(harvest.write(settings, harvest.table(settings, DRAWN, []), STRATA))) == len(
        DRAWN
    )


@pytest.mark.parametrize(
    ("delimiter", "encoding", "said"),
    [
        (";", "cp1252", ["columns are separated by semicolon", "read as Windows-1252"]),
        ("\t", "utf-16", ["columns are separated by tab", "read as UTF-16"]),
        (",", "utf-8-sig", []),
    ],
)
def test_a_sample_is_read_as_a_spreadsheet_program_saves_it(
    settings: Settings, delimiter: str, encoding: str, said: list[str]
) -> None:
    """People fill in the intents in any editor: the labels count, what was guessed is told, and it is saved as ever."""
    drawn = DRAWN.assign(text=["wo ist mein Büro, Päckchen; und Schlüssel", *DRAWN["text"][1:]])
    path = harvest.write(settings, harvest.table(settings, drawn, []), STRATA)
    sample = harvest.read(path)
    sample.assign(intent="a").to_csv(
        path, sep=delimiter, encoding=encoding, index=False, lineterminator="\r\n"
    )
    told: list[str] = []
    back = harvest.read(path, told.append)
    pd.testing.assert_frame_equal(back, sample.assign(intent="a"), check_dtype=False)
    assert len(told) == len(said)
    assert all(words in " ".join(told) for words in said)
    labelled = harvest.write_labelled(path, settings.params.corpus)
    assert labelled.read_text(encoding="utf-8").splitlines()[1].startswith('"wo ist mein Büro, Päckchen; und')


def test_a_row_of_a_sample_that_is_torn_is_named(settings: Settings) -> None:
    """A comma typed in an editor, without quotes, moves no cell into another column."""
    path = harvest.write(settings, harvest.table(settings, DRAWN, []), STRATA)
    whole = path.read_text()
    path.write_text(whole.replace("message 2", "message, 2"))
    with pytest.raises(RatchetError, match="cells in the row of 'message'") as refused:
        harvest.read(path)
    assert "Put quotes around cells" in refused.value.remedy
    path.write_text(whole.replace("message 2", '"message, 2"'))
    assert harvest.read(path)["text"][2] == "message, 2"


def test_a_harvest_is_named_by_its_week() -> None:
    """As people count weeks."""
    assert harvest.name_of(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-W01"
    assert harvest.name_of(datetime(2027, 1, 1, tzinfo=UTC)) == "2026-W53"


def test_messages_go_to_the_bots_tools_with_their_context() -> None:
    """Also where nobody has any."""
    rows = harvest.rows_for({"text": ["a", "b"]}, [{"role": "intern"}, {}])
    assert rows.to_dict("records") == [
        {"text": "a", "role": "intern", "key": "0", "intent": ""},
        {"text": "b", "role": "", "key": "1", "intent": ""},
    ]
    assert list(harvest.rows_for({"text": ["a", "b"]}, [{}, {}])["text"]) == ["a", "b"]

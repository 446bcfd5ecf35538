"""How a source's files are written is said once, and remembered in params.yaml for the next."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ratchet.adapters.readers import known, sources
from ratchet.adapters.readers.known import columns_of, entry_of, source_of
from ratchet.adapters.readers.reading import Columns
from ratchet.adapters.settings import SOURCE, Settings, load_settings
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.policies import SourcePolicy
from ratchet.domain.errors import RatchetError

SAID = Columns("Question", "Process", {"role": "Dept"}, encoding="Windows-1252")


@pytest.fixture(params=["sources: {}\n", "sources:\n  x: {files: x.csv}\n", "", None])
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """A workspace with an empty section, none, or the whole commented file."""
    (tmp_path / "bot").mkdir()
    text = (
        (SOURCE / "params.yaml").read_text()
        if request.param is None
        else f"# mine\ntrain:\n  seed: 2\n{request.param}"
    )
    (tmp_path / "params.yaml").write_text(text)
    return load_settings(tmp_path)


def test_what_was_said_of_one_file_holds_for_the_next(settings: Settings) -> None:
    """Comments stay, the other sections too; a file of another name is read as usual."""
    before = (settings.workspace / "params.yaml").read_text()
    assert known.remember(settings, Path("/x/export-2026-11-27.csv"), SAID) == "export"
    after = (settings.workspace / "params.yaml").read_text()
    comments = [line for line in before.splitlines() if line.startswith("#")]
    assert [line for line in after.splitlines() if line.startswith("#")] == comments
    fresh = load_settings(settings.workspace)
    assert fresh.params.model_copy(update={"sources": settings.params.sources}) == settings.params
    source = fresh.params.sources["export"]
    assert (source.files, source.text, source.context) == ("export-*.csv", "Question", {"role": "Dept"})
    next_one = settings.workspace / "Export-2026-12-04.csv"
    next_one.write_bytes("Question;Process;Dept\ntrès bien;greet;HR\n".encode("cp1252"))
    columns = known.columns_of(next_one, Columns(), fresh.params.sources)
    reading = sources.read([next_one], fresh.params.corpus, columns)
    assert reading.frame[["text", "intent"]].to_numpy().tolist() == [["très bien", "greet"]]
    assert any("read as sources.export of params.yaml says" in one.sentence for one in reading.account)
    assert known.columns_of(Path("other.csv"), Columns(), fresh.params.sources) == Columns()


def test_nothing_is_written_twice_and_a_change_takes_the_place_of_the_old(settings: Settings) -> None:
    """The same again is known; another column is remembered in its stead."""
    known.remember(settings, Path("a 1.csv"), SAID)
    fresh = load_settings(settings.workspace)
    assert known.remember(fresh, Path("a 2.csv"), SAID) == ""
    assert known.remember(fresh, Path("a 2.csv"), Columns()) == ""
    assert known.remember(fresh, Path("a 3.csv"), Columns(intent="Topic")) == "a"
    source = load_settings(settings.workspace).params.sources["a"]
    assert (source.text, source.intent, source.files) == ("Question", "Topic", "a *.csv")


def test_no_options_and_odd_names(settings: Settings) -> None:
    """The usual columns need no memory; a name that YAML or a pattern would misread is quoted."""
    assert known.remember(settings, Path("usual.csv"), Columns()) == ""
    for name in ("no 1.csv", "[x] 2026.csv", "20261127.csv", "wöchentlich.csv"):
        fresh = load_settings(settings.workspace)
        assert known.remember(fresh, Path(name), SAID)
        fresh = load_settings(settings.workspace)
        assert known.source_of(Path(name), fresh.params.sources)
    assert len(load_settings(settings.workspace).params.sources) == 4 + len(settings.params.sources)


def test_a_form_that_cannot_be_added_to_is_said_with_the_line(tmp_path: Path) -> None:
    """Flow style over several lines: the file stays as it is, and the line, written by hand, works."""
    (tmp_path / "bot").mkdir()
    file = tmp_path / "params.yaml"
    file.write_text("sources: {a: {files: a.csv},\n  b: {files: b.csv}}\n")
    with pytest.raises(RatchetError, match="cannot be remembered") as raised:
        known.remember(load_settings(tmp_path), Path("c.csv"), SAID)
    assert file.read_text().startswith("sources: {a:")
    line = raised.value.remedy.partition("there: ")[2]
    file.write_text(f"sources:\n  {line}\n")
    assert load_settings(tmp_path).params.sources["c"].intent == "Process"
    assert yaml.safe_load(file.read_text())


def test_a_file_in_utf8_is_read_as_that_whatever_is_remembered(tmp_path: Path) -> None:
    """The next file of the source was saved in UTF-8: read as it is remembered, its letters would be wrong ones."""
    sources_ = {"export": SourcePolicy(files="export-*.csv", encoding="windows-1250")}
    words = "text,intent\nzażółć gęślą jaźń,a\n"
    for encoding in ("utf-8", "cp1250"):
        path = tmp_path / "export-2.csv"
        path.write_bytes(words.encode(encoding))
        found = sources.read([path], CorpusPolicy(), columns_of(path, Columns(), sources_))
        assert found.frame["text"].tolist() == ["zażółć gęślą jaźń"]
    path.write_bytes(words.encode("utf-8"))
    assert columns_of(path, Columns(encoding="windows-1250"), sources_).encoding == "windows-1250"


@pytest.mark.parametrize(
    ("name", "next_", "other"),
    [("export-1.csv", "export-2026-05.csv", "import-1.csv"), ("may1.csv", "may12.csv", "mayor.csv")],
)
def test_the_next_file_of_a_source_differs_in_its_digits(name: str, next_: str, other: str) -> None:
    """A name that only begins alike is another source's."""
    _, entry = entry_of(Path(name), SAID)
    sources_ = {"a": SourcePolicy(files=entry["files"])}
    assert [source_of(Path(one), sources_) for one in (name, next_, other)] == ["a", "a", None]

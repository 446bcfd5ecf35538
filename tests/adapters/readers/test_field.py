"""Files as people bring them: each kind of fault with the right value, in files of this test's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ratchet.adapters.corpus import data_folder
from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns, Reading
from ratchet.domain.corpus import corpus, intake, ledger
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.intake import Read, Taken
from ratchet.domain.corpus.ledger import SplitPolicy
from ratchet.domain.corpus.validation import ValidationPolicy
from ratchet.domain.errors import RatchetError, UsageError

POLICY = CorpusPolicy(context={"role": None})
POLICIES = (POLICY, SplitPolicy(salt="test"), ValidationPolicy(minimum_examples=1, few_examples=1))


@pytest.fixture
def put(tmp_path: Path) -> Any:
    """Write a file, as text in UTF-8 or as bytes, and return its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def read(path: Path, **columns: Any) -> Reading:
    """Read one file."""
    return sources.read([path], POLICY, Columns(**columns))


def pairs(reading: Reading) -> list[tuple[str, str]]:
    """Texts with their intents."""
    return list(zip(reading.frame["text"], reading.frame["intent"], strict=True))


def said(reading: Reading) -> str:
    """All that the account says."""
    return " ".join(one.sentence for one in reading.account)


def taken(path: Path, drop_faulty: bool = False, unescape: bool = False, **columns: Any) -> Taken:
    """Take a file into an empty corpus."""
    found = read(path, **columns)
    none = data_folder.placed(corpus.empty(POLICY))
    return intake.take(
        none,
        found.frame,
        ledger.empty(),
        POLICIES,
        drop_faulty=drop_faulty,
        unescape=unescape,
        read=Read(found.account, found.faults),
    )


def refusal(path: Path, **columns: Any) -> RatchetError:
    """Return the refusal of a file."""
    with pytest.raises(RatchetError) as raised:
        read(path, **columns)
    return raised.value


def errors(found: Taken) -> dict[str, tuple[str, ...]]:
    """The places of each error about rows."""
    return {one.rule: one.rows for one in found.report.errors if one.rule not in ("too few intents",)}


class TestEncodings:
    """An encoding is the file's own, the one with words in it, or a person's to say."""

    @pytest.mark.parametrize(
        ("text", "encoding", "name"),
        [
            ("nie pamiętam już hasła, łączę się", "cp1250", "Windows-1250"),
            ("не могу войти в почту", "cp1251", "Windows-1251"),
            ("Où est passée ma commande, déjà payée", "mac_roman", "mac-roman"),
            ("wo ist mein Büro", "cp1252", "Windows-1252"),
            ("πού είναι το δέμα μου", "cp1253", "Windows-1253"),
            ("hélas, où ça?", "utf-16", "UTF-16"),
            ("hélas", "utf-16-le", "UTF-16"),
            ("hélas", "utf-32", "UTF-32"),
        ],
    )
    def test_a_safe_guess_is_said_with_lines(self, put: Any, text: str, encoding: str, name: str) -> None:
        """The words come out right, and the account names the encoding and shows the lines in which it shows."""
        found = read(put("a.csv", f'text,intent\n"{text}",a\nplain,b\n'.encode(encoding)))
        assert pairs(found) == [(text, "a"), ("plain", "b")]
        [note] = [one for one in found.account if one.rule == "guessed encoding"]
        assert name in note.sentence
        assert any(text in shown for shown in note.texts)

    def test_what_is_not_safe_is_asked_and_the_remedy_reads_it(self, put: Any) -> None:
        """French or Czech: both readings are shown, and `--encoding` with the right one takes the words in."""
        path = put("a.csv", "text,intent\ntrès bien,a\nplain,b\n".encode("cp1252"))
        error = refusal(path)
        assert "`--encoding Windows-1252` reads 'très bien,a'" in error.remedy
        assert "`--encoding Windows-1250` reads 'trčs bien,a'" in error.remedy
        assert pairs(read(path, encoding="Windows-1252"))[0] == ("très bien", "a")

    def test_an_encoding_that_cannot_be_guessed_is_asked(self, put: Any) -> None:
        """Japanese in Shift-JIS makes no words in any encoding that is guessed."""
        path = put("a.csv", "text,intent\nパスワードを忘れました,a\n".encode("shift_jis"))
        assert "--encoding shift_jis" in refusal(path).remedy
        assert pairs(read(path, encoding="shift_jis")) == [("パスワードを忘れました", "a")]

    def test_one_bad_line_in_utf8_is_named(self, put: Any) -> None:
        """It is not taken for a reason to read the whole file otherwise; the line corrected, the file comes in."""
        lines = ["text,intent", *(f"où ça numéro {n},a" for n in range(9)), "café,b"]
        content = "\n".join(lines).encode()
        error = refusal(put("a.csv", content.replace("café".encode(), "café".encode("cp1252"))))
        assert error.fact.endswith("a.csv:11 is not UTF-8, while the rest of the file is.")
        assert pairs(read(put("a.csv", content)))[-1] == ("café", "b")

    def test_a_named_encoding_must_exist_and_fit(self, put: Any) -> None:
        """A wrong name is a wrong call; a wrong encoding is refused with the line."""
        path = put("a.csv", "text,intent\nsí,a\n".encode("cp1252"))
        with pytest.raises(UsageError, match="no encoding 'klingon'"):
            read(path, encoding="klingon")
        assert "a.csv:2 is not ascii" in refusal(path, encoding="ascii").fact


class TestTables:
    """The header is where the columns are, and each of them once."""

    def test_a_column_twice_is_refused(self, put: Any) -> None:
        """Whatever their case; another column twice does no harm."""
        for header in ("text,intent,intent", "text,Text,intent", "intent,text, Intent "):
            error = refusal(put("a.csv", f"{header}\na,b,c\n"))
            assert "a.csv:1 has 2 columns" in error.fact
        assert pairs(read(put("a.csv", "text,intent,note,note\na,b,c,d\n"))) == [("a", "b")]

    @pytest.mark.parametrize("first", ["sep=;\r\n", "SEP=;\n", "sep=;\r"])
    def test_the_line_sep_is_honoured(self, put: Any, first: str) -> None:
        """Excel's own first line is no header, and shifts no line number."""
        found = read(put("a.csv", f"{first}text;intent\nhello, you;greet\n"))
        assert pairs(found) == [("hello, you", "greet")]
        assert found.frame["place"].tolist() == ["a.csv:3"]
        assert "separated by ';', as its first line says" in said(found)

    @pytest.mark.parametrize(
        "above", ["Export of 3 May,,\n", "Export of 3 May\n\nby Ann\n", ",,\n,,\n", "\n\n", "a,b\nc,d\n"]
    )
    def test_a_title_above_the_header_is_left_out_and_said(self, put: Any, above: str) -> None:
        """The header is found below it; rows keep their line numbers."""
        found = read(put("a.csv", f"{above}text,intent,x\nhello,greet,\n"))
        assert pairs(found) == [("hello", "greet")]
        assert found.frame["place"].tolist() == [f"a.csv:{above.count(chr(10)) + 2}"]
        if above.strip(",\n"):
            assert "above the header left out" in said(found)

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("delimiter", [";", "\t", "|"])
    def test_the_delimiter_is_the_one_that_makes_a_header(self, put: Any, delimiter: str, end: str) -> None:
        """Also where the title or the texts have more of another one."""
        rows = [["Export, by Ann, of May"], ["text", "intent"], ["a, b, c", "x"]]
        found = read(put("a.csv", end.join(delimiter.join(row) for row in rows)))
        assert pairs(found) == [("a, b, c", "x")]

    def test_no_header_is_refused_with_both_ways(self, put: Any) -> None:
        """The first message must not become a header: the remedy, followed, takes in all rows."""
        error = refusal(put("a.csv", "hello one,greet\nhello two,bye\n"))
        assert "write `text,intent` above its first row" in error.remedy
        found = read(put("a.csv", "text,intent\nhello one,greet\nhello two,bye\n"))
        assert pairs(found) == [("hello one", "greet"), ("hello two", "bye")]

    def test_several_intents_in_a_cell_are_refused(self, put: Any) -> None:
        """Whatever stands between them; the good rows can come in alone, and a `+` is Rasa's own way."""
        rows = 'a,"greet,help"\nb,greet;help\nc,greet|help\nd,"[""greet"", ""help""]"\ne,greet#help\n'
        rows += "f,greet+help\ng,c#\n"
        path = put("a.csv", f"text,intent\n{rows}")
        found = taken(path)
        assert not found.accepted
        places = [place for one in found.report.errors if one.rule == "several intents" for place in one.rows]
        assert sorted(places) == [f"a.csv:{line}" for line in range(2, 7)]
        dropped = taken(path, drop_faulty=True)
        assert (dropped.accepted, dropped.left_out) == (True, 5)
        assert dropped.merged.frame["text"].tolist() == ["f", "g"]
        assert {one.count for one in dropped.report.account if one.rule == "left out: several intents"} == {
            1,
            4,
        }

    def test_html_is_a_warning_and_can_be_undone(self, put: Any) -> None:
        """Counted, with samples; with `--unescape` the words remain."""
        texts = [
            "I can&#39;t &amp; won&rsquo;t",
            "<p>where is <b>my</b> card?</p>",
            "one<br/>two",
            "&lt;3 it",
            "a < b",
        ]
        path = put("a.csv", "text,intent\n" + "".join(f'"{text}",i{n}\n' for n, text in enumerate(texts)))
        [warning] = [one for one in taken(path).report.warnings if one.rule == "HTML"]
        assert (warning.count, warning.texts) == (4, tuple(texts[:4]))
        assert "--unescape" in warning.sentence
        found = taken(path, unescape=True)
        assert found.merged.frame["text"].tolist() == [
            "I can't & won’t",
            "where is my card?",
            "one two",
            "<3 it",
            "a < b",
        ]
        assert found.repairs["HTML undone"] == 4

    def test_names_that_differ_in_case_are_a_warning(self, put: Any) -> None:
        """Both are named with their sizes; spaces and hyphens count as little as case."""
        path = put("a.csv", "text,intent\na one,Greet\nb two,greet\nc three,book table\nd four,book-table\n")
        [warning] = [one for one in taken(path).report.warnings if "nearly the same" in one.rule]
        assert "Greet (1) / greet (1)" in warning.sentence
        assert "book table (1) / book-table (1)" in warning.sentence

    def test_markup_at_which_rasa_fails_is_refused_with_its_row(self, put: Any) -> None:
        """What is no JSON, what is not closed, links, nested brackets; brackets without markup are plain text."""
        texts = {
            "call [bob]{entity: name} now": True,
            'ring [ann]{"entity": "name"} today': False,
            'tell [joe]{"entity": "name" at noon': True,
            "a [link](http://example.com/a(b)c)": True,
            "the [](empty) one": True,
            "list [[1](n)] nested": True,
            '[phone]{"entity":"p","value":"{x}"}': True,
            "plain [brackets] and [x] (y)": False,
            "one [large](size:big) [pizza](item)": False,
            'to [Paris]{"entity": "city", "role": "to", "value": "PAR"}': False,
        }
        cells = "".join(f"{json.dumps({'text': text, 'intent': f'i{n}'})}\n" for n, text in enumerate(texts))
        found = taken(put("a.jsonl", cells))
        bad = tuple(f"a.jsonl:{n}" for n, broken in enumerate(texts.values(), start=1) if broken)
        assert errors(found) == {"broken markup": bad}

    def test_cells_that_are_missing_or_too_many_are_not_silent(self, put: Any) -> None:
        """A short row is filled and counted; empty cells at the end of a long one are nothing."""
        found = read(put("a.csv", "text,intent,role\nhello,greet\nbye,leave,boss,,\n"))
        assert pairs(found) == [("hello", "greet"), ("bye", "leave")]
        assert "1 row shorter than the header" in said(found)


class TestExcel:
    """The sheet with the columns, merged cells, values that are no texts."""

    def book(self, path: Path, **sheets: list[list[Any]]) -> openpyxl.Workbook:
        """A workbook with these sheets."""
        made = openpyxl.Workbook()
        made.remove(made.active)
        for title, rows in sheets.items():
            sheet = made.create_sheet(title)
            for row in rows:
                sheet.append(row)
        made.save(path)
        return made

    def test_a_merged_cell_holds_for_its_rows(self, tmp_path: Path) -> None:
        """And the filled rows are counted."""
        path = tmp_path / "a.xlsx"
        made = self.book(
            path, data=[["text", "intent"], ["one", "greet"], ["two", None], ["three", "bye"], ["four", None]]
        )
        made["data"].merge_cells("B2:B3")
        made["data"].merge_cells("B4:B5")
        made.save(path)
        found = read(path)
        assert [intent for _, intent in pairs(found)] == ["greet", "greet", "bye", "bye"]
        assert "2 rows with the value of a merged cell" in said(found)

    def test_the_sheet_with_the_columns_is_read(self, tmp_path: Path) -> None:
        """Not the first; a hidden one is said."""
        path = tmp_path / "a.xlsx"
        made = self.book(
            path, cover=[["Hello"]], data=[["text", "intent"], ["hi", "greet"]], old=[["text", "intent"]]
        )
        made["old"].sheet_state = "hidden"
        made.save(path)
        found = read(path)
        assert pairs(found) == [("hi", "greet")]
        assert "hidden sheets that are not read: old" in said(found)
        assert "read the sheet 'data', not cover" in said(found)

    def test_several_sheets_with_the_columns_are_asked_about(self, tmp_path: Path) -> None:
        """The remedy, followed, reads the one that it names."""
        path = tmp_path / "a.xlsx"
        self.book(path, may=[["text", "intent"], ["a", "x"]], june=[["Text", "Intent"], ["b", "y"]])
        error = refusal(path)
        assert "several sheets with these columns: 'may', 'june'" in error.fact
        assert "--sheet 'may'" in error.remedy
        assert pairs(read(path, sheet="may")) == [("a", "x")]
        assert pairs(read(path, sheet="June")) == [("b", "y")]
        assert "it has 'may', 'june'" in refusal(path, sheet="july").fact

    def test_title_and_twice(self, tmp_path: Path) -> None:
        """As for tables."""
        path = tmp_path / "a.xlsx"
        self.book(path, data=[["Intents of May"], [], ["text", "intent"], ["hi", "greet"]])
        assert read(path).frame["place"].tolist() == ["a.xlsx:4"]
        self.book(path, data=[["Text", "intent", "text"], ["a", "b", "c"]])
        assert "a.xlsx:1 has 2 columns 'Text'" in refusal(path).fact

    def test_what_excel_made_of_a_text_is_refused(self, tmp_path: Path) -> None:
        """A truth value, a date, an error: the person's words are gone. A number is taken, and counted."""
        import datetime

        path = tmp_path / "a.xlsx"
        odd = [[True, "a"], [datetime.date(2026, 5, 1), "a"], ["#NAME?", "a"], [12, "a"], ["fine", "a"]]
        self.book(path, data=[["text", "intent"], *odd])
        found = read(path)
        assert pairs(found) == [("12", "a"), ("fine", "a")]
        assert sorted(place for one in found.faults for place in one.rows) == [
            "a.xlsx:2",
            "a.xlsx:3",
            "a.xlsx:4",
        ]
        assert "1 row whose text is a number" in said(found)


class TestJson:
    """What is not a text is refused with its line."""

    def test_values_of_other_kinds(self, put: Any) -> None:
        """True, lists and objects; null is no text, a list of one is that one."""
        lines = [
            {"text": True, "intent": "a"},
            {"text": "b", "intent": {"name": "greet"}},
            {"text": ["c"], "intent": "a"},
            {"text": "d", "intent": ["greet"]},
            {"text": "e", "intent": []},
            {"text": "f", "intent": ["greet", "bye"]},
        ]
        found = read(put("a.jsonl", "\n".join(map(json.dumps, lines))))
        assert pairs(found) == [("d", "greet")]
        faults = {place for one in found.faults for place in one.rows}
        assert faults == {"a.jsonl:1", "a.jsonl:2", "a.jsonl:3", "a.jsonl:6"}
        assert "1 row without a label left out" in said(found)

    def test_a_key_twice_in_an_object_is_refused(self, put: Any) -> None:
        """The first would be lost."""
        path = put("a.jsonl", '{"text": "a", "intent": "x"}\n{"text": "a", "intent": "x", "intent": "y"}\n')
        assert "a.jsonl:2 is not JSON: it has the key 'intent' twice" in refusal(path).fact

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_arrays_and_lines_under_either_ending(self, put: Any, end: str) -> None:
        """An array in .jsonl, lines in .json, each value with its line."""
        rows = [json.dumps({"text": f"t{n}", "intent": "a"}) for n in range(3)]
        array = read(put("a.jsonl", f"[{end}" + f",{end}".join(rows) + f"{end}]"))
        assert array.frame["place"].tolist() == ["a.jsonl:2", "a.jsonl:3", "a.jsonl:4"]
        lines = read(put("a.json", end.join(rows)))
        assert lines.frame["place"].tolist() == ["a.json:1", "a.json:2", "a.json:3"]

    def test_an_array_that_was_cut_off_is_refused(self, put: Any) -> None:
        """With the line at which it ends."""
        assert (
            "a.json:3 is not JSON"
            in refusal(put("a.json", '[\n{"text": "a", "intent": "b"},\n{"text": "c"')).fact
        )

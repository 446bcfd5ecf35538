"""No file that somebody brings can do more than be refused: ingest from its bytes to the corpus to be."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder
from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns, Reading
from ratchet.domain.corpus import corpus, intake, ledger
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.ledger import SplitPolicy
from ratchet.domain.corpus.validation import ValidationPolicy
from ratchet.domain.errors import RatchetError
from tests.fuzz.fuzzing import bomb, fuzz, mutated, survive

POLICY = CorpusPolicy(context={"role": ["employee", "manager"], "location": None})
POLICIES = (POLICY, SplitPolicy(), ValidationPolicy())
CSV = (
    b'text,intent,role\nI need a "laptop",it,employee\n"a, b\nc",hr,\nwo ist mein b\xc3\xbcro,place,manager\n'
)
TSV = CSV.replace(b",", b"\t")
JSONL = (
    b'{"text": "hello", "intent": "greet", "role": "employee"}\n{"text": "caf\\u00e9", "intent": "food"}\n'
)
RASA = b"""version: "3.1"
nlu:
- intent: faq/ask_x
  metadata: {role: employee}
  examples: |
    - where is [my laptop](device)
    - second one
- intent: greet
  examples:
  - text: hello
    metadata: {location: berlin}
- synonym: laptop
  examples: |
    - notebook
- lookup: city
  examples: |
    - Berlin
rules: []
"""


def workbook() -> bytes:
    """A small Excel file."""
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for row in (["text", "intent", "role"], ["hello", "greet", "employee"], ["bye", "leave", None]):
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def repacked(changes: dict[str, bytes]) -> bytes:
    """The Excel file with other contents in some of its parts."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook())) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, changes.get(name) or old.read(name))
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def sheet_xml() -> bytes:
    """The part with the cells."""
    with zipfile.ZipFile(io.BytesIO(workbook())) as old:
        return old.read(SHEET)


def ingested(name: str, content: bytes) -> Reading | None:
    """Read a file, and take in what it holds as an ingest would, up to the files of the next corpus."""

    def call() -> Reading:
        with tempfile.TemporaryDirectory() as folder:
            path, data = Path(folder) / name, Path(folder) / "data"
            path.write_bytes(content)
            reading = sources.read([path], POLICY, Columns())
            none = data_folder.placed(corpus.empty(POLICY))
            taken = intake.take(none, reading.frame, ledger.empty(), POLICIES, drop_faulty=True)
            sides = ledger.assign(taken.merged.frame, ledger.empty(), POLICIES[1], "2026-01-01")
            data_folder.write(data, taken.merged.frame[POLICY.columns], sides, POLICIES[1])
            data_folder.write_extras(data, data / "none", reading.extras)
            back = data_folder.read_messages(data, POLICY)
            pd.testing.assert_frame_equal(back, taken.merged.frame[POLICY.columns], check_dtype=False)
            data_folder.read_ledger(data, POLICIES[1])
            for extra in (data / "extras").glob("*.yml"):
                sources.read([extra], POLICY, Columns())
            return reading

    return survive(f"corpus: {Path(name).suffix}", call)


@fuzz(30, 4000, content=mutated([CSV, TSV, CSV.replace(b",", b";"), CSV.decode().encode("utf-16")]))
def test_csv(content: bytes) -> None:
    """Tables of any delimiter and encoding."""
    ingested("new.csv", content)


@fuzz(15, 1500, content=mutated([TSV]))
def test_tsv(content: bytes) -> None:
    """The delimiter is given by the name."""
    ingested("new.tsv", content)


@fuzz(30, 4000, content=mutated([JSONL]))
def test_json_lines(content: bytes) -> None:
    """One object a line."""
    ingested("new.jsonl", content)


@fuzz(30, 4000, content=mutated([RASA]))
def test_rasa_yaml(content: bytes) -> None:
    """Rasa's training data."""
    ingested("new.yml", content)


@fuzz(15, 400, content=mutated([workbook()]))
def test_excel_as_a_file(content: bytes) -> None:
    """Injuries of the archive."""
    ingested("new.xlsx", content)


@fuzz(15, 600, content=mutated([sheet_xml()]))
def test_excel_inside(content: bytes) -> None:
    """Injuries of the sheet in a whole archive."""
    ingested("new.xlsx", repacked({SHEET: content}))


CELL = b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>text</t></is></c></row>%s</sheetData>'


def sheet(rows: bytes) -> bytes:
    """A sheet with a header and some rows."""
    head, _, rest = sheet_xml().partition(b"<sheetData>")
    return head + CELL % rows + rest.partition(b"</sheetData>")[2]


KNOWN: dict[str, bytes | Callable[[], bytes]] = {
    "bom.csv": b"\xef\xbb\xbf",
    "odd.csv": b"\xff\xfea",
    "wide.csv": b"text,intent\n" + b"x" * 5_000_000 + b",a\n",
    "columns.csv": b",".join([b"text", b"intent"] * 20_000) + b"\n" + b"a," * 20_000 + b"b\n",
    "nul.csv": b"text,intent\n\0,\0\n",
    "deep.jsonl": b'{"text": ' + b"[" * 200_000,
    "digits.jsonl": b'{"text": ' + b"9" * 10_000 + b', "intent": "a"}',
    "half.jsonl": b'{"text": "\\ud800 hello", "intent": "a"}',
    "half-key.jsonl": b'{"text": "hello", "intent": "\\udfff"}',
    "bomb.yml": bomb() + b"\nnlu: *a9\n",
    "bomb-metadata.yml": bomb() + b"\nnlu:\n- intent: a\n  metadata: {role: *a9}\n  examples: *a9\n",
    "deep.yml": b"nlu: " + b"[" * 100_000,
    "blocks.yml": b"nlu:\n" + b"".join(b" " * n + b"- \n" for n in range(3000)),
    "key.yml": b"nlu:\n- [a]: b\n  intent: x\n  examples: |\n    - y\n",
    "mapping-intent.yml": b"nlu:\n- intent: {a: b}\n  examples: |\n    - y\n",
    "mapping-synonym.yml": b"nlu:\n- synonym: [a]\n  examples: |\n    - y\n",
    "python.yml": b"nlu: !!python/object/apply:os.system ['touch owned']\n",
    "zip.xlsx": lambda: repacked({SHEET: b"<a>" + b" " * 410_000_000}),  # takes seconds to make
    "laughs.xlsx": repacked(
        {
            SHEET: b'<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
            + b"".join(b'<!ENTITY %c "%s">' % (99 + n, b"&%c;" % (98 + n) * 10) for n in range(8))
            + b"]><a>&j;</a>"
        }
    ),
    "file.xlsx": repacked({SHEET: b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>'}),
    "far-row.xlsx": repacked({SHEET: sheet(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>')}),
    "far-cell.xlsx": repacked({SHEET: sheet(b'<row r="900"><c r="XFD900"><v>1</v></c></row>')}),
    "far-both.xlsx": repacked({SHEET: sheet(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')}),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", KNOWN)
def test_known_attacks(name: str) -> None:
    """Bombs, endless nesting, huge fields, halves of characters, keys that are none."""
    known = KNOWN[name]
    ingested(name, known if isinstance(known, bytes) else known())
    assert not Path("owned").exists()


def test_a_refusal_leaves_nothing_behind(tmp_path: Path) -> None:
    """The file is read where it lies; nothing is written beside it."""
    path = tmp_path / "new.jsonl"
    path.write_bytes(KNOWN["deep.jsonl"])
    with pytest.raises(RatchetError):
        sources.read([path], POLICY, Columns())
    assert list(tmp_path.iterdir()) == [path]

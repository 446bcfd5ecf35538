"""Two hundred files as people bring them: each is read right, or refused with a remedy that works when it is followed.

A seeded generator crosses languages, encodings, delimiters, headers, line ends, sheets and forms of labels. The truth
of each file is known, so a wrong letter or a lost row is a failure; so is a refusal without file, place and remedy.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import openpyxl

from ratchet.adapters.corpus import data_folder
from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns
from ratchet.domain.corpus import corpus, intake, ledger
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.intake import Read, Taken
from ratchet.domain.corpus.ledger import SplitPolicy
from ratchet.domain.corpus.validation import ValidationPolicy
from ratchet.domain.errors import RatchetError
from tests.fuzz.fuzzing import COUNTS, SEED

POLICY = CorpusPolicy()
POLICIES = (POLICY, SplitPolicy(salt="s"), ValidationPolicy(minimum_examples=1, few_examples=1))
VARIATIONS = 200
MOST_STEPS = 4
"""Remedies that a person follows one after the other before giving up."""

Rows = tuple[tuple[str, str], ...]

TEXTS: dict[str, tuple[str, ...]] = {
    "en": ("where is my parcel", "I want my money back", "hello, can you help me?", "bye now; thanks"),
    "de": ("wo ist mein Päckchen", "ich möchte mein Geld zurück", "Grüße aus Köln", "schöne Straße"),
    "fr": ("où est passé mon colis", "je voudrais être remboursé", "ça va très bien, déjà là", "à bientôt"),
    "es": ("¿dónde está mi paquete?", "quiero que me devuelvan el dinero", "buenos días, señor", "adiós"),
    "pl": ("gdzie jest moja paczka, zaginęła", "chcę zwrotu pieniędzy", "cześć, źle działa łącze", "żegnaj"),
    "ru": (
        "где моя посылка",
        "верните деньги, пожалуйста",
        "здравствуйте, помогите мне",
        "до свидания, объявление",
    ),
    "el": ("πού είναι το δέμα μου", "θέλω πίσω τα χρήματά μου", "γειά σας", "αντίο τώρα"),
    "ja": ("荷物はどこですか", "返金してください", "こんにちは", "さようなら"),
}
INTENTS = ("tracking", "refund", "greet", "bye")
ENCODINGS = {
    "en": ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "ascii"),
    "de": ("utf-8", "utf-16", "cp1252", "mac_roman", "cp850", "iso8859-15"),
    "fr": ("utf-8", "utf-8-sig", "cp1252", "mac_roman", "cp850"),
    "es": ("utf-8", "cp1252", "mac_roman", "utf-16-be"),
    "pl": ("utf-8", "cp1250", "iso8859-2", "cp852", "utf-16"),
    "ru": ("utf-8", "cp1251", "koi8-r", "cp866", "utf-16-le", "utf-32"),
    "el": ("utf-8", "cp1253", "iso8859-7"),
    "ja": ("utf-8", "shift_jis", "euc_jp", "utf-16"),
}
DELIMITERS = (",", ";", "\t", "|", "~")
HEADERS = (
    "plain",
    "capitals",
    "spaced",
    "title",
    "blank",
    "extra",
    "twice",
    "none",
    "other names",
    "again",
    "quoted",
)
SHEETS = ("one", "second", "two", "hidden", "merged")
LABELS = ("plain", "list", "several", "doccano", "prodigy", "label studio", "argilla", "under a key")
RASA = ("block", "list", "folded", "documents", "twice", "slips", "markdown", "json")
ENDS = ("\n", "\r\n", "\r")


@dataclass(frozen=True)
class Case:
    """One file to be: what it holds and how it is written; `options` are those of the command."""

    kind: str
    language: str
    encoding: str = "utf-8"
    delimiter: str = ","
    header: str = "plain"
    end: str = "\n"
    last_end: bool = True
    sep: bool = False
    sheet: str = "one"
    label: str = "plain"
    rasa: str = "block"
    options: dict[str, str] = field(default_factory=dict)

    @property
    def truth(self) -> Rows:
        """The messages with their intents."""
        return tuple(zip(TEXTS[self.language], INTENTS, strict=True))


def drawn(random_: random.Random, number: int) -> Case:
    """The case of a number: each kind in its turn, the rest at random."""
    kind = ("csv", "csv", "tsv", "xlsx", "jsonl", "json", "rasa")[number % 7]
    language, header = random_.choice(sorted(TEXTS)), random_.choice(HEADERS)
    return Case(
        kind,
        language,
        random_.choice(ENCODINGS[language]) if kind != "xlsx" else "utf-8",
        random_.choice(DELIMITERS) if kind == "csv" else "\t",
        header,
        random_.choice(ENDS),
        random_.random() < 0.8,
        kind == "csv" and random_.random() < 0.15,
        random_.choice(SHEETS)
        if header != "none"
        else "one",  # a second sheet would then be the one with columns
        random_.choice(LABELS),
        random_.choice(RASA),
    )


def table(case: Case) -> list[list[str]]:
    """The rows of a table with its header, and what stands above it."""
    rows = [list(pair) for pair in case.truth]
    match case.header:
        case "capitals":
            return [["TEXT", "Intent"], *rows]
        case "spaced":
            return [[" text", "intent "], *rows]
        case "title":
            return [["Export of May", ""], ["", ""], ["text", "intent"], *rows]
        case "blank":
            return [["", ""], ["", ""], ["text", "intent"], *rows]
        case "extra":
            return [
                ["id", "text", "note", "intent"],
                *([str(n), a, "x", b] for n, (a, b) in enumerate(case.truth)),
            ]
        case "twice":
            return [["text", "intent", "intent"], *([a, b, "other"] for a, b in case.truth)]
        case "none":
            return rows
        case "again":
            return [["text", "intent"], rows[0], ["text", "intent"], *rows[1:]]
        case "other names":
            return [["Question", "Process"], *rows]
    return [["text", "intent"], *rows]


def write(case: Case, folder: Path) -> Path:
    """Write the file of a case."""
    if case.kind == "xlsx":
        return workbook(case, folder / "new.xlsx")
    ending, text = {"rasa": rasa, "jsonl": objects, "json": objects}.get(case.kind, delimited)(case)
    path = folder / f"new{ending}"
    lines = text.rstrip("\n").replace("\n", case.end) + (case.end if case.last_end else "")
    path.write_bytes(lines.encode(case.encoding))
    return path


def delimited(case: Case) -> tuple[str, str]:
    """A table with a delimiter."""
    stream = io.StringIO()
    if case.header == "quoted":
        for row in table(case):
            cells = (f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row)
            stream.write(f"{case.delimiter} ".join(cells) + "\n")
    else:
        csv.writer(stream, delimiter=case.delimiter, lineterminator="\n").writerows(table(case))
    first = f"sep={case.delimiter}\n" if case.sep else ""
    return f".{case.kind}", first + stream.getvalue()


def workbook(case: Case, path: Path) -> Path:
    """An Excel file with the table in one of its sheets, or in two."""
    book = openpyxl.Workbook()
    sheet = book.active
    rows: list[list[str | None]] = [list(row) for row in table(case)]
    if case.sheet in ("second", "hidden"):
        sheet.append(["Read me"])
        if case.sheet == "hidden":
            book.create_sheet("old").append(["text", "intent"])
            book["old"].sheet_state = "hidden"
        sheet = book.create_sheet("data")
    for row in rows:
        sheet.append(row)
    if case.sheet == "two":
        other = book.create_sheet("other")
        for row in rows[: len(rows) - len(case.truth)] or [["text", "intent"]]:
            other.append(row)
        other.append(["not meant", "other"])
    if case.sheet == "merged":
        last, (text, intent) = sheet.max_row, (2, 4) if case.header == "extra" else (1, 2)
        sheet.cell(last + 1, text, f"{case.truth[-1][0]} 2")
        sheet.merge_cells(start_row=last, end_row=last + 1, start_column=intent, end_column=intent)
    book.save(path)
    return path


def objects(case: Case) -> tuple[str, str]:
    """JSON, as an array or a line each, as a tool writes it; two rows more are no labels."""
    made = [labelled(case.label, number, text, intent) for number, (text, intent) in enumerate(case.truth)]
    if case.label == "several":
        made[0]["intent"] = ["tracking", "refund"]
    if case.label == "prodigy":
        made.append({"text": "rejected", "accept": ["greet"], "answer": "reject"})
    if case.label == "doccano":
        made.append({"id": 9, "text": "unlabelled", "label": []})
    ascii_ = case.encoding == "ascii"
    if case.kind == "json":
        whole = {"count": len(made), "rows": made} if case.label == "under a key" else made
        return ".json", json.dumps(whole, ensure_ascii=ascii_, indent=1)
    return ".jsonl", "\n".join(json.dumps(one, ensure_ascii=ascii_) for one in made)


def labelled(form: str, number: int, text: str, intent: str) -> dict[str, Any]:
    """One message as a tool writes it."""
    match form:
        case "list":
            return {"text": text, "intent": [intent]}
        case "doccano":
            return {"id": number, "text": text, "label": [intent]}
        case "prodigy":
            return {"text": text, "options": [], "accept": [intent], "answer": "accept"}
        case "label studio":
            result = [
                {"value": {"choices": [intent]}, "from_name": "q", "to_name": "text", "type": "choices"}
            ]
            return {
                "id": number,
                "data": {"text": text},
                "annotations": [{"result": result, "completed_by": 1}],
            }
        case "argilla":
            return {"fields": {"text": text}, "responses": {"q": [{"value": intent, "user_id": "u"}]}}
    return {"text": text, "intent": intent}


def rasa(case: Case) -> tuple[str, str]:
    """Rasa's training data."""
    if case.rasa == "json":
        examples = [{"text": text, "intent": intent, "entities": []} for text, intent in case.truth]
        return ".json", json.dumps({"rasa_nlu_data": {"common_examples": examples}}, ensure_ascii=False)
    if case.rasa == "markdown":
        return ".md", "".join(f"## intent:{intent}\n- {text}\n\n" for text, intent in case.truth)
    block = {"folded": ">", "list": ""}.get(case.rasa, "|")
    entries = []
    for text, intent in case.truth:
        example = (
            f"  - text: {json.dumps(text, ensure_ascii=False)}\n"
            if case.rasa == "list"
            else f"    - {text}\n"
        )
        entries.append(f"- intent: {intent}\n  examples: {block}\n{example}")
    if case.rasa == "folded":
        entries[0] += "    - a second one\n"
    if case.rasa == "twice":
        entries[0] += "  examples: |\n    - a second one\n"
    if case.rasa == "slips":
        entries[0] += "    * a star\n    -no space\n"
    between = "---\nnlu:\n" if case.rasa == "documents" else ""
    return ".yml", "nlu:\n" + between.join(entries)


def take(path: Path, case: Case, drop: bool = False) -> Taken:
    """Read a file and take it into an empty corpus."""
    reading = sources.read([path], POLICY, Columns(**case.options))
    none = data_folder.placed(corpus.empty(POLICY))
    said = Read(reading.account, reading.faults)
    return intake.take(none, reading.frame, ledger.empty(), POLICIES, drop_faulty=drop, read=said)


def encoding_named(case: Case, remedy: str) -> Case:
    """Do as a person does who knows the words: take the encoding whose reading has the right letters."""
    words = {word for text, _ in case.truth for word in text.split() if not word.isascii()}
    offered = re.findall(r"`--encoding ([\w-]+)` reads '(.*?)'(?:;|\. If none)", remedy)
    right = [name for name, reading in offered if any(word in reading for word in words)]
    return replace(case, options={**case.options, "encoding": (right or [case.encoding])[0]})


REMEDIES: tuple[tuple[str, Callable[[Case, str], Case]], ...] = (
    (r"--encoding", encoding_named),
    (r"--sheet '", lambda case, said: with_option(case, "sheet", re.search(r"--sheet '(.*?)'", said)[1])),  # type: ignore[index]
    (r"Rename all but one", lambda case, _: replace(case, header="plain")),
    (r"Separate the columns by comma", lambda case, _: replace(case, delimiter=",", header="plain")),
    (r"Write `examples: \|`", lambda case, _: replace(case, rasa="block")),
    (r"Make one of the two", lambda case, _: replace(case, rasa="block")),
    (r"--text-column", lambda case, _: columns_named(case, "text", "Question")),
    (r"--intent-column", lambda case, _: columns_named(case, "intent", "Process")),
)
"""What a remedy says, and what a person then does."""


def with_option(case: Case, name: str, value: str) -> Case:
    """The case with one more option."""
    return replace(case, options={**case.options, name: value})


def columns_named(case: Case, option: str, column: str) -> Case:
    """Name a column, or write the header above where there is none."""
    if case.header == "none":
        return replace(case, header="plain")
    return with_option(case, option, column)


def follow(case: Case, error: RatchetError) -> Case:
    """Do what a refusal says."""
    for said, act in REMEDIES:
        if re.search(said, error.remedy):
            return act(case, error.remedy)
    raise AssertionError(f"nobody can follow: {error}")


def whole(error: RatchetError, name: str) -> RatchetError:
    """Return a refusal that names the file, the place and a remedy; fails for any other."""
    place = rf"{re.escape(name)}:\d+|lines? \d+|sheets?"
    if name not in error.fact or not re.search(place, error.fact) or not error.remedy:
        raise AssertionError(f"a refusal without file, place or remedy: {error}")
    return error


def checked(case: Case, folder: Path) -> str:
    """Say what came of a case: `read`, `refused`, or `rows refused`; fails where it is none of these."""
    outcome, first = "read", case
    for _ in range(MOST_STEPS):
        path = write(case, folder)
        try:
            found = take(path, case)
            break
        except RatchetError as error:
            outcome, case = "refused", follow(case, whole(error, path.name))
    else:
        raise AssertionError(f"refused after {MOST_STEPS} remedies: {first}")
    if not found.accepted:
        for one in found.report.errors:
            assert one.rows, one
            assert all(place.startswith(f"{path.name}:") for place in one.rows), one
        found, outcome = take(path, case, drop=True), "rows refused"
    rows = tuple(zip(found.merged.frame["text"], found.merged.frame["intent"], strict=True))
    assert right(case, rows), (first, case, rows)
    return outcome


def right(case: Case, rows: Rows) -> bool:
    """Tell whether the messages are those of the case."""
    truth = list(case.truth)
    if case.kind in ("jsonl", "json") and case.label == "several":
        truth = truth[1:]
    if case.kind == "xlsx" and case.sheet == "merged":
        truth.append((f"{truth[-1][0]} 2", truth[-1][1]))
    return sorted(rows) == sorted(truth)


def test_two_hundred_variations_are_read_right_or_refused_with_a_remedy_that_works(tmp_path: Path) -> None:
    """None ends silently wrong, none with a traceback; all three outcomes occur."""
    random_, outcomes = random.Random(SEED), Counter[str]()
    for number in range(VARIATIONS):
        case = drawn(random_, number)
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            outcome = checked(case, folder)
        except Exception as error:
            error.add_note(f"variation {number}: {case}; RATCHET_FUZZ_SEED={SEED}")
            raise
        outcomes[outcome] += 1
        COUNTS["variations", "taken" if outcome == "read" else "refused"] += 1
    assert set(outcomes) == {"read", "refused", "rows refused"}, outcomes

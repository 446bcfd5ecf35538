"""Messages to label as files, for spreadsheets and other labelling tools, and the labels that come back."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi.responses import Response

from ratchet.adapters.monitoring import labels
from ratchet.adapters.page import corrections, known, new_intents
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door, Refused
from ratchet.adapters.readers import known as layouts
from ratchet.adapters.readers import sources
from ratchet.adapters.readers.reading import Columns
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.operations import label_exports
from ratchet.domain.operations.label_imports import Plan, plan
from ratchet.domain.operations.labelling import Mark
from ratchet.domain.operations.people import Role
from ratchet.domain.operations.sampling import SOURCE
from ratchet.domain.operations.worklist import Message, State
from ratchet.domain.wording import count, listed

EXPORT, IMPORT = "/label/export", "/label/import"
MOST_BYTES, MOST_ROWS = 5_000_000, 5_000
ODD = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Came:
    """What came of labels that another tool gave: how many messages got one, were noted on the list, kept another."""

    labelled: int
    noted: int
    plan: Plan

    @property
    def sentence(self) -> str:
        """It in words."""
        said = [f"{count(self.labelled, 'message')} labelled"]
        said += (
            [f"{count(self.noted, 'message')} of no sample noted on the labelling list"] if self.noted else []
        )
        said += [f"{count(self.plan.same, 'label')} known already"] if self.plan.same else []
        said += [f"{count(self.plan.kept, 'message')} kept another label"] if self.plan.kept else []
        said += [f"{count(self.plan.unlabelled, 'row')} without an intent"] if self.plan.unlabelled else []
        return "; ".join(said)


def add_to(door: Door) -> None:
    """Add the ways out and in."""
    door.page(EXPORT, Role.LABEL, export)
    door.act(IMPORT, Role.LABEL, bring, MOST_BYTES)


def as_csv(messages: Sequence[Message], context: Sequence[str]) -> bytes:
    """Write a table as CSV, with the mark by which Excel knows UTF-8."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, label_exports.columns(context), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(label_exports.table(messages, SOURCE))
    return file.getvalue().encode("utf-8-sig")


def as_excel(messages: Sequence[Message], context: Sequence[str]) -> bytes:
    """Write a table as an Excel workbook."""
    import openpyxl
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "messages"
    names = label_exports.columns(context)
    rows = [[row[name] for name in names] for row in label_exports.table(messages, SOURCE)]
    for row in [names, *rows]:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub(" ", cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_json(make: Callable[[Sequence[Message]], Any], messages: Sequence[Message], _: Sequence[str]) -> bytes:
    """Write what an exporter makes as JSON."""
    return (json.dumps(make(messages), ensure_ascii=False, indent=1) + "\n").encode()


def as_lines(messages: Sequence[Message], _: Sequence[str]) -> bytes:
    """Write doccano's examples as JSON Lines."""
    return "".join(
        json.dumps(one, ensure_ascii=False) + "\n" for one in label_exports.doccano(messages)
    ).encode()


EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: Mapping[str, tuple[str, str, Callable[[Sequence[Message], Sequence[str]], bytes]]] = {
    "csv": ("csv", "text/csv", as_csv),
    "excel": ("xlsx", EXCEL, as_excel),
    "label-studio": ("json", "application/json", partial(as_json, label_exports.label_studio)),
    "doccano": ("jsonl", "application/x-ndjson", as_lines),
    "argilla": ("json", "application/json", partial(as_json, label_exports.argilla)),
}
INTERFACE = "label-studio-interface"


def export(call: Call) -> Response:
    """Send the messages of a sample that are not in the corpus yet, or the labelling interface for Label Studio."""
    asked, name = call.query.get("as", ""), call.query.get("sample", "")
    if asked == INTERFACE:
        written = label_exports.label_studio_interface(new_intents.names(call.settings))
        return attachment("label-studio.xml", "application/xml", written.encode())
    path = next((one for one in labels.newest_samples(call.settings) if one.parent.name == name), None)
    if asked not in FORMATS or path is None:
        raise Refused(404, "There is no such file.", "Choose one of the list.")
    ending, kind, write = FORMATS[asked]
    found = [one for one in known.sample(call.settings, path) if one.state is not State.TAKEN]
    return attachment(
        f"{name}-{asked}.{ending}", kind, write(found, list(call.settings.params.corpus.context))
    )


def attachment(name: str, kind: str, content: bytes) -> Response:
    """Return a file that a browser saves and does not show."""
    return Response(
        content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def bring(call: Call) -> Done:
    """Take the labels of a file: all of it or nothing."""
    upload = call.files.get("file")
    if upload is None or not upload.content:
        raise UsageError("There is no file, or nothing in it.", "Choose one, and send it again.")
    columns = Columns(call.text("text", 100) or "text", call.text("intent", 100) or "intent")
    rows = read(call.settings, upload.name, upload.content, columns)
    came = label(call.settings, rows, call.person.name)
    return Done(f"took a file: {came.sentence}", "/label")


def read(settings: Settings, name: str, content: bytes, columns: Columns) -> pd.DataFrame:
    """Read a file as `ratchet ingest` does; raises `RatchetError` for one with a row that cannot be read."""
    place = settings.state / "page"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix="import-") as folder:
        path = Path(folder) / (ODD.sub("_", name).lstrip(".") or "file")
        path.write_bytes(content)
        layout = partial(layouts.columns_of, given=columns, sources=settings.params.sources)
        try:
            reading = sources.read([path], settings.params.corpus, layout)
        except RatchetError as error:
            raise UsageError(error.fact.replace(f"{folder}/", ""), error.remedy) from error
    if reading.faults:
        said = " ".join(one.sentence for one in reading.faults[:3])
        raise UsageError(
            f"Nothing was taken of {path.name}. {said}", "Correct these rows, and send it again."
        )
    return reading.frame


def label(settings: Settings, rows: pd.DataFrame, who: str) -> Came:
    """Give the labels of rows to the messages that they are about, and note the others on the labelling list.

    Raises `UsageError` for an intent that there is not, for a message with two intents, and for too many rows.
    """
    context = list(settings.params.corpus.context)
    if len(rows) > MOST_ROWS:
        raise UsageError(
            f"The file has {len(rows):,} rows; the page takes {MOST_ROWS:,}.",
            "Send it in parts.",
        )
    given = rows[["text", "intent", *context]].astype(str).to_dict("records")
    paths: dict[str, Path] = {}
    messages: dict[str, Message] = {}
    for path in labels.newest_samples(settings):
        for one in known.sample(settings, path):
            if one.key not in messages:
                messages[one.key], paths[one.key] = one, path
    found = plan(
        [{str(key): cell for key, cell in row.items()} for row in given],
        list(messages.values()),
        new_intents.names(settings),
        context,
    )
    check(found)
    labelled = 0
    for path in dict.fromkeys(paths[key] for key in found.labels):
        own = {key: Mark(intent, who) for key, intent in found.labels.items() if paths[key] == path}
        labelled += len(labels.give(path, {key: messages[key].seen for key in own}, own, who).done)
    corrections.drop(settings, set(found.labels))
    return Came(labelled, corrections.add_all(settings, found.others), found)


def check(found: Plan) -> None:
    """Raise `UsageError` where labels are no intents, or a message has two."""
    if found.unknown:
        raise UsageError(
            f"There {'is' if len(found.unknown) == 1 else 'are'} no intent {listed(found.unknown)}.",
            "Correct the file, or make a new intent first.",
        )
    if found.twice:  # no text of a message is in the fact, which is recorded
        raise UsageError(
            f"The file has two intents for {count(len(found.twice), 'message')}.",
            f"Leave one of them, and send it again: {listed(found.twice, 3)}.",
        )

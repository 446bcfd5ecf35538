"""Exports of Label Studio, doccano, Prodigy and Argilla: each object as what its annotators said about one message.

A rejected, skipped, discarded or unfinished answer is no label: it is left out and counted.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ratchet.adapters.readers.reading import Columns
from ratchet.domain.corpus.markup import Span
from ratchet.domain.errors import RatchetError

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What one annotator said about one message; `left_out` says why it is no label, "" where it is one.

    `item` tells the message from the others, None where each object is one; `known` has what else the object holds.
    """

    text: Any
    labels: tuple[str, ...] = ()
    who: str = ""
    item: str | None = None
    left_out: str = ""
    spans: tuple[Span, ...] = ()
    known: Object = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """Where an object is, and which columns a person named."""

    path: Path
    line: int
    columns: Columns

    def question(self, names: set[str]) -> str | None:
        """Return the one question whose answer is the intent; raises `RatchetError` where several could be."""
        if self.columns.intent in names or not names:
            return self.columns.intent
        if len(names) == 1:
            return next(iter(names))
        listed = ", ".join(sorted(names))
        raise RatchetError(
            f"{self.path}:{self.line} has answers to several questions: {listed}.",
            f"Name the one with the intents: `--intent-column {shlex.quote(sorted(names)[0])}`.",
        )


Reader = Callable[[Source, Object], Iterator[Answer]]


def reader_of(one: Object) -> tuple[str, Reader] | None:
    """Return the tool that wrote an object, and what reads it; None for a plain row."""
    if "data" in one and ("annotations" in one or "completions" in one):
        return "Label Studio", label_studio
    if "annotation_id" in one and "annotator" in one:
        return "Label Studio", label_studio_row
    if one.get("answer") in ("accept", "reject", "ignore"):
        return "Prodigy", prodigy
    if isinstance(one.get("fields"), dict) or any(name.endswith(".responses") for name in one):
        return "Argilla", argilla
    if "annotation_agent" in one or ("annotation" in one and "prediction" in one):
        return "Argilla", rubrix
    if any(isinstance(one.get(name), list) for name in ("label", "labels", "cats")):
        return "doccano", doccano
    return None


def text_of(source: Source, one: Object, *others: str) -> Any:
    """Return an object's text, by the name that a person gave or by one of the tool's own."""
    for name in (source.columns.text, *others):
        if name in one:
            return one[name]
    raise RatchetError(
        f"{source.path}:{source.line} has no text {source.columns.text!r}; it has {', '.join(sorted(one))[:300]}.",
        "Name it with --text-column.",
    )


def texts(value: Any) -> tuple[str, ...]:
    """Return labels, one or a list of them, as texts; Label Studio also writes `{"choices": […]}`."""
    if isinstance(value, str) and value.startswith(("[", "{")):
        try:
            return texts(json.loads(value))
        except (ValueError, RecursionError):
            return (value,)
    if isinstance(value, dict):
        return texts(value.get("choices"))
    if isinstance(value, list):
        return tuple(str(one) for one in value if isinstance(one, str | int))
    return (value,) if isinstance(value, str) and value.strip() else ()


def spans_of(found: Any) -> tuple[Span, ...]:
    """Return entities, as `[start, end, label]` or as mappings, as spans."""
    spans: list[Span] = []
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            named = one.get("label") or next(iter(one.get("labels") or [""]), "")
            one = [one.get("start", one.get("start_offset")), one.get("end", one.get("end_offset")), named]
        if isinstance(one, list) and len(one) == 3 and isinstance(one[0], int) and isinstance(one[1], int):
            spans.append((one[0], one[1], {"entity": str(one[2])}))
    return tuple(spans)


def prodigy(source: Source, one: Object) -> Iterator[Answer]:
    """Prodigy: a choice (`accept`) or a yes or no to a `label`, with `answer` accept, reject or ignore."""
    meta = one.get("meta")
    known = meta if isinstance(meta, dict) else {}
    who = str(one.get("_annotator_id") or one.get("_session_id") or "")
    text = text_of(source, one, "text")
    item = str(one.get("_input_hash", text))
    if one["answer"] != "accept":
        yield Answer(text, who=who, item=item, left_out=f"{one['answer']}ed in Prodigy".replace("eed", "ed"))
        return
    given = texts(one["accept"]) if "accept" in one else texts(one.get("label"))
    yield Answer(text, given, who, item, spans=spans_of(one.get("spans")), known=known)


def doccano(source: Source, one: Object) -> Iterator[Answer]:
    """Doccano: a list of labels, or of classes (`cats`) beside entities."""
    named = [source.columns.intent, "cats", "label", "labels"]
    given: Any = next((one[name] for name in named if name in one), [])
    if given and all(isinstance(label, list) for label in given):
        raise RatchetError(
            f"{source.path}:{source.line} has entities, but no label of the whole message.",
            "Export a project of text classification.",
        )
    meta = one.get("meta") or one.get("metadata")
    known = {**one, **meta} if isinstance(meta, dict) else one
    item = str(one["id"]) if "id" in one else None
    yield Answer(
        text_of(source, one, "text", "data"),
        texts(given),
        "",
        item,
        spans=spans_of(one.get("entities")),
        known=known,
    )


def label_studio(source: Source, one: Object) -> Iterator[Answer]:
    """Label Studio's JSON: a task with its annotations, each a list of results."""
    data, item = one["data"] if isinstance(one["data"], dict) else {}, str(one.get("id", source.line))
    text = text_of(source, data)
    annotations = one.get("annotations") or one.get("completions") or []
    for annotation in annotations:
        by = annotation.get("completed_by", "")
        who = str(by.get("email") or by.get("id") if isinstance(by, dict) else by)
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            yield Answer(text, who=who, item=item, left_out="skipped in Label Studio")
            continue
        results = [
            result for result in annotation.get("result") or [] if isinstance(result.get("value"), dict)
        ]
        chosen = [result for result in results if "choices" in result["value"]]
        question = source.question({str(result.get("from_name")) for result in chosen})
        given = [texts(result["value"]) for result in chosen if str(result.get("from_name")) == question]
        spans = spans_of([result["value"] for result in results if "labels" in result["value"]])
        yield Answer(
            text, tuple(label for some in given for label in some), who, item, spans=spans, known=data
        )
    if not annotations:
        yield Answer(text, item=item, left_out="not annotated in Label Studio")


def label_studio_row(source: Source, one: Object) -> Iterator[Answer]:
    """Label Studio's JSON-MIN and CSV: a row an annotation, with the answer under its question's name."""
    own = {
        "id",
        "annotator",
        "annotation_id",
        "created_at",
        "updated_at",
        "lead_time",
        "agreement",
        source.columns.text,
    }
    names = {source.columns.intent} if source.columns.intent in one else {str(name) for name in one} - own
    question = source.question(names)
    given, item = texts(one.get(question or "")), str(one.get("id", source.line))
    skipped = "" if given else "skipped in Label Studio"
    yield Answer(text_of(source, one), given, str(one.get("annotator") or ""), item, skipped, known=one)


def argilla(source: Source, one: Object) -> Iterator[Answer]:
    """Argilla's records: fields, and responses by question (version 2), by user (version 1), or as flat columns."""
    fields = one["fields"] if isinstance(one.get("fields"), dict) else one
    text, item = text_of(source, fields), str(one.get("id", source.line))
    known = {**fields, **(one["metadata"] if isinstance(one.get("metadata"), dict) else {})}
    found = list(responses(source, one))
    for who, status, value in found:
        if status and status != "submitted":
            yield Answer(text, who=who, item=item, left_out=f"{status} in Argilla")
        else:
            yield Answer(text, texts(value), who, item, known=known)
    if not found:
        yield Answer(text, item=item, left_out="without a response in Argilla")


def responses(source: Source, one: Object) -> Iterator[tuple[str, str, Any]]:
    """Yield annotator, status ("" where it is not said) and value of each response to the question."""
    given = one.get("responses")
    if isinstance(given, dict):
        question = source.question(set(given))
        for response in given.get(question or "") or []:
            yield str(response.get("user_id", "")), str(response.get("status") or ""), response.get("value")
    elif isinstance(given, list):
        for response in given:
            values = response.get("values") or {}
            question = source.question(set(values)) if values else ""
            value = (values.get(question) or {}).get("value")
            yield str(response.get("user_id", "")), str(response.get("status") or ""), value
    else:
        ending = ".responses"
        question = source.question({name.removesuffix(ending) for name in one if name.endswith(ending)})
        values = one.get(f"{question}{ending}") or []
        people = one.get(f"{question}{ending}.users") or [""] * len(values)
        statuses = one.get(f"{question}{ending}.status") or [""] * len(values)
        yield from zip(map(str, people), map(str, statuses), values, strict=False)


def rubrix(source: Source, one: Object) -> Iterator[Answer]:
    """Argilla's first format: one `annotation`, and a `status`."""
    inputs = one["inputs"] if isinstance(one.get("inputs"), dict) else one
    text, status = text_of(source, inputs, "text"), str(one.get("status") or "")
    known = {**inputs, **(one["metadata"] if isinstance(one.get("metadata"), dict) else {})}
    given = texts(one.get("annotation"))
    left_out = (
        "" if given and status in ("", "Validated") else f"{(status or 'not annotated').lower()} in Argilla"
    )
    yield Answer(text, given, "", str(one.get("id", source.line)), left_out, known=known)

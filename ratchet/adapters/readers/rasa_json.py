"""Reading the training data that Rasa had in JSON before version 2: one object `rasa_nlu_data`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ratchet.adapters.readers import json_text, texts
from ratchet.adapters.readers.reading import EXTRAS, Notes, Reading, Rows
from ratchet.domain.corpus import markup
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

EXAMPLES = ("common_examples", "intent_examples", "entity_examples")
TOP = "rasa_nlu_data"
OTHERS = {"regex_features", "lookup_tables", "entity_synonyms"}


def is_rasa(text: str) -> bool:
    """Tell whether a JSON text is Rasa's: one object that has its data, whatever else is beside it."""
    if f'"{TOP}"' not in text or not text.lstrip().startswith("{"):
        return False
    try:
        return TOP in json.loads(text)
    except (ValueError, RecursionError):
        return bool(re.match(rf'\s*\{{\s*"{TOP}"\s*:', text))  # broken, to be refused as Rasa's


def read(path: Path, text: str, policy: CorpusPolicy, notes: Notes) -> Reading:
    """Read one file; entities become markup. Raises `RatchetError` for a key that Rasa does not have."""
    whole = json_text.value(path, 1, text)
    data = whole[TOP]
    for name in whole:
        if name != TOP:
            notes.note("left out", f"beside {TOP} left out", 1, str(name), "key")
    if not isinstance(data, dict) or any(not isinstance(data[key], list) for key in data):
        raise RatchetError(f"{path} does not hold lists under rasa_nlu_data.", "Export it from Rasa again.")
    for key in data:
        if key not in EXAMPLES and key not in OTHERS:
            raise RatchetError(
                f"{path} has {key!r} under rasa_nlu_data, which Rasa does not have.",
                f"Name it one of: {', '.join([*EXAMPLES, *sorted(OTHERS)])}.",
            )
    rows = Rows(path.name, path.stem, policy)
    for line, example in examples(path, text, data):
        add(path, rows, line, example, notes)
    beside = extras(path, data, notes)
    return Reading(rows.frame(), beside, notes.account, notes.faults)


def examples(path: Path, text: str, data: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """Yield the examples with their lines."""
    for key in EXAMPLES:
        found = re.search(rf'"{key}"\s*:\s*\[', text) if data.get(key) else None
        if found:
            first = len(texts.BREAK.findall(text, 0, found.end() - 1))
            for line, example in json_text.array(path, text[found.end() - 1 :]):
                yield first + line, example


def add(path: Path, rows: Rows, line: int, example: Any, notes: Notes) -> None:
    """Take one example; one without an intent is left out."""
    if not isinstance(example, dict) or not isinstance(example.get("text"), str):
        notes.fault("not a text", "without a text", line, str(example))
        return
    text, intent = example["text"], example.get("intent")
    if not intent:
        notes.note("left out", "without an intent left out", line, text)
    elif not isinstance(intent, str):
        notes.fault("not a text", "with something else than a name as intent", line, text)
    else:
        spans = [span for one in example.get("entities") or [] if (span := span_of(one))]
        marked, left_out = markup.marked(text, spans)
        if left_out + len(example.get("entities") or []) - len(spans):
            notes.note("left out", "with entities that Rasa's markup cannot hold, left out", line, text)
        known = example.get("metadata")
        rows.add(line, marked, intent, known if isinstance(known, dict) else {})


def span_of(entity: Any) -> markup.Span | None:
    """Return where an entity is and its attributes, None where it does not say."""
    if not isinstance(entity, dict):
        return None
    start, end = entity.get("start"), entity.get("end")
    if not isinstance(start, int) or not isinstance(end, int) or not isinstance(entity.get("entity"), str):
        return None
    named = {
        key: str(entity[key]) for key in ("entity", "value", "role", "group") if entity.get(key) is not None
    }
    return start, end, named


def extras(path: Path, data: Mapping[str, Any], notes: Notes) -> dict[str, dict[str, list[str]]]:
    """Return synonyms, regular expressions and lookup tables."""
    found: dict[str, dict[str, list[str]]] = {kind: {} for kind in EXTRAS}
    try:
        for one in data.get("entity_synonyms", []):
            found["synonym"].setdefault(str(one["value"]), []).extend(map(str, one["synonyms"]))
        for one in data.get("regex_features", []):
            found["regex"].setdefault(str(one["name"]), []).append(str(one["pattern"]))
        for one in data.get("lookup_tables", []):
            found["lookup"].setdefault(str(one["name"]), []).extend(
                map(str, one["elements"])
                if isinstance(one["elements"], list)
                else texts.entries(path, 1, str(one["elements"]), notes)
            )
    except (TypeError, KeyError) as error:
        raise RatchetError(
            f"{path} has a synonym, regular expression or lookup table without {error}.",
            "Export it from Rasa again.",
        ) from error
    return {kind: named for kind, named in found.items() if named}

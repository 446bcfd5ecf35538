"""The messages as Rasa reads them, as lines with Rasa's own markup, and what belongs to them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from ratchet_bot.migration.notes import CHANGED, LEFT, Notes
from ratchet_bot.migration.yaml_files import CORRECT, ENDINGS, entries, read
from ratchet_bot.tools._errors import ToolError

TABLES = {".txt", ".csv", ".dat"}


def load(
    importers: list[dict[str, Any]],
    files: list[Path],
    config: Path,
    domain: Path,
    data: list[Path],
    notes: Notes,
) -> Any:
    """Rasa's training data: of the files, and of the importers that the configuration names."""
    from rasa.shared.exceptions import RasaException
    from rasa.shared.importers.importer import TrainingDataImporter
    from rasa.shared.importers.utils import training_data_from_paths

    from ratchet_bot.migration.dialogue import said

    try:
        with notes.listening():
            if importers:
                named = [dict(one) for one in importers]
                paths = [str(path) for path in data]
                found = TrainingDataImporter.load_from_dict(
                    {"importers": named}, str(config), str(domain), paths
                )
                return found.get_nlu_data()
            return training_data_from_paths([str(path) for path in files], "en")
    except (RasaException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"Rasa cannot read the messages: {said(error, notes.root)}.", CORRECT) from error


def rows(training: Any, files: list[Path], notes: Notes) -> list[dict[str, Any]]:
    """One row a message: `text` with markup, `intent` with the response key, `metadata`, `place` (file:line)."""
    places, found, without = lines_of(files, notes), [], 0
    for message in training.training_examples:
        example = message.as_dict_nlu()
        text, intent = marked(example), message.get_full_intent()
        if not example.get("text"):
            continue
        if not intent:
            without += 1
            continue
        known = places.get(plain(text)) or places.get(plain(str(example["text"]))) or [""]
        place = known.pop(0) if len(known) > 1 else known[0]
        metadata = example.get("metadata") or {}
        merged = {**_mapping(metadata.get("intent")), **_mapping(metadata.get("example"))}
        found.append({"text": text, "intent": str(intent), "metadata": merged, "place": place})
    if without:
        notes.add(
            LEFT,
            f"{without} messages without an intent",
            why="the corpus holds messages with a label",
            todo="Give them an intent and ingest them.",
        )
    return found


def plain(text: str) -> str:
    """A text as it is compared with a line of a file."""
    return " ".join(text.split())


def _mapping(value: Any) -> dict[str, str]:
    kinds = (str, int, float, bool)
    return (
        {str(k): str(v) for k, v in value.items() if isinstance(v, kinds)} if isinstance(value, dict) else {}
    )


def marked(example: dict[str, Any]) -> str:
    """A message with Rasa's markup around its entities, in one line."""
    from rasa.shared.nlu.training_data import util
    from rasa.shared.nlu.training_data.formats.readerwriter import TrainingDataWriter

    example = {**example, "entities": [dict(one) for one in example.get("entities") or ()]}
    util.remove_untrainable_entities_from(example)
    return str(TrainingDataWriter.generate_message(example)).strip()


def lines_of(files: list[Path], notes: Notes) -> dict[str, list[str]]:
    """The places of each text that is on a line of its own, after a bullet or `text:`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
            bare = line.strip().removeprefix("-").strip().removeprefix("text:").strip().strip("\"'|")
            if bare:
                found[plain(bare)].append(notes.place(path, number))
    return found


def extras(training: Any, files: list[Path], folder: Path, notes: Notes) -> dict[str, dict[str, list[str]]]:
    """Synonyms, regular expressions and lookup tables by name; tables in files of their own are read.

    Rasa 1 took a file's name in place of the words, as seen from the project's folder; Rasa 3 takes it for a word.
    """
    found: dict[str, dict[str, list[str]]] = {"synonym": {}, "regex": {}, "lookup": {}}
    for variant, value in training.entity_synonyms.items():
        found["synonym"].setdefault(str(value), []).append(str(variant))
    for one in training.regex_features:
        found["regex"].setdefault(str(one["name"]), []).append(str(one["pattern"]))
    tables = [(str(one["name"]), one["elements"]) for one in training.lookup_tables]
    for name, elements in [*tables, *_without_bullets(files, notes)]:
        words = [elements] if isinstance(elements, str) else [str(word) for word in elements]
        if len(words) == 1 and Path(words[0]).suffix in TABLES:
            words = _table(folder, words[0], name, notes)
        found["lookup"].setdefault(name, []).extend(words)
    return {kind: named for kind, named in found.items() if named}


def _without_bullets(files: list[Path], notes: Notes) -> list[tuple[str, str]]:
    """Lookup tables whose examples are one text: Rasa 3 reads only bullets there, and skips it."""
    found = []
    for path in files:
        for document in read(path, notes.place(path)) if path.suffix in ENDINGS else ():
            content = document.content if isinstance(document.content, dict) else {}
            for entry in entries(content.get("nlu")):
                text = entry.get("examples") if isinstance(entry, dict) and "lookup" in entry else None
                if (
                    isinstance(text, str)
                    and text.strip()
                    and "\n" not in text.strip()
                    and not text.strip().startswith("-")
                ):
                    found.append((str(entry["lookup"]), text.strip()))
    return found


def _table(folder: Path, name: str, lookup: str, notes: Notes) -> list[str]:
    places = [folder / name, *sorted(folder.rglob(Path(name).name))]
    path = next(
        (one for one in places if one.is_file() and one.resolve().is_relative_to(folder.resolve())), None
    )
    if path is None:
        notes.add(
            LEFT,
            f"lookup table {lookup}",
            why=f"its file {name} is not in the project",
            todo="Put the words into a file and ingest it.",
        )
        return []
    notes.add(
        CHANGED,
        f"lookup table {lookup}",
        notes.place(path),
        before="a file",
        after="the words in it",
        why="Rasa 3 takes a file's name for a word",
    )
    return [word for line in path.read_text(encoding="utf-8-sig").splitlines() if (word := line.strip())]


def facts(found: list[dict[str, Any]], training: Any) -> dict[str, Any]:
    """What the pipeline is chosen by: annotated entities, and the groups of retrieval intents."""
    return {
        "messages": len(found),
        "intents": dict(Counter(row["intent"] for row in found)),
        "entities": dict(Counter(e["entity"] for m in training.entity_examples for e in m.get("entities"))),
        "groups": sorted({row["intent"].split("/")[0] for row in found if "/" in row["intent"]}),
    }


def write(path: Path, found: list[dict[str, Any]]) -> None:
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), encoding="utf-8")

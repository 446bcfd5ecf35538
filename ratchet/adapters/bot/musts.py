"""`bot/tests/must.yml`: the messages that must never go wrong, as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.settings import Settings
from ratchet.adapters.system import yaml_text
from ratchet.adapters.system.files import write_text
from ratchet.domain.corpus.annotations import Span, label, parse
from ratchet.domain.corpus.corpus import normalise
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.gate.must import FILE, Must
from ratchet.domain.gate.must_source import without_place
from ratchet.domain.wording import listed

KEYS = {"message", "intent", "context", "entities"}
ENTITY_KEYS = {"entity", "value", "role", "group"}
HEAD = """# Messages that must never go wrong: safety, law, money. A candidate that answers one of them otherwise is
# rejected, whatever the statistics say (docs/gate.md). `ratchet must add "…"` writes them here.
"""


def path(settings: Settings) -> Path:
    """Return the file, which may be absent."""
    return settings.workspace / FILE


def read(settings: Settings) -> tuple[Must, ...]:
    """Return the messages, none where there is no file; raises `RatchetError`, naming the entry, for a wrong one."""
    file = path(settings)
    if not file.exists():
        return ()
    try:
        entries = yaml_text.load(file.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml_text.NotYaml) as error:
        raise RatchetError(f"{FILE} cannot be read: {error}.", "Correct it.") from error
    if not isinstance(entries, list):
        raise RatchetError(
            f"{FILE} is no list of messages.", "Write each as `- message: …` with its `intent: …`."
        )
    musts = tuple(entry(one, number, settings) for number, one in enumerate(entries, start=1))
    seen: dict[tuple[str, ...], int] = {}
    for number, one in enumerate(musts, start=1):
        other = seen.setdefault((normalise(one.message), *map(":".join, sorted(one.context.items()))), number)
        if other != number:
            raise wrong(number, f"repeats entry {other}", "Remove one of them.")
    return musts


def entry(found: Any, number: int, settings: Settings) -> Must:
    """Read one message; raises `RatchetError` where a part is missing, unknown or of another kind.

    Entities may be annotated in the message as in the corpus, or listed beside it.
    """
    if not isinstance(found, dict):
        raise wrong(number, "is no message", "Write it as `- message: …` with its `intent: …`.")
    if unknown := sorted(str(key) for key in found.keys() - KEYS):
        raise wrong(
            number, f"has the key {', '.join(unknown)}", f"An entry may have {', '.join(sorted(KEYS))}."
        )
    for key in ("message", "intent"):
        if not isinstance(found.get(key), str) or not found[key].strip():
            raise wrong(number, f"has no {key}", "Give each entry a message and an intent.")
    parsed = parse(found["message"].strip())
    marked = tuple(without_place(span, parsed) for span in parsed.spans) or None
    return Must(
        message=parsed.text,
        intent=found["intent"].strip(),
        context=context_of(found.get("context"), number, settings),
        entities=entities_of(found["entities"], number) if "entities" in found else marked,
    )


def of_words(text: str, context: Mapping[str, str]) -> Must:
    """Return a message that is nowhere else; entities may be annotated in it. Its intent is not known."""
    parsed = parse(text.strip())
    entities = tuple(without_place(span, parsed) for span in parsed.spans) or None
    return Must(parsed.text, "", dict(context), entities)


def context_given(context: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Return the context that a person named; raises `UsageError` for one that params.yaml does not know."""
    if problem := unknown(context, settings):
        raise UsageError(f"--context has {problem[0]}.", problem[1])
    return dict(context)


def unknown(context: Mapping[str, Any], settings: Settings) -> tuple[str, str] | None:
    """Return what of a context params.yaml does not know, and what it knows; None where it knows all."""
    known = settings.params.corpus.context
    for name, value in context.items():
        if name not in known:
            return f"the context field {name}", f"params.yaml knows {', '.join(known) or 'none'}."
        allowed = known[name]
        if allowed is not None and value not in allowed:
            return f"{name} {value}", f"params.yaml allows {', '.join(allowed)}."
    return None


def context_of(found: Any, number: int, settings: Settings) -> dict[str, str]:
    """Read the context; raises `RatchetError` for a field or a value that params.yaml does not know."""
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise wrong(number, "has a context that is no mapping", "Write it as `context: {role: manager}`.")
    if problem := unknown(found, settings):
        raise wrong(number, f"has {problem[0]}", problem[1])
    return {str(name): str(value) for name, value in found.items()}


def entities_of(found: Any, number: int) -> tuple[Span, ...] | None:
    """Read the entities: a mapping from type to value, or a list of entity, value, role and group."""
    if found is None:
        return None
    if isinstance(found, dict):
        found = [{"entity": name, "value": value} for name, value in found.items()]
    shape = "Write `entities: {city: berlin}`, or a list with `entity`, `value`, and `role` and `group` if need be."
    if not isinstance(found, list):
        raise wrong(number, "has entities that are no list", shape)
    spans = []
    for one in found:
        if not isinstance(one, dict) or not {"entity", "value"} <= one.keys() <= ENTITY_KEYS:
            raise wrong(number, "has an entity that cannot be read", shape)
        values = {key: str(value) for key, value in one.items()}
        spans.append(
            Span(0, 0, values["entity"], values.get("role", ""), values.get("group", ""), values["value"])
        )
    return tuple(spans)


def wrong(number: int, what: str, remedy: str) -> RatchetError:
    """Return the error about an entry."""
    return RatchetError(f"Entry {number} of {FILE} {what}.", remedy)


def add(settings: Settings, must: Must) -> Path:
    """Append a message to the file; comments in it stay. Raises `RatchetError` where it is there already."""
    file, present = path(settings), read(settings)
    for one in present:
        if (normalise(one.message), one.context) == (normalise(must.message), must.context):
            raise RatchetError(
                f"“{one.message}” is in {FILE} already.", f"Edit it there; its intent is {one.intent}."
            )
    text = file.read_text(encoding="utf-8") if file.exists() else HEAD
    if not present and text.strip().endswith("[]"):
        text = text.strip().removesuffix("[]")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, f"{text.rstrip()}\n{written(must)}")
    return file


def remove(settings: Settings, message: str, context: Mapping[str, str]) -> Must:
    """Take a message out of the file and return it; what else is in the file stays as it is, comments included.

    `context` tells those of one text apart. Raises `UsageError` where no message fits, or several do.
    """
    file, present = path(settings), read(settings)
    wanted = normalise(parse(message).text)
    fitting = [
        number
        for number, one in enumerate(present)
        if normalise(one.message) == wanted and context.items() <= one.context.items()
    ]
    if not fitting:
        raise UsageError(f"“{message}” is not in {FILE}.", "`ratchet must list` shows what is.")
    if len(fitting) > 1:
        who = listed(described(present[number])["context"] or "no context" for number in fitting)
        raise UsageError(
            f"“{message}” is in {FILE} {len(fitting)} times: {who}.",
            "Say which with --context, for instance --context role=manager; the one without is taken out by hand.",
        )
    text = file.read_text(encoding="utf-8")
    left = without(text, fitting[0], len(present))
    if left is None:
        raise RatchetError(
            f"Entry {fitting[0] + 1} of {FILE} does not begin on a line of its own.", "Take it out by hand."
        )
    write_text(file, left)
    return present[fitting[0]]


def without(text: str, number: int, entries: int) -> str | None:
    """Return the text of a list without one of its entries; None where it does not begin on a line of its own."""
    node = yaml.compose(text)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or len(node.value) != entries:
        return None
    starts = [one.start_mark.line for one in node.value]
    lines = text.splitlines(keepends=True)
    begin, end = starts[number], [*starts, len(lines)][number + 1]
    while end > begin + 1 and (lines[end - 1].lstrip().startswith("#") or not lines[end - 1].strip()):
        end -= 1  # the comment above the next entry belongs to that
    if starts.count(begin) > 1 or not lines[begin].lstrip().startswith("-"):
        return None
    left = "".join([*lines[:begin], *lines[end:]])
    entries_before, now = yaml_text.load(text), yaml_text.load(left) or []
    return left if now == [one for place, one in enumerate(entries_before) if place != number] else None


def written(must: Must) -> str:
    """Return a message as YAML."""
    entry: dict[str, Any] = {"message": must.message, "intent": must.intent}
    if must.context:
        entry["context"] = dict(must.context)
    if must.entities is not None:
        entry["entities"] = [plain(one) for one in must.entities]
    return str(yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=1000))


def plain(span: Span) -> dict[str, str]:
    """Return an entity as it is written."""
    every = {"entity": span.entity, "value": span.value, "role": span.role, "group": span.group}
    return {key: value for key, value in every.items() if value}


def described(must: Must) -> Mapping[str, str]:
    """Return a message in the words of a table."""
    entities = [f"{label(one.entity, one.role, one.group)}={one.value}" for one in must.entities or ()]
    return {
        "message": must.message,
        "intent": must.intent,
        "context": ", ".join(f"{name} {value}" for name, value in must.context.items()),
        "entities": ", ".join(entities),
    }

"""What is wrong with settings: each key by its name, how YAML reads its value, and an example of a valid one."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticUndefined

from ratchet.domain.errors import RatchetError

MOST_FINDINGS = 20
TEXT, EXTRA = "string_type", "extra_forbidden"
KEY = "[key]"
"""What pydantic calls the place of a key that is wrong itself."""


def explain(where: str, error: ValidationError, model: type[BaseModel]) -> str:
    """Turn pydantic's findings into one sentence that names each key, with an example from the model's defaults."""
    findings = [
        f"{named(finding['loc'])}: {complaint(finding)[:300]}{example(finding, model)}"
        for finding in error.errors()
    ]
    wrong = "1 wrong entry" if len(findings) == 1 else f"{len(findings)} wrong entries"
    more = [f"and {len(findings) - MOST_FINDINGS} more"] if len(findings) > MOST_FINDINGS else []
    return f"{where} has {wrong}: {'; '.join(findings[:MOST_FINDINGS] + more)}."


def named(place: Sequence[int | str]) -> str:
    """Return a key as a dotted name; an entry of a list by its number, from 1."""
    keys = {number - 1 for number, part in enumerate(place) if part == KEY}
    parts = [
        f"entry {part + 1}" if isinstance(part, int) and number not in keys else str(part)[:60]
        for number, part in enumerate(place)
        if part != KEY
    ]
    return ".".join(parts).replace(".entry", ", entry") or "the whole"


def complaint(finding: ErrorDetails) -> str:
    """Say what is wrong with one entry."""
    if finding["type"] == EXTRA:
        return "no such key"
    if finding["type"] == TEXT:
        return f"YAML reads {read_as(finding['input'])} here, not a text"
    return (
        finding["msg"].removeprefix("Value error, ")[:1].lower()
        + finding["msg"].removeprefix("Value error, ")[1:]
    )


def read_as(value: Any) -> str:
    """Say how YAML reads a word that was meant as a text."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case None:
            return "nothing"
        case datetime.date():
            return "a date"
    return (
        "a list"
        if isinstance(value, list)
        else "keys and values"
        if isinstance(value, dict)
        else "something else"
    )


def quoted(value: Any) -> str:
    """Return a value as the text that was probably meant: `no` for false."""
    return json.dumps({True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value))


def example(finding: ErrorDetails, model: type[BaseModel]) -> str:
    """Return an example of a right value of the key, in brackets; nothing where no default shows one."""
    keys = [part for part in finding["loc"] if isinstance(part, str)]
    if finding["type"] == EXTRA or not keys:
        return ""
    value = finding["input"]
    if keys[-1] == KEY:
        return f" (write it in quotes: `{quoted(value)}:`)" if isinstance(value, bool | int | float) else ""
    if finding["type"] == TEXT and isinstance(value, bool | int | float):
        mark = "- " if isinstance(finding["loc"][-1], int) else f"{keys[-1]}: "
        text = quoted(value)
        if is_right(finding["loc"], json.loads(text), model):
            return f" (write it in quotes: `{mark}{text}`)"
    shown = default(keys, model)
    if (
        finding["type"] == "list_type"
        and isinstance(value, str)
        and is_right((*finding["loc"], 0), value, model)
    ):
        shown = [value]
    return "" if shown is None else f" (for instance `{keys[-1]}: {json.dumps(shown, ensure_ascii=False)}`)"


def is_right(place: Sequence[int | str], value: str, model: type[BaseModel]) -> bool:
    """Say whether a model takes a text at this place, where all else has its default."""
    here = tuple(0 if isinstance(part, int) else part for part in place)
    content: Any = value
    for part in reversed(here):
        content = [content] if part == 0 else {part: content}
    try:
        check(model.model_validate(content))
    except ValidationError as error:
        found = [finding["loc"] for finding in error.errors()]
        return not any(one == here[: len(one)] or here == one[: len(here)] for one in found)
    except RatchetError:
        return False
    return True


def check(made: BaseModel) -> None:
    """Raise `RatchetError` for an invalid schedule or time zone, which pydantic's types cannot check."""
    for section, key in ("triggers", "time_zone"), ("desk", "time_zone"):
        if (zone := getattr(getattr(made, section, None), key, None)) is not None:
            check_zone(f"{section}.{key}", zone)
    if (schedule := getattr(getattr(made, "triggers", None), "schedule", None)) is not None:
        check_schedule(schedule)


def default(keys: Sequence[str], model: Any) -> Any:
    """Return the default of a key below a model, None where it has none that could be written."""
    for key in keys:
        field = getattr(model, "model_fields", {}).get(key)
        if field is None:
            return None
        found = field.get_default(call_default_factory=True)
        model = found
    if found is PydanticUndefined or isinstance(found, BaseModel) or found in (None, "", {}, []):
        return None
    return list(found) if isinstance(found, tuple) else found


def check_schedule(schedule: str) -> None:
    """Raise `RatchetError` for a schedule that is not in cron's form or never comes."""
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(schedule, datetime.now(UTC)))
    except (CronSimError, StopIteration, ValueError) as error:
        why = f": {error}" if str(error) else ""
        raise RatchetError(
            f"params.yaml has 1 wrong entry: triggers.schedule: {schedule!r} is not a time in cron's form{why}.",
            'Write minute, hour, day of the month, month and day of the week, for instance `schedule: "0 6 * * 1"`.',
        ) from error


def check_zone(key: str, time_zone: str) -> None:
    """Raise `RatchetError` for an unknown time zone under a key of `params.yaml`."""
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(time_zone)
    except Exception as error:  # also ValueError for a path, IsADirectoryError for a continent
        import difflib

        names = {name.casefold(): name for name in available_timezones()}
        near = difflib.get_close_matches(time_zone.strip().replace(" ", "_").casefold(), names, 1, 0.85)
        shown = names[near[0]] if near else "Europe/Berlin"
        raise RatchetError(
            f"params.yaml has 1 wrong entry: {key}: there is no time zone {time_zone!r}.",
            f"Write its name in the IANA list, for instance `time_zone: {shown}`.",
        ) from error


def refuse_nothing(content: Mapping[str, Any], where: str) -> None:
    """Raise `RatchetError` for a section without keys: YAML reads it as nothing, and no one meant that."""
    if empty := [str(name) for name, section in content.items() if section is None]:
        raise RatchetError(
            f"{where} has 1 wrong entry: {empty[0]}: the section holds nothing.",
            "Take the line out, or write its keys below it, with two spaces before each.",
        )

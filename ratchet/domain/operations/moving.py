"""A team's `pyproject.toml` for another Python: what the framework asks of uv, and all that is the team's own."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from typing import Any

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from ratchet.domain.errors import RatchetError


def moved(text: str, ours: str, groups: Collection[str]) -> str:
    """Return a team's `pyproject.toml` with what the framework asks of uv: Pythons, platforms, and Rasa's real needs.

    `ours` is the file as `ratchet init` writes it, `groups` are installed by default. What the team wrote besides, also
    of other packages, stays, and its comments. Raises `RatchetError` where the file is not one that can be followed.
    """
    try:
        wanted = tomlkit.parse(ours).unwrap()
        made = moved_as(tomlkit.parse(text), wanted, groups)
        result = tomllib.loads(made)
        if metadata(wanted).keys() - metadata(result).keys() or "default-groups" not in result["tool"]["uv"]:
            raise LookupError("keys with dots")
        return made
    except (TOMLKitError, tomllib.TOMLDecodeError, LookupError, TypeError, AttributeError) as error:
        raise RatchetError(
            f"bot/pyproject.toml cannot be followed: {error}.",
            "Write `[project]`, `[dependency-groups]` and `[tool.uv]` as tables of their own, and commit it.",
        ) from error


def moved_as(made: Any, wanted: dict[str, Any], groups: Collection[str]) -> str:
    """Return the same of what was parsed."""
    uv: Any = made.setdefault("tool", tomlkit.table(is_super_table=True)).setdefault("uv", tomlkit.table())
    own = [one for one in uv.get("dependency-metadata", []) if one["name"] not in metadata(wanted)]
    put(made["project"], "requires-python", wanted["project"]["requires-python"])
    put(uv, "environments", wanted["tool"]["uv"]["environments"], tall=True)
    ours, own_groups = wanted["dependency-groups"], made.setdefault("dependency-groups", tomlkit.table())
    for group in sorted(ours.keys() & ({*groups} | own_groups.keys()) - {"dev"}):
        names = {named(one) for one in ours[group]}
        more = [one for one in own_groups.get(group, []) if named(one) not in names]
        put(own_groups, group, [*ours[group], *more], tall=True)
    put(uv, "default-groups", sorted(group for group in own_groups if canonicalize_name(group) in groups))
    kept = [one for one in uv.get("exclude-dependencies", []) if package_of(one) != "rasa"]
    if not kept:
        uv.pop("exclude-dependencies", None)
    else:
        put(uv, "exclude-dependencies", kept, tall=True)
    if plain(uv.get("dependency-metadata", [])) != [*metadata(wanted).values(), *plain(own)]:
        uv.pop("dependency-metadata", None)
        uv["dependency-metadata"] = AoT([table(one) for one in [*metadata(wanted).values(), *plain(own)]])
    return tomlkit.dumps(made)


def named(requirement: Any) -> str:
    """Return the name of what a requirement asks for, as all tools write it; "" for else, such as another group."""
    try:
        return canonicalize_name(Requirement(str(requirement)).name)
    except InvalidRequirement:
        return ""


def package_of(entry: Any) -> str:
    """Return whose dependencies an entry of `exclude-dependencies` takes away; "" for those of every package."""
    package = entry.get("package", "") if isinstance(entry, Mapping) else ""
    return str(package.get("name", "") if isinstance(package, Mapping) else package)


def metadata(project: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a project says that packages need, by their names."""
    return {one["name"]: dict(one) for one in project["tool"]["uv"]["dependency-metadata"]}


def plain(items: Any) -> list[dict[str, Any]]:
    """Return tables as dictionaries."""
    return [dict(one.unwrap() if hasattr(one, "unwrap") else one) for one in items]


def put(where: Any, key: str, value: Any, tall: bool = False) -> None:
    """Set a key of a table where it has another value: what is right already stays as it is written."""
    if key not in where or where[key] != value:
        where[key] = lines(value) if tall else value


def lines(values: Any) -> Any:
    """Return a list with an item in each line."""
    made = tomlkit.array()
    made.extend(values)
    return made.multiline(True)


def table(values: Mapping[str, Any]) -> Any:
    """Return a table whose lists have an item in each line."""
    made = tomlkit.table()
    for key, value in values.items():
        made[key] = lines(value) if isinstance(value, list) else value
    return made

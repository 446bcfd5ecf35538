"""The reference pages, made from the code: `python -m tests.docs.reference` (or `make reference`) writes them.

`tests/docs/test_reference.py` fails when a page is not what the code says now.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer
import yaml
from pydantic_core import PydanticUndefined

from tests.docs import schemas
from tests.docs.reading import ROOT
from tests.docs.variables import OTHERS

OUT = ROOT / "docs" / "reference"
MADE = "<!-- Made by `make reference`; change the code that it comes from. -->\n\n"
SIGNS_OF = {"MinLen": "min_length"}
EXIT_CODES = {
    0: "Done. A rejection by the gate is a result, too, so `ratchet retrain` ends with 0 then.",
    1: "An error, with a fact and a remedy on standard error. Also: `validate` and `ingest` found faulty rows, "
    "`doctor` found a fault, `status` and `fleet` found that a recorded release does not serve on every replica, "
    "`data merge` has questions.",
    2: "The call is wrong: an unknown option, a value that is not allowed, a missing argument. Nothing was done.",
    130: "Interrupted by Ctrl-C. The previous release keeps serving; the next run cleans up.",
}


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table; a pipe in a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def page(title: str, opening: str, *parts: str) -> str:
    """Return a page: whom it is for and what they get, then its parts."""
    return f"# {title}\n\n{MADE}{opening}\n\n" + "\n".join(part.rstrip("\n") + "\n" for part in parts)


def plain(text: str | None) -> str:
    """Return help text without Rich's markup, as one paragraph a line."""
    said = re.sub(r"\[/?(?:bold|dim|red|green|yellow|cyan)[^\]]*\]", "", text or "").replace("\f", "")
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", said)).strip()


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield a command and those below it, in the order of `--help`."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        if not below.hidden:
            yield from commands(below, (*path, name))


def cli() -> str:
    """Every command, with its arguments and options, as Typer reads them."""
    from ratchet.cli.app import app

    root = typer.main.get_command(app)
    parts = []
    for path, command in commands(root, ("ratchet",)):
        parts.append(f"{'#' * min(len(path) + 1, 4)} {' '.join(path)}\n\n{plain(command.help)}\n")
        rows = [described(one) for one in command.params if not getattr(one, "hidden", False)]
        if rows := [row for row in rows if row]:
            parts.append(table(["argument or option", "value", "default", "effect"], rows))
    opening = (
        "For everyone who types commands: each command of `ratchet` with its arguments, options and defaults. "
        "The option `--help` of each command prints the same. Options of `ratchet` itself go before the command."
    )
    return page("Commands", opening, *parts)


def described(one: Any) -> list[str]:
    """Return a parameter's row; nothing for Typer's own ones."""
    if one.name in ("help", "install_completion", "show_completion"):
        return []
    if one.param_type_name == "argument":
        name = f"`{(one.metavar or one.name or '').upper()}`"
    else:
        name = ", ".join(f"`{word}`" for word in (*one.opts, *one.secondary_opts))
    default = one.default() if callable(one.default) else one.default
    shown = (
        ""
        if default in (None, False, True, (), []) or str(default).startswith("Sentinel")
        else f"`{default}`"
    )
    if default is True and one.secondary_opts:
        shown = f"`{one.opts[0]}`"
    shown = "required" if one.required else shown
    value = "" if getattr(one, "is_flag", False) else value_of(one.type_descriptor.annotation)
    effect = plain(getattr(one, "help", "")).replace("\n\n", " ")
    if variable := getattr(one, "envvar", None):
        effect += f" Variable: `{variable}`."
    return [name, value, shown, effect]


def value_of(annotation: Any) -> str:
    """Return what kind of value a parameter takes."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{one.value}`" for one in annotation)
    names = {"str": "text", "Path": "path", "int": "number", "float": "number"}
    return next((names[word] for word in re.findall(r"\w+", str(annotation)) if word in names), "")


def settings() -> str:
    """Every key of params.yaml: type, bounds and default from the model, the effect from the file's comment."""
    from ratchet.adapters.settings import Params

    comments = commented((ROOT / "params.yaml").read_text(encoding="utf-8"))
    parts = []
    for section, field in Params.model_fields.items():
        rows = list(keys(field.annotation, (section,), comments))
        above = comments.get((section,), "")
        parts.append(f"## {section}\n" + (f"\n{above}\n" if above else ""))
        if rows:
            parts.append(table(["key", "type", "default", "effect"], rows))
    opening = (
        "For everyone who changes `params.yaml`: each key with its type, its bounds, its default and its effect. "
        "A key that is left out has its default; an unknown key or a value out of bounds is an error that names it. "
        "What differs by machine is in [environment variables](environment.md)."
    )
    return page("Settings", opening, *parts)


def commented(text: str) -> dict[tuple[str, ...], str]:
    """Return the comment above each key of `params.yaml`, by the key's path."""
    from ratchet.domain.operations.new_keys import entries

    lines = text.splitlines()
    found = {}
    for one in entries(lines):
        said = " ".join(line.strip().lstrip("#").strip() for line in lines[one.first : one.line])
        found[one.path] = said
    return found


def keys(model: Any, path: tuple[str, ...], comments: dict[tuple[str, ...], str]) -> Iterator[list[str]]:
    """Yield the rows of a section and of those in it."""
    from pydantic import BaseModel

    for name, field in getattr(model, "model_fields", {}).items():
        here = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, here, comments)
            continue
        effect = comments.get(here) or (field.description or "")
        yield [f"`{'.'.join(here)}`", kind(field), default(field), effect]


def kind(field: Any) -> str:
    """Return a field's type and bounds, as people write them."""
    text = str(getattr(field.annotation, "__name__", field.annotation))
    if "[" in str(field.annotation):
        text = str(field.annotation)
    text = re.sub(r"typing\.|pathlib\.|pydantic\.types\.", "", text).replace("NoneType", "null")
    text = re.sub(r"Literal\[([^\]]+)\]", lambda m: " or ".join(m[1].replace("'", "").split(", ")), text)
    text = (
        re.sub(r"\b(str|SecretStr|Path)\b", "text", text)
        .replace("float", "number")
        .replace("int", "whole number")
    )
    text = text.replace("bool", "true or false").replace(" | ", " or ").replace("None", "null")
    text = text.replace("list[", "list of [").replace("tuple[", "list of [").replace("dict[", "mapping of [")
    signs = {"Ge": "≥ {}", "Gt": "> {}", "Le": "≤ {}", "Lt": "< {}", "MinLen": "at least {} characters"}
    bounds = []
    for one in field.metadata:
        for sign, form in signs.items():
            if type(one).__name__ == sign:
                bounds.append(form.format(getattr(one, SIGNS_OF.get(sign, sign.lower()))))
    return ", ".join([text, *bounds])


def default(field: Any) -> str:
    """Return a field's default, as YAML has it."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, tuple):
        value = list(value)
    return f"`{yaml.safe_dump(value, default_flow_style=True).removesuffix('...').strip().removesuffix('...').strip()}`"


def environment() -> str:
    """Every variable: those of the settings from the model, the others as `variables.py` describes them."""
    from ratchet.adapters.settings import Settings

    own = [
        [
            f"`RATCHET_{name.upper()}`",
            kind(field),
            "" if field.default is None else f"`{field.default}`" * bool(str(field.default)),
            str(field.description),
        ]
        for name, field in Settings.model_fields.items()
        if name not in ("workspace", "params")
    ]
    other = [[f"`{name}`", who, effect] for name, (who, effect) in sorted(OTHERS.items())]
    opening = (
        "For everyone who installs Ratchet or a bot on a machine: the variables that differ by machine. Set "
        "them in the "
        "environment or in the workspace's `.env`, which Git ignores. An unknown `RATCHET_` variable in "
        "`.env` is an error."
    )
    return page(
        "Environment variables",
        opening,
        "## Settings\n",
        table(["variable", "type", "default", "effect"], own),
        "## Read elsewhere\n",
        "Ratchet sets most of the bot's own variables itself. You set them only for a bot or a fleet that you "
        "start yourself.\n",
        table(["variable", "read by", "effect"], other),
    )


def metrics() -> str:
    """Every metric of the monitor, with its labels."""
    tree = ast.parse((ROOT / "ratchet/adapters/monitoring/prometheus.py").read_text(encoding="utf-8"))
    texts = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }

    def value(node: ast.expr) -> Any:
        return ast.literal_eval(texts[node.id] if isinstance(node, ast.Name) else node)

    rows = []
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("gauge", "family")
        ):
            labels = value(node.args[2]) if node.func.id == "family" else []
            rows.append(
                [f"`{value(node.args[0])}`", ", ".join(f"`{one}`" for one in labels), value(node.args[1])]
            )
    opening = (
        "For everyone who has Prometheus: the metrics of the monitor, at `RATCHET_METRICS_PORT` and in "
        "`.ratchet/monitor/metrics.prom`. All are gauges. HAProxy's own metrics are at port 8405 of each node. "
        "[Alerts](alerts.md) has the rules that come with Ratchet."
    )
    return page("Metrics", opening, table(["metric", "labels", "meaning"], sorted(rows)))


def alerts() -> str:
    """Every kind of incident with its meaning and what to do, then the rules for Prometheus."""
    path = "ratchet/domain/operations/kinds.py"
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Kind")
    parts = []
    for at, node in enumerate(body):
        if isinstance(node, ast.Assign):
            said = body[at + 1] if at + 1 < len(body) else None
            if not (isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant)):
                raise ValueError(
                    f"{ast.unparse(node)} in {path} needs a text below it: what it means, what to do"
                )
            meaning, _, todo = str(said.value.value).partition("\n\n")
            parts.append(
                f"## {ast.literal_eval(node.value)}\n\n{' '.join(meaning.split())}\n\n{' '.join(todo.split())}\n"
            )
    rules = yaml.safe_load((ROOT / "deployments/monitoring/alerts.yml").read_text(encoding="utf-8"))
    rows = [
        [
            f"`{one['alert']}`",
            f"`{' '.join(one['expr'].split())}`",
            one["labels"]["severity"],
            one["annotations"].get("summary", ""),
        ]
        for group in rules["groups"]
        for one in group["rules"]
    ]
    opening = (
        "For the person on call: every alert that Ratchet sends, what it means and what to do. An incident is "
        "told when it begins, "
        "every `monitor.alerts.remind_hours` while it lasts, and when it is over. "
        "[Operation](../operation.md#alerts) explains how "
        "alerts are sent."
    )
    return page(
        "Alerts",
        opening,
        *parts,
        "## Rules for Prometheus\n",
        "`deployments/monitoring/alerts.yml` has them.\n",
        table(["rule", "expression", "severity", "summary"], rows),
    )


def exit_codes() -> str:
    """What each exit code means."""
    rows = [[f"{code}", meaning] for code, meaning in EXIT_CODES.items()]
    opening = "For everyone who calls `ratchet` from a script or a workflow: what its exit codes mean."
    return page("Exit codes", opening, table(["code", "meaning"], rows))


def errors() -> str:
    """Every error with its remedy, by the part of the code that raises it."""
    rows: dict[str, list[list[str]]] = {}
    for file, fact, remedy in sorted(said()):
        rows.setdefault(str(Path(file).parent), []).append([fact, remedy])
    opening = (
        "For everyone who got an error and wants to find it: every error that Ratchet raises, with its "
        "remedy. `…` is what "
        "Ratchet fills in. Search this page for a few words of your message."
    )
    parts = [f"## {folder}\n\n" + table(["error", "remedy"], found) for folder, found in rows.items()]
    return page("Errors", opening, *parts)


def said() -> set[tuple[str, str, str]]:
    """Return file, fact and remedy of each error whose texts its source has."""
    from tests.remedies import constants_of, error_names, raised, sources, text_of

    trees = sources()
    constants = constants_of(trees)
    found = set()
    for file, call in raised(trees, error_names(trees)):
        facts, remedies = (list(text_of(one, constants)) for one in call.args[:2])
        for fact in facts or ["{}"]:
            for remedy in remedies or [""]:
                pair = (re.sub(r"\{\}", "…", one).replace("\n", " ").strip() for one in (fact, remedy))
                found.add((file, *pair))
    return {one for one in found if one[1] != "…" or one[2]}  # type: ignore[misc]


def json_schemas() -> str:
    """Which schema describes the output of which command."""
    rows = [
        [f"`ratchet {command} --json`", f"[{name}.schema.json](schemas/{name}.schema.json)"]
        for command, name in schemas.COMMANDS.items()
    ]
    opening = (
        "For everyone who reads Ratchet's output with a program: a [JSON Schema](https://json-schema.org) for "
        "the release manifest "
        "and for each `--json` output that you can rely on. Ratchet's tests hold real outputs against them. "
        "Other commands take "
        "`--json`, too; their output may change without notice."
    )
    manifest = (
        "The [manifest](schemas/manifest.schema.json) is also the artifact `release.json` of a release in "
        "MLflow. An older one may "
        "lack the fields that have a default.\n"
    )
    return page("JSON", opening, table(["command", "schema"], rows), manifest)


def pages() -> dict[str, str]:
    """Return each page by its name."""
    made = {
        "cli.md": cli(),
        "settings.md": settings(),
        "environment.md": environment(),
        "metrics.md": metrics(),
        "alerts.md": alerts(),
        "exit-codes.md": exit_codes(),
        "errors.md": errors(),
        "json.md": json_schemas(),
    }
    heads = {name: text.split("\n", 1)[0].removeprefix("# ") for name, text in made.items()}
    what = {name: text.split(MADE, 1)[1].split("\n\n", 1)[0] for name, text in made.items()}
    index = table(
        ["page", "for whom, and what"],
        [
            [
                f"[{heads[name]}]({name})",
                re.sub(r"\]\([^)]*\)", "]", what[name].split(". ")[0].rstrip("."))
                .replace("[", "")
                .replace("]", "")
                + ".",
            ]
            for name in made
        ],
    )
    opening = "For everyone who looks something up: pages made from the code, which a test keeps up to date."
    return {"README.md": page("Reference", opening, index), **made}


def main() -> None:
    """Write the pages and the schemas."""
    (OUT / "schemas").mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (OUT / name).write_text(text, encoding="utf-8")
    for name, text in schemas.files().items():
        (OUT / "schemas" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

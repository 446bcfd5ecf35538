"""Reading Rasa NLU training data in YAML, formats 2.0 and 3.1, with libyaml: 20,000 examples in a second.

Rasa lets examples stand as one block of lines or as a list of mappings with metadata, and metadata on the
intent and on the example; context fields are taken from both, the example's first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ratchet.adapters.readers.tables import Reading, read_text
from ratchet.adapters.system import yaml_text
from ratchet.adapters.system.files import write_text
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

ENDINGS = {".yml", ".yaml"}
EXTRAS = ("synonym", "lookup", "regex")
BULLET = re.compile(r"^\s*-\s?(.*)$")
Example = tuple[int, str, dict[str, Any]]
"""A line number, a text, and metadata."""


def read(path: Path, policy: CorpusPolicy) -> Reading:
    """Read one file; sections that are not NLU data (rules, responses) are left alone."""
    text, remark = read_text(path)
    taken: dict[str, list[str]] = {name: [] for name in [*policy.columns, "place"]}
    extras: dict[str, dict[str, list[str]]] = {kind: {} for kind in EXTRAS}
    for block in blocks(path, text):
        fields = named(block)
        for kind in EXTRAS:
            if kind in fields:
                examples = [example for _, example, _ in read_examples(path, fields.get("examples"))]
                extras[kind].setdefault(name_of(path, kind, fields[kind]), []).extend(examples)
        if "intent" in fields:
            intent, common = name_of(path, "intent", fields["intent"]), metadata(fields.get("metadata"))
            for line, example, own in read_examples(path, fields.get("examples")):
                known = {**common, **own}
                row = {"text": example, "intent": intent, "source": str(known.get("source") or path.stem)}
                row |= {field: str(known.get(field) or "") for field in policy.context}
                for name, value in row.items():
                    taken[name].append(value)
                taken["place"].append(f"{path.name}:{line}")
    found = {kind: named for kind, named in extras.items() if named}
    return Reading(pd.DataFrame(taken, dtype="str"), found, (remark,) if remark else ())


def blocks(path: Path, text: str) -> Iterator[yaml.MappingNode]:
    """Yield the entries under `nlu:`."""
    try:
        root = yaml_text.tree(text)
    except yaml_text.NotYaml as error:
        raise RatchetError(
            f"{path} is not valid YAML: {error}.", "Check it with `rasa data validate`."
        ) from error
    if not isinstance(root, yaml.MappingNode):
        return
    for name, section in root.value:
        if name.value == "nlu" and isinstance(section, yaml.SequenceNode):
            for entry in section.value:
                if not isinstance(entry, yaml.MappingNode):
                    raise RatchetError(
                        f"{path}:{entry.start_mark.line + 1} is not a mapping with `intent:` or `synonym:`.",
                        "See Rasa's page on the training data format.",
                    )
                yield entry


def named(block: yaml.MappingNode) -> dict[str, yaml.Node]:
    """Return the fields of a mapping whose names are plain texts."""
    return {key.value: value for key, value in block.value if isinstance(key, yaml.ScalarNode)}


def name_of(path: Path, kind: str, node: yaml.Node) -> str:
    """Return the name of an intent, synonym, lookup table or regular expression."""
    if not isinstance(node, yaml.ScalarNode):
        raise RatchetError(
            f"{path}:{node.start_mark.line + 1} has something else than a name after `{kind}:`.",
            "Write the name in one line.",
        )
    return str(node.value)


def read_examples(path: Path, node: yaml.Node | None) -> Iterator[Example]:
    """Yield the examples of an entry, from a block of lines or from a list."""
    if isinstance(node, yaml.ScalarNode):
        # the text of a literal block starts on the line below its `|`
        first = node.start_mark.line + (2 if node.style in ("|", ">") else 1)
        for line, example in bullets(node.value, first):
            yield line, example, {}
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            fields = named(item) if isinstance(item, yaml.MappingNode) else {}
            text = fields.get("text", item if isinstance(item, yaml.ScalarNode) else None)
            if not isinstance(text, yaml.ScalarNode):
                raise RatchetError(
                    f"{path}:{item.start_mark.line + 1} is an example without `text:`.", "Add its text."
                )
            own = metadata(fields.get("metadata"))
            for line, example in bullets(text.value, text.start_mark.line + (2 if text.style == "|" else 1)):
                yield line, example, own


def bullets(text: str, first: int) -> Iterator[tuple[int, str]]:
    """Yield the examples of a block, `- ` before each, and their lines; without bullets it is one example."""
    lines = text.split("\n")
    if not any(BULLET.match(line) for line in lines):
        if text.strip():
            yield first, text.strip()
        return
    for number, line in enumerate(lines):
        match = BULLET.match(line)
        if match and match[1].strip():
            yield first + number, match[1].strip()


def metadata(node: yaml.Node | None) -> dict[str, Any]:
    """Return metadata as a mapping; Rasa also allows plain text there, which names no field."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    pairs = ((key, value) for key, value in node.value if isinstance(value, yaml.ScalarNode))
    return {str(key.value): value.value for key, value in pairs if value.tag != "tag:yaml.org,2002:null"}


def read_extras(path: Path) -> dict[str, dict[str, list[str]]]:
    """Read the synonyms, lookup tables and regular expressions of a file."""
    return {kind: dict(named) for kind, named in read(path, CorpusPolicy()).extras.items()}


def write_extras(path: Path, kind: str, named: dict[str, list[str]]) -> None:
    """Write synonyms, lookup tables or regular expressions as Rasa reads them."""
    entries = "".join(
        f"- {kind}: {json.dumps(name, ensure_ascii=False)}\n  examples: |\n"
        + "".join(f"    - {example}\n" for example in examples)
        for name, examples in sorted(named.items())
    )
    write_text(path, f'version: "3.1"\nnlu:\n{entries}')

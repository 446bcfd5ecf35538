"""Reading Rasa NLU training data in YAML, formats 2.0 and 3.1, with libyaml: 20,000 examples in a second.

Rasa allows examples as one block of lines or as a list of mappings with metadata, and metadata on the
intent and on the example; context fields are taken from both, the example's first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.readers import texts
from ratchet.adapters.readers.reading import EXTRAS, Notes, Reading, Rows
from ratchet.adapters.system import yaml_text
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

ENDINGS = {".yml", ".yaml"}
KEYS = ("intent", *EXTRAS, "examples", "metadata", "file")
OF_EXAMPLES = ("text", "metadata")
BULLET = re.compile(r"^\s*-(?:\s+(?P<text>.*?))?\s*$")
CALLED_BULLET = re.compile(r"^[-*+#\N{BULLET}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{MIDDLE DOT}]+\s*-?\s*")
Example = tuple[int, str, dict[str, Any]]
"""A line number, a text, and metadata."""


def read(path: Path, policy: CorpusPolicy, encoding: str | None = None) -> Reading:
    """Read one file, all documents of its stream; sections that are not NLU data (rules, responses) are left alone.

    Raises `RatchetError` naming the line of a key that Rasa does not know or that appears twice, and of examples in
    a form that would make one message of many.
    """
    notes = Notes(path.name)
    text = texts.read_text(path, notes, encoding)
    rows = Rows(path.name, path.stem, policy)
    extras: dict[str, dict[str, list[str]]] = {kind: {} for kind in EXTRAS}
    for block in blocks(path, text, notes):
        fields = named(path, block, KEYS)
        read_extras_of(path, fields, extras, notes)
        if "intent" in fields:
            intent, common = name_of(path, "intent", fields["intent"]), metadata(fields.get("metadata"))
            before = len(rows)
            for line, example, own in read_examples(path, fields.get("examples"), notes):
                known = {**common, **own}
                unused(policy, known, notes, line, example)
                rows.add(line, example, intent, known)
            if len(rows) == before:
                notes.note(
                    "left out", "without examples left out", block.start_mark.line + 1, intent, "intent"
                )
        elif not set(fields) & set(EXTRAS):
            raise RatchetError(
                f"{path}:{block.start_mark.line + 1} names neither an intent nor a synonym, lookup or regex.",
                "Write `intent: NAME` above its examples.",
            )
    found = {kind: names for kind, names in extras.items() if names}
    return Reading(rows.frame(), found, notes.account, notes.faults)


def read_extras_of(
    path: Path, fields: dict[str, yaml.Node], extras: dict[str, dict[str, list[str]]], notes: Notes
) -> None:
    """Take the synonym, lookup table or regular expression of an entry."""
    for kind in EXTRAS:
        if kind in fields:
            examples = [example for _, example, _ in read_examples(path, fields.get("examples"), notes)]
            taken = extras[kind].setdefault(name_of(path, kind, fields[kind]), [])
            taken.extend(examples)
            if "file" in fields:  # as Rasa 1 wrote a lookup table
                line = fields["file"].start_mark.line + 1
                taken.extend(texts.entries(path, line, name_of(path, "file", fields["file"]), notes))


def blocks(path: Path, text: str, notes: Notes) -> Iterator[yaml.MappingNode]:
    """Yield the entries under `nlu:`."""
    try:
        roots = yaml_text.trees(text)
    except yaml_text.NotYaml as error:
        raise RatchetError(
            f"{path} is not valid YAML: {error}.", "Correct that line, and ingest the file again."
        ) from error
    for root in roots:
        if twice := yaml_text.repeated_in(root):
            raise RatchetError(
                f"{path} names {twice[0]} twice, in lines {twice[1]} and {twice[2]}: only one of them would count.",
                "Make one of the two.",
            )
        for name, section in root.value if isinstance(root, yaml.MappingNode) else ():
            if name.value == "nlu":
                yield from entries(path, section)
            elif looks_like_data(name, section):
                raise RatchetError(
                    f"{path}:{name.start_mark.line + 1} has training data under {name.value!r}, which Rasa does not"
                    " read.",
                    "Write `nlu:`.",
                )
            elif name.value != "version":
                said = str(name.value) if isinstance(name, yaml.ScalarNode) else "a key that is no text"
                notes.note(
                    "left out", "that is no NLU data left out", name.start_mark.line + 1, said, "section"
                )


def looks_like_data(name: yaml.Node, section: yaml.Node) -> bool:
    """Tell whether a section that is not `nlu` holds examples."""
    if not isinstance(section, yaml.SequenceNode):
        return False
    keys = [{key.value for key, _ in one.value} for one in section.value if isinstance(one, yaml.MappingNode)]
    return str(name.value).casefold() == "nlu" or any({"intent", "examples"} <= found for found in keys)


def entries(path: Path, section: yaml.Node) -> Iterator[yaml.MappingNode]:
    """Yield the mappings of a section."""
    if isinstance(section, yaml.ScalarNode) and not section.value:
        return
    for entry in section.value if isinstance(section, yaml.SequenceNode) else [section]:
        if not isinstance(entry, yaml.MappingNode) or not isinstance(section, yaml.SequenceNode):
            raise RatchetError(
                f"{path}:{entry.start_mark.line + 1} is not a mapping with `intent:` or `synonym:`.",
                "Begin each entry with `- intent: NAME`.",
            )
        yield entry


def named(path: Path, block: yaml.MappingNode, known: Iterable[str]) -> dict[str, yaml.Node]:
    """Return the fields of a mapping; raises `RatchetError` for one that Rasa does not know."""
    for key, _ in block.value:
        if key.value not in known or not isinstance(key, yaml.ScalarNode):
            name = key.value if isinstance(key, yaml.ScalarNode) else "something else than a name"
            close = difflib.get_close_matches(str(name).casefold(), known, 1)
            raise RatchetError(
                f"{path}:{key.start_mark.line + 1} has the key {str(name)[:60]!r}, which Rasa does not know.",
                f"Write `{close[0]}:`." if close else f"Known are {', '.join(known)}; take the key out.",
            )
    return {key.value: value for key, value in block.value}


def name_of(path: Path, kind: str, node: yaml.Node) -> str:
    """Return the name of an intent, synonym, lookup table or regular expression."""
    if not isinstance(node, yaml.ScalarNode):
        raise RatchetError(
            f"{path}:{node.start_mark.line + 1} has something else than a name after `{kind}:`.",
            "Write the name in one line.",
        )
    return str(node.value)


def unused(policy: CorpusPolicy, known: dict[str, Any], notes: Notes, line: int, text: str) -> None:
    """Note the metadata that no context field takes."""
    for name in known:
        if name != "source" and name not in policy.context:
            notes.note(
                "left out", f"whose {name[:60]!r} is no field of corpus.context left it out", line, text
            )


def read_examples(path: Path, node: yaml.Node | None, notes: Notes) -> Iterator[Example]:
    """Yield the examples of an entry, from a block of lines or from a list."""
    if isinstance(node, yaml.ScalarNode):
        refuse_folded(path, node, "examples")
        for line, example in bullets(node, notes):
            yield line, example, {}
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from of_item(path, item, notes)
    elif node is not None:
        raise RatchetError(
            f"{path}:{node.start_mark.line + 1} has no list of examples.",
            "Write `examples: |` and `- ` lines below.",
        )


def of_item(path: Path, item: yaml.Node, notes: Notes) -> Iterator[Example]:
    """Yield the examples of one item of a list: a text, or several with `- ` before each."""
    fields = named(path, item, OF_EXAMPLES) if isinstance(item, yaml.MappingNode) else {}
    text = fields.get("text", item if isinstance(item, yaml.ScalarNode) else None)
    if not isinstance(text, yaml.ScalarNode):
        raise RatchetError(
            f"{path}:{item.start_mark.line + 1} is an example without `text:`.", "Add its text."
        )
    own = metadata(fields.get("metadata"))
    if any(BULLET.match(line) for line in text.value.split("\n")):
        refuse_folded(path, text, "text")
        for line, example in bullets(text, notes):
            yield line, example, own
    elif text.value.strip():
        yield first_line(text), text.value.strip(), own


def first_line(node: yaml.ScalarNode) -> int:
    """Return the line in which a text begins: that of a literal block is the one below its `|`."""
    return int(node.start_mark.line) + (2 if node.style == "|" else 1)


def refuse_folded(path: Path, node: yaml.ScalarNode, key: str) -> None:
    """Raise `RatchetError` for a form in which YAML joins the lines to one."""
    several = node.end_mark.line > node.start_mark.line
    if node.style == ">" or (node.style in (None, "'", "", '"') and several):
        raise RatchetError(
            f"{path}:{node.start_mark.line + 1} makes one text of all lines below `{key}:`.",
            f"Write `{key}: |` there" + (f" in place of `{key}: >`." if node.style == ">" else "."),
        )


def bullets(node: yaml.ScalarNode, notes: Notes) -> Iterator[tuple[int, str]]:
    """Yield the examples of a block, `- ` before each, and their lines; any other line is a fault."""
    for line, content in enumerate(node.value.split("\n"), start=first_line(node)):
        if not content.strip():
            continue
        match = BULLET.match(content)
        if match and match["text"]:
            yield line, match["text"]
        elif match:
            notes.note("left out", "without a text after `- ` left out", line, content.strip(), "line")
        else:
            meant = CALLED_BULLET.sub("", content.strip())
            notes.fault(
                "line without `- `",
                "inside `examples:` that do not begin with `- `",
                line,
                f"{content.strip()}  (write `- {meant}`)",
                "line",
            )


def metadata(node: yaml.Node | None) -> dict[str, Any]:
    """Return metadata as a mapping; Rasa also allows plain text there, which names no field."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    pairs = ((str(key.value), value) for key, value in node.value if isinstance(value, yaml.ScalarNode))
    return {key: value.value for key, value in pairs if value.tag != "tag:yaml.org,2002:null"}

"""Rules and stories: their files as they are, and what they use that the domain or the messages lack."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ratchet_bot.migration.checkpoints import cycles, loose_checkpoints
from ratchet_bot.migration.domain import SECTIONS, DomainFiles
from ratchet_bot.migration.notes import CHANGED, LEFT, TAKEN, Notes
from ratchet_bot.migration.used import Used
from ratchet_bot.migration.yaml_files import CORRECT, Document, dump, find, read
from ratchet_bot.tools._errors import ToolError, cause

HEADING = re.compile(r"^\s*-?\s*(rule|story):")
DIALOGUE, MESSAGES, KNOWN = ("stories", "rules"), "nlu", ("version", "stories", "rules", "nlu")


@dataclass
class Dialogue:
    """What the files of rules and stories hold: `files` as written under `bot/data/`, and the steps in it."""

    files: list[str] = field(default_factory=list)
    stories: int = 0
    rules: int = 0
    steps: list[Any] = field(default_factory=list)


def gather(data: list[Path], domain: DomainFiles, bot: Path, notes: Notes) -> tuple[Dialogue, list[Path]]:
    """Write the files of rules and stories into `bot/data/`, give the domain the responses of others, and return the
    dialogue and the files with messages."""
    from rasa.shared.nlu.training_data.loading import UNK, guess_format

    found, messages = Dialogue(), []
    for folder in data:
        base = folder if folder.is_dir() else folder.parent
        old = sorted(folder.rglob("*.json")) if folder.is_dir() else []
        messages += [path for path in old if guess_format(str(path)) != UNK]
        for path in find(folder):
            documents = read(path, notes.place(path))
            if any(isinstance(one.content, dict) and MESSAGES in one.content for one in documents):
                messages.append(path)
            for document in documents:
                _take(document, path.relative_to(base), found, domain, bot, notes)
    return found, messages


def _take(
    document: Document, name: Path, found: Dialogue, domain: DomainFiles, bot: Path, notes: Notes
) -> None:
    content, place = document.content, notes.place(document.path)
    if not isinstance(content, dict):
        notes.add(
            LEFT, "a file without sections", place, why="it has neither messages, nor stories, nor rules"
        )
        return
    _to_domain(document, domain, notes)
    kept = {key: value for key, value in content.items() if key in DIALOGUE}
    if strange := [str(key) for key in content if key not in (*KNOWN, *SECTIONS)]:
        notes.add(
            LEFT, f"section {', '.join(strange)}", place, why="Rasa reads no such section in training data"
        )
    if not kept:
        return
    found.stories += len(kept.get("stories") or ())
    found.rules += len(kept.get("rules") or ())
    target = (
        bot
        / "data"
        / (name if not document.number else name.with_name(f"{name.stem}_{document.number + 1}.yml"))
    )
    target = free(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if len(kept) == len([key for key in content if key != "version"]) and not document.several:
        target.write_bytes(document.path.read_bytes())
    else:
        for key in [key for key in content if key not in (*DIALOGUE, "version")]:
            del content[key]
        target.write_text(dump(content), encoding="utf-8")
        notes.add(
            CHANGED,
            "a file of several kinds",
            place,
            before="one file",
            after=target.relative_to(bot.parent).as_posix(),
            why="messages belong to the corpus, responses to the domain; rules and stories stay",
        )
    found.files.append(target.relative_to(bot).as_posix())


def free(target: Path) -> Path:
    """A path that no file has yet: Rasa 1 had stories beside `data/`, too, under the same name."""
    number = 2
    while target.exists():
        target, number = (
            target.with_name(f"{target.stem.removesuffix(f'_{number - 1}')}_{number}.yml"),
            number + 1,
        )
    return target


def _to_domain(document: Document, domain: DomainFiles, notes: Notes) -> None:
    """Take the responses among training data to the domain, and name other sections of a domain there."""
    for name in SECTIONS:
        section = document.content.get(name)
        if name not in document.content or section is None:
            continue
        place = notes.place(document.path, document.line(name))
        if name == "responses" and isinstance(section, dict):
            known = domain.section(name)
            for key in section:
                if key in known and known[key] != section[key]:
                    raise ToolError(
                        f"{notes.place(document.path, document.line_in(section, key))} defines the response {key}"
                        " otherwise than the domain.",
                        "Keep one of the two.",
                    )
            domain.add(name, {str(key): value for key, value in section.items()})
            notes.add(
                CHANGED,
                f"{len(section)} responses in training data",
                place,
                before=notes.place(document.path),
                after="bot/domain.yml" if domain.path.is_file() else "bot/domain/",
                why="a new wording then needs no training",
            )
        else:
            notes.add(
                LEFT,
                f"section {name} in training data",
                place,
                why="Rasa reads it in the domain only",
                todo="Move it to the domain if it is meant.",
            )


def load(dialogue: Dialogue, domain: Path, bot: Path, notes: Notes) -> None:
    """Read the written files with Rasa. Raises ToolError with Rasa's own words, which name file and line."""
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.training_data import loading
    from rasa.shared.exceptions import RasaException

    try:
        with notes.listening():
            loaded = Domain.load(str(domain))
            dialogue.steps = loading.load_data_from_files(
                [str(bot / name) for name in dialogue.files], loaded
            )
    except (RasaException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"Rasa cannot read the project: {said(error, bot)}.", CORRECT) from error


def said(error: BaseException, bot: Path) -> str:
    """What an exception of Rasa's says, in one line and with the project's own names of files."""
    text = " ".join((str(error) if "Failed to validate" in str(error) else cause(error)).split())
    return re.sub(rf"{re.escape(str(bot))}/(data/)?", r"\1", text).rstrip(".")[:600]


def where(name: str, dialogue: Dialogue, bot: Path) -> str:
    """The first place in the files of rules and stories that names something, as data/FILE:LINE."""
    word = re.compile(rf"(?<![\w/]){re.escape(name)}(?![\w/])")
    for file in dialogue.files:
        for number, line in enumerate((bot / file).read_text(encoding="utf-8").splitlines(), start=1):
            if word.search(line.split("#")[0]) and not HEADING.match(line):
                return f"{file}:{number}"
    return ""


def look(dialogue: Dialogue, bot: Path, notes: Notes) -> None:
    """Say what is there, and what of it the default pipeline does not follow."""
    if dialogue.files:
        notes.add(
            TAKEN,
            f"{dialogue.rules} rules and {dialogue.stories} stories",
            after=f"bot/data/ ({len(dialogue.files)} files)",
            why="as they are",
        )
    if texts := Used(dialogue.steps).texts:
        notes.add(
            LEFT,
            f"{texts} end-to-end turns in stories",
            why="only TEDPolicy learns from the text of a turn",
            todo="Use `--pipeline own`, or give these turns an intent and an action.",
        )
    for cycle in cycles(dialogue.steps):
        notes.add(
            LEFT,
            f"checkpoints in a circle: {' → '.join(cycle)}",
            where(cycle[0], dialogue, bot),
            why="Rasa follows such stories a few turns deep and then cuts them",
            todo="End the circle in a story.",
        )
    for name, kind in loose_checkpoints(dialogue.steps):
        notes.add(
            LEFT,
            f"checkpoint {name}",
            where(name, dialogue, bot),
            why=f"no story {kind} it: Rasa leaves these out",
            todo="Correct its name, or remove it.",
        )

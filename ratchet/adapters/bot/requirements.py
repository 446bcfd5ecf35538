"""What a project's custom actions and channels need beyond Rasa: it joins `bot/pyproject.toml` and the lock file.

The actions' requirements files are in `bot/actions/requirements*.txt`, as `ratchet init --from` leaves them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ratchet.adapters.bot import flavour, framework, installing
from ratchet.adapters.system import commands, yaml_text

CREDENTIALS, ACTIONS, FILES = "credentials.yml", "actions", "requirements*.txt"
BROUGHT = {
    "rasa",
    "rasa-sdk",
    "ratchet-bot",
    "tensorflow",
    "tensorflow-addons",
    "tensorflow-hub",
    "tensorflow-text",
}
"""What Ratchet brings in versions of its own, or, as TensorFlow, by a group of packages."""
BROUGHT_BY_US = "Ratchet brings it"
EXTRAS = {"telegram", "twilio", "twilio_voice", "slack", "webexteams", "rocketchat", "facebook", "hangouts"}
"""Channels with packages of their own, which are extras of `ratchet-bot`."""
LOCK_SECONDS = 600.0


@dataclass(frozen=True)
class Wanted:
    """One requirement, and where it is written, as `bot/actions/requirements.txt:3`."""

    text: str
    where: str

    @property
    def name(self) -> str:
        """The package's name as all tools write it."""
        return canonicalize_name(Requirement(self.text).name)


@dataclass(frozen=True)
class Left:
    """A line that did not join, and why."""

    text: str
    where: str
    why: str


@dataclass(frozen=True)
class Joined:
    """What was added to `bot/pyproject.toml`, and what was not."""

    added: Sequence[Wanted] = ()
    left: Sequence[Left] = ()


def read(bot: Path) -> tuple[list[Wanted], list[Left]]:
    """Return the requirements of a bot's actions and channels, and lines that are invalid or that Ratchet provides."""
    wanted: list[Wanted] = []
    left: list[Left] = []
    folder = bot / ACTIONS
    for path in sorted(folder.rglob(FILES)) if folder.is_dir() else ():
        for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), 1):
            where = f"{path.relative_to(bot.parent)}:{number}"
            text = re.sub(r"(^|\s)#.*$", "", line).strip().removesuffix("\\").strip()
            text = re.sub(r"\s--hash=\S+", "", text)
            if not text:
                continue
            try:
                one = Wanted(text, where)
                marker = Requirement(text).marker
                if one.name in BROUGHT:
                    left.append(Left(text, where, BROUGHT_BY_US))
                elif marker and not flavour.holds(str(marker), flavour.of(bot)):
                    left.append(Left(text, where, "it is for another Python or platform"))
                elif one.name not in [other.name for other in wanted]:
                    wanted.append(one)
            except InvalidRequirement:
                left.append(Left(text, where, "it is an option of pip, or no requirement"))
    kinds = [kind for kind in channels(bot) if kind in EXTRAS]
    extras = sorted({kind.partition("_")[0] for kind in kinds})
    if extras:
        where = f"{bot.name}/{CREDENTIALS}"
        wanted.append(Wanted(f"{framework.DISTRIBUTION}[{','.join(extras)}]", where))
    return wanted, left


def channels(bot: Path) -> list[str]:
    """Return the names of the channels in a bot's credentials, without their labels; none where they cannot be read."""
    path = bot / CREDENTIALS
    try:
        content = yaml_text.load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, UnicodeDecodeError, yaml_text.NotYaml):
        return []  # the server of actions names the fault
    return [str(name).partition("/")[0] for name in content] if isinstance(content, dict) else []


def join(bot: Path, say: Callable[[str], None]) -> Joined:
    """Add what a bot's actions and channels need to its project and lock file, with uv; what they bring already stays.

    A requirement that conflicts with the framework's packages is left out and named with uv's reason; the others are
    added. Raises `RatchetError` where uv is missing.
    """
    wanted, left = read(bot)
    wanted = [one for one in wanted if one.text not in declared(bot) and not brought(bot, one)]
    if not wanted:
        return Joined((), left)
    say(f"adding {len(wanted)} requirements of actions and channels to {bot.name}/{framework.PROJECT}")
    if not add(bot, wanted):
        return Joined(wanted, left)
    added, conflicts = [], []
    for one in wanted:  # uv names the packages of a conflict, not the line that asked for it
        if why := add(bot, [one]):
            conflicts.append(Left(one.text, one.where, why))
        else:
            added.append(one)
    return Joined(added, [*left, *conflicts])


def add(bot: Path, wanted: Sequence[Wanted]) -> str:
    """Add requirements to project and lock file, both or neither; returns why that cannot be, "" where it was done."""
    argv = [installing.uv(), "add", "--no-sync", "--quiet", "--project", str(bot), "--python", sys.executable]
    kept = {
        name: (bot / name).read_bytes()
        for name in (framework.PROJECT, framework.LOCK)
        if (bot / name).exists()
    }
    done = commands.run([*argv, *(one.text for one in wanted)], cwd=bot, timeout=LOCK_SECONDS, check=False)
    if done.code == 0:
        return ""
    for name, content in kept.items():
        if (bot / name).read_bytes() != content:
            (bot / name).write_bytes(content)
    said = re.sub(r"^(error|hint|help): |[×╰▶─│]+", "", " ".join(done.output.split()))
    return said.strip()[:400] or f"uv ended with {done.code}"


def declared(bot: Path) -> set[str]:
    """Return the dependencies that a bot's project names."""
    path = bot / framework.PROJECT
    found = flavour.parsed(path).get("project", {}).get("dependencies", []) if path.exists() else []
    return {str(one) for one in found}


def brought(bot: Path, wanted: Wanted) -> bool:
    """Say whether the lock file brings a package in a version that will do."""
    asked, lock = Requirement(wanted.text), flavour.locked(bot)
    found = flavour.installed(lock, flavour.of(bot)) if lock and not asked.extras else []
    versions = [str(one.get("version", "")) for one in found if one["name"] == wanted.name]
    return any(asked.specifier.contains(version, prereleases=True) for version in versions)


def missing(bot: Path) -> Iterator[Wanted]:
    """Yield the requirements of the actions that the lock file does not bring."""
    lock = flavour.locked(bot)
    if not lock:
        return
    has = {str(entry["name"]) for entry in flavour.installed(lock, flavour.of(bot))}
    for one in read(bot)[0]:
        if one.name not in has and one.name != framework.DISTRIBUTION:
            yield one

"""`ratchet forget`: a person's words leave the corpus, its older revisions, the events and the samples.

What is written again keeps its ledger: keys are keyed hashes and tell no one what was said, and without them a text
that comes back could get another side. So the champion's data stays what it was, less the words, and releases stay
valid.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ratchet.adapters.bot import traffic
from ratchet.adapters.corpus import data_folder, dvc, following, forgotten, ledger_history, merging
from ratchet.adapters.corpus.merging import Say
from ratchet.adapters.monitoring import harvest
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import git, yaml_text
from ratchet.adapters.system.files import replacing
from ratchet.domain.corpus.corpus import as_list, keys, normalise, normalised
from ratchet.domain.corpus.forgotten_words import Words
from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record

LOOKED_AT = {".csv", ".json", ".jsonl", ".html", ".md", ".txt", ".log", ".yml", ".yaml"}
MOST_BYTES = 50_000_000
LOCAL = "local"
BEYOND = (
    "other clones, until each has pulled and run a command that reads the data",
    "backups that `ratchet backup` made, and copies of files that were ingested",
    "conversations in Redis, which end by themselves, and messages that a hand-off posted elsewhere",
    "models: single words in a vocabulary; the next retrain leaves them out",
)


@dataclass(frozen=True)
class Forgotten(Record):
    """What was removed, in counts, and `beyond`: what could not be reached.

    `revision` is the data revision without the words, `rewritten` the older ones that were written again, `lost` those
    that could not be read. `left` are files of this machine that still hold the words.
    """

    messages: int
    events: int
    samples: int
    revision: str
    rewritten: tuple[str, ...]
    lost: tuple[str, ...]
    left: tuple[str, ...]
    beyond: tuple[str, ...]


def words_of(settings: Settings, person: str) -> list[str]:
    """Return the messages of a person that the events still have; `person` is the sender's id."""
    query = "SELECT * FROM messages WHERE conversation = :conversation"
    found = (traffic.read(settings, query, {"conversation": one}) for one in conversations(settings, person))
    return [text for frame in found for text in as_list(frame["text"])]


def conversations(settings: Settings, person: str) -> list[str]:
    """Return the hashes under which the channel stores a sender's conversations, one for each client application.

    The channel names a conversation CLIENT/SENDER (`ratchet_bot.channel.events`); such a name is taken as it is, too.
    """
    names = [person, *(f"{client}/{person}" for client in clients(settings))]
    return [hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32] for name in names]


def clients(settings: Settings) -> list[str]:
    """Return the client applications' names; `local` is the one without a token."""
    path = settings.client_tokens_file or settings.state / "secrets" / "client-tokens.yml"
    found: list[str] = [LOCAL]
    if path.is_file():
        with contextlib.suppress(yaml_text.NotYaml, TypeError, KeyError):
            found += [str(one["name"]) for one in yaml_text.load(path.read_text(encoding="utf-8"))]
    return found


def forget(
    settings: Settings, texts: Iterable[str], person: str | None, registered: Iterable[str], say: Say
) -> Forgotten:
    """Remove texts, and all that a person wrote; the workspace's lock is held by the caller.

    Of a person's messages, those leave the corpus that came from production (`source`); texts that are named leave it
    whatever their source. What was forgotten before leaves again, where another clone brought it back. `registered` are
    data revisions that models name. Until the new revisions are in the remote, nothing is removed; killed anywhere, the
    same command again removes what is left.
    """
    workspace = settings.workspace
    require_nothing_edited(workspace)
    named = {form for text in texts if (form := normalise(text))}
    said = {form for text in words_of(settings, person) if (form := normalise(text))} if person else set()
    salt = settings.params.split.salt
    forgotten.add_words(workspace, Words(frozenset(keys(named, salt)), frozenset(keys(said, salt))))
    here = dvc.revision(workspace) if (workspace / dvc.POINTER).exists() else ""
    revisions = dict.fromkeys(
        [*ledger_history.current(workspace), *ledger_history.introduced(workspace, "--all"), *registered]
    )
    replaced, gone, lost = rewrite_all(settings, list(revisions), forgotten.words(workspace), say)
    events, samples = forget_events(settings, named, person), forget_samples(settings, named | said)
    put(settings, here, replaced)
    following.forget(workspace, everywhere=True)
    return Forgotten(
        messages=gone.get(here, 0),
        events=events,
        samples=samples,
        revision=dvc.revision(workspace) if here else "",
        rewritten=tuple(replaced),
        lost=tuple(lost),
        left=tuple(left(settings, named | said)),
        beyond=BEYOND,
    )


def require_nothing_edited(workspace: Path) -> None:
    """Raise `RatchetError` where `data/` was edited by hand: it is replaced, and the edits would be gone."""
    if following.look(workspace).local in (following.Local.EDITED, following.Local.EDITED_BEHIND):
        raise RatchetError(
            "data/ has changes that were not taken in, and nothing was removed.",
            f"Take them in first: `ratchet ingest --commit`. To put them aside: `{dvc.RESET}`.",
        )


def rewrite_all(
    settings: Settings, revisions: list[str], words: Words, say: Say
) -> tuple[dict[str, str], dict[str, int], list[str]]:
    """Store revisions again without the words: by the old one the new one, and how many messages went; those lost."""
    replaced: dict[str, str] = {}
    gone: dict[str, int] = {}
    lost: list[str] = []
    for number, revision in enumerate(revisions):
        say(f"{number + 1:,} of {len(revisions):,} data revisions")
        try:
            new, count = rewrite(settings, revision, words)
        except dvc.NotInRemote:
            lost.append(revision)
            continue
        if count:
            replaced[revision], gone[revision] = new, count
    return replaced, gone, lost


def rewrite(settings: Settings, revision: str, words: Words) -> tuple[str, int]:
    """Store a data revision again without the words; returns its new hash and how many messages are gone."""
    version, folder = merging.read(settings, revision)
    gone = words.among(version.frame, settings.params.split.salt)
    if not gone.any():
        return revision, 0
    staged = data_folder.staging(settings.workspace)
    shutil.rmtree(staged.parent, ignore_errors=True)
    data_folder.write(staged, version.frame[~gone], version.ledger, settings.params.split)
    if (folder / data_folder.EXTRAS).is_dir():
        shutil.copytree(folder / data_folder.EXTRAS, staged / data_folder.EXTRAS)
    pointer = merging.store(settings)
    shutil.rmtree(staged.parent, ignore_errors=True)
    return pointer.revision, int(gone.sum())


def put(settings: Settings, here: str, replaced: dict[str, str]) -> None:
    """Put the new revisions in the place of the old ones: in `data/` and in Git, also what a killed run left there."""
    workspace = settings.workspace
    if here in replaced:
        staged = data_folder.staging(workspace)
        dvc.materialise(workspace, replaced[here], staged)
        data_folder.swap(workspace, dvc.describe(workspace, staged))
    if replaced:
        forgotten.add(workspace, replaced)
    noted = [str(path) for path in (forgotten.FILE, forgotten.TEXTS) if (workspace / path).is_file()]
    if noted and git.in_repository(workspace) and git.changed(workspace, *noted):
        pointer = [dvc.POINTER] if (workspace / dvc.POINTER).exists() else []
        git.commit(workspace, [*noted, *pointer], "Data: messages forgotten")


def forget_events(settings: Settings, named: set[str], person: str | None) -> int:
    """Delete a person's events and ratings, and those with one of the texts; returns how many there were."""
    from sqlalchemy import bindparam, column, delete, inspect, select, table, text

    count = 0
    with traffic.connection(settings) as found:
        if found is None:
            return 0
        whose = conversations(settings, person) if person else []
        for name in [one for one in ("messages", "ratings") if inspect(found).has_table(one)]:
            kept = table(name, column("id"), column("conversation"), column("text"))
            rows = found.execute(select(kept)).all()
            gone = [
                {"gone": one.id} for one in rows if one.conversation in whose or normalise(one.text) in named
            ]
            if gone:
                if found.dialect.name == "sqlite":
                    found.execute(text("PRAGMA secure_delete = ON"))
                found.execute(delete(kept).where(kept.c.id == bindparam("gone")), gone)
            count += len(gone)
        found.commit()
    return count


def forget_samples(settings: Settings, words: set[str]) -> int:
    """Take rows with one of the texts out of the samples that people label; returns how many there were."""
    count = 0
    for path in sorted(harvest.folder(settings).glob("*/*.csv")):
        frame = pd.read_csv(path, dtype="str", keep_default_na=False)
        gone = pd.Series(normalised(frame["text"]) if "text" in frame else [], dtype="str").isin(words)
        if gone.any():
            with replacing(path) as temporary:
                frame[~gone.to_numpy()].to_csv(temporary, index=False, lineterminator="\n")
            count += int(gone.sum())
    return count


def left(settings: Settings, words: set[str]) -> Iterator[str]:
    """Give the files under `.ratchet/` that still hold one of the texts as it is normally written."""
    wanted = [word.encode() for word in words if word]
    skipped = {settings.state / name for name in ("remote", "dvc", "uv")}
    for path in sorted(settings.state.rglob("*")):
        if path.suffix not in LOOKED_AT or not path.is_file() or skipped.intersection(path.parents):
            continue
        if path.stat().st_size <= MOST_BYTES:
            content = path.read_bytes().lower()
            if any(word in content for word in wanted):
                yield path.relative_to(settings.workspace).as_posix()

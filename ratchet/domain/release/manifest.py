"""The release manifest: what exactly serves, where it came from and who let it through."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record


@dataclass(frozen=True)
class Lineage(Record):
    """Where a model came from; every field is a digest or a revision, "" where it is unknown.

    `data_revision` is the hash in `data.dvc`, `ledger_hash` the SHA-256 of the ledger, `code_commit` the Git
    commit (with `-dirty` where the working tree differed), `code_hash` the digest of the files that shape the
    model, `lock_hash` the SHA-256 of `bot/uv.lock`, `fingerprint` the digest of all that training depends on,
    `encoder` the digest of the sentence encoder, "" without one: the model cannot be loaded without its weights.
    """

    data_revision: str
    ledger_hash: str
    code_commit: str
    code_hash: str
    lock_hash: str
    fingerprint: str
    seed: int
    encoder: str = ""


@dataclass(frozen=True)
class Release(Record):
    """One immutable manifest. `bundle` is the digest of the image, or of the bundle folder on `process`;
    `rehearsal` is what going back and forth once has shown (`domain.release.rollout`), where the policy asks for it.
    `code` is the SHA-256 over all of the bot's code in it, "" in manifests from before that was noted."""

    id: str
    created_at: str
    model_version: str
    model_id: str
    model_sha256: str
    lineage: Lineage
    code_commit: str
    target: str
    bundle: str
    verdict: str
    override: dict[str, Any] | None
    previous: str | None
    reason: str
    seconds: float = 0.0
    rehearsal: dict[str, Any] | None = None
    live_at: str = ""
    code: str = ""

    @property
    def live_since(self) -> str:
        """When it went live the last time: a rollback brings an older manifest back."""
        return self.live_at or self.created_at


def release_id(created_at: str, model_sha256: str, bundle: str) -> str:
    """Name a release by its day and what it consists of, for instance `2026-11-21-3fa9c1`."""
    content = json.dumps([created_at, model_sha256, bundle])
    return f"{created_at[:10]}-{hashlib.sha256(content.encode()).hexdigest()[:6]}"


class Recovery(StrEnum):
    """What to do about a release that a killed run left."""

    NOTHING = "nothing"
    FINISH = "finish"
    UNDO = "undo"


def recovery(begun: Release | None, served: Sequence[str], killed: bool = True) -> Recovery:
    """Decide about a release that was begun and not recorded.

    `served` names the release that each replica serves, "" for one that is not ready. It is finished only
    where every replica serves it already; else the recorded one stays what it was. A run that was not `killed`, but
    failed after the switch, has a reason to go back.
    """
    if begun is None:
        return Recovery.NOTHING
    return Recovery.FINISH if killed and served and set(served) == {begun.id} else Recovery.UNDO


def switched_to(
    releases: Sequence[Release], live: Release | None, served: Sequence[str], warm: str
) -> Release | None:
    """Return the release that a killed rollback switched to and did not record; None where none did.

    Every replica serves it, it was live before, and the release on record, `live`, is the one that is `warm`: nothing
    but a switch back leaves that. `releases` are oldest first, `served` is as in `recovery`.
    """
    if live is None or warm != live.id or len(set(served)) != 1 or served[0] == live.id:
        return None
    found = next((release for release in reversed(releases) if release.id == served[0]), None)
    return replace(found, reason=f"rollback from {live.id}") if found else None


def rollback_target(releases: Sequence[Release], live: str | None, to: str | None = None) -> Release:
    """Choose the recorded release that a rollback goes to.

    `releases` are those that were live at some time, oldest first; `live` is the id of the one that serves.
    Without `to` it is the release that the live one replaced. Raises `RatchetError` when there is none, or
    when `to` never was live.
    """
    by_id = {release.id: release for release in releases}
    if to is not None:
        if to not in by_id:
            raise RatchetError(
                f"Release {to} never was live.",
                f"Choose one of: {', '.join(list(by_id)[-5:]) or 'none yet'}.",
            )
        return by_id[to]
    if live is None or live not in by_id:
        raise RatchetError("No release is live.", "Make one with `ratchet retrain`.")
    previous = by_id[live].previous
    if previous is None or previous not in by_id:
        raise RatchetError(
            f"Release {live} is the first one; there is none before it.", "Nothing to go back to."
        )
    return by_id[previous]


def last_good(releases: Sequence[Release], live: str | None) -> Release | None:
    """Return the release that a rollback goes to, None where there is none; see `rollback_target`."""
    by_id = {release.id: release for release in releases}
    return by_id.get(by_id[live].previous or "") if live in by_id else None


def bundles_by_worth(releases: Sequence[Release], live: Release | None, target: str) -> list[str]:
    """Return the bundles that were live on a target, oldest first, a bundle as often as it was.

    The last good and the live one come last, whenever they were made: keeping only the newest two keeps these.
    `releases` are those that were live at some time, oldest first.
    """
    before = last_good(releases, live.id if live else None)
    worth = [*releases, *([before] if before else []), *([live] if live else [])]
    return [release.bundle for release in worth if release.target == target]

"""A restored workspace made to act on nothing but itself: addresses, settings, identity."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters import adopt
from ratchet.adapters.registry import relocate
from ratchet.adapters.rescue import data_remote
from ratchet.adapters.rescue.collect import ARTIFACTS, REGISTRY, REMOTE, SQLITE, TOKENS
from ratchet.adapters.settings import STATE_FOLDER
from ratchet.adapters.system.files import write_text
from ratchet.adapters.targets import ports
from ratchet.adapters.targets.target import Say
from ratchet.adapters.workspace import identity, owned, owners
from ratchet.adapters.workspace.owned import Owned
from ratchet.domain.operations.backup import Manifest, settings_text
from ratchet.domain.operations.identity import Identity, Standing

INSIDE = {"tracking_uri": REGISTRY, "artifact_root": ARTIFACTS, "client_tokens_file": TOKENS}
"""Settings that named a place elsewhere, and where that is in a restored workspace."""


def settle(place: Path, final: Path, manifest: Manifest, state: Path, clone: Path, note: Say) -> Standing:
    """Correct what the restored files in `place` name, before they move to `final`; returns what the workspace is then.

    `state` is the folder that will be the workspace's state, `clone` that with DVC's tracked configuration. Where the
    workspace of the backup is still on this machine, this is a copy of it: with an identity, ports and a fleet of its
    own. Else it is the workspace itself, back again.
    """
    relocate_registry(place, final, manifest)
    settle_environment(place, final, manifest, note)
    if folder := manifest.outside.get("data_remote"):
        data_remote.use(place, REMOTE, data_remote.default(clone))
        note(f"the data remote was {folder}; this machine uses {REMOTE}, as .dvc/config.local says")
    if other := twin(manifest, final):
        as_copy(place, final, state, other, note)
        return Standing.COPY
    identity.write(place, Identity(manifest.workspace, str(final), identity.place(state)))
    adopt.name_leftovers(place, Identity(manifest.workspace, manifest.home), note)
    return Standing.HOME if Path(manifest.home) == final else Standing.MOVED


def twin(manifest: Manifest, final: Path) -> Path | None:
    """Return the folder in which the same workspace is on this machine: at its old place, or running elsewhere."""
    for folder in (Path(manifest.home), *sorted(owners.neighbours(final))):
        there = identity.find(folder) if folder != final else None
        if there and there.identity and there.identity.id == manifest.workspace:
            return folder
    return None


def relocate_registry(place: Path, final: Path, manifest: Manifest) -> None:
    """Let the registry name its artifacts where they will be."""
    database = place / REGISTRY
    if not database.is_file():
        return
    uri = f"{SQLITE}{database}"
    relocate.rewrite(uri, f"{manifest.home}/{STATE_FOLDER}", str(final / STATE_FOLDER))
    if elsewhere := manifest.outside.get("artifact_root"):
        relocate.rewrite(uri, elsewhere, str(final / ARTIFACTS))


def settle_environment(place: Path, final: Path, manifest: Manifest, note: Say) -> None:
    """Let `.env` name the new places, and the settings that only the old environment had."""
    file = place / ".env"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    inside = {ports.variable(name): where for name, where in INSIDE.items() if name in manifest.outside}
    comment = {name: f"in {where} since the restore" for name, where in inside.items()}
    added = {name: value for name, value in manifest.variables.items() if name not in comment}
    tokens = ports.variable("client_tokens_file")
    new = settings_text(text, comment, added | ({tokens: str(final / TOKENS)} if tokens in inside else {}))
    if new != text:
        write_text(file, new)
        file.chmod(0o600)
    for name, where in inside.items():
        note(f"what {name} named is in {where} now")
    if added:
        note(f".env has what the environment had: {', '.join(sorted(added))}")


def as_copy(place: Path, final: Path, state: Path, home: Path, note: Say) -> None:
    """Give the restored workspace an identity, ports and a fleet of its own, beside the one that is still there."""
    adopt.drop_own_settings(place, home, note)
    fresh = Identity(identity.new_id(), str(final), identity.place(state))
    owned.write(place, Owned(stack=f"ratchet-{fresh.id}", avoid=str(home)))
    identity.write(place, fresh)
    note(f"{home} is still there: this is a copy of it, with ports and a fleet of its own")

"""`ratchet backup` and `ratchet restore`: a machine in one file, and back."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ratchet.cli.context import Json, settings, shared
from ratchet.cli.output import as_json, facts, out
from ratchet.domain.errors import UsageError

if TYPE_CHECKING:
    from ratchet.adapters.system.console import Line
    from ratchet.domain.operations.backup import Manifest

PASSPHRASE = "RATCHET_BACKUP_PASSPHRASE"  # noqa: S105 - the name of the variable
SHORTEST = 10


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples:\n\n  ratchet backup /mnt/backups/helpdesk.backup\n\n"
        "  ratchet backup /mnt/backups/newest.backup --force --json     # from cron, with the passphrase in "
        f"{PASSPHRASE}"
    )(backup)
    app.command(
        epilog="Examples:\n\n  ratchet restore helpdesk.backup --into /srv/helpdesk\n\n"
        "  ratchet restore helpdesk.backup --check      # only verify it\n\n"
        "Older messages, not an older machine: `ratchet data restore REVISION`."
    )(restore)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, best on another disk or machine.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing backup.")] = False,
    json: Json = False,
) -> None:
    """Write everything in this workspace that is in no remote to one file, encrypted with a passphrase.

    That is the registry with its models, the data remote where it is a folder, the bundles of the live and the last
    good release, settings and secrets, the Git repository with what no commit has, conversation events.
    The passphrase is asked for, or taken from RATCHET_BACKUP_PASSPHRASE. Without it the file cannot be opened.
    """
    found = settings()
    from ratchet.adapters.rescue import backup as backing
    from ratchet.adapters.system import console

    place = file.expanduser().absolute()
    backing.require_place(place, force)
    secret = passphrase("the backup", new=True)
    with working("backup") as line:
        manifest = backing.backup(found, place, secret, console.progress, force)
        line.result = f"{len(manifest.members):,} files"
    size = place.stat().st_size
    if json:
        as_json({"file": str(place), "bytes": size, **described(manifest)})
        return
    show(manifest, place, size)
    out.print(
        "Keep the passphrase elsewhere than the file. Check the file now and then: `ratchet restore FILE --check`."
    )


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `ratchet backup` made.")],
    into: Annotated[
        Path | None,
        typer.Option(help="A new or an empty folder, or a fresh clone; default: the working directory."),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also into a workspace with releases; its state is moved aside."),
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only verify the file; write nothing.")] = False,
    json: Json = False,
) -> None:
    """Restore a machine from its backup: the same workspace, whose live release `ratchet serve` starts.

    Everything is verified before anything is written, and takes its place together or not at all.
    """
    from ratchet.adapters.rescue import archive
    from ratchet.adapters.rescue import restore as restoring
    from ratchet.adapters.settings import chosen_folder
    from ratchet.adapters.system import console

    place = file.expanduser().absolute()
    called = archive.called(place)  # before anyone types a passphrase
    secret, notes = passphrase(called), list[str]()
    with working("verify" if check else "restore") as line:
        if check:
            manifest, folder, standing = archive.verify(place, secret, console.progress), None, None
        else:
            target = (into or chosen_folder(shared.workspace)).expanduser().resolve()
            done = restoring.restore(place, target, secret, console.progress, notes.append, force)
            manifest, folder, standing = done.manifest, done.workspace, done.standing
        line.result = f"{len(manifest.members):,} files, every digest is right"
    if json:
        as_json({"workspace": str(folder or ""), "as": standing, "notes": notes, **described(manifest)})
        return
    show(manifest, place, place.stat().st_size)
    if folder is not None:
        tell(folder, notes)


def tell(folder: Path, notes: list[str]) -> None:
    """Print where the machine is now, what has to be known, and what comes next."""
    out.print()
    for text in notes:
        out.print(f"  {text}", markup=False)
    out.print(f"Restored into {folder}.", markup=False)
    out.print(f"Next: ratchet --workspace {shlex.quote(str(folder))} serve", markup=False)


@contextlib.contextmanager
def working(name: str) -> Iterator[Line]:
    """Show what is done as a step of a run is shown."""
    from ratchet.adapters.system import console

    with console.step(name) as line:
        try:
            yield line
        except Exception:
            line.result = "failed"
            raise


def passphrase(called: str, new: bool = False) -> str:
    """Return the passphrase, from the environment or asked for; it is passed on to no program."""
    secret = os.environ.pop(PASSPHRASE, "")
    if not secret and not sys.stdin.isatty():
        raise UsageError(
            "The passphrase is missing.", f"Set {PASSPHRASE}, or run this in a terminal to be asked."
        )
    if not secret:
        secret = str(
            typer.prompt(f"Passphrase of {called}", hide_input=True, confirmation_prompt=new, err=True)
        )
    if new and len(secret) < SHORTEST:
        raise UsageError(
            f"The passphrase has {len(secret)} characters.",
            f"Take at least {SHORTEST}, better five words: with the file in hand, any number can be tried.",
        )
    return secret


def described(manifest: Manifest) -> dict[str, Any]:
    """Return what is in a backup, for machines."""
    names = ("format", "ratchet", "name", "home", "made", "target", "release", "bundle")
    parts = {str(part): {"files": count, "bytes": size} for part, (count, size) in manifest.parts().items()}
    commit = manifest.repository.head if manifest.repository else ""
    return {
        "id": manifest.workspace,
        **{name: getattr(manifest, name) for name in names},
        "commit": commit,
        "parts": parts,
        "left_out": list(manifest.left_out),
    }


def show(manifest: Manifest, file: Path, size: int) -> None:
    """Print what is in a backup and how big it is."""
    from ratchet.domain import wording

    out.print()
    facts(
        [
            ("file", f"{file}, {wording.size(size)}"),
            ("of", f"{manifest.name} ({manifest.workspace}) in {manifest.home}, {manifest.made}"),
            ("release", manifest.release or "none is live"),
            *[
                (str(part), f"{wording.count(number, 'file')}, {wording.size(bytes_)}")
                for part, (number, bytes_) in manifest.parts().items()
            ],
        ]
    )
    if manifest.left_out:
        out.print("\nNot in it:")
        for text in manifest.left_out:
            out.print(f"  {text}", markup=False)
        out.print()

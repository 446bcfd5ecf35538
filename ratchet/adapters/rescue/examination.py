"""A look at everything that a workspace depends on: what is wrong, and what repairs it. It reads only.

What needs the network is asked last, and only when it is wanted.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator

from ratchet.adapters.corpus import dvc
from ratchet.adapters.registry.mlflow import CHAMPION, PREVIOUS, Registry
from ratchet.adapters.rescue.collect import CONVERSATIONS, SQLITE
from ratchet.adapters.rescue.data_remote import holds, local_folder
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import git
from ratchet.adapters.system.failures import explain, first_line
from ratchet.adapters.system.lock import holder
from ratchet.adapters.system.processes import alive, read_replica
from ratchet.adapters.targets.choice import choose_target
from ratchet.adapters.targets.optional import Examined, Holding
from ratchet.adapters.targets.target import Say, Target
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import doctor
from ratchet.domain.operations.doctor import Answer, Fault, Name
from ratchet.domain.release.manifest import Release, last_good


def busy(settings: Settings) -> str:
    """Return what is in progress in the workspace, "" where nothing is: release and replicas are changing then."""
    who = holder(settings.state / "run.lock")
    return f"{who['what']} (process {who['pid']})" if who else ""


def examine(
    settings: Settings, say: Say, network: bool = True, moving: bool = False, releases: bool = False
) -> list[Fault]:
    """Return everything that is wrong; `moving` leaves out what a run in progress is about to change.

    Without `network` a registry that is a server's is asked only where `releases` says so.
    """
    found = list(asked(Name.DISK, lambda: of_disk(settings)))
    found += asked(Name.POINTER, lambda: of_pointer(settings))
    found += asked(Name.SERVICE, lambda: of_service(settings))
    found += asked(Name.CONVERSATIONS, lambda: of_conversations(settings))
    if network or releases or not elsewhere(settings):
        say("registry and replicas")
        found += asked(Name.REGISTRY, lambda: of_releases(settings, moving))
    say("data remote")
    found += asked(Name.REMOTE, lambda: of_remote(settings, network))
    return found


def elsewhere(settings: Settings) -> bool:
    """Say whether the registry is a server's: nothing of the releases is known then without the network."""
    return not (settings.tracking_uri or SQLITE).startswith(SQLITE)


def asked(name: Name, look: Callable[[], Iterable[Fault]]) -> Iterator[Fault]:
    """Give what a look finds; one that fails is a finding itself, never a silence."""
    try:
        yield from look()
    except RatchetError as error:
        yield Fault(name, error.fact, error.remedy)
    except Exception as error:  # whatever a library raises must not hide the other findings
        told = explain(error)
        fact = told.fact if told else f"It cannot be looked at: {type(error).__name__}: {first_line(error)}."
        yield Fault(name, fact, told.remedy if told else "")


def of_releases(settings: Settings, moving: bool) -> Iterator[Fault]:
    """Look at registry, bundles and replicas."""
    registry = Registry(settings)
    live, releases = registry.live(), registry.releases()
    if moving:
        return
    yield from doctor.unfinished(registry.begun())
    if live is None:
        return
    champion, previous = registry.aliased(CHAMPION), registry.aliased(PREVIOUS)
    order = [one.model_version for one in reversed(releases)]
    before = next((version for version in order if version != order[0]), None)
    yield from doctor.aliases(
        live, champion.version if champion else None, previous.version if previous else None, before
    )
    yield from asked(Name.TARGET, lambda: of_target(settings, live, last_good(releases, live.id)))


def of_target(settings: Settings, live: Release, before: Release | None) -> Iterator[Fault]:
    """Look at what the target has and does; the target itself may be what is wrong, an engine that is down."""
    target = choose_target(settings)
    yield from of_bundles(target, live, before)
    answers = [Answer(one.name, one.ready, one.release) for one in target.replicas()]
    yield from doctor.serving(live, target.name, answers)
    if isinstance(target, Examined):
        yield from target.faults()


def of_bundles(target: Target, live: Release, before: Release | None) -> Iterator[Fault]:
    """Look whether the live and the last good release could be started."""
    if not isinstance(target, Holding):
        return
    roles = {"live": live, "last good": before}
    seen: set[str] = set()
    for role, release in roles.items():
        if release is None or release.target != target.name or release.bundle in seen:
            continue
        seen.add(release.bundle)
        if not target.holds(release):
            yield doctor.bundle_gone(release, role)


def of_disk(settings: Settings) -> list[Fault]:
    """Look at the disk of the state."""
    usage = shutil.disk_usage(settings.workspace)
    return doctor.disk(str(settings.workspace), usage.free, usage.total)


def of_pointer(settings: Settings) -> list[Fault]:
    """Look whether Git has `data.dvc` as it is."""
    workspace = settings.workspace
    if not (workspace / dvc.POINTER).is_file() or not git.in_repository(workspace):
        return []
    return doctor.pointer(git.git(workspace, "status", "--porcelain", "--", dvc.POINTER)[:2])


def of_service(settings: Settings) -> list[Fault]:
    """Look whether a service that was started, and not stopped, runs."""
    known = read_replica(settings.state / "service" / "supervisor.json") or read_replica(
        settings.state / "service" / "ready.json"
    )
    return [] if known is None or alive(known) else doctor.service(known.pid)


def of_conversations(settings: Settings) -> list[Fault]:
    """Look whether conversations of a backup wait to be put back."""
    folder = settings.workspace / CONVERSATIONS
    if not folder.is_dir() or not any(folder.iterdir()):
        return []
    fact = "The conversations of a restored backup are not in the fleet's store yet."
    return [Fault(Name.CONVERSATIONS, fact, doctor.MEND, True)]


def of_remote(settings: Settings, network: bool) -> list[Fault]:
    """Look whether the data remote answers, and has what `data.dvc` names; a folder is looked at without DVC."""
    workspace = settings.workspace
    folder, address = local_folder(workspace)
    if folder is not None and not folder.is_dir():
        remedy = "Mount it, restore it with `ratchet restore FILE`, or set another with `ratchet remote set`."
        return [Fault(Name.REMOTE, f"The data remote {folder} is not there.", remedy)]
    if not address or not (workspace / dvc.POINTER).is_file():
        return []
    revision = dvc.revision(workspace)
    if folder is not None and holds(folder, revision):
        return []
    if (folder is None and not network) or dvc.pushed(workspace, revision):
        return []
    fact = f"The data remote {address} does not have data revision {revision[:12]}, which data.dvc names."
    return [
        Fault(
            Name.REMOTE,
            fact,
            "Run `dvc push` on a machine that has it; until then no other machine can get this data.",
        )
    ]

"""A look at a running workspace, and what the monitor remembers from one look to the next."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from ratchet.adapters.bot import traffic
from ratchet.adapters.corpus import data_revisions, dvc
from ratchet.adapters.monitoring import prometheus
from ratchet.adapters.monitoring.probe import FrontDoor, knock
from ratchet.adapters.prefect import retrains
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.files import read_record, write_json
from ratchet.adapters.system.lock import hold, holder
from ratchet.adapters.targets import desks
from ratchet.adapters.targets.choice import choose_target
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.verdict import Decision
from ratchet.domain.operations import drift
from ratchet.domain.operations.drift import DriftState
from ratchet.domain.operations.fleet import Fleet, Instance
from ratchet.domain.operations.health import Expiry, Newest, Sighting
from ratchet.domain.operations.incidents import Alert, Incident
from ratchet.domain.operations.probe import Probe, Question, Serving
from ratchet.domain.operations.traffic import ProxyCount, Traffic, remember, summarise, with_proxy
from ratchet.domain.record import Record
from ratchet.domain.release.manifest import Release

Answer = TypeVar("Answer")
PATIENCE_SECONDS = 300.0
RATED_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Memory(Record):
    """What outlives a look. `outbox` are alerts that some address does not have yet; `pushed` is the newest data
    revision that the remote was seen to hold. `question` is what the live release is asked, `probe` how that went.
    """

    incidents: tuple[Incident, ...] = ()
    outbox: tuple[Alert, ...] = ()
    fleet: Fleet | None = None
    proxy: tuple[ProxyCount, ...] = ()
    drift: DriftState = field(default_factory=DriftState)
    pushed: str = ""
    question: Question | None = None
    probe: Probe | None = None


@contextlib.contextmanager
def on_watch(workspace: Path | str | None) -> Iterator[Settings]:
    """Give the workspace's settings to one monitor at a time."""
    settings = load_settings(workspace)
    with hold(settings.state / "monitor" / "monitor.lock", "A look of the monitor", PATIENCE_SECONDS):
        yield settings


def memory_file(settings: Settings) -> Path:
    """Where the monitor remembers."""
    return settings.state / "monitor" / "memory.json"


def recall(settings: Settings) -> Memory:
    """Return what the last look left; what was damaged is forgotten, so that the monitor continues."""
    with contextlib.suppress(RatchetError):
        return read_record(memory_file(settings), Memory.from_dict, "") or Memory()
    return Memory()


def keep(settings: Settings, memory: Memory) -> None:
    """Write what the next look needs, whole or not at all."""
    write_json(memory_file(settings), memory.as_dict())


@dataclass
class Sources:
    """Asks the sources of a look; `blind` maps one that did not answer to why."""

    blind: dict[str, str] = field(default_factory=dict)

    def ask(self, source: str, question: Callable[[], Answer]) -> Answer | None:
        """Return a source's answer; None without one, which hides only what depends on it."""
        try:
            return question()
        except Exception as error:  # whatever one source's library raises must not hide the others
            said = error.fact if isinstance(error, RatchetError) else f"{type(error).__name__}: {error}"
            self.blind[source] = said.splitlines()[0][:200]
            return None


def look(settings: Settings, memory: Memory, now: float) -> tuple[Sighting, Memory]:
    """Ask every source at the time `now`."""
    sources, registry, door = Sources(), Registry(settings), FrontDoor(settings, now)
    ask = sources.ask
    live = ask("registry", registry.live)
    fleet = ask("fleet", lambda: look_at_fleet(settings, registry, live, memory.fleet))
    serving = ask("registry", lambda: expected(settings, registry, live, memory.fleet)) or ()
    knocked = ask("front door", lambda: knock(door, serving, fleet, memory.question))
    probe, question = knocked or (None, memory.question)
    seen = ask("traffic", lambda: look_at_traffic(settings, memory, fleet, now, door))
    figures, proxy, drifted = seen or (None, memory.proxy, memory.drift)
    unpushed, pushed = ask("data", lambda: look_at_data(settings, memory.pushed)) or ("", memory.pushed)
    sighting = Sighting(
        at=now,
        fleet=fleet,
        traffic=figures,
        drifting=drifted.drifting,
        newest=ask("registry", lambda: newest(registry)),
        override=ask("registry", lambda: expiry(registry)),
        retrains=ask("retrains", lambda: retrains.look(settings)),
        unpushed=unpushed,
        blind=sources.blind,
        probe=probe,
        paused=ask("pause", lambda: desks.seen(settings)) if serving else "",
        rated=ask("traffic", lambda: traffic.rated(settings, now - RATED_SECONDS)) or (0, 0),
        desk=ask("hand-offs", lambda: desks.figures(settings)) if serving else None,
    )
    kept = fleet.remembered(memory.fleet) if fleet else memory.fleet
    return sighting, replace(
        memory, fleet=kept, proxy=proxy, drift=drifted, pushed=pushed, question=question, probe=probe
    )


def expected(
    settings: Settings, registry: Registry, live: Release | None, before: Fleet | None
) -> tuple[Serving, ...]:
    """Return what has to serve, and what a rollout in progress brings in its place; nothing before a release.

    Without the registry's word the fleet has to serve what it had to before.
    """
    if live is None:
        return ((before.release, before.model_id),) if before and before.release else ()
    begun = registry.begun()
    rolling = begun is not None and holder(settings.state / "run.lock") is not None
    coming = ((begun.id, begun.model_id),) if begun and rolling else ()
    return ((live.id, live.model_id), *coming)


def look_at_fleet(
    settings: Settings, registry: Registry, live: Release | None, before: Fleet | None
) -> Fleet:
    """Ask every replica."""
    serving = expected(settings, registry, live, before)
    release, model_id = serving[0] if serving else ("", "")
    instances = [
        Instance(one.name, one.since, one.ready, one.release, one.model_id, one.restarts, one.url)
        for one in choose_target(settings).replicas()
    ]
    return Fleet(release, model_id, len(serving) > 1, tuple(instances))


def look_at_traffic(
    settings: Settings, memory: Memory, fleet: Fleet | None, now: float, door: FrontDoor
) -> tuple[Traffic | None, tuple[ProxyCount, ...], DriftState]:
    """Return the figures of the window, the proxy's counts, and what is known of drift.

    What the monitor itself asked at the front door is no traffic.
    """
    minutes, proxy = settings.params.monitor.window_minutes, memory.proxy
    count = prometheus.proxy_count(settings)
    if count is not None:
        own, errors = (proxy[-1].own, proxy[-1].own_errors) if proxy else (0, 0)
        count = replace(count, own=own + door.asked, own_errors=errors + door.errors)
        proxy = remember(proxy, count, minutes)
    if traffic.url(settings) is None:
        return with_proxy(None, proxy, minutes), proxy, memory.drift
    figures = summarise(traffic.window(settings, now - 60 * minutes), minutes)
    model_id = fleet.model_id if fleet else memory.drift.model_id
    return with_proxy(figures, proxy, minutes), proxy, follow_drift(settings, memory.drift, model_id)


def follow_drift(settings: Settings, state: DriftState, model_id: str) -> DriftState:
    """Judge the windows that have filled since the last look; another model's traffic starts over."""
    policy = settings.params.monitor.drift
    if state.model_id != model_id:
        state = DriftState(model_id=model_id, cursor=state.cursor)
    vocabulary: frozenset[str] | None = None
    while (
        len(messages := traffic.after(settings, state.cursor, model_id, policy.messages)) == policy.messages
    ):
        if vocabulary is None:
            vocabulary = drift.words_of(data_revisions.read_revision(settings, None).frame["text"].to_list())
        state = drift.follow(state, drift.window(messages, vocabulary), policy)
        state = replace(state, cursor=int(messages["id"].iloc[-1]))
    return state


def newest(registry: Registry) -> Newest | None:
    """Return the newest model and whether a person still has to decide about it."""
    models = registry.models()
    if not models:
        return None
    model = models[-1]
    released = {release.model_version for release in registry.releases()}
    settled = model.version in released or registry.override(model) is not None
    return Newest(model.version, model.decision, model.reasons[0] if model.reasons else "", settled)


def expiry(registry: Registry) -> Expiry | None:
    """Return the approval that the live model rests on."""
    champion = registry.champion()
    override = registry.override(champion) if champion else None
    if override is None or override.decision is not Decision.PROMOTE:
        return None
    return Expiry(override.version, override.by, override.expires.timestamp())


def look_at_data(settings: Settings, pushed: str) -> tuple[str, str]:
    """Return the data revision that the remote lacks, "" when it has it, and the newest that it was seen to hold.

    One that the remote had is not asked for again.
    """
    workspace = settings.workspace
    if not (workspace / dvc.POINTER).exists():
        return "", pushed
    revision = dvc.revision(workspace)
    if revision == pushed or dvc.pushed(workspace, revision):
        return "", revision
    return revision, pushed

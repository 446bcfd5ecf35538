"""The cases: releases that are good or bad, what is killed under load, and the way back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks.release.bench import Bench, Row
from tests.e2e.fleet.fleet import until
from tests.e2e.fleet.load import Count

Case = Callable[[Bench], Row]
STACK_FILE, HAPROXY = "deployments/stack.yml", "deployments/proxy/haproxy.cfg"
RESERVED = 'memory: "${RATCHET_REPLICA_MEMORY}"}'
CONVERSATION = "bot/ratchet_bot/channel/conversation.py"
SLOW = "import time; time.sleep(0.7)\n        processor = self.agent.processor\n        output"
PROCESSOR = "processor = self.agent.processor\n        output"


def quiet(bench: Bench) -> Row:
    """Nothing happens for 25 s."""
    live = bench.live
    with bench.load() as count:
        time.sleep(25)
    return Row("quiet", count, None, f"{live} answers")


def good(bench: Bench) -> Row:
    """The whole command, from its entry to its end."""
    before = bench.live
    bench.newer()
    with bench.load() as count:
        code, seconds = bench.ratchet("release")
    now = bench.live
    assert code == 0, bench.said
    assert now != before
    return Row(
        "good release", count, seconds, f"live on every replica; {bench.worked:.1f} s of processor time"
    )


def rolling(bench: Bench) -> Row:
    """The same, replica by replica: today's measure on this machine, whatever else it does."""
    with bench.changed("params.yaml", lambda text: text.replace("order: two-colours", "order: rolling")):
        row = good(bench)
    row.name = "good release, rolling"
    return row


def bad(name: str, path: str, edit: Callable[[str], str], loaded: bool = True) -> Case:
    """A release that must reach no one; `loaded` is whether people write meanwhile, else they do afterwards."""

    def run(bench: Bench) -> Row:
        before = bench.live
        bench.newer()
        with bench.changed(path, edit):
            if loaded:
                with bench.load() as count:
                    code, seconds = bench.ratchet("release")
            else:
                code, seconds = bench.ratchet("release")
                with bench.load() as count:
                    time.sleep(6)
        served = "the old release serves" if bench.live == before else f"**{bench.live or 'nothing'} serves**"
        said = f"refused: {bench.fact()}" if code else "**it went live**"
        return Row(name, count, seconds, f"{said} ({served})".replace("|", "/"))

    return run


def killed(name: str, service: str) -> Case:
    """A container of a service is killed; the seconds are until the service is whole again."""

    def run(bench: Bench) -> Row:
        fleet = bench.flock.fleet
        number = len(fleet.containers(service))
        with bench.load() as count:
            started = time.monotonic()
            bench.kill(service)

            def whole() -> bool:
                replicas = fleet.target.replicas()
                up = len(fleet.containers(service)) == number
                return up and bool(replicas) and all(one.ready for one in replicas)

            until(lambda: not whole(), 10, "the loss")
            until(whole, 60, "the replacement")
            seconds = time.monotonic() - started
        return Row(name, count, seconds, "replaced")

    return run


def gone(bench: Bench) -> Row:
    """All replicas are taken away; the monitor looks, and the doctor mends."""
    fleet = bench.flock.fleet
    service = fleet.target.service
    bench.ratchet("monitor", "--once")
    with bench.load() as count:
        started = time.monotonic()
        fleet.client.services.get(service).scale(0)
        until(lambda: not fleet.containers(), 60, "the end of every replica")
        bench.ratchet("monitor", "--once")
        bench.ratchet("monitor", "--once", "--json")
        told = [one["kind"] for one in json.loads(last_object(bench.said))["incidents"] if one["begun"]]
        code, _ = bench.ratchet("doctor", "--mend")
        until(lambda: bool(bench.live), 60, "an answer")
        seconds = time.monotonic() - started
    seen = f"told in the second look: {', '.join(told) or '**nothing**'}"
    return Row(
        "all replicas gone",
        count,
        seconds,
        f"{seen}; `ratchet doctor --mend` ended with {code}, serves again",
    )


def last_object(text: str) -> str:
    """The JSON at the end of what a command printed."""
    return text[text.index("\n{") + 1 :] if "\n{" in text else text[text.index("{") :]


def rollback(name: str, cold: bool) -> Case:
    """The whole command; the outcome names when the last answer of the release that was left came."""

    def run(bench: Bench) -> Row:
        bench.newer()
        code, _ = bench.ratchet("release")
        assert code == 0, bench.said
        left = bench.live
        if cold:
            end_warm(bench)
        with bench.load() as count:
            started = time.time()
            code, seconds = bench.ratchet("rollback")
        assert code == 0, bench.said
        said = f"{last_answer(count, left, started)}; {bench.worked:.1f} s of processor time"
        return Row(name, count, seconds, said)

    return run


def end_warm(bench: Bench) -> None:
    """Let the time of the warm release be over, and the monitor look; a single server is restarted instead."""
    if bench.target == "swarm":
        target = bench.flock.fleet.target
        live = target.colours.live()
        assert live is not None
        target.colours.keep_warm(live.other, datetime.now(UTC))
        bench.ratchet("monitor", "--once")
        assert target.warm() is None
    else:
        bench.ratchet("stop")
        bench.ratchet("serve")


def last_answer(count: Count, left: str, started: float) -> str:
    """When the last answer of a release came."""
    if left not in count.releases:
        return "no answer of the release that was left"
    return f"last answer of the release that was left after {count.last_of(left) - started:.1f} s"


CASES: dict[str, Case] = {
    "quiet": quiet,
    "good release": good,
    "good release, rolling": rolling,
    "wrong image": bad(
        "wrong image",
        "deployments/bot/model.Dockerfile",
        lambda text: text + '\nENTRYPOINT ["python", "-c", "raise SystemExit(\'error: wrong image\')"]\n',
    ),
    "wrong wording": bad(
        "wrong wording", "bot/domain.yml", lambda text: text.replace("text: Starting", "text: Stopping")
    ),
    "too slow": bad("too slow", CONVERSATION, lambda text: text.replace(PROCESSOR, SLOW, 1)),
    "no room": bad("no room", STACK_FILE, lambda text: text.replace(RESERVED, "memory: 4000G}", 1)),
    "one replica a node": bad(
        "one replica a node",
        STACK_FILE,
        lambda text: text.replace(
            "        preferences:\n", "        max_replicas_per_node: 1\n        preferences:\n", 1
        ),
    ),
    "wrong Redis": bad(
        "wrong Redis", STACK_FILE, lambda text: text.replace("redis://redis:6379", "redis://nowhere:6379")
    ),
    "wrong Redis, no one writes": bad(
        "wrong Redis, no one writes",
        STACK_FILE,
        lambda text: text.replace("redis://redis:6379", "redis://nowhere:6379"),
        loaded=False,
    ),
    "typo in haproxy.cfg": bad(
        "typo in haproxy.cfg", HAPROXY, lambda text: text.replace("timeout client", "timeuot client", 1)
    ),
    "memory limit": bad(
        "memory limit",
        STACK_FILE,
        lambda text: text.replace(
            f"limits: {{memory: 1G}}\n        reservations: {{{RESERVED}",
            "limits: {memory: 150M}\n        reservations: {memory: 100M}",
            1,
        ),
    ),
    "replica killed": killed("replica killed", "bot"),
    "proxy killed": killed("proxy killed", "proxy"),
    "Redis killed": killed("Redis killed", "redis"),
    "all replicas gone": gone,
    "rollback, warm": rollback("rollback, warm", cold=False),
    "rollback, cold": rollback("rollback, cold", cold=True),
}
"""On one node, two replicas."""

PROCESS: dict[str, Case] = {
    "process: good release": good,
    "process: rollback, warm": rollback("rollback, warm", cold=False),
    "process: rollback, cold": rollback("rollback, cold", cold=True),
}
"""On the target `process`."""

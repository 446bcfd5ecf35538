"""Locust, headless and in a process of its own: the load test of a staged release."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import CODE, Settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import read_record, write_json
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.environment import OWN
from ratchet.domain.release.load_test import LoadVerdict

LONGEST = 3
"""A test may last this many times as long, where a busy machine gives too few answers in its time."""
SPARE_SECONDS = 60
STOP_SECONDS = 20
OUT = "load.json"
MESSAGES = ("hello", "what can you do?", "I need help", "thanks")


def run(
    settings: Settings,
    candidate: str,
    champion: str | None,
    messages: Sequence[str],
    folder: Path,
    say: Say,
) -> LoadVerdict | None:
    """Put a staged server, and the live release's beside it, under load; None where the policy leaves it out.

    `messages` are what people write; plan, verdict and Locust's own report go to `folder`. Raises
    `RatchetError` when Locust itself fails; a broken limit is a verdict, not an error.
    """
    policy = settings.params.rollout.load_test
    if not policy.seconds:
        return None
    argv, environment = prepare(settings, candidate, champion, messages, folder, policy.users, policy.seconds)
    limit = LONGEST * policy.seconds + SPARE_SECONDS
    done = commands.run(argv, cwd=folder, env=environment, timeout=limit, check=False)
    verdict = read(folder, done.output)
    say(describe(verdict))
    return verdict


@contextmanager
def light(settings: Settings, url: str, messages: Sequence[str], folder: Path) -> Iterator[Path]:
    """Keep one person writing to `url` for the time of the block; then `read` has the figures."""
    argv, environment = prepare(settings, url, None, messages, folder, users=1)
    process = commands.start(argv, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield folder
    finally:
        commands.stop(process, grace=STOP_SECONDS)


def prepare(
    settings: Settings,
    candidate: str,
    champion: str | None,
    messages: Sequence[str],
    folder: Path,
    users: int,
    seconds: float | None = None,
) -> tuple[list[str], dict[str, str]]:
    """Write the plan for Locust, and return its argument list and environment; without `seconds` it does not end."""
    plan, out = folder / "load-plan.json", folder / OUT
    content = {
        "candidate": candidate,
        "champion": champion,
        "token_file": str(channel.staging_token(settings)),
        "messages": list(messages) or list(MESSAGES),
        "users": users,
        "seconds": seconds,
        "longest": LONGEST * seconds if seconds else None,
        "policy": settings.params.rollout.load_test.model_dump(),
        "out": str(out),
    }
    write_json(plan, content)
    out.unlink(missing_ok=True)
    total = str(users * (2 if champion else 1))
    argv = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(Path(__file__).with_name("locust_users.py")),
        "--headless",
    ]
    argv += ["--users", total, "--spawn-rate", total, "--stop-timeout", "10"]
    argv += ["--only-summary", "--loglevel", "WARNING"]
    return argv, {**OWN, "RATCHET_LOAD_PLAN": str(plan), "PYTHONPATH": str(CODE)}


def read(folder: Path, output: str = "") -> LoadVerdict:
    """Read what a load test left; raises `RatchetError` with the end of Locust's output when it left nothing."""
    verdict = read_record(folder / OUT, LoadVerdict.from_dict, "Run the same command again.")
    if verdict is None:
        raise RatchetError("The load test did not run.", f"Locust's output ends:\n{output[-2000:]}")
    return verdict


def describe(verdict: LoadVerdict) -> str:
    """The figures as one line, and what did not count."""
    new, old = verdict.candidate, verdict.champion
    line = (
        f"{new.requests:,} requests, {new.errors:,} failed, p50 {new.p50_ms:.0f} ms, p95 {new.p95_ms:.0f} ms"
    )
    line += f" (live release: p95 {old.p95_ms:.0f} ms)" if old else ""
    return ". ".join((line, *verdict.notes)).removesuffix(".")


def require(verdict: LoadVerdict | None) -> None:
    """Raise `RatchetError` with every limit that a release broke."""
    if verdict is not None and not verdict.passed:
        raise RatchetError(
            f"The release did not pass the load test. {' '.join(verdict.reasons)}",
            "No user was served by it. See what became slow, or change rollout.load_test in params.yaml.",
        )

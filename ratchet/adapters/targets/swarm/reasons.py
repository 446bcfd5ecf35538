"""Why a replica does not run or is not ready, from the raw output of the engine, the replica, and its health checks.

`of` returns one sentence of fact and one of remedy; `of_proxy` does so for HAProxy's check of a configuration.
`declared` reads from the stack's document what both sentences name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from ratchet.adapters.targets.swarm import engine_words
from ratchet.adapters.targets.swarm.declared import STACK, Declared, Reason, sentence
from ratchet.adapters.targets.swarm.declared import declared as declared
from ratchet.adapters.targets.swarm.proxy_words import of_proxy as of_proxy
from ratchet.domain.release.reasons import own_error, plain

KILLED = 137
"""The exit code of what SIGKILL ended, which is how the kernel ends a container above its memory limit."""
EXIT = re.compile(r"non-zero exit \((?P<code>\d+)\)")
UNHEALTHY = "unhealthy container"


def of(
    errors: Sequence[str] = (),
    log: str = "",
    checks: Sequence[str] = (),
    service: Declared | None = None,
    oom: bool | None = None,
) -> Reason | None:
    """Say why a replica does not run or is not ready; None where nothing that was given says it.

    `errors` are the engine's words of its tasks (`Status.Err`), the newest first; `log` is the end of the failed
    replica's log; `checks` are the outputs of its health checks, the oldest first; `service` is what the stack declares
    of it. `oom` is the engine's word on whether the kernel ended it for its memory (`State.OOMKilled`), None where it
    was not asked.

    What the engine says of placement, images, mounts and ports explains itself and comes first, then memory, then the
    replica's own words in its log, then its health checks, then a bare exit code.
    """
    about = service or Declared()
    told = [plain(error) for error in errors if error.strip()]
    for error in told:
        if found := engine_words.told(error, about):
            return found
    end = next((error for error in told if EXIT.search(error)), "")
    was_killed = exit_code(end) == KILLED and UNHEALTHY not in end
    if oom or (oom is None and was_killed and about.memory_limit):
        return memory(about)
    said = in_words(own_error(log), about) or in_words(check(checks), about)
    if said:
        return said
    if was_killed:
        return killed(about)
    if end:
        return ended(end, about)
    return Reason(sentence(told[0]), about.remedy()) if told else None


def exit_code(error: str) -> int | None:
    """Return the exit code in the engine's words: `task: non-zero exit (137): dockerexec: unhealthy container`."""
    found = EXIT.search(error)
    return int(found["code"]) if found else None


def memory(about: Declared) -> Reason:
    """The kernel ended it for its memory."""
    limit = about.key("deploy.resources.limits.memory")
    if not about.memory_limit:
        return Reason(
            f"The replica was killed because its node has no memory left; no limit is declared ({limit}).",
            about.remedy("Free memory on the node, or add a node."),
        )
    return Reason(
        f"The replica was killed because it needs more memory than its limit of {about.memory_limit} ({limit}).",
        about.remedy("Raise that limit."),
    )


def killed(about: Declared) -> Reason:
    """SIGKILL ended it, and no one says that it was for its memory."""
    return Reason(
        "The replica was killed (SIGKILL): by hand, or because its node has no memory left.", about.remedy()
    )


def ended(error: str, about: Declared) -> Reason:
    """It ended, or was ended for its health checks, and said nothing itself."""
    why = f"The replica's server ended with exit code {exit_code(error)}"
    if UNHEALTHY in error:
        why = "The replica was stopped because its health checks did not succeed"
    return Reason(f"{why}; its log names no error.", about.remedy())


CHECK = re.compile(
    r"^(?P<kind>not ready: \d+|no status:|no answer:|Health check exceeded timeout \([^)]*\):?)\s*(?P<said>.*)$"
)
"""How `deployments/bot/healthy.py`, and the engine in its place, say that a replica is not ready."""
SILENT = ("no answer:", "no status:", "Health check exceeded timeout")
"""Checks that met a server which said nothing; they tell less than any that answered, the last one least."""
DIFFERENT = re.compile(r"^(?P<key>release|sha256) is (?P<has>.+), expected (?P<wanted>.+)$")
WHY = re.compile(r"""["']why["']: (?P<quote>["'])(?P<why>.*?)(?P=quote)[,}]""")


def check(outputs: Sequence[str]) -> str:
    """Return what the last health check that said something found, in the replica's own words; "" where none did."""
    said = [plain(one) for one in reversed(outputs) if one.strip() and "<html" not in one.lower()]
    last = min(
        said,
        key=lambda one: next((place for place, start in enumerate(SILENT, 1) if one.startswith(start)), 0),
        default="",
    )
    if other := DIFFERENT.match(last):
        return (
            f"the replica says that its {other['key']} is {other['has']}, and {other['wanted']} is expected"
        )
    found = CHECK.match(last)
    if found is None:
        return own_error("\n".join(outputs)) or last
    if found["kind"].startswith("not ready"):
        return why(found["said"]) or "the replica is not ready yet"
    if found["kind"].startswith(("no status", "no answer")):
        return f"the replica does not answer its health check: {found['said'] or 'no answer'}"
    return "the replica took too long to answer its health check"


def why(said: str) -> str:
    """Return the reason in an answer of `/status`, which the health check prints as Python does."""
    try:
        answer = ast.literal_eval(said)
        return str(answer.get("why") or "") if isinstance(answer, dict) else ""
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # it was cut off
        found = WHY.search(said)
        return found["why"] if found else ""


ENCODER, TOOLS_REMEDY = "without its sentence encoder", " Run `"
"""How the bot's server says that it does not load a model, and how it begins the remedy, which is for one machine."""
OVERLAID = (
    f"An image has the weights and their libraries: see that {STACK} sets no RATCHET_ENCODERS and mounts nothing over "
    "/app, and that a `deployments/bot/Dockerfile` of your own installs what bot/uv.lock names."
)
IS_STORE = re.compile(r"redis|conversation store|NOAUTH|WRONGPASS|MISCONF", re.IGNORECASE)
STORE_WORDS = re.compile(r"Error -?\d+ connecting to \S+\. [^.]+")
"""redis-py: Error 111 connecting to redis:6379. Connection refused."""
UNREACHED = re.compile(
    r"Error(?: -?\d+)? connecting|Connection (?:refused|reset|closed)|Timeout|name resolution"
)
STORE: tuple[tuple[str, str], ...] = (
    (
        r"AuthenticationError|NOAUTH|WRONGPASS|invalid username-password|NOPERM",
        "Correct the password in {url}.",
    ),
    (
        r"Error -[235] connecting|Name or service not known|does not resolve|name resolution",
        "No host has that name on the networks of `{service}`: correct {url}.",
    ),
    (r"OOM command not allowed", f"Raise `--maxmemory` of the store, and its memory limit, in {STACK}."),
    (r"MISCONF|No space left", "Make room on the disk of the store."),
    (r"", "Correct {url}{see}."),
)
"""What redis-py and Redis say, and what helps."""
RAISED = re.compile(r"^(?:\w+\.)*\w+(?:Error|Exception)(?=: |$)")


def in_words(said: str, about: Declared) -> Reason | None:
    """Say what the replica's own words mean; None where there are none."""
    if not said:
        return None
    if ENCODER in said:
        return Reason(sentence(said.partition(TOOLS_REMEDY)[0]), about.remedy(OVERLAID))
    if not IS_STORE.search(said):
        raised = RAISED.match(said)
        return Reason(sentence(f"the replica's server failed: {said}" if raised else said), about.remedy())
    known = STORE_WORDS.search(said)
    words = known[0] if known else RAISED.sub("", said).removeprefix(": ")
    does = "does not answer" if UNREACHED.search(said) else "refuses"
    url = about.key("RATCHET_REDIS_URL")
    see = f", or see why the store does not run: `docker service ps {about.store}`" if about.store else ""
    step = next(step for pattern, step in STORE if re.search(pattern, said))
    return Reason(
        f"The conversations' store {does}: {words.removeprefix('conversation store: ').rstrip('.')}.",
        about.remedy(step.format(service=about.service, url=url, see=see)),
    )

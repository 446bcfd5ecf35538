"""Home: what is live and how good it is, what is wrong, what waits for a person; and the four buttons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.responses import Response

from ratchet.adapters.page import jobs, looks, pausing
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door, Refused
from ratchet.adapters.page.kept import FRESH_SECONDS, OLD_SECONDS, Kept
from ratchet.adapters.prefect import progress
from ratchet.adapters.registry.mlflow import Registry
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.gate import override
from ratchet.domain.gate.waiting import Question
from ratchet.domain.operations.people import Role
from ratchet.domain.release.manifest import rollback_target

EXPIRES = ("7d", "1d", "12h", "2w", "4w", "12w")


class Home:
    """The page and what it starts; a look is kept for a moment."""

    def __init__(self, door: Door) -> None:
        site = door.site
        self.kept = Kept(lambda: looks.look(site.settings), site.clock)
        site.warm.append(self.kept.get)
        door.menu("Home", "/")
        door.page("/", Role.READ, self.show)
        door.page("/now", Role.READ, self.now)
        door.page("/report", Role.READ, report)
        door.page("/jobs/{id}", Role.READ, job)
        door.act("/retrain", Role.RELEASE, retrain)
        door.act("/approve", Role.RELEASE, approve)
        door.act("/decline", Role.RELEASE, decline)
        door.act("/rollback", Role.RELEASE, rollback)
        door.act("/release", Role.RELEASE, release)
        pausing.add_to(door, self.kept.anew)

    def show(self, call: Call) -> Response:
        """Show the page: at once as it was seen last, and where that is old again, as soon as it was looked."""
        if call.partial:
            self.kept.get(FRESH_SECONDS)
        seen = self.seen(call)
        return call.show(
            "home.html",
            title="Home",
            old=self.kept.age > OLD_SECONDS,
            jobs=jobs.newest(call.settings),
            expires=EXPIRES,
            say=pausing.SAY,
            most_say=pausing.MOST_TEXT,
            handoffs=bool(call.settings.handoff_token or call.settings.client_tokens_file),
            **seen,
        )

    def now(self, call: Call) -> Response:
        """Show its upper part again: the page asks for it every few seconds."""
        return call.show("now.html", **self.seen(call))

    def seen(self, call: Call) -> dict[str, Any]:
        """Return what the templates need."""
        return {
            "look": self.kept.get(),
            "zone": call.settings.params.triggers.time_zone,
            "now": call.site.clock(),
            "release_role": Role.RELEASE,
        }


def add_to(door: Door) -> None:
    """Add the page."""
    Home(door)


def report(call: Call) -> Response:
    """Show the report of the model that the gate asks about, or of the live one, as the run wrote it.

    It is a page of its own: its policy allows its styles, no script, and nothing from elsewhere.
    """
    registry = Registry(call.settings)
    models = {one.version: one for one in registry.models()}
    model = models.get(call.query.get("version", ""))
    found = Path(model.report).resolve() if model and model.report else None
    if found is None or not found.is_file() or not found.is_relative_to(call.settings.runs.resolve()):
        raise Refused(404, "There is no report of that version on this machine.", "See MLflow's pages.")
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
    return Response(found.read_bytes(), media_type="text/html", headers={"content-security-policy": policy})


def job(call: Call) -> Response:
    """Show how far a command is; the page asks again until it has ended."""
    found = jobs.find(call.settings, call.parts["id"])
    if found is None:
        raise Refused(404, "There is no such run.", "Home lists the newest.")
    return call.show(
        "progress.html" if call.partial else "job.html",
        title=found.job.what,
        progress=found,
        seconds=found.seconds(call.site.clock()),
        doing=[] if found.end else doing(call),
    )


def doing(call: Call) -> list[str]:
    """Return the steps that a run is at; none where Prefect does not say."""
    try:
        return progress.steps(call.settings)
    except RatchetError:
        return []


def started(call: Call, what: str, words: list[str]) -> Done:
    """Start a command and lead to its progress."""
    made = jobs.start(call.settings, what, words, call.person.name)
    return Done(f"started: {what}", f"/jobs/{made.id}")


def retrain(call: Call) -> Done:
    """Train on the newest data; what the gate lets through goes live."""
    return started(call, "A retrain", ["retrain", f"--trigger=the page, by {call.person.name}"])


def asked(call: Call) -> Question:
    """Return the question that the form answers; raises `UsageError` where it is another one by now."""
    from ratchet.adapters.registry import waiting

    found = waiting.question(Registry(call.settings))
    if found is None or found.version != call.needed("version", "The version", 20):
        raise UsageError(
            "No one is asked about this version any more.",
            "See Home: a newer model or another person settled it.",
        )
    return found


def approve(call: Call) -> Done:
    """Let a model go live against the gate, with a reason and an end."""
    version, reason = asked(call).version, call.needed("reason", "The reason", 500)
    expires = call.needed("expires", "How long it holds", 10)
    if override.duration(expires) > override.LONGEST:
        raise UsageError(f"An approval may last {override.LONGEST.days} days, not {expires}.", "Choose less.")
    words = ["approve", version, f"--by={call.person.name}", f"--reason={reason}", f"--expires={expires}"]
    return started(call, f"Approval of version {version}", words)


def decline(call: Call) -> Done:
    """Forbid a model."""
    version, reason = asked(call).version, call.needed("reason", "The reason", 500)
    words = ["reject", version, f"--by={call.person.name}", f"--reason={reason}"]
    return started(call, f"Rejection of version {version}", words)


def rollback(call: Call) -> Done:
    """Go back to the release that the page named; raises `UsageError` where another one is live by now."""
    registry = Registry(call.settings)
    live, releases = registry.live(), registry.releases()
    seen = call.needed("live", "The live release", 60)
    if live is None or live.id != seen:
        raise UsageError(
            f"{seen[:60]} is not live any more.", "See what is live now, and go back from there if necessary."
        )
    to = rollback_target(releases, live.id, call.text("to", 60) or None)
    return started(call, f"A rollback to {to.id}", ["rollback", f"--to={to.id}"])


def release(call: Call) -> Done:
    """Try again to bring out a model that was let through and is not live."""
    version = call.needed("version", "The version", 20)
    if not version.isdecimal():
        raise UsageError(f"{version!r} is no version.", "See Home for those there are.")
    return started(call, f"A release of version {version}", ["release", str(int(version))])

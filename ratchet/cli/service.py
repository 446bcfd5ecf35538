"""`ratchet up`, `down`, `watch` and `emit`: the service and its events."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from ratchet.cli.context import settings
from ratchet.cli.output import complain, facts, out
from ratchet.domain.errors import RatchetError, UsageError

if TYPE_CHECKING:
    from ratchet.adapters.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples:\n\n  ratchet up\n\n  ratchet up --detach\n\n  ratchet up --port 4300\n\n"
        "  ratchet up --systemd"
    )(up)
    app.command()(down)
    app.command(hidden=True)(watch)
    app.command(
        epilog="Examples:\n\n  ratchet emit data.changed --commit $GITHUB_SHA\n\n"
        "  ratchet emit code.changed --commit $GITHUB_SHA --retrain\n\n"
        "  ratchet emit changes --since HEAD~1 --commit HEAD"
    )(emit)


def up(
    port: Annotated[int | None, typer.Option(help="Port of the Prefect pages on this machine.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Run only this part: mlflow, worker, watch, monitor or page.")
    ] = None,
    detach: Annotated[
        bool,
        typer.Option("--detach", "-d", help="Return when everything answers; the service keeps running."),
    ] = False,
    systemd: Annotated[bool, typer.Option("--systemd", help="Print a systemd unit instead.")] = False,
) -> None:
    """Run the service: schedules, triggers, worker and web pages. Ctrl-C or `ratchet down` ends it."""
    from ratchet.adapters.service import running, service_parts
    from ratchet.adapters.system.lock import LockHeld
    from ratchet.adapters.targets.ports import PortTaken

    found = settings(**({"prefect_port": port} if port else {}))
    if systemd:
        print(service_parts.unit(found), end="")
        return
    if unknown := set(only or []) - set(service_parts.PARTS):
        known = ", ".join(service_parts.PARTS[1:])
        raise UsageError(f"There is no part {', '.join(unknown)}.", f"Choose of: {known}.")
    began = time.monotonic()

    def ready(parts: list[service_parts.Part]) -> None:
        out.print(f"Ready after {time.monotonic() - began:.1f} s.")
        show(settings())  # with the ports that were chosen meanwhile

    try:
        if detach:
            running.detach(found, only or [])
            ready([])
            return
        running.up(found, frozenset(only or service_parts.PARTS), lambda text: out.print(f"  {text}"), ready)
    except LockHeld as error:
        out.print(f"{error.fact} {error.remedy}")
        show(found)
    except PortTaken as error:
        if port and error.name == "prefect_port":
            raise RatchetError(error.fact, f"Name another: `ratchet up --port {error.free}`.") from error
        raise


def show(found: Settings) -> None:
    """Print where everything is."""
    from ratchet.adapters.prefect import retrains, server
    from ratchet.adapters.service import service_parts

    api_url = server.running_url(found) or ""
    pages = [("page", found.page_url or f"http://127.0.0.1:{found.page_port}")]
    pages += [("Prefect", api_url.removesuffix("/api"))]
    pages += [("MLflow", f"{part.url}/#/models/nlu") for part in service_parts.mlflow(found)]
    pages += [("bot", f"http://127.0.0.1:{found.port}"), ("logs", str(service_parts.folder(found)))]
    zone = ZoneInfo(found.params.triggers.time_zone)
    due = datetime.fromtimestamp(retrains.next_retrain(found), zone)
    pages += [("next retrain", f"{due:%A %Y-%m-%d %H:%M %Z}, and whenever data or code change")]
    facts(pages)
    out.print("Stop it with `ratchet down`, or Ctrl-C here; the bot keeps serving.")


def down() -> None:
    """Stop the service; the bot keeps serving."""
    from ratchet.adapters.service import running

    if not running.down(settings(), lambda text: out.print(f"  {text}")):
        out.print("The service was not running.")


def watch(once: Annotated[bool, typer.Option("--once", help="Look once.")] = False) -> None:
    """Look at Git and the inbox every few seconds; only what has to be announced makes a run."""
    from ratchet.adapters.prefect import server
    from ratchet.adapters.triggers import follow, watch

    found = settings()
    server.join(found)
    said = ""
    while True:
        try:
            found = settings()  # a commit that a run took may have changed branch and pace
            seen = watch.look(found)
            if seen.events:
                from flows.watch import watch as flow

                flow(workspace=str(found.workspace))
            else:
                follow.write_cursor(found, seen.cursor)
            said = ""
        except RatchetError as error:
            if once:
                raise
            if str(error) != said:  # said once, not every few seconds
                complain(error)
                said = str(error)
        if once:
            return
        time.sleep(found.params.triggers.poll_seconds)


def emit(
    event: Annotated[str, typer.Argument(help="data.changed, code.changed, or changes: look what changed.")],
    commit: Annotated[str, typer.Option(help="The commit that made the change.")],
    since: Annotated[str, typer.Option(help="With `changes`: the previous commit.")] = "",
    retrain: Annotated[
        bool, typer.Option("--retrain", help="The code shapes the model, so retrain.")
    ] = False,
) -> None:
    """Announce a change, for example from CI; the service starts what follows. The same commit counts once."""
    from ratchet.adapters.prefect import events
    from ratchet.adapters.triggers import follow
    from ratchet.domain.operations import triggers

    name = event.removeprefix("ratchet.")
    if name == "data.changed":
        made = [triggers.data_changed(commit, with_code=retrain)]
    elif name == "code.changed":
        made = [triggers.code_changed(commit, retrain)]
    elif name == "changes" and since:
        made = triggers.events(follow.compare(settings(), since, commit))
    else:
        raise UsageError(
            f"There is no event {event!r} here.",
            "Choose data.changed, code.changed, or changes with --since.",
        )
    if not made:
        out.print(f"Nothing between {since[:8]} and {commit[:8]} asks for a run.")
        return
    url = events.send(settings(), made)
    for one in made:
        out.print(f"Announced {one.name} of commit {one.payload['commit'][:8]} to {url}.")

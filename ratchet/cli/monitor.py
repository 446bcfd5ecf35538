"""`ratchet monitor` and `ratchet alerts test`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from ratchet.cli.context import Json, settings
from ratchet.cli.output import as_json, complain, facts, out
from ratchet.domain.errors import RatchetError


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples:\n\n  ratchet monitor      # look every minute, until Ctrl-C\n\n"
        "  * * * * * ratchet --workspace DIR monitor --once      # from cron, without any service"
    )(monitor)
    alerts = typer.Typer(help="Where alerts go.", no_args_is_help=True)
    alerts.command(
        "test", epilog="Example:\n\n  RATCHET_ALERT_URLS=json://127.0.0.1:9000 ratchet alerts test"
    )(try_addresses)
    app.add_typer(alerts, name="alerts")


def monitor(
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept the current messages as the new baseline: no drift.")
    ] = False,
    json: Json = False,
) -> None:
    """Check fleet, traffic, registry and schedule; send one alert when an incident begins and one when it ends.

    Needs no Prefect server.
    """
    from flows import monitor as flow
    from ratchet.adapters.monitoring import prometheus
    from ratchet.adapters.system import console

    found = settings()
    console.terminal.quiet = not once  # over days, only what is told is worth a line
    if accept:
        accept_traffic()
    if found.metrics_port and not once:
        prometheus.serve(found)
    while True:
        try:
            found = settings()
            for told in flow.once(str(found.workspace)):
                out.print(f"{told.event} of {told.kind}: {told.sentence}", markup=False)
        except RatchetError as error:
            if once:
                raise
            complain(error)
        if once:
            break
        time.sleep(found.params.monitor.every_seconds)
    show(json)


def accept_traffic() -> None:
    """Compare from now on with the newest window of messages."""
    from dataclasses import replace

    from ratchet.adapters.monitoring import monitor
    from ratchet.domain.operations import drift

    with monitor.on_watch(settings().workspace) as found:
        memory = monitor.recall(found)
        monitor.keep(found, replace(memory, drift=drift.accept(memory.drift)))


def show(json: bool) -> None:
    """Print the incidents that there are."""
    from ratchet.adapters.monitoring import monitor
    from ratchet.domain.operations.fleet import sentence

    memory = monitor.recall(settings())
    if json:
        said = {name: value for name, value in memory.as_dict().items() if name != "question"}
        as_json(said | {"drift": [test.as_dict() for test in memory.drift.tests]})
        return
    if memory.outbox:
        out.print(f"\n[yellow]{len(memory.outbox)} alerts wait[/yellow]: see `ratchet alerts test`.")
    if not memory.incidents:
        out.print(f"\n{sentence('all is well', memory.probe.said if memory.probe else '')}", markup=False)
        return
    out.print()
    facts([(one.kind if one.begun else f"{one.kind}?", one.sentence) for one in memory.incidents])


def try_addresses(json: Json = False) -> None:
    """Send a test to every address in RATCHET_ALERT_URLS, and say which ones failed."""
    from ratchet.adapters.monitoring import alerts

    sent = alerts.test(settings(), time.time())
    if json:
        as_json({"delivered": sent})
    else:
        out.print(f"{sent} {'address' if sent == 1 else 'addresses'} took the test.")

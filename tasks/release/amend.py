"""amend: write a model's page again, with a person's decision in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ratchet.adapters.report import page
from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.override import Override
from tasks.step import note, step


@step(lambda said: said)
def amend(run: Run, made: Override) -> str:
    """Keep the page with the model in the registry, and beside the training's own where that was on this machine.

    The decision holds without its page: if that cannot be fetched, a note says so and the run continues.
    """
    model = run.registry.model(made.version)
    try:
        report = replace(page.read(run.registry.artifact(model, page.CONTENT)), override=made)
        written = page.write(report, run.folder)
        run.registry.keep(model, [written, written.with_name(page.CONTENT)])
    except RatchetError as error:
        note(f"The page of version {model.version} does not show the decision: {error.fact}")
        return f"the page of version {model.version} is as it was"
    first = Path(model.report)
    if first.is_file():
        page.write(report, first.parent)
    return f"the page of version {model.version} shows the decision"

"""validate: check the corpus; errors end the run, warnings go to the gate."""

from __future__ import annotations

from adapters import proofs
from adapters.run import Run
from domain import validation
from domain.corpus import Corpus
from domain.errors import RatchetError
from domain.findings import ValidationReport
from tasks.step import step


@step(lambda report: f"{report.intents} intents, no errors, {len(report.warnings)} warnings")
def validate(run: Run, corpus: Corpus) -> ValidationReport:
    """Return the report on a corpus without errors; one made before for the same data and policy is taken."""
    params, state = run.settings.params, run.settings.state
    policies = (params.validation, params.corpus)
    report = proofs.known_report(state, corpus.revision, *policies)
    if report is None:
        report = validation.validate(corpus.frame, *policies)
        proofs.remember_report(state, report, corpus.revision, *policies)
    if not report.ok:
        first = report.errors[0]
        raise RatchetError(
            f"The corpus cannot be trained on: {first.sentence} Kinds of errors: {len(report.errors)}.",
            "See `ratchet validate`, correct data/utterances.csv and take it in with `ratchet ingest`.",
        )
    return report

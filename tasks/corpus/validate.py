"""validate: check the corpus; errors end the run, warnings go to the gate."""

from __future__ import annotations

from dataclasses import replace

from ratchet.adapters.bot import encoders
from ratchet.adapters.corpus import proofs
from ratchet.adapters.run import Run
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import coverage, ledger, retiring, validation
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.language import with_language
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.errors import RatchetError
from tasks.step import step


@step(
    lambda corpus: f"{corpus.frame['intent'].nunique()} intents, no errors, {len(corpus.warnings)} warnings"
)
def validate(run: Run, corpus: Corpus) -> Corpus:
    """Return a corpus without errors, with its warnings; an earlier report for the same data and policy is reused."""
    params, state = run.settings.params, run.settings.state
    policies = (params.validation, params.corpus, params.split)
    report = proofs.known_report(state, corpus.revision, *policies)
    if report is None:
        form = ledger.form_of(corpus.ledger)
        work = Work(spread=in_threads)
        report = validation.validate(corpus.frame, params.validation, params.corpus, None, work, form)
        covered = coverage.of_corpus(corpus.frame, corpus.ledger, params.split)
        allowed = params.validation.personal_data_allowed
        report = coverage.with_coverage(report, corpus.frame, covered, allowed)
        proofs.remember_report(state, report, corpus.revision, *policies)
    if not report.ok:
        first = report.errors[0]
        if first.rule == coverage.UNTRAINED:
            raise RatchetError(f"The corpus cannot be trained on: {first.sentence}", way_out(run, corpus))
        raise RatchetError(
            f"The corpus cannot be trained on: {first.sentence} Kinds of errors: {len(report.errors)}.",
            "See `ratchet validate`, correct data/utterances.csv and take it in with `ratchet ingest`.",
        )
    found = with_language(
        report,
        corpus.frame,
        encoders.language(run.settings),
        params.validation.personal_data_allowed,
        params.corpus.language,
    )
    return replace(corpus, warnings=found.warnings)


def way_out(run: Run, corpus: Corpus) -> str:
    """Return what gives the untrained intents something to train on."""
    params, work = run.settings.params, Work(spread=in_threads)
    sides = ledger.split(corpus.frame, corpus.ledger, params.split)
    untrained = coverage.of_split(sides).untrained
    return retiring.way_out(sides, untrained, params.gate.retire, params.split.near_duplicate, work)

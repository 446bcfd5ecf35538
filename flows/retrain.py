"""retrain: fetch → validate → split → train → evaluate → gate → register → release, and a summary."""

from __future__ import annotations

from flows.process import process
from flows.release import bring_out
from ratchet.adapters.prefect.flow_runs import ended
from ratchet.adapters.run import begin
from ratchet.domain.gate.verdict import Decision
from ratchet.domain.operations.summary import Summary
from ratchet.domain.release.model import Next
from tasks.corpus.fetch import fetch
from tasks.corpus.split import split
from tasks.corpus.sync import sync as take_newest
from tasks.corpus.validate import validate
from tasks.release.recover import recover
from tasks.release.serve import serve
from tasks.training.evaluate import evaluate
from tasks.training.explain import explain
from tasks.training.gate import gate
from tasks.training.publish import publish
from tasks.training.recall import recall
from tasks.training.register import register
from tasks.training.report import report
from tasks.training.summarise import summarise
from tasks.training.trace import trace
from tasks.training.train import train


@process()
def retrain(
    workspace: str | None = None,
    revision: str | None = None,
    trigger: str = "by hand",
    sync: bool = False,
    explained: bool = False,
    trial: bool = False,
) -> Summary:
    """Retrain on the corpus of the working tree or a Git revision, and release what the gate lets through.

    Args:
        workspace: The folder to work in; empty for the one that the worker serves.
        revision: Use the corpus of this Git revision, or `champion` for the one that the live model was
            trained on; empty for the corpus of the working tree.
        trigger: Why, for the record.
        sync: First bring the working tree to the newest commit of the tracked branch.
        explained: Say why accuracy moved also when the gate promotes.
        trial: Train, judge and report, and change neither registry nor fleet: for a pull request.
    """
    newest = take_newest if sync else None
    with begin(workspace, "A retrain", trigger, fleet=not trial, newest=newest) as run:
        if not trial:
            recover(run)
        corpus = fetch(run, revision)
        validation = validate(run, corpus)
        sides = split(run, corpus)
        lineage = trace(run, corpus, sides)
        recalled = recall(run, corpus, lineage, sides)
        model = recalled.known
        if model is None or recalled.next is Next.TRAIN:
            trained = train(run, corpus, sides, lineage)
            scores = evaluate(run, sides.holdout, candidate=trained, champion=recalled.champion)
            judgement = gate(run, sides, scores, lineage, recalled, validation)
            why = None
            if explained or judgement.verdict.decision is not Decision.PROMOTE:
                why = explain(run, corpus, sides, lineage, scores, recalled.champion)
            page = report(run, corpus, sides, lineage, scores, judgement, recalled, why)
            model = register(run, trained, lineage, scores, judgement, recalled, page, trial)
        publish(run, corpus, sides, model, recalled, trial)
        if not trial:
            if recalled.next is not Next.NOTHING and model.decision == Decision.PROMOTE:
                bring_out(run, model)
            else:
                serve(run)
        summary = summarise(run, corpus, sides, model, recalled, trial)
        return ended(summary.outcome.state, summary)

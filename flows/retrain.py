"""retrain: fetch → validate → split → train → evaluate → gate → register → release, and a summary."""

from __future__ import annotations

from adapters.flow_runs import ended
from adapters.run import begin
from domain.model import Next
from domain.summary import Summary
from domain.verdict import Decision
from flows.process import process
from flows.release import bring_out
from tasks.evaluate import evaluate
from tasks.explain import explain
from tasks.fetch import fetch
from tasks.gate import gate
from tasks.publish import publish
from tasks.recall import recall
from tasks.recover import recover
from tasks.register import register
from tasks.report import report
from tasks.serve import serve
from tasks.split import split
from tasks.summarise import summarise
from tasks.sync import sync as take_newest
from tasks.trace import trace
from tasks.train import train
from tasks.validate import validate


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

"""retrain: fetch → validate → split → recall → train → evaluate → gate → register → release, and a summary."""

from __future__ import annotations

from flows.process import process
from flows.release import attempt, bring_out
from ratchet.adapters.prefect.flow_runs import ended
from ratchet.adapters.run import Run, begin
from ratchet.domain.gate.case import Case
from ratchet.domain.gate.verdict import Decision
from ratchet.domain.operations.summary import Summary
from ratchet.domain.release.attempt import Verb
from ratchet.domain.release.model import Model, Next
from tasks.corpus.fetch import fetch
from tasks.corpus.split import split
from tasks.corpus.sync import sync as take_newest
from tasks.corpus.validate import validate
from tasks.release.recover import recover
from tasks.release.serve import serve
from tasks.training.evaluate import evaluate
from tasks.training.explain import explain
from tasks.training.gate import gate
from tasks.training.play import play
from tasks.training.publish import publish
from tasks.training.recall import recall
from tasks.training.register import register
from tasks.training.report import report
from tasks.training.summarise import summarise
from tasks.training.train import train


@process()
def retrain(
    workspace: str | None = None,
    revision: str | None = None,
    trigger: str = "by hand",
    sync: bool = False,
    explained: bool = False,
    trial: bool = False,
    target: str | None = None,
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
        target: Where to release, `process` or `swarm`; empty for the target of the settings.
    """
    newest = take_newest if sync else None
    with begin(workspace, "A retrain", trigger, fleet=not trial, newest=newest, target=target) as run:
        ready = run.newest if trial else recover.after(run.newest)(run)
        corpus = validate(run, fetch.after(ready)(run, revision))
        case = recall(run, corpus, split(run, corpus))
        model = case.known or judged(run, case, explained, trial)
        published = publish(run, case, model, trial)
        if not trial:
            put_live(run, case, model)
        summary = summarise(run, published)
        return ended(summary.outcome.state, summary)


def judged(run: Run, case: Case, explained: bool, trial: bool) -> Model:
    """Train a candidate and return it with its verdict."""
    trained = train(run, case)
    scores = evaluate(run, case.sides, case, candidate=trained, champion=case.champion)
    plays = play(run, trained, case.champion, case.messages)
    judgement = gate(run, case, scores, plays)
    if explained or not judgement.promotes:
        judgement = explain(run, judgement)
    return register(run, trained, judgement, report(run, judgement), trial)


def put_live(run: Run, case: Case, model: Model) -> None:
    """Release the model where the gate lets it through and no one took it back; see that something serves."""
    if case.next is not Next.NOTHING and model.decision == Decision.PROMOTE:
        bring_out(run, model)
    else:
        with attempt(run, Verb.SERVE):
            serve.after(model)(run)

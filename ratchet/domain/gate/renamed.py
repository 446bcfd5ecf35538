"""Models under the names that intents have now, so that a new name is neither a gain nor a loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.naming import Use
from ratchet.domain.corpus.renames import Succession, new_names
from ratchet.domain.gate import evaluation
from ratchet.domain.gate.rules import ROUNDING, GatePolicy, Rule, TrainingFacts
from ratchet.domain.gate.scores import CHAMPION, Scores
from ratchet.domain.wording import listed, percent


def in_new_names(
    scores: Scores, holdout: pd.DataFrame, found: Sequence[Succession], corpus: CorpusPolicy
) -> Scores:
    """Return the scores with the champion's answers under today's names, and judged as these."""
    if not found or CHAMPION not in scores.predictions:
        return scores
    named = renamed(scores.predictions[CHAMPION], found, holdout["intent"])
    judged = evaluation.evaluate(
        holdout,
        named,
        context=list(corpus.context),
        out_of_scope=corpus.out_of_scope,
        latency=scores.evaluations[CHAMPION].latency,
    )
    answers = {
        sheet: {name: renamed(frame, found) if name == CHAMPION else frame for name, frame in models.items()}
        for sheet, models in scores.answers.items()
    }
    return replace(
        scores,
        predictions={**scores.predictions, CHAMPION: named},
        evaluations={**scores.evaluations, CHAMPION: judged},
        answers=answers,
    )


def renamed(
    predictions: pd.DataFrame, found: Sequence[Succession], truth: pd.Series[str] | None = None
) -> pd.DataFrame:
    """Return predictions (columns intent, ranking and others) under today's names.

    An intent that was split is read as the part that the message has (`truth`, in the order of the predictions): the
    model cannot tell the parts apart. A name that still exists, and a model that knows the new ones, stay unchanged.
    """
    names = new_names(found)
    intents = [names.get(one, one) for one in predictions["intent"]]
    if truth is not None:
        parts = {name: set(one.after) for one in found if len(one.after) > 1 for name in one.before}
        pairs = zip(intents, truth, strict=True)
        intents = [right if right in parts.get(said, ()) else said for said, right in pairs]
    ranking = [[(names.get(name, name), share) for name, share in row] for row in predictions["ranking"]]
    return predictions.assign(
        intent=intents, ranking=pd.Series(ranking, index=predictions.index, dtype=object)
    )


def under(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return messages or predictions with other names of their intents."""
    return frame.assign(intent=[names.get(one, one) for one in frame["intent"]]) if names else frame


def facts(trained: TrainingFacts, names: Mapping[str, str]) -> TrainingFacts:
    """Return what a model was trained on under other names; rows of intents that have become one are added up."""
    counted: Counter[str] = Counter()
    for intent, rows in trained.intents.items():
        counted[names.get(intent, intent)] += rows
    return replace(trained, intents=dict(counted))


def rule(found: Sequence[Succession], leftovers: Sequence[Use] = ()) -> list[Rule]:
    """Say what was recognised, and which lines of the bot still use a name that is gone."""
    if not found:
        return []
    said = f"Compared under the new names: {listed(f'{one.kind} {one}' for one in found)}."
    if leftovers:
        said += f" Names that are gone are still used in {listed(use.place for use in leftovers)}."
    return [Rule("new names", "warn", len(found), 0, said, unit="count")]


def left_behind(found: Sequence[Succession], policy: GatePolicy) -> list[Rule]:
    """Intents that were joined to others and lost messages on the way: the rows of the others would hide the loss."""
    limit, rules = policy.max_intent_loss_percent / 100, []
    for one in found:
        gone = sorted(set(one.before) - set(one.after)) if len(one.before) > 1 else []
        for name in gone:
            moves = [move for move in one.moves if move.before == name]
            had, came = max(move.of for move in moves), sum(move.messages for move in moves)
            if had - came >= policy.group_rows and (had - came) / had > limit + ROUNDING:
                said = (
                    f"The intent `{name}` had {had:,} messages and {came:,} of them have another name now "
                    f"({listed(f'`{move.after}`' for move in moves)}): {percent((had - came) / had)} are gone, where "
                    f"{percent(limit)} may go."
                )
                rules.append(Rule("vanished intents", "reject", (had - came) / had, limit, said))
    return rules

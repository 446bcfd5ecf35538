"""The gate's rules at their thresholds, and the laws that hold for any two models."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from ratchet.domain.corpus.coverage import Uncovered
from ratchet.domain.corpus.retirement import Retired
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.gate.paired import Pair, accuracy, chance_limit
from ratchet.domain.gate.ramp import RampPolicy
from ratchet.domain.gate.verdict import Decision, GatePolicy, TrainingFacts, Verdict
from tests.domain.judging import FACTS, answers, holdout, on_the_ramp, verdict

MANY = 1000
TRUTH = holdout(["a", "b"] * (MANY // 2))


def right(correct: int, rows: int = MANY) -> list[bool]:
    """The first `correct` rows right, the others wrong."""
    return [number < correct for number in range(rows)]


def outcomes(found: Verdict, name: str) -> list[str]:
    return [rule.outcome for rule in found.rules if rule.name == name]


flags = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.booleans()), min_size=1, max_size=120)


class TestLaws:
    @given(flags)
    def test_a_candidate_that_loses_no_row_is_never_rejected_for_its_answers(
        self, rows: list[tuple[str, bool, bool]]
    ) -> None:
        """Right wherever the champion is right: rules 1 and 2 pass, whatever the sizes."""
        intents, champion, luck = zip(*rows, strict=True)
        candidate = [old or new for old, new in zip(champion, luck, strict=True)]
        found = verdict(holdout(intents), candidate, champion)
        assert {rule.outcome for rule in found.rules if rule.name in ("accuracy", "intent")} <= {"pass"}

    @given(flags)
    def test_the_same_loss_never_promotes_in_both_directions(
        self, rows: list[tuple[str, bool, bool]]
    ) -> None:
        """Of two models, at most one is rejected for accuracy; if one is, the other way round it passes."""
        intents, one, other = zip(*rows, strict=True)
        truth, policy = holdout(intents), GatePolicy(small_holdout_rows=0)
        there = outcomes(verdict(truth, one, other, policy=policy), "accuracy")
        back = outcomes(verdict(truth, other, one, policy=policy), "accuracy")
        assert "pass" in there + back
        assert (there + back).count("reject") <= 1

    @given(flags, st.randoms(use_true_random=False))
    def test_the_order_of_the_rows_does_not_matter(
        self, rows: list[tuple[str, bool, bool]], random: object
    ) -> None:
        """Shuffling holdout and predictions together leaves decision and reasons as they are."""
        shuffled = list(rows)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        found = [verdict(holdout(i), c, o) for i, c, o in (zip(*x, strict=True) for x in (rows, shuffled))]
        assert found[0].decision == found[1].decision
        assert found[0].reasons == found[1].reasons

    @given(flags, st.data())
    def test_one_more_right_answer_never_hurts_accuracy(
        self, rows: list[tuple[str, bool, bool]], data: st.DataObject
    ) -> None:
        """Rule 1 is monotone: correcting a wrong answer never turns its finding for the worse."""
        severity = {"pass": 0, "warn": 1, "ask": 2, "reject": 3}
        intents, candidate, champion = (list(column) for column in zip(*rows, strict=True))
        truth = holdout(intents)
        before = outcomes(verdict(truth, candidate, champion), "accuracy")[0]
        candidate[data.draw(st.integers(0, len(rows) - 1))] = True
        after = outcomes(verdict(truth, candidate, champion), "accuracy")[0]
        assert severity[after] <= severity[before]

    @given(flags)
    def test_the_decision_is_the_worst_outcome(self, rows: list[tuple[str, bool, bool]]) -> None:
        """Any rejection rejects; else any question asks; else the candidate is promoted."""
        intents, candidate, champion = zip(*rows, strict=True)
        found = verdict(holdout(intents), candidate, champion)
        seen = {rule.outcome for rule in found.rules}
        worst = next((one for one in ("reject", "ask") if one in seen), "promote")
        assert found.decision == worst

    @given(flags)
    def test_a_verdict_survives_json(self, rows: list[tuple[str, bool, bool]]) -> None:
        """A verdict read back from JSON equals the one that was written, and has reasons."""
        intents, candidate, champion = zip(*rows, strict=True)
        found = verdict(holdout(intents), candidate, champion)
        assert Verdict.from_dict(json.loads(json.dumps(found.as_dict()))) == found
        assert found.reasons


class TestAccuracy:
    def test_a_point_is_tolerated(self) -> None:
        """Ten rows of a thousand lost and none gained: exactly the limit, which passes."""
        found = verdict(TRUTH, right(890), right(900))
        assert found.decision is Decision.PROMOTE
        assert outcomes(found, "accuracy") == ["pass"]

    def test_more_than_a_point_rejects_when_it_is_hardly_chance(self) -> None:
        """Eleven lost and none gained: 1.1 points, p = 1/2048."""
        found = verdict(TRUTH, right(889), right(900))
        assert found.decision is Decision.REJECT
        rule = found.rules[0]
        assert (rule.name, rule.outcome) == ("accuracy", "reject")
        assert rule.value == pytest.approx(0.011)
        assert rule.p_value == pytest.approx(1 / 2048)
        assert "1.1 points less, where a loss of 1.0 point is allowed" in rule.sentence

    def test_more_than_a_point_only_warns_when_it_may_be_chance(self) -> None:
        """A hundred lost and 89 gained: 1.1 points too, but p = 0.23."""
        champion = np.array(right(900))
        candidate = champion.copy()
        candidate[:100], candidate[900:989] = False, True
        found = verdict(TRUTH, candidate.tolist(), champion.tolist())
        assert outcomes(found, "accuracy") == ["warn"]
        assert found.decision is Decision.PROMOTE
        assert "may be chance" in found.reasons[0]

    def test_a_small_holdout_asks_a_person(self) -> None:
        """With 299 rows the same loss is a question, with 300 a rejection."""
        for rows, decision in ((299, Decision.ASK), (300, Decision.REJECT)):
            truth = holdout(["a", "b"] * 150)[:rows]
            assert verdict(truth, right(270, rows), right(280, rows)).decision is decision


class TestRelabelled:
    CHANGED = np.arange(MANY) < 100

    def test_wrong_new_labels_do_not_hide_a_loss(self) -> None:
        """On 100 wrongly relabelled rows only the candidate is 'right', on 60 others only the champion."""
        champion = np.arange(MANY) >= 100
        candidate = np.arange(MANY) < MANY - 60
        hidden = verdict(TRUTH, candidate.tolist(), champion.tolist())
        found = verdict(TRUTH, candidate.tolist(), champion.tolist(), relabelled=self.CHANGED)
        assert (hidden.decision, found.decision) == (Decision.PROMOTE, Decision.REJECT)
        assert found.reasons[0].startswith(
            "Rejected by the rule accuracy: Without 100 relabelled rows, the candidate is right on 840 of 900"
        )

    def test_corrected_labels_are_no_reason_to_reject(self) -> None:
        """Where only the labels were corrected and the answers stayed, nothing is lost."""
        champion = np.arange(MANY) >= 150
        found = verdict(TRUTH, champion.tolist(), champion.tolist(), relabelled=self.CHANGED)
        assert found.decision is Decision.PROMOTE

    def test_when_every_label_changed_there_is_nothing_to_compare(self) -> None:
        """Then the floor and the facts about the training data are the gate."""
        found = verdict(TRUTH, right(900), right(900), relabelled=np.ones(MANY, bool))
        assert not outcomes(found, "accuracy")
        assert outcomes(found, "floor") == ["pass"]


class TestGroups:
    def collapse(self, rows: int, lost: int) -> Verdict:
        """The intent `c` has so many rows, all right before and `lost` of them wrong now."""
        truth = holdout(["a"] * MANY + ["c"] * rows)
        champion = [True] * len(truth)
        return verdict(truth, [True] * (MANY + rows - lost) + [False] * lost, champion)

    def test_an_intent_that_collapsed_rejects_by_name(self) -> None:
        """Six of twenty rows lost: 30 points, p = 1/64, though overall accuracy fell by 0.6 points."""
        found = self.collapse(20, 6)
        assert found.decision is Decision.REJECT
        assert "The intent `c` went from 20 to 14 right answers of 20" in found.reasons[0]

    def test_a_loss_that_may_be_chance_warns(self) -> None:
        """Five of twenty lost: 25 points, p = 1/32, above the limit of 0.02."""
        found = self.collapse(20, 5)
        assert (found.decision, outcomes(found, "intent")) == (Decision.PROMOTE, ["warn"])

    def test_a_loss_under_the_limit_passes_however_sure(self) -> None:
        """19 of a hundred lost is surely a loss, but under 20 points; 20 are not."""
        assert outcomes(self.collapse(100, 19), "intent") == ["pass"]
        assert "reject" in outcomes(self.collapse(100, 20), "intent")

    def test_an_intent_with_few_rows_is_not_judged_by_itself(self) -> None:
        """All four rows of an intent lost: nothing to conclude from."""
        assert "`c`" not in " ".join(rule.sentence for rule in self.collapse(4, 4).rules)

    def test_a_context_value_is_judged_like_an_intent(self) -> None:
        """When the messages of one role collapse, the verdict names the role."""
        truth = holdout(["a"] * (MANY + 10), role=["hr"] * MANY + ["intern"] * 10)
        candidate = [True] * MANY + [False] * 10
        found = verdict(truth, candidate, [True] * len(truth), context=["role"])
        assert found.decision is Decision.REJECT
        assert "The slice `role=intern` went from 10 to 0 right answers of 10" in found.reasons[0]

    def test_lost_out_of_scope_messages_reject(self) -> None:
        """A model that answers what it should hand over is worse, and the verdict says so."""
        truth = holdout(["a"] * MANY + ["out_of_scope"] * 10)
        found = verdict(truth, [True] * MANY + [False] * 10, [True] * (MANY + 10))
        assert "`out_of_scope`" in found.reasons[0]


class TestTrainingData:
    def test_a_vanished_intent_rejects_by_name(self) -> None:
        """What the champion was taught and the candidate was not is named, whatever the accuracy."""
        found = verdict(TRUTH, right(MANY), right(900), trained=TrainingFacts({"a": 1000}, "d2"))
        assert found.decision is Decision.REJECT
        assert "`b`" in found.reasons[0]

    def test_a_new_intent_is_welcome(self) -> None:
        """An intent that only the candidate knows is no objection."""
        more = TrainingFacts({**FACTS.intents, "c": 20}, "d2")
        assert verdict(TRUTH, right(900), right(900), trained=more).decision is Decision.PROMOTE

    @pytest.mark.parametrize(("rows", "decision"), [(75, Decision.PROMOTE), (74, Decision.REJECT)])
    def test_an_intent_may_shrink_by_a_quarter(self, rows: int, decision: Decision) -> None:
        """Half-wrong labels empty an intent, which is named though no answer and no total changed."""
        before = TrainingFacts({"a": 900, "b": 100}, "d1")
        after = TrainingFacts({"a": 1000 - rows, "b": rows}, "d2")
        found = verdict(TRUTH, right(900), right(900), trained=after, champion_trained=before)
        assert found.decision is decision
        assert (decision is Decision.PROMOTE) or "The intent `b` has 74 training rows" in found.reasons[0]

    def test_a_few_rows_of_a_small_intent_may_go(self) -> None:
        """Four bad examples of ten can be cleaned away, five are a question for a person."""
        before = TrainingFacts({"a": 900, "b": 10}, "d1")
        for left, decision in ((6, Decision.PROMOTE), (5, Decision.REJECT)):
            after = TrainingFacts({"a": 900, "b": left}, "d2")
            found = verdict(TRUTH, right(900), right(900), trained=after, champion_trained=before)
            assert found.decision is decision

    @pytest.mark.parametrize(("rows", "decision"), [(900, Decision.PROMOTE), (899, Decision.REJECT)])
    def test_training_rows_may_shrink_by_a_tenth(self, rows: int, decision: Decision) -> None:
        """A tenth less passes, one row fewer rejects."""
        found = verdict(
            TRUTH, right(900), right(900), trained=TrainingFacts({"a": 500, "b": rows - 500}, "d2")
        )
        assert found.decision is decision


class TestFloorAndTarget:
    def test_the_first_model_needs_no_champion(self) -> None:
        """Before the first release floor and target are all there is; the floor is the reason."""
        found = verdict(TRUTH, right(850), None)
        assert found.decision is Decision.PROMOTE
        assert {rule.name for rule in found.rules} == {"floor", "target"}
        assert "above the floor of 77.0%" in found.reasons[0]

    def test_a_model_below_the_floor_is_rejected_even_if_it_is_better(self) -> None:
        """Two thirds right is better than half, and still below 77%."""
        assert verdict(TRUTH, right(667), right(500)).decision is Decision.REJECT
        assert verdict(TRUTH, right(667), None).decision is Decision.REJECT

    def test_the_floor_gives_the_benefit_of_the_doubt(self) -> None:
        """76% of a thousand is within chance of 77%."""
        assert verdict(TRUTH, right(760), None).decision is Decision.PROMOTE

    def test_a_missed_target_warns(self) -> None:
        """77% reaches 79.5% at best, short of 80%: said, and promoted."""
        found = verdict(TRUTH, right(770), right(770))
        assert (found.decision, outcomes(found, "target")) == (Decision.PROMOTE, ["warn"])

    def test_a_missed_target_rejects_where_the_policy_says_so(self) -> None:
        """`on_miss: reject` with `compare: point` is the strict rule."""
        strict = RampPolicy(on_miss="reject", compare="point")
        for correct, decision in ((799, Decision.REJECT), (800, Decision.PROMOTE)):
            new = answers(
                [intent if ok else "x" for intent, ok in zip(TRUTH["intent"], right(correct), strict=True)]
            )
            found = verdict(TRUTH, right(correct), right(correct), ramp=on_the_ramp(TRUTH, new, strict))
            assert found.decision is decision

    def test_misses_in_a_row_ask(self) -> None:
        """With `ask_after_misses: 1` the first miss is already a question."""
        new = answers([intent if ok else "x" for intent, ok in zip(TRUTH["intent"], right(770), strict=True)])
        ramp = on_the_ramp(TRUTH, new, RampPolicy(ask_after_misses=1))
        assert verdict(TRUTH, right(770), right(770), ramp=ramp).decision is Decision.ASK


class TestWarnings:
    def test_a_data_warning_asks_only_where_the_policy_marks_it(self) -> None:
        """The same warning is a note by default and a question by policy."""
        plain = verdict(TRUTH, right(900), right(900), warnings=["imbalance"])
        marked = verdict(
            TRUTH,
            right(900),
            right(900),
            warnings=["imbalance"],
            policy=GatePolicy(ask_on_warnings=("imbalance",)),
        )
        assert (plain.decision, marked.decision) == (Decision.PROMOTE, Decision.ASK)
        assert any("`imbalance`" in reason for reason in plain.reasons)

    @pytest.mark.parametrize("name", ["few example", "suspected label errors"])
    def test_a_warning_that_no_retrain_gives_is_refused_by_name(self, name: str) -> None:
        """A guard that could never ask is a mistake in the policy."""
        with pytest.raises(ValueError, match=rf"{name} is no warning; there are few examples, imbalance"):
            GatePolicy(ask_on_warnings=("imbalance", name))

    def test_a_worn_holdout_warns(self) -> None:
        """After more than fifty decisions the verdict says that the holdout is worn."""
        assert outcomes(verdict(TRUTH, right(900), right(900), decisions=50), "wear") == []
        assert outcomes(verdict(TRUTH, right(900), right(900), decisions=51), "wear") == ["warn"]

    def test_an_intent_that_no_row_stands_for_is_named_with_its_share(self) -> None:
        """A note by default, a question where the policy says so; never silence."""
        missing = [Uncovered("table", 45, 0.045, 0), Uncovered("weather", 20, 0.02, 0)]
        plain = verdict(TRUTH, right(900), right(900), unjudged=missing)
        strict = verdict(TRUTH, right(900), right(900), unjudged=missing, policy=GatePolicy(unjudged="ask"))
        assert (plain.decision, strict.decision) == (Decision.PROMOTE, Decision.ASK)
        (said,) = [reason for reason in plain.reasons if "no verdict looks at them" in reason]
        assert "`table` (45 messages, 4.5% of all), `weather` (20 messages, 2.0% of all)" in said

    def test_what_was_retired_since_the_champion_asks_and_is_named(self) -> None:
        """So that nobody takes out of the holdout what failed there."""
        gone = [Retired("lost my badge", "badge", "2026-02-01", "by hand", 2)]
        found = verdict(TRUTH, right(900), right(900), retired=gone)
        assert found.decision is Decision.ASK
        assert found.reasons[0] == (
            "Asks because of the rule retired: "
            "2 messages (1 text) went from the holdout to training since the champion (2026-02-01, by hand), so a"
            " person decides: “lost my badge” (`badge`)."
        )

    def test_a_sentence_on_many_long_texts_stays_readable(self) -> None:
        """The first ones are named by their beginnings; the report has them all."""
        gone = [Retired(f"{number} {'word ' * 40}", "a", "2026-02-01", "worn") for number in range(200)]
        (reason, *_) = verdict(TRUTH, right(900), right(900), retired=gone).reasons
        assert "200 messages (200 texts)" in reason
        assert "and 192 more" in reason
        assert len(reason) < 900

    def test_a_rejection_stays_one_whatever_was_retired(self) -> None:
        """A question is no way around a rule."""
        gone = [Retired("lost my badge", "badge", "2026-02-01", "by hand")]
        assert verdict(TRUTH, right(700), right(900), retired=gone).decision is Decision.REJECT


@given(
    st.lists(st.sampled_from(["sides", "labels", "pairs"]), min_size=1, max_size=3),
    st.integers(0, MANY),
    st.booleans(),
)
def test_a_check_that_could_not_run_never_promotes(checks: list[str], correct: int, first: bool) -> None:
    """Whatever else the numbers say, with or without a champion: it asks or rejects, and each check is a reason."""
    unchecked = [Unchecked(check, "The ledger is lost.") for check in checks]
    found = verdict(TRUTH, right(correct), None if first else right(900), unchecked=unchecked)
    assert found.decision is not Decision.PROMOTE
    assert outcomes(found, "not checked") == ["ask"] * len(checks)
    for one in unchecked:
        assert any(one.sentence in reason for reason in found.reasons)


@settings(max_examples=30)
@given(st.integers(0, 60), st.integers(0, 60))
def test_rule_one_fires_exactly_at_its_two_conditions(lost: int, gained: int) -> None:
    """Reject if and only if the loss is over a point of 1,000 rows and the binomial tail is under 0.10."""
    champion = np.zeros(MANY, bool)
    champion[:800] = True
    candidate = champion.copy()
    candidate[:lost], candidate[800 : 800 + gained] = False, True
    fires = lost - gained > 10 and binom.sf(lost - 1, lost + gained, 0.5) < 0.10
    found = verdict(TRUTH, candidate.tolist(), champion.tolist())
    assert (outcomes(found, "accuracy") == ["reject"]) == fires


def test_two_comparisons_of_one_build_are_each_less_often_wrong() -> None:
    """With entities beside, 7 lost of 8 that differ (3.5%) is no rejection, and 7 of 7 (0.8%) is; alone both are."""
    rows, policy = 400, GatePolicy()
    champion = right(rows - 1, rows)
    lost = [number >= 7 for number in range(rows)]
    both = [*lost[:-1], False]
    for candidate, several, said in (
        (lost, False, "reject"),
        (lost, True, "warn"),
        (both, True, "reject"),
    ):
        pair = Pair(np.array(candidate), np.array(champion))
        assert accuracy(pair, policy, several=several).outcome == said
    assert chance_limit(299, policy, True) == policy.drop_p
    assert chance_limit(300, GatePolicy(drop_p=0.01), True) == 0.01

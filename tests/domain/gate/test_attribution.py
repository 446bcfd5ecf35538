"""The change of accuracy is split fairly among what changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.gate.attribution import FACTORS, Recipe, attribute, changed, mixtures

OLD = Recipe(data="d1", code="c1", environment="e1", seed="1")
NEW = Recipe(data="d2", code="c2", environment="e2", seed="2")

effects = st.lists(st.floats(-0.2, 0.2), min_size=4, max_size=4)


def some(factors: set[str]) -> Recipe:
    """OLD with these factors new."""
    return Recipe(*(getattr(NEW if factor in factors else OLD, factor) for factor in FACTORS))


def test_only_what_changed_is_trained() -> None:
    """Two changed factors need two trainings besides the two models that exist."""
    new = some({"data", "code"})
    assert changed(OLD, new) == ("data", "code")
    assert mixtures(OLD, new) == (OLD, some({"data"}), some({"code"}), new)


def test_nothing_changed_needs_no_training() -> None:
    """Equal recipes have one mixture, and a change cannot be attributed."""
    assert mixtures(OLD, OLD) == (OLD,)
    assert attribute(OLD, OLD, {OLD: 0.9}).shares == ()


def test_one_change_has_the_whole_effect() -> None:
    """When only the data changed, the data did it, and the sentence says so."""
    new = some({"data"})
    found = attribute(OLD, new, {OLD: 0.92, new: 0.89})
    assert [(share.factor, share.old, share.new) for share in found.shares] == [("data", "d1", "d2")]
    assert found.sentence == "Accuracy fell by 3.0 points (from 92.0% to 89.0%): data -3.0."


def test_opposite_changes_do_not_hide_each_other() -> None:
    """Worse data and better code are told apart though they nearly cancel, the larger one first."""
    new = some({"data", "code"})
    found = attribute(OLD, new, {OLD: 0.90, some({"data"}): 0.85, some({"code"}): 0.94, new: 0.89})
    assert {share.factor: pytest.approx(share.effect) for share in found.shares} == {
        "data": -0.05,
        "code": 0.04,
    }
    assert [share.factor for share in found.shares] == ["data", "code"]


@given(effects)
def test_independent_effects_are_found_exactly(sizes: list[float]) -> None:
    """Where each factor adds its own amount, each gets its own amount."""
    amount = dict(zip(FACTORS, sizes, strict=True))
    measured = {mix: 0.5 + sum(amount[factor] for factor in changed(OLD, mix)) for mix in mixtures(OLD, NEW)}
    for share in attribute(OLD, NEW, measured).shares:
        assert share.effect == pytest.approx(amount[share.factor], abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=16, max_size=16))
def test_the_shares_add_up_to_the_change(accuracies: list[float]) -> None:
    """Whatever was measured, with any interplay of the factors, nothing is lost and nothing invented."""
    mixes = mixtures(OLD, NEW)
    found = attribute(OLD, NEW, dict(zip(mixes, accuracies, strict=True)))
    assert len(set(mixes)) == 16
    total = sum(share.effect for share in found.shares)
    assert total == pytest.approx(found.new_accuracy - found.old_accuracy, abs=1e-9)

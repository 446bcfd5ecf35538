"""Why did accuracy move? The share that data, code, environment and seed each have in a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import combinations
from math import factorial

from ratchet.domain.record import Record
from ratchet.domain.release.manifest import Lineage
from ratchet.domain.wording import percent, points


@dataclass(frozen=True)
class Recipe(Record):
    """What a model is made of, each part as the revision or hash that names it."""

    data: str
    code: str
    environment: str
    seed: str

    @classmethod
    def of(cls, lineage: Lineage) -> Recipe:
        return cls(lineage.data_revision, lineage.code_hash, lineage.lock_hash, str(lineage.seed))


FACTORS = tuple(field.name for field in fields(Recipe))


@dataclass(frozen=True)
class Share(Record):
    """One factor's part in the change, a difference of two accuracies; `old` and `new` name its revisions."""

    factor: str
    old: str
    new: str
    effect: float


@dataclass(frozen=True)
class Attribution(Record):
    """From `old_accuracy` to `new_accuracy`, split into shares that add up to the whole change.

    `measure` is what moved, as the beginning of a sentence: the accuracy, or another share.
    """

    old_accuracy: float
    new_accuracy: float
    shares: tuple[Share, ...]
    measure: str = "Accuracy"

    @property
    def sentence(self) -> str:
        moved = self.new_accuracy - self.old_accuracy
        span = f"from {percent(self.old_accuracy)} to {percent(self.new_accuracy)}"
        if not self.shares:
            return f"{self.measure} went {span} although data, code, environment and seed are the same."
        parts = ", ".join(f"{share.factor} {_signed(share.effect)}" for share in self.shares)
        if abs(moved) < 0.0005:
            return f"{self.measure} stayed at {percent(self.new_accuracy)} ({parts})."
        return f"{self.measure} {'rose' if moved > 0 else 'fell'} by {points(moved)} ({span}): {parts}."


def changed(old: Recipe, new: Recipe) -> tuple[str, ...]:
    """The factors in which the two differ."""
    return tuple(factor for factor in FACTORS if getattr(old, factor) != getattr(new, factor))


def mixtures(old: Recipe, new: Recipe) -> tuple[Recipe, ...]:
    """Every way to replace some of the old factors by the new ones: 2^k for k changed factors.

    The first is `old` and the last is `new`, whose models exist already; those between are to be trained.
    """
    return tuple(_mix(old, new, subset) for subset in _subsets(changed(old, new)))


def attribute(
    old: Recipe, new: Recipe, accuracies: Mapping[Recipe, float], measure: str = "Accuracy"
) -> Attribution:
    """Split the change of accuracy, or of another measure, among the changed factors, the largest effect first.

    `accuracies` holds every one of `mixtures(old, new)`, all measured on the same holdout. A factor's
    effect is its Shapley value: what changing it adds, averaged over the orders in which the factors
    could have been changed. Source: L. S. Shapley, 'A value for n-person games' (1953).
    """
    factors = changed(old, new)
    effects = {factor: _shapley(factor, factors, old, new, accuracies) for factor in factors}
    before, after = asdict(old), asdict(new)
    shares = [Share(factor, before[factor], after[factor], effect) for factor, effect in effects.items()]
    shares.sort(key=lambda share: -abs(share.effect))
    return Attribution(accuracies[old], accuracies[new], tuple(shares), measure)


def _shapley(
    factor: str, factors: tuple[str, ...], old: Recipe, new: Recipe, accuracies: Mapping[Recipe, float]
) -> float:
    others = tuple(other for other in factors if other != factor)
    total = 0.0
    for subset in _subsets(others):
        weight = factorial(len(subset)) * factorial(len(others) - len(subset)) / factorial(len(factors))
        gain = accuracies[_mix(old, new, (*subset, factor))] - accuracies[_mix(old, new, subset)]
        total += weight * gain
    return total


def _subsets(factors: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [subset for size in range(len(factors) + 1) for subset in combinations(factors, size)]


def _mix(old: Recipe, new: Recipe, taken: tuple[str, ...]) -> Recipe:
    return replace(old, **{factor: getattr(new, factor) for factor in taken})


def _signed(effect: float) -> str:
    return f"{100 * effect:+.1f}"

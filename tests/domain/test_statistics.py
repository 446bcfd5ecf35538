"""The statistics equal those of statsmodels and scipy, computed by other code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from ratchet.domain.statistics import chance_of_loss, wilson

counts = st.integers(0, 400)


@given(counts, counts)
def test_wilson_equals_statsmodels(correct: int, wrong: int) -> None:
    """The interval of any share equals statsmodels' Wilson interval."""
    rows = correct + wrong
    if rows:
        assert wilson(correct, rows) == pytest.approx(
            proportion_confint(correct, rows, 0.05, "wilson"), abs=1e-9
        )


def test_wilson_of_a_published_example() -> None:
    """81 of 263 gives 0.2553 to 0.3662 (R. G. Newcombe, Statistics in Medicine 17 (1998), table I)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_nothing_is_known_without_rows() -> None:
    """Without rows the interval is everything."""
    assert wilson(0, 0) == (0.0, 1.0)


@given(counts, counts)
def test_wilson_holds_the_share(correct: int, wrong: int) -> None:
    """The interval lies in [0, 1] and holds the share that was seen."""
    rows = correct + wrong
    if rows:
        low, high = wilson(correct, rows)
        assert 0 <= low <= correct / rows + 1e-12
        assert correct / rows - 1e-12 <= high <= 1


@given(counts, counts)
def test_chance_of_loss_is_the_binomial_tail(lost: int, gained: int) -> None:
    """The p-value is the chance of at least `lost` heads in as many coin flips as rows that differ."""
    assert chance_of_loss(lost, gained) == pytest.approx(
        float(binom.sf(lost - 1, lost + gained, 0.5)), rel=1e-9
    )


@given(counts, counts)
def test_chance_of_loss_agrees_with_mcnemar(lost: int, gained: int) -> None:
    """Twice the smaller tail is statsmodels' two-sided exact McNemar p-value."""
    two_sided = min(1.0, 2 * min(chance_of_loss(lost, gained), chance_of_loss(gained, lost)))
    assert two_sided == pytest.approx(mcnemar([[0, lost], [gained, 0]], exact=True).pvalue, rel=1e-9)


@given(counts, counts)
def test_more_losses_are_less_likely(lost: int, gained: int) -> None:
    """One more lost row makes chance a worse explanation; one more gained row a better one."""
    assert chance_of_loss(lost + 1, gained) <= chance_of_loss(lost, gained) + 1e-12
    assert chance_of_loss(lost, gained + 1) >= chance_of_loss(lost, gained) - 1e-12

"""SC, its interval, and what happens where a dimension is unmeasured."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.coherence.factor import measured, unmeasured
from semops_data.coherence.scores import combine, organisation, usage_delta

units = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def factor(values):
    return measured("p", np.array(values), method="test")


@settings(max_examples=50, deadline=None)
@given(units, units, units)
def test_sc_is_the_geometric_mean_and_lies_in_its_interval(a, c, s):
    """For all inputs: SC^3 = A x C x S, and the interval holds it."""
    score = combine([factor(a), factor(c), factor(s)])
    assert score.sc == pytest.approx((np.mean(a) * np.mean(c) * np.mean(s)) ** (1 / 3), abs=1e-9)
    assert 0 <= score.low <= score.sc <= score.high <= 1


def test_one_unmeasured_dimension_leaves_sc_unmeasured_between_its_bounds():
    """Imputing 0 or 1 would invent coherence: the bounds say how much is open."""
    score = combine([factor([0.9]), unmeasured("p", "nobody speaks of it", method="test"), factor([0.4])])
    assert score.sc is None
    assert score.reason == "consistency: nobody speaks of it"
    assert score.mean_measured == pytest.approx((0.9 * 0.4) ** 0.5)
    assert (score.bound_low, score.coverage) == (0.0, pytest.approx(2 / 3))
    assert score.bound_high == pytest.approx((0.9 * 0.4) ** (1 / 3))


def test_a_measured_zero_is_a_score_of_zero():
    """Zero and unmeasured are different answers."""
    score = combine([factor([0.0]), factor([1.0]), factor([1.0])])
    assert (score.sc, score.status, score.level) == (0.0, "measured_zero", "incoherent")


def test_more_units_give_a_narrower_interval():
    """One query proves little: its interval must not look like that of forty."""
    few, many = factor([0.8]).interval(), factor([0.7, 0.9] * 20).interval()
    assert few[1] - few[0] > 2 * (many[1] - many[0])


def test_the_same_units_give_the_same_interval():
    """A score that moves between two runs over the same corpus would raise alerts by itself."""
    assert factor([0.2, 0.9, 0.4, 0.7, 0.8]).interval(3) == factor([0.2, 0.9, 0.4, 0.7, 0.8]).interval(3)


def test_the_90_percent_interval_covers_the_truth_about_nine_times_in_ten():
    """Simulated units with a known mean: coverage near the level, for few units and for many."""
    rng = np.random.default_rng(5)
    for count in (3, 12, 40):
        inside = 0
        for _ in range(400):
            low, high = factor(rng.beta(8, 2, count)).interval()
            inside += low <= 0.8 <= high
        assert 0.80 <= inside / 400 <= 1.0, count


def test_the_organisation_counts_what_it_could_not_score():
    """A mean of what is left says how little that is."""
    good = combine([factor([0.9] * 6)] * 3)
    blind = combine([factor([0.9]), unmeasured("p", "x", method="test"), factor([0.9])])
    whole = organisation([good, blind], [5, 20])
    assert (whole.scored, whole.unmeasured) == (1, 1)
    assert whole.surface_share == pytest.approx(0.2)
    assert whole.sc == pytest.approx(0.9)
    assert organisation([blind], [20]).sc is None


def test_delta_is_small_for_usages_close_to_the_definition_and_none_without_usages():
    """No artifact is no agreement: the delta is unmeasured, not 0."""
    null = np.linspace(0.1, 0.5, 50)
    assert usage_delta(np.array([0.8, 0.9]), null) == 0.0
    assert usage_delta(np.array([0.0]), null) == 1.0
    assert usage_delta(np.zeros(0), null) is None


def test_two_patterns_with_as_many_units_do_not_err_together():
    """Shared draws would make the organisation's interval that of one pattern, whatever the number of patterns."""
    values = np.array([0.9, 0.4, 0.7])
    one, other = (measured(name, values, method="test").draws(0) for name in ("one", "other"))
    again = measured("one", values, method="test").draws(0)
    assert np.array_equal(one, again)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.1


def test_the_interval_of_many_patterns_is_narrower_than_that_of_few():
    """Errors of independent patterns cancel out."""

    def width(count):
        values = np.array([0.9, 0.4, 0.7])
        scores = [combine([measured(f"p{n}", values, method="test")] * 3) for n in range(count)]
        whole = organisation(scores, [9] * count)
        return whole.high - whole.low

    assert width(25) < width(2) / 2

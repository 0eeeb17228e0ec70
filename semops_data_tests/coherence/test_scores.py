"""SC, its interval, and what happens where a dimension is unmeasured."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.coherence.factor import measured, unmeasured
from semops_data.coherence.organisation import connectivity, coverage, organisation, worst_decile
from semops_data.coherence.scores import LEVEL_NAMES, band, combine, kpi, usage_delta
from semops_data.settings import Settings

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
    assert (score.sc, score.status) == (0.0, "measured_zero")


def test_more_units_give_a_narrower_interval():
    """One query proves little: its interval must not look like that of forty."""
    few, many = factor([0.8]).interval(), factor([0.7, 0.9] * 20).interval()
    assert few[1] - few[0] > 2 * (many[1] - many[0])


def test_the_same_units_give_the_same_interval():
    """A score that moves between two runs over the same corpus would raise alerts by itself."""
    assert factor([0.2, 0.9, 0.4, 0.7, 0.8]).interval(3) == factor([0.2, 0.9, 0.4, 0.7, 0.8]).interval(3)


@pytest.mark.parametrize("count", [3, 12, 40])
@pytest.mark.parametrize("ones", [0.0, 0.7])
def test_the_90_percent_interval_covers_the_truth_about_nine_times_in_ten(count, ones):
    """Simulated units with a known mean, most of them 1 or none: `benchmarks/intervals.py` has the whole table."""
    rng, inside = np.random.default_rng(5), 0
    for number in range(400):
        mean = rng.beta(4, 2)
        values = np.where(rng.random(count) < ones, 1.0, rng.beta(8 * mean, 8 * (1 - mean), count))
        low, high = measured(f"p{number}", values, method="test").interval()
        inside += low <= ones + (1 - ones) * mean <= high
    assert 0.84 <= inside / 400 <= 0.96


def test_the_organisation_counts_what_it_could_not_score():
    """A mean of what is left says how little that is, and why nothing is left."""
    whole = organisation([0.9, None], [(0.8, 1.0), None], [5, 20])
    assert (whole.scored, whole.unmeasured) == (1, 1)
    assert whole.surface_share == pytest.approx(0.2)
    assert whole.sc == pytest.approx(0.9)
    assert whole.low <= 0.9 <= whole.high
    blind = organisation([None], [None], [20])
    assert (blind.sc, blind.reason) == (None, "no pattern has a measured SC")


def test_the_worst_decile_is_not_low_by_chance_alone():
    """Of a hundred patterns that are all alike, the ten that happened to be measured lowest are no worse."""
    rng = np.random.default_rng(3)
    noisy = rng.normal(0.7, 0.05, 100)
    worst, low, high = worst_decile(noisy, np.full(100, 0.05))
    assert np.sort(noisy)[:10].mean() < worst < 0.7
    assert low <= worst <= high


def test_a_level_is_the_highest_limit_that_is_reached():
    """The limits are configuration: the same SC is fair here and coherent there."""
    assert band(0.7, (0.8, 0.6, 0.4), LEVEL_NAMES) == "fair"
    assert band(0.7, (0.7, 0.6, 0.4), LEVEL_NAMES) == "coherent"
    assert band(0.1, (0.8, 0.6, 0.4), LEVEL_NAMES) == "incoherent"
    assert band(None, (0.8, 0.6, 0.4), LEVEL_NAMES) is None
    with pytest.raises(ValueError, match=r"3 falling numbers above 0 are wanted: write such as 0\.8,0\.6,0\.4"):
        Settings(levels="0.4,0.6,0.8")


def test_delta_is_small_for_usages_close_to_the_definition_and_has_a_reason_where_there_is_none():
    """No artifact is no agreement: the delta is unmeasured, not 0."""
    null = np.linspace(0.1, 0.5, 50)
    near, far = usage_delta("p", np.array([0.8, 0.9]), null), usage_delta("p", np.array([0.0]), null)
    assert (near.value, far.value) == (0.0, 1.0)
    assert near.low <= near.value <= near.high < 1
    assert usage_delta("p", np.zeros(0), null).reason == "nothing in the corpus uses the pattern"
    assert "5 usages of other patterns" in usage_delta("p", np.array([0.4]), null[:5]).reason


def test_the_kpi_lies_between_nothing_and_sc_where_no_delta_is_known():
    """SC x (1 - delta), with what is open where the delta is."""
    score = combine([factor([0.9] * 6)] * 3)
    open_kpi = kpi(score, usage_delta("p", np.zeros(0), np.zeros(0)))
    assert (open_kpi.value, open_kpi.low, open_kpi.high) == (None, 0.0, score.sc)
    assert "the delta is unmeasured" in open_kpi.reason
    known = kpi(score, usage_delta("p", np.array([0.3, 0.3, 0.3]), np.linspace(0.1, 0.5, 50)))
    assert known.value == pytest.approx(score.sc * 0.5, abs=0.02)
    assert known.low < known.value < known.high
    blind = combine([factor([0.9]), unmeasured("p", "silence", method="test"), factor([0.9])])
    assert kpi(blind, usage_delta("p", np.zeros(0), np.zeros(0))).reason == "SC is unmeasured: consistency: silence"


def test_connectivity_is_the_share_of_the_largest_connected_part():
    """A registry in pieces is no map; a capability joins the patterns that it implements."""
    patterns = ["a", "b", "c", "d"]
    assert connectivity(patterns, [("a", "b")]) == 0.5
    assert connectivity(patterns, [("a", "b"), ("capability x", "b"), ("capability x", "c")]) == 0.75
    assert connectivity([], []) is None
    assert coverage(["x.md", "y.md"], ["y.md", "elsewhere.md"]) == 0.5
    assert coverage([], []) is None


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
        whole = organisation([0.4, 0.9] * count, [(0.3, 1.0)] * 2 * count, [9] * 2 * count)
        return whole.high - whole.low

    assert width(25) < width(2) / 2

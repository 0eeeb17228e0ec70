"""The fit finds the curve where the measurements show one, and says so where they do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.projection.fit import LARGEST_ALPHA, Curve, fit

FACTORS = [1, 2, 4, 8, 16]


@given(st.floats(0, 5), st.floats(0.1, 10), st.floats(0.3, 2.5))
def test_a_known_curve_is_recovered(a, b, alpha):
    """Without noise the projection at a hundred times is the curve's own value."""
    curve = Curve(a, b, alpha)
    found = fit(FACTORS, [curve.at(factor) for factor in FACTORS])
    assert found.best.at(100) == pytest.approx(curve.at(100), rel=0.05)
    assert found.best.alpha == pytest.approx(alpha, abs=0.05)
    low, high = found.interval_at(100)
    assert low <= found.best.at(100) <= high


@given(st.lists(st.tuples(st.sampled_from(FACTORS), st.floats(0, 1e12)), min_size=1, max_size=10))
def test_the_bounds_hold_whatever_was_measured(points):
    """A negative cost or a negative growth is no projection."""
    found = fit([factor for factor, _ in points], [value for _, value in points])
    for curve in (found.best, *found.admissible):
        assert curve.a >= 0
        assert curve.b >= 0
        assert 0 <= curve.alpha <= LARGEST_ALPHA


def test_a_constant_cost_does_not_grow():
    """Loading a model costs the same at every size."""
    assert fit(FACTORS, [3.0] * 5).best.at(100) == pytest.approx(3.0)


def test_few_points_leave_the_exponent_open_and_say_so():
    """Three factors fit many curves."""
    few, many = fit([1, 2, 4], [1.0, 2.0, 4.0]), fit([1, 2, 4, 8, 16, 32], [1.0, 2, 4, 8, 16, 32])
    assert "only 3 factors" in few.caveat
    assert many.caveat is None
    width = {found.points: found.alpha_interval[1] - found.alpha_interval[0] for found in (few, many)}
    assert width[3] > width[6]


def test_two_points_are_read_as_linear_growth():
    """Every exponent fits two points: the slowest growing curve would flatter, the fastest would frighten."""
    found = fit([1, 4], [100.0, 130.0], noise=0.02)
    assert found.best.alpha == pytest.approx(1.0)
    assert found.best.at(100) == pytest.approx(90 + 10 * 100)


def test_one_point_allows_everything():
    """From one size nothing follows about another."""
    assert fit([2], [5.0]).alpha_interval == (0.0, LARGEST_ALPHA)


@pytest.mark.parametrize(
    ("factors", "values"), [([], []), ([1], [1, 2]), ([0], [1]), ([1], [-1]), ([1], [float("nan")])]
)
def test_unusable_points_are_refused(factors, values):
    """A NaN would fit everything."""
    with pytest.raises(ValueError, match=r"factor|fit"):
        fit(factors, values)

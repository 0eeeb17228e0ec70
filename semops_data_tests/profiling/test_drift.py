"""How far a table moved is measured against the bins of before, and never for lack of anything to compare."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.profiling.drift import Move, jensen_shannon, kolmogorov_smirnov, profile_and_drift, stability_index
from semops_data.profiling.profile import profile

SHARES = st.lists(st.floats(0.01, 1), min_size=2, max_size=8).map(lambda parts: [part / sum(parts) for part in parts])


def table(mean: float, kinds: list[str], *, nulls: int = 0, seed: int = 1) -> pa.Table:
    chance = np.random.default_rng(seed)
    amounts = [None] * nulls + chance.normal(mean, 10, 2_000 - nulls).tolist()
    return pa.table({"amount": pa.array(amounts, pa.float64()), "kind": [kinds[i % len(kinds)] for i in range(2_000)]})


def moves(data: pa.Table, *earlier: pa.Table) -> dict[str, Move]:
    return profile_and_drift(data, "t", {f"2026-01-0{n + 1}": profile(rows, "t") for n, rows in enumerate(earlier)})[1]


@given(SHARES)
def test_a_distribution_has_not_moved_from_itself(shares: list[float]) -> None:
    """Zero means zero."""
    assert stability_index(shares, shares) == 0
    assert jensen_shannon(shares, shares) == pytest.approx(0, abs=1e-12)
    assert kolmogorov_smirnov(shares, shares) == 0


@given(SHARES, st.randoms())
def test_the_distances_are_symmetric_and_never_negative(shares: list[float], chance: object) -> None:
    """The index is a sum of two divergences, the others lie between 0 and 1."""
    other = shares[::-1]
    for distance in (stability_index, jensen_shannon, kolmogorov_smirnov):
        assert distance(shares, other) >= 0
        assert distance(shares, other) == pytest.approx(distance(other, shares))
    assert max(jensen_shannon(shares, other), kolmogorov_smirnov(shares, other)) <= 1


def test_nothing_in_common_is_as_far_as_it_gets() -> None:
    """By hand: one bit of divergence, all of the distance."""
    assert jensen_shannon([1.0, 0.0], [0.0, 1.0]) == 1
    assert kolmogorov_smirnov([1.0, 0.0], [0.0, 1.0]) == 1
    assert kolmogorov_smirnov([0.5, 0.5, 0.0], [0.25, 0.25, 0.5]) == 0.5


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=30, max_size=80), st.lists(st.floats(-1e3, 1e3), min_size=30, max_size=80)
)
def test_the_distance_over_bins_is_at_most_that_of_the_values(one: list[float], two: list[float]) -> None:
    """Only the edges of the bins are kept, so a move inside a bin is not seen; none is invented."""
    data = pa.table({"x": pa.array(two, pa.float64())})
    points = np.sort(np.concatenate([one, two]))
    exact = max(abs((np.array(one) <= at).mean() - (np.array(two) <= at).mean()) for at in points)
    measured = moves(data, pa.table({"x": pa.array(one, pa.float64())})).get("x")
    assert measured is None or (measured.ks or 0) <= exact + 1e-9


def test_other_bins_are_refused() -> None:
    """Shares of different bins cannot be compared."""
    for distance in (stability_index, jensen_shannon, kolmogorov_smirnov):
        with pytest.raises(ValueError, match="shorter"):
            distance([0.5, 0.5], [1.0])


def test_the_same_distribution_moves_little_and_another_much() -> None:
    """The usual thresholds of the index: 0.1 and 0.25."""
    before = table(100, ["a", "b"])
    same = moves(table(100, ["a", "b"], seed=2), before)
    moved = moves(table(130, ["a", "c"], seed=2), before)
    assert same["amount"].psi < 0.1
    assert same["kind"].psi == pytest.approx(0, abs=1e-9)
    assert all(move.is_stable for move in same.values())
    assert moved["amount"].psi > 0.25
    assert moved["kind"].psi > 0.25
    assert not any(move.is_stable for move in moved.values())


def test_nulls_that_appear_are_a_move() -> None:
    """A source that stops filling a column is the commonest drift of all."""
    assert moves(table(100, ["a"], nulls=1_000), table(100, ["a"]))["amount"].psi > 0.25


def test_the_nearest_of_the_earlier_days_counts() -> None:
    """A Monday may differ from the Sunday if it is like the Monday before."""
    sunday, monday = table(100, ["a"]), table(130, ["a"], seed=3)
    found = moves(table(130, ["a"], seed=4), sunday, monday)["amount"]
    assert found.compared_day == "2026-01-02"
    assert found.is_stable
    assert not moves(table(130, ["a"], seed=4), sunday)["amount"].is_stable


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([40, 200, 2_000]))
def test_chance_alone_raises_no_alarm(seed: int, rows: int) -> None:
    """Small days are noisy; their limits are wider."""
    chance = np.random.default_rng(seed)
    days = [
        pa.table({"amount": chance.lognormal(3, 1, rows), "kind": [f"k{c}" for c in chance.integers(0, 6, rows)]})
        for _ in range(2)
    ]
    assert all(move.is_stable for move in moves(days[1], days[0]).values())


def test_without_an_earlier_profile_or_rows_nothing_is_measured() -> None:
    """Nothing, not 0."""
    data = table(100, ["a"])
    assert moves(data) == {}
    assert moves(data.slice(0, 0), data) == {}
    assert moves(data, data.slice(0, 0)) == {}

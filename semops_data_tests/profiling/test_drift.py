"""How far a table moved is measured against the bins of before, and never for lack of anything to compare."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.profiling.drift import profile_and_drift, stability_index
from semops_data.profiling.profile import profile

SHARES = st.lists(st.floats(0.01, 1), min_size=2, max_size=8).map(lambda parts: [part / sum(parts) for part in parts])


def table(mean: float, kinds: list[str], *, nulls: int = 0, seed: int = 1) -> pa.Table:
    chance = np.random.default_rng(seed)
    amounts = [None] * nulls + chance.normal(mean, 10, 2_000 - nulls).tolist()
    return pa.table({"amount": pa.array(amounts, pa.float64()), "kind": [kinds[i % len(kinds)] for i in range(2_000)]})


@given(SHARES)
def test_a_distribution_has_not_moved_from_itself(shares: list[float]) -> None:
    """Zero means zero."""
    assert stability_index(shares, shares) == 0


@given(SHARES, st.randoms())
def test_the_index_is_symmetric_and_never_negative(shares: list[float], chance: object) -> None:
    """It is a sum of two divergences."""
    other = shares[::-1]
    assert stability_index(shares, other) >= 0
    assert stability_index(shares, other) == pytest.approx(stability_index(other, shares))


def test_other_bins_are_refused() -> None:
    """Shares of different bins cannot be compared."""
    with pytest.raises(ValueError, match="shorter"):
        stability_index([0.5, 0.5], [1.0])


def test_the_same_distribution_moves_little_and_another_much() -> None:
    """The usual thresholds: 0.1 and 0.25."""
    before = profile(table(100, ["a", "b"]), "t")
    _, same = profile_and_drift(table(100, ["a", "b"], seed=2), "t", before)
    _, moved = profile_and_drift(table(130, ["a", "c"], seed=2), "t", before)
    assert same["amount"] < 0.1
    assert same["kind"] == pytest.approx(0, abs=1e-9)
    assert moved["amount"] > 0.25
    assert moved["kind"] > 0.25


def test_nulls_that_appear_are_a_move() -> None:
    """A source that stops filling a column is the commonest drift of all."""
    before = profile(table(100, ["a"]), "t")
    _, moved = profile_and_drift(table(100, ["a"], nulls=1_000), "t", before)
    assert moved["amount"] > 0.25


def test_without_an_earlier_profile_or_rows_it_is_unmeasured() -> None:
    """Null, not 0."""
    data = table(100, ["a"])
    assert profile_and_drift(data, "t", None)[1] == {"amount": None, "kind": None}
    assert profile_and_drift(data.slice(0, 0), "t", profile(data, "t"))[1] == {"amount": None, "kind": None}
    assert profile_and_drift(data, "t", profile(data.slice(0, 0), "t"))[1] == {"amount": None, "kind": None}

"""How near synthetic columns come to real ones: shapes of single columns, trends of pairs. 1 is equal, 0 is apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    import pandas as pd

BINS = 10


def ks_complement(real: np.ndarray[Any, Any], synthetic: np.ndarray[Any, Any]) -> float | None:
    """1 - the Kolmogorov-Smirnov distance: 1 - max |F_real(x) - F_synthetic(x)|.

    Args:
        real: (n,) numbers; NaN is left out.
        synthetic: (m,) numbers.

    Returns:
        0 to 1; None where one of them holds no number.
    """
    one, two = (np.sort(values[~np.isnan(values)]) for values in (real, synthetic))
    if not one.size or not two.size:
        return None
    points = np.concatenate([one, two])
    apart = np.searchsorted(one, points, "right") / one.size - np.searchsorted(two, points, "right") / two.size
    return float(1 - np.abs(apart).max())


def tv_complement(real: Collection[Any], synthetic: Collection[Any]) -> float | None:
    """1 - the total variation distance: 1 - 1/2 sum over values |p_real - p_synthetic|.

    Args:
        real: (n,) hashable values.
        synthetic: (m,) hashable values.

    Returns:
        0 to 1; None where one of them is empty.
    """
    import pandas as pd

    if not len(real) or not len(synthetic):
        return None
    shares: list[Any] = [
        pd.Series(list(values)).value_counts(normalize=True, dropna=False) for values in (real, synthetic)
    ]
    apart = shares[0].subtract(shares[1], fill_value=0).abs()
    return 1 - float(apart.sum()) / 2


def correlation_similarity(real: np.ndarray[Any, Any], synthetic: np.ndarray[Any, Any]) -> float | None:
    """1 - |r_real - r_synthetic| / 2, with Pearson's r of the rows where both columns have a value.

    Args:
        real: (n, 2) numbers.
        synthetic: (m, 2) numbers.

    Returns:
        0 to 1; None where a column is constant or has fewer than two values.
    """
    found = [_pearson(pair) for pair in (real, synthetic)]
    return None if found[0] is None or found[1] is None else 1 - abs(found[0] - found[1]) / 2


def _pearson(pair: np.ndarray[Any, Any]) -> float | None:
    whole = pair[~np.isnan(pair).any(axis=1)]
    if len(whole) < 2 or not np.ptp(whole, axis=0).all():
        return None
    return float(np.corrcoef(whole, rowvar=False)[0, 1])


def contingency_similarity(real: pd.DataFrame, synthetic: pd.DataFrame) -> float | None:
    """1 - the total variation distance between the joint shares of two columns of categories.

    Args:
        real: two columns.
        synthetic: the same two.
    """
    return tv_complement(
        list(real.itertuples(index=False, name=None)), list(synthetic.itertuples(index=False, name=None))
    )


def numbers(values: pd.Series) -> np.ndarray[Any, Any]:
    """Numbers and moments as float64, NaN where there is none; moments as seconds since 1970."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
    moments = pd.to_datetime(values, errors="coerce", utc=True, format="mixed")
    seconds = moments.to_numpy(dtype="datetime64[ns]").astype(np.int64) / 1e9
    return np.where(moments.isna(), np.nan, seconds)


def binned(real: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Which of ten equal bins of the real range each number lies in; -1 where there is none.

    Numbers beyond the range are in the outermost bins.
    """
    known = real[~np.isnan(real)]
    edges = np.linspace(known.min(), known.max(), BINS + 1)[1:-1] if known.size else np.zeros(0)
    return np.where(np.isnan(values), -1, np.searchsorted(edges, values, "right"))

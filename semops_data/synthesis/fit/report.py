"""The report on a synthetic table: how near it comes to the real one, and whether it gives rows away."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from semops_data.synthesis.fit import metrics
from semops_data.synthesis.fit.extra import FitError
from semops_data.synthesis.fit.metadata import kinds
from semops_data.synthesis.fit.privacy import Privacy, measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import pandas as pd

    from semops_data.synthesis.fit.metadata import Metadata

MOST_PAIR_COLUMNS = 20
MOST_DISTINCT = 0.5


@dataclass(frozen=True)
class TableReport:
    """One table.

    Attributes:
        table: its name.
        real_rows: rows of the real table.
        synthetic_rows: rows of the synthetic one.
        shapes: by column 1 - KS distance (numbers, moments) or 1 - total variation distance (categories), 0 to 1;
            None where it cannot be told.
        missing: by column 1 - |difference of the shares without a value|.
        pairs: by two columns 1 - |difference of the correlations| / 2, or 1 - total variation distance of the joint
            shares where one of them is a category.
        left_out: columns that are not compared, with the reason: keys and personal data are made up anew.
        privacy: copies and distances.
    """

    table: str
    real_rows: int
    synthetic_rows: int
    shapes: Mapping[str, float | None]
    missing: Mapping[str, float]
    pairs: Mapping[str, float | None]
    left_out: Mapping[str, str]
    privacy: Privacy

    @property
    def shape_score(self) -> float | None:
        """Mean over the columns."""
        return _mean(list(self.shapes.values()))

    @property
    def pair_score(self) -> float | None:
        """Mean over the pairs."""
        return _mean(list(self.pairs.values()))

    @property
    def checks(self) -> dict[str, bool | None]:
        """The claims about privacy, and whether they hold; None where one could not be measured."""
        privacy = self.privacy
        close = None if privacy.closer_share is None else privacy.closer_share <= privacy.closer_limit
        return {"no_row_is_a_copy": privacy.copies == 0, "rows_are_no_closer_than_real_ones": close}


def compare(
    real: Mapping[str, pd.DataFrame], synthetic: Mapping[str, pd.DataFrame], metadata: Metadata | None = None
) -> list[TableReport]:
    """Compare synthetic tables with the real ones.

    Args:
        real: frames by name.
        synthetic: frames of the same names.
        metadata: says what each column is; by default that is told from the real values.

    Raises:
        FitError: where tables or columns differ.
    """
    if set(real) != set(synthetic):
        raise FitError(f"the real tables are {', '.join(sorted(real))}, the synthetic {', '.join(sorted(synthetic))}")
    return [_compare(name, frame, synthetic[name], metadata) for name, frame in real.items()]


def _compare(name: str, real: pd.DataFrame, synthetic: pd.DataFrame, metadata: Metadata | None) -> TableReport:
    if set(real.columns) != set(synthetic.columns):
        strange = sorted(set(map(str, real.columns)) ^ set(map(str, synthetic.columns)))
        raise FitError(f"table {name}: the real and the synthetic rows differ in the columns {', '.join(strange)}")
    told = kinds(metadata, name) if metadata and name in metadata["tables"] else {}
    kind = {column: told.get(column) or guess(real[column]) for column in real.columns}
    numeric = [column for column in real.columns if kind[column] in ("numerical", "datetime")]
    coded = [column for column in real.columns if kind[column] in ("categorical", "boolean")]
    left_out = {column: kind[column] for column in real.columns if column not in numeric + coded}
    if not numeric and not coded:
        raise FitError(f"table {name} has no column of numbers, moments or categories: nothing can be compared")
    one, two = (_plain(frame, numeric, coded) for frame in (real, synthetic))
    shapes = {
        column: (metrics.ks_complement if column in numeric else metrics.tv_complement)(
            np.asarray(one[column].dropna()), np.asarray(two[column].dropna())
        )
        for column in real.columns
        if column not in left_out
    }
    missing = {column: 1 - abs(float(one[column].isna().mean() - two[column].isna().mean())) for column in shapes}
    pairs = _pairs(one, two, numeric, list(shapes)[:MOST_PAIR_COLUMNS])
    return TableReport(
        name, len(real), len(synthetic), shapes, missing, pairs, left_out, measure(one, two, numeric, coded)
    )


def guess(values: pd.Series) -> str:
    """What a column is, where no metadata say it: `id` and `text` are left out."""
    import pandas as pd

    filled = values.dropna()
    if pd.api.types.is_bool_dtype(values):
        return "boolean"
    if pd.api.types.is_numeric_dtype(values):
        is_key = str(values.name).lower().endswith("id") and filled.is_unique
        return "id" if is_key else "numerical"
    if pd.api.types.is_datetime64_any_dtype(values) or (filled.size and _are_moments(filled)):
        return "datetime"
    return "categorical" if filled.nunique() <= MOST_DISTINCT * max(len(filled), 1) else "text"


def _are_moments(values: pd.Series) -> bool:
    import pandas as pd

    some = values.head(50).astype(str)
    return bool(
        some.str.match(r"\d{4}-\d\d-\d\d").all() and pd.to_datetime(some, errors="coerce", utc=True).notna().all()
    )


def _plain(frame: pd.DataFrame, numeric: list[str], coded: list[str]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {name: metrics.numbers(frame[name]) for name in numeric}
    for name in coded:
        values = frame[name].astype(object)
        columns[name] = values.where(values.isna(), values.astype(str)).to_numpy()
    return pd.DataFrame(columns)


def _pairs(one: pd.DataFrame, two: pd.DataFrame, numeric: list[str], columns: list[str]) -> dict[str, float | None]:
    import pandas as pd

    found: dict[str, float | None] = {}
    for first, second in combinations(columns, 2):
        if first in numeric and second in numeric:
            both = [first, second]
            found[f"{first}, {second}"] = metrics.correlation_similarity(one[both].to_numpy(), two[both].to_numpy())
            continue
        joint = [
            pd.DataFrame({
                column: metrics.binned(one[column].to_numpy(), frame[column].to_numpy())
                if column in numeric
                else frame[column].fillna("")
                for column in (first, second)
            })
            for frame in (one, two)
        ]  # fmt: skip
        found[f"{first}, {second}"] = metrics.contingency_similarity(*joint)
    return found


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None

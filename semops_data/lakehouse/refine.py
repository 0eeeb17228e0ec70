"""Judge landed rows: each is kept, counted as a duplicate, or quarantined with one reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.business import DERIVED, LATE, raw_name
from semops_data.contracts.rules import Rule
from semops_data.lakehouse import numbered
from semops_data.lakehouse.typing import typed
from semops_data.landing.objects import raw_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

    from semops_data.contracts import Column, Table
    from semops_data.landing.landed import Landed

    Codes = np.ndarray[tuple[int], np.dtype[np.int16]]
    Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
    Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Ledger:
    """Where the rows of one landed object went: the first number is the sum of the others."""

    rows_in: int
    rows_kept: int
    rows_duplicate: int
    rows_quarantined: int

    @property
    def is_balanced(self) -> bool:
        """Whether every landed row is accounted for."""
        return self.rows_in == self.rows_kept + self.rows_duplicate + self.rows_quarantined


@dataclass(frozen=True)
class Refined:
    """Landed rows after judgement.

    Attributes:
        quarantined: rows of `lakehouse/<table>_quarantine`.
        ledger: the counts.
        kept: rows of `lakehouse/<table>`, unique by key, in their landed order.
    """

    quarantined: pa.Table
    ledger: Ledger
    kept: pa.Table


@dataclass(frozen=True)
class Judged:
    """Landed rows of which it is known what becomes of each; none is copied yet.

    Whoever is short of memory asks for what is quarantined, lets go of the landed object, and then for what is kept.

    Attributes:
        contract: of `lakehouse/<table>`.
        day: the partition, an ISO date.
        schema: of the kept rows.
        frame: (n) all rows in the columns of the schema, null where nothing could be read.
        is_kept: (n,) which are kept.
        bad: the numbers of the rows that are quarantined.
        reasons: why each is.
        duplicates: how many rows only repeat a kept one.
    """

    contract: Table
    day: str
    schema: pa.Schema
    frame: pl.DataFrame
    is_kept: Flags
    bad: Numbers
    reasons: list[str]
    duplicates: int

    @property
    def ledger(self) -> Ledger:
        """Where the rows went."""
        return Ledger(self.frame.height, int(self.is_kept.sum()), self.duplicates, len(self.bad))

    def kept(self) -> pa.Table:
        """The rows that are kept."""
        import polars as pl

        kept = self.frame if self.is_kept.all() else self.frame.filter(pl.Series(self.is_kept))
        return kept.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self.schema)

    def quarantined(self, landed: Landed) -> pa.Table:
        """The rows that are quarantined, as they were landed."""
        return pa.table(
            {
                "day": pa.repeat(self.day, len(self.bad)),
                "row_number": pa.array(self.bad, pa.int64()),
                "reason": pa.array(self.reasons, pa.string()),
                "raw_row": pa.array(raw_texts(landed, self.bad.tolist()), pa.string()),
                "source": pa.repeat(landed.path, len(self.bad)),
            },
            schema=table(f"{self.contract.key}_quarantine").arrow_schema,
        )


def refine(
    name: str, day: str, landed: Landed, known: Mapping[str, pa.ChunkedArray], extra: pa.Table | None = None
) -> Refined:
    """Judge the rows of a landed object and sort them out; see `judge`."""
    judged = judge(name, day, landed, known, extra)
    return Refined(judged.quarantined(landed), judged.ledger, judged.kept())


def judge(
    name: str, day: str, landed: Landed, known: Mapping[str, pa.ChunkedArray], extra: pa.Table | None = None
) -> Judged:
    """Judge the rows of a landed object.

    The rules are tried in the order of `Rule`, a row gets the first reason that holds. Of the rows that break none
    and share a key, the first is kept; its repetitions are duplicates, others contradict it and are quarantined.

    Args:
        name: the exported table.
        day: the partition, an ISO date.
        landed: the object.
        known: for each referring column of the contract, the keys that it may refer to.
        extra: columns beyond the contract that the kept rows have too, one row per landed row.
    """
    import polars as pl

    contract = table(f"lakehouse/{name}")
    added = pl.DataFrame(pl.from_arrow(extra)) if extra is not None else pl.DataFrame()
    rows = pl.DataFrame(pl.from_arrow(landed.rows))
    read = [column for column in contract.columns if column.name not in DERIVED]
    # Columns are read side by side, as the expressions of one selection.
    frame = rows.select([typed(column, rows.schema[raw_name(column)]) for column in read])
    derived = [pl.col(moment).dt.date().cast(pl.String).alias(name) for name, moment in DERIVED.items()
               if moment and name in contract.arrow_schema.names]  # fmt: skip
    if contract.partition_by:
        derived.append(pl.lit(day).alias(contract.partition_by))
    frame = frame.with_columns(derived).select(contract.arrow_schema.names)
    unreadable = {column.name: _unreadable(column, frame, rows) for column in read}
    masks = [
        (Rule.NOT_JSON.value, pl.Series(landed.is_broken)),
        *_missing_or_unreadable(contract, frame, {name: mask for name, mask in unreadable.items() if mask is not None}),
        *_evaluated(frame, [*_broken_alone(read, frame), *_broken_in_company(contract, day, known)]),
    ]
    codes = _first_reasons([mask for _, mask in masks], rows.height)
    del rows, unreadable
    frame = frame.hstack(added.get_columns()) if added.width else frame
    schema = pa.schema([*contract.arrow_schema, *(extra.schema if extra is not None else ())])
    frame = frame.select(schema.names)
    is_kept = codes < 0
    repeated, is_same = _repetitions(contract, frame, is_kept)
    codes[repeated[~is_same]] = len(masks)
    is_kept[repeated] = False
    reasons = [*(reason for reason, _ in masks), Rule.CONFLICTING.on(contract.keys[0])]
    bad = np.flatnonzero(codes >= 0)
    return Judged(
        contract, day, schema, frame, is_kept, bad, [reasons[code] for code in codes[bad].tolist()], int(is_same.sum())
    )


def _unreadable(column: Column, frame: pl.DataFrame, rows: pl.DataFrame) -> pl.Series | None:
    """Where a value was landed and none is read; none where there is no such row."""
    values, raw = frame[column.name], rows[raw_name(column)]
    if column.type == "string" or values.null_count() == raw.null_count():
        return None
    return values.is_null() & raw.is_not_null()


def _evaluated(frame: pl.DataFrame, masks: Sequence[tuple[str, pl.Expr]]) -> list[tuple[str, pl.Series]]:
    """The rows that each reason holds for, all computed at once."""
    columns = frame.select([mask.alias(str(number)) for number, (_, mask) in enumerate(masks)]).get_columns()
    return [(reason, column) for (reason, _), column in zip(masks, columns, strict=True)]


def _first_reasons(masks: Sequence[pl.Series], rows: int) -> Codes:
    """For each row the number of the first mask that holds, -1 where none does."""
    codes = np.full(rows, -1, np.int16)
    for code, mask in reversed(list(enumerate(masks))):
        # Nearly every rule holds for no row, or for few.
        if mask.any():
            held = mask.fill_null(value=False) if mask.null_count() else mask
            codes[np.flatnonzero(held.to_numpy())] = code
    return codes


def _missing_or_unreadable(
    contract: Table, frame: pl.DataFrame, unreadable: Mapping[str, pl.Series]
) -> Iterator[tuple[str, pl.Series]]:
    """The first reasons that a value alone gives: it is not there, or it cannot be read."""
    for column in contract.columns:
        if not column.nullable and frame[column.name].null_count() and column.name not in DERIVED:
            is_null, known = frame[column.name].is_null(), unreadable.get(column.name)
            yield Rule.NULL.on(column.name), is_null if known is None else is_null & ~known
    for name, mask in unreadable.items():
        yield Rule.UNREADABLE.on(name), mask


def _broken_alone(read: Sequence[Column], frame: pl.DataFrame) -> Iterator[tuple[str, pl.Expr]]:
    """The other reasons that a value alone gives, in the order in which rules are tried."""
    import polars as pl

    for column in read:
        name, values = column.name, frame[column.name]
        if column.minimum is not None and (low := values.min()) is not None and low < column.minimum:
            yield Rule.OUT_OF_RANGE.on(name), pl.col(name) < column.minimum
        if column.maximum is not None and (high := values.max()) is not None and high > column.maximum:
            yield Rule.OUT_OF_RANGE.on(name), pl.col(name) > column.maximum
    for column in read:
        if column.allowed:
            yield Rule.NOT_ALLOWED.on(column.name), ~pl.col(column.name).is_in(list(column.allowed))


def _broken_in_company(
    contract: Table, day: str, known: Mapping[str, pa.ChunkedArray]
) -> Iterator[tuple[str, pl.Expr]]:
    """Reasons that come from the partition and from other tables."""
    import polars as pl

    moment = next((column.name for column in contract.columns if column.type == "timestamp"), None)
    if contract.partition_by and moment:
        # Some exports may bring rows of the days just before.
        end = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)
        start = end - timedelta(days=1 + LATE.get(contract.name, 0))
        yield Rule.OUTSIDE_DAY.on(moment), (pl.col(moment) >= end) | (pl.col(moment) < start)
    for name, keys in known.items():
        members = pl.Series(pl.from_arrow(keys), dtype=pl.String)
        is_orphan = partial(numbered.unknown, members=members)
        yield Rule.ORPHAN.on(name), pl.col(name).map_batches(is_orphan, return_dtype=pl.Boolean)


def _repetitions(contract: Table, frame: pl.DataFrame, is_sound: Flags) -> tuple[Numbers, Flags]:
    """The sound rows whose key an earlier sound row has, and which of them are the same as the first in all columns."""
    import polars as pl

    keys = list(contract.keys)
    asked = frame.select(keys)
    shared = numbered.repeated(asked if is_sound.all() else asked.filter(pl.Series(is_sound)))
    if not shared.any():
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    numbers = np.flatnonzero(is_sound)[shared.to_numpy()]
    sharing = frame[numbers].with_columns(_row=pl.Series(numbers))
    sharing = sharing.with_columns(_first=pl.col("_row").first().over(keys))
    repeated = sharing.filter(pl.col("_row") != pl.col("_first"))
    originals = repeated.select("_first").join(
        sharing, left_on="_first", right_on="_row", how="left", maintain_order="left"
    )
    is_same = pl.select(
        pl.all_horizontal([repeated[name].eq_missing(originals[name]) for name in frame.columns])
    ).to_series()
    return repeated["_row"].to_numpy(), is_same.to_numpy()

"""Judge landed rows: each is kept, counted as a duplicate, or quarantined with one reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.contracts.business import DERIVED, raw_name
from semops_data.contracts.rules import Rule
from semops_data.lakehouse import numbered
from semops_data.lakehouse.breaches import alone, moment, outside_day, strangers
from semops_data.lakehouse.reading import dates, read
from semops_data.lakehouse.together import together
from semops_data.landing.objects import raw_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from semops_data.contracts import Table
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
        rows: (n) all rows in the columns that were read, null where nothing could be read.
        is_kept: (n,) which are kept.
        bad: the numbers of the rows that are quarantined.
        reasons: why each is.
        duplicates: how many rows only repeat a kept one.
    """

    contract: Table
    day: str
    schema: pa.Schema
    rows: pa.Table
    is_kept: Flags
    bad: Numbers
    reasons: list[str]
    duplicates: int

    @property
    def ledger(self) -> Ledger:
        """Where the rows went."""
        return Ledger(self.rows.num_rows, int(self.is_kept.sum()), self.duplicates, len(self.bad))

    def kept(self) -> pa.Table:
        """The rows that are kept."""
        rows, count = self.rows, self.ledger.rows_kept
        if count < rows.num_rows:
            mask = pa.array(self.is_kept)
            works = [partial(column.filter, mask) for column in rows.columns]
            rows = pa.table(together(works, rows.num_rows), rows.column_names)
        found = dict(zip(rows.column_names, rows.columns, strict=True))
        for name, source in DERIVED.items():
            if name in self.schema.names:
                found[name] = dates(found[source]) if source else pa.repeat(self.day, count)
        return pa.table([found[name] for name in self.schema.names], schema=self.schema)

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


def read_columns(name: str, landed: Landed) -> dict[str, pa.ChunkedArray]:
    """The columns of an export in their contract's types, read side by side: null where nothing could be read."""
    columns = [column for column in table(f"lakehouse/{name}").columns if column.name not in DERIVED]
    works = [partial(read, column, landed.rows.column(raw_name(column))) for column in columns]
    return dict(zip([column.name for column in columns], together(works, landed.rows.num_rows), strict=True))


def judge(
    name: str,
    day: str,
    landed: Landed,
    known: Mapping[str, pa.ChunkedArray],
    extra: pa.Table | None = None,
    *,
    columns: Mapping[str, pa.ChunkedArray] | None = None,
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
        columns: what `read_columns` gave, where it was asked already.
    """
    contract, raw = table(f"lakehouse/{name}"), landed.rows
    found = dict(columns) if columns is not None else read_columns(name, landed)
    read_ones = [column for column in contract.columns if column.name in found]
    # What an export does not hold is the same for all of its rows.
    keys = pa.table({key: found[key] for key in contract.keys if key not in DERIVED})
    # The rules are tried side by side, those first that take longest.
    works: list[Callable[[], list[tuple[Rule, Flags]]]] = [lambda: [(Rule.CONFLICTING, numbered.repeated(keys))]]
    works += [partial(strangers, found[name], members) for name, members in known.items()]
    works += [partial(alone, each, found[each.name], raw.column(raw_name(each))) for each in read_ones]
    [(_, shares_key)], *broken = together(works, raw.num_rows)
    named = list(zip([*known, *(column.name for column in read_ones)], broken, strict=True))
    if contract.partition_by and (at := moment(contract)):
        named.append((at, outside_day(contract, day, found[at])))
    masks = [(Rule.NOT_JSON.value, landed.is_broken)]
    for rule in Rule:
        masks += [(rule.on(name), mask) for name, each in named for which, mask in each if which is rule]
    codes = _first_reasons([mask for _, mask in masks], raw.num_rows)
    rows = pa.table({**found, **({} if extra is None else dict(zip(extra.column_names, extra.columns, strict=True)))})
    is_kept = codes < 0
    repeated, is_same = _repetitions(contract, rows, np.flatnonzero(shares_key & is_kept))
    codes[repeated[~is_same]] = len(masks)
    is_kept[repeated] = False
    reasons = [*(reason for reason, _ in masks), Rule.CONFLICTING.on(contract.keys[0])]
    bad = np.flatnonzero(codes >= 0)
    schema = pa.schema([*contract.arrow_schema, *(() if extra is None else extra.schema)])
    return Judged(
        contract, day, schema, rows, is_kept, bad, [reasons[code] for code in codes[bad].tolist()], int(is_same.sum())
    )


def _first_reasons(masks: Sequence[Flags], rows: int) -> Codes:
    """For each row the number of the first mask that holds, -1 where none does."""
    codes = np.full(rows, -1, np.int16)
    for code, mask in reversed(list(enumerate(masks))):
        # Nearly every rule holds for no row, or for few.
        codes[np.flatnonzero(mask)] = code
    return codes


def _repetitions(contract: Table, rows: pa.Table, numbers: Numbers) -> tuple[Numbers, Flags]:
    """The rows whose key an earlier one has, and which of them are the same as the first in all columns.

    Args:
        contract: gives the key.
        rows: all rows.
        numbers: those that are sound, and share their key with some other.
    """
    import polars as pl

    if not len(numbers):
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    sharing = pl.DataFrame(pl.from_arrow(rows.take(pa.array(numbers)))).with_columns(_row=pl.Series(numbers))
    sharing = sharing.with_columns(
        _first=pl.col("_row").first().over([key for key in contract.keys if key not in DERIVED])
    )
    repeated = sharing.filter(pl.col("_row") != pl.col("_first"))
    originals = repeated.select("_first").join(
        sharing, left_on="_first", right_on="_row", how="left", maintain_order="left"
    )
    is_same = pl.select(
        pl.all_horizontal([repeated[name].eq_missing(originals[name]) for name in rows.column_names])
    ).to_series()
    return repeated["_row"].to_numpy(), is_same.to_numpy()

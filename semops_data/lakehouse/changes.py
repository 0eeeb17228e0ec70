"""The change data feed of a table, folded to one net change per key: what a copy elsewhere has to do to catch up.

What Delta's own feed does not say by itself, and this does: rows come in no order; a replaced partition appears as
all of its rows deleted and inserted; a version before the feed was on, or whose files were vacuumed, is an error
(`ChangesGoneError`: load the whole table), and so is a version after the latest (`ValueError`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from semops_data.contracts import table
from semops_data.landing.advice import first_line
from semops_data.landing.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from deltalake import DeltaTable

    from semops_data.contracts import Table
    from semops_data.lakehouse.lake import Lake

FEED = "delta.enableChangeDataFeed"
GONE = ("change data enabled", "Failed to fetch metadata", "No such file", "not found", "NotFound")
ENDS = ("insert", "update_postimage")


class ChangesGoneError(StoreError):
    """The changes since that version are no longer in storage, or never were; the whole table can still be read."""


def has_feed(contract: Table) -> bool:
    """Whether changes of the table are recorded: of the typed tables of the business, which the warehouse follows."""
    return contract.room == "lakehouse" and bool(contract.keys) and not contract.name.endswith("_quarantine")


def changes(
    lake: Lake,
    key: str,
    since_version: int,
    *,
    until_version: int | None = None,
    where: Mapping[str, str] | None = None,
) -> pa.Table:
    """One row per key that differs between two versions; see `Lake.changes`."""
    from semops_data.lakehouse.writing import guarded

    contract, delta = table(key), lake.open(key)
    latest = int(delta.version())
    until = latest if until_version is None else until_version
    if not 0 <= since_version <= until <= latest:
        raise ValueError(
            f"Delta table {key} has versions 0 to {latest}: no changes after {since_version} up to {until}"
        )
    names = contract.arrow_schema.names
    if since_version == until:
        return _conformed(contract, None)
    with guarded("read", lake.uri(key)):
        raw = _feed(delta, key, since_version + 1, until)
    rows = raw.select([*names, "_change_type", "_commit_version"])
    return _conformed(contract, net(contract, rows, where or {}))


def _feed(delta: DeltaTable, key: str, first: int, last: int) -> pl.DataFrame:
    """The feed as Delta gives it.

    Raises:
        ChangesGoneError: where a version has no feed any more, or never had.
    """
    import polars as pl

    try:
        feed = delta.load_cdf(starting_version=first, ending_version=last)
        return pl.DataFrame(pl.from_arrow(pa.table(feed.read_all())))
    except Exception as error:
        # Arrow passes a missing file of the stream on as a bare Exception.
        if not any(word in str(error) for word in GONE):
            raise
        raise ChangesGoneError(
            f"the changes of {key} in versions {first} to {last} are not in storage ({first_line(error)}): they were "
            "vacuumed, or made before the feed was on; load the whole table instead"
        ) from error


def net(contract: Table, rows: pl.DataFrame, where: Mapping[str, str]) -> pl.DataFrame:
    """Fold a feed: per key its first record says what was there before, its last what is there now.

    Args:
        contract: gives the key.
        rows: the contract's columns, `_change_type`, `_commit_version`; in any order.
        where: equality on columns; a key that left the partition counts as deleted from it.
    """
    import polars as pl

    for name, value in where.items():
        rows = rows.filter(pl.col(name) == value)
    keys = list(contract.keys)
    is_end = pl.col("_change_type").is_in(list(ENDS))
    # Inside one version the old row comes before the new one.
    rows = rows.with_columns(_is_end=is_end).sort([*keys, "_commit_version", "_is_end"])
    first = rows.unique(keys, keep="first", maintain_order=True)
    last = rows.unique(keys, keep="last", maintain_order=True)
    was, values = ~first["_is_end"], [name for name in contract.arrow_schema.names if name not in keys]
    same = pl.select(
        pl.all_horizontal([first[name].eq_missing(last[name]) for name in values] or [pl.lit(value=True)])
    ).to_series()
    now = last["_is_end"]
    kind = pl.select(
        pl.when(was & now & ~same).then(pl.lit("update"))
        .when(~was & now).then(pl.lit("insert"))
        .when(was & ~now).then(pl.lit("delete"))
    ).to_series()  # fmt: skip
    return last.with_columns(_change_type=kind).filter(kind.is_not_null())


def _conformed(contract: Table, rows: pl.DataFrame | None) -> pa.Table:
    schema = contract.arrow_schema
    for extra in (pa.field("_change_type", pa.string(), False), pa.field("_commit_version", pa.int64(), False)):
        schema = schema.append(extra)
    return schema.empty_table() if rows is None else rows.select(schema.names).to_arrow().cast(schema)

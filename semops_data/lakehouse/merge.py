"""MERGE into a Delta table by the contract's key: only rows that differ are written, and nothing where none does.

A partition that holds no row yet is written as a whole: to insert everything is what the MERGE would do, and the
write gives way to whoever else commits meanwhile, just as the MERGE does.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError

from semops_data.contracts import table
from semops_data.lakehouse.changes import FEED, has_feed
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.fill import Fill, is_empty
from semops_data.lakehouse.lake import Commit, scan, widened
from semops_data.lakehouse.schema import CONSTRAINT, commented, constrain, constraints, evolve
from semops_data.lakehouse.writing import Transactions, partition_text, predicate, retried

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.contracts import Column, Table
    from semops_data.lakehouse.lake import Lake

GONE = "_is_gone"


def merge(
    lake: Lake,
    key: str,
    data: pa.Table,
    *,
    where: Mapping[str, str] | None = None,
    newest_by: str | None = None,
    also: Sequence[Column] = (),
    origin: str | None = None,
) -> Commit:
    """Bring rows into a table by its key; see `Lake.merge`."""
    data = lake.conform(key, data, also)
    lake.refuse_strays(key, data, where)
    work = _Merge(lake, widened(table(key), also), data, dict(where or {}), newest_by, origin)
    with ThreadPoolExecutor(1) as pool:
        # The digest asks nobody, and is made beside all that comes before the commit.
        pool.submit(lambda: work.content)
        _refuse_repeated_keys(table(key), data)
        changed, version = retried(work.attempt, lake.uri(key), f"table {key}{partition_text(where)}")
    return Commit(key, version, data.num_rows, changed=changed, digest=work.content)


@dataclass(frozen=True)
class _Merge:
    """One merge, attempted until no other writer is first."""

    lake: Lake
    contract: Table
    data: pa.Table
    where: dict[str, str]
    newest_by: str | None
    origin: str | None

    @cached_property
    def content(self) -> str:
        """The digest of the rows."""
        return digest(self.data)

    @cached_property
    def transactions(self) -> Transactions:
        """What makes the same write known when it is met again."""
        return Transactions(self.contract.key, self.where, self.content, self.origin)

    @cached_property
    def fill(self) -> Fill:
        """How an empty table or partition gets the rows."""
        return Fill(self.lake, self.contract, self.data, self.where)

    def attempt(self) -> tuple[bool, int]:
        """One MERGE from what the table holds now: whether it, or an attempt before it, committed; and the version."""
        delta = prepared(self.lake, self.contract)
        if is_empty(delta, self.where):
            if not self.data.num_rows:
                return False, int(delta.version())
            version = self._filled(delta)
            if version is not None:
                return True, version
        if self.transactions.are_of_another_origin(delta):
            return True, self._overwritten(delta)
        mine = self.transactions.are_in(delta)
        held = scan(delta, self.data.column_names, self.where)
        fresh, stale = difference(self.contract, held.cast(self.data.schema), self.data, self.newest_by)
        gone = stale if self.where else stale.slice(0, 0)
        if not fresh.num_rows and not gone.num_rows:
            # A commit whose answer was lost looks like a conflict with ourselves: the rows are there, by our hand.
            return mine and self.transactions.was_tried, int(delta.version())
        self._merge(delta, fresh, gone)
        return True, int(delta.version())

    def _filled(self, delta: DeltaTable) -> int | None:
        """Write all rows; the version, or None where others were quicker."""
        if self.fill.fits(delta):
            self.fill.write()
            return self.fill.commit(delta, self.transactions)
        return self._overwritten(delta)

    def _overwritten(self, delta: DeltaTable) -> int:
        """Write all rows in the place of those that the table or the partition holds."""
        options: dict[str, Any] = {"predicate": predicate(self.where)} if self.where else {}
        if len(delta.schema().fields) != len(self.data.column_names):
            options["schema_mode"] = "merge"
        write_deltalake(delta, self.data, mode="overwrite", commit_properties=self.transactions.properties(), **options)
        return int(delta.version())

    def _merge(self, delta: DeltaTable, fresh: pa.Table, gone: pa.Table) -> None:
        """Write only what differs: the feed then says what happened, and no more."""
        keys = [f"target.{name} = source.{name}" for name in self.contract.keys]
        scope = [predicate({f"target.{name}": value}) for name, value in self.where.items()]
        source = pa.concat_tables([
            fresh.append_column(GONE, pa.repeat(pa.scalar(False), fresh.num_rows)),
            gone.append_column(GONE, pa.repeat(pa.scalar(True), gone.num_rows)),
        ])  # fmt: skip
        values = {name: f"source.{name}" for name in self.data.column_names}
        merger = delta.merge(
            source,
            " AND ".join(keys + scope),
            source_alias="source",
            target_alias="target",
            commit_properties=self.transactions.properties(),
        )
        if gone.num_rows:
            merger = merger.when_matched_delete(predicate=f"source.{GONE}")
        merger = merger.when_matched_update(values, predicate=_is_newer(self.newest_by))
        merger.when_not_matched_insert(values, predicate=f"NOT source.{GONE}").execute()


def _refuse_repeated_keys(contract: Table, data: pa.Table) -> None:
    keys, rest = data.select(list(contract.keys)), data.num_rows - 1
    if rest < 1:
        return
    # The rows are in key order: what is repeated stands side by side.
    is_repeated = reduce(pc.and_, (pc.equal(column.slice(1), column.slice(0, rest)) for column in keys.columns))
    if pc.any(is_repeated).as_py():
        first = tuple(keys.slice(pc.index(is_repeated, value=True).as_py(), 1).to_pylist()[0].values())
        raise ValueError(f"rows for {contract.key} repeat keys, {first} first: remove duplicates before merging")


def _is_newer(newest_by: str | None) -> str | None:
    # The export of a day wins over itself: it may be corrected, and what it says last counts.
    return f"source.{newest_by} >= date_trunc('day', target.{newest_by})" if newest_by else None


def difference(contract: Table, held: pa.Table, data: pa.Table, newest_by: str | None) -> tuple[pa.Table, pa.Table]:
    """What a merge would change.

    Args:
        contract: gives the key.
        held: the rows of the table, or of the partition.
        data: the rows that are to be merged, in the contract's types.
        newest_by: the column of the moment whose newer day wins, where one decides.

    Returns:
        The rows of `data` that are new or differ, and the held rows whose key `data` does not have.
    """
    import polars as pl

    keys = list(contract.keys)
    values = [name for name in data.column_names if name not in keys]
    new, old = (
        pl.DataFrame(pl.from_arrow(data)),
        pl.DataFrame(pl.from_arrow(held)).with_columns(_held=pl.lit(value=True)),
    )
    joined = new.join(old, on=keys, how="left", suffix="_held", maintain_order="left")
    differs = pl.any_horizontal(
        [pl.col(name).ne_missing(pl.col(f"{name}_held")) for name in values] or [pl.lit(value=False)]
    )
    if newest_by:
        differs &= pl.col(newest_by) >= pl.col(f"{newest_by}_held").dt.truncate("1d")
    is_fresh = joined.select(pl.col("_held").is_null() | differs).to_series()
    stale = old.select(data.column_names).join(new, on=keys, how="anti")
    return data.filter(is_fresh.to_arrow()), stale.to_arrow().cast(data.schema)


def prepared(lake: Lake, contract: Table) -> DeltaTable:
    """The Delta table at its latest version, with the columns, comments, constraints and feed of its contract.

    Raises:
        SchemaChangeError: where the table's columns cannot become those of the contract.
    """
    uri, options = lake.uri(contract.key), dict(lake.storage_options)
    lake.make_root()
    try:
        delta = DeltaTable(uri, storage_options=options)
        evolve(delta, contract)
    except TableNotFoundError:
        # Beside the feed, Delta knows that constraints are to be kept; else they follow in a commit of their own.
        configuration = {FEED: "true"} | {f"{CONSTRAINT}{name}": text for name, text in constraints(contract).items()}
        delta = DeltaTable.create(
            uri,
            commented(contract.arrow_schema),
            mode="error",
            partition_by=[contract.partition_by] if contract.partition_by else None,
            name=contract.key,
            description=contract.description,
            configuration=configuration if has_feed(contract) else None,
            storage_options=options,
            raise_if_key_not_exists=False,
        )
    if has_feed(contract) and delta.metadata().configuration.get(FEED) != "true":
        delta.alter.set_table_properties({FEED: "true"})
    constrain(delta, contract)
    return delta

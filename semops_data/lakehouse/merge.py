"""MERGE into a Delta table by the contract's key: only rows that differ are written, and nothing where none does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import DeltaTable

from semops_data.contracts import table
from semops_data.lakehouse.changes import FEED, has_feed
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.lake import Commit, scan
from semops_data.lakehouse.writing import literal, retried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.contracts import Column, Table
    from semops_data.lakehouse.lake import Lake


def merge(
    lake: Lake, key: str, data: pa.Table, *, where: Mapping[str, str] | None = None, newest_by: str | None = None
) -> Commit:
    """Bring rows into a table by its key; see `Lake.merge`."""
    data = lake.conform(key, data)
    lake.refuse_strays(key, data, where)
    _refuse_repeated_keys(table(key), data)
    changed = retried(lambda: _attempt(lake, table(key), data, where or {}, newest_by), lake.uri(key))
    return Commit(key, lake.version(key), data.num_rows, changed=changed, digest=digest(data))


def _refuse_repeated_keys(contract: Table, data: pa.Table) -> None:
    import polars as pl

    keys = pl.DataFrame(pl.from_arrow(data.select(list(contract.keys))))
    repeated = keys.filter(keys.is_duplicated())
    if repeated.height:
        raise ValueError(
            f"rows for {contract.key} repeat keys, {repeated.row(0)} first: remove duplicates before merging"
        )


def _attempt(lake: Lake, contract: Table, data: pa.Table, where: Mapping[str, str], newest_by: str | None) -> bool:
    """One MERGE from what the table holds now; whether it committed anything."""
    delta = prepared(lake, contract)
    held = scan(delta, data.column_names, where)
    fresh, stale = difference(contract, held.cast(data.schema), data, newest_by)
    stale = stale if where else 0
    if not fresh.num_rows and not stale:
        return False
    keys = [f"target.{name} = source.{name}" for name in contract.keys]
    scope = [f"target.{name} = '{literal(value)}'" for name, value in where.items()]
    merger = delta.merge(
        data if stale else fresh, " AND ".join(keys + scope), source_alias="source", target_alias="target"
    )
    merger = merger.when_matched_update_all(predicate=_is_newer(newest_by)).when_not_matched_insert_all()
    if stale:
        merger = merger.when_not_matched_by_source_delete(predicate=" AND ".join(scope))
    merger.execute()
    return True


def _is_newer(newest_by: str | None) -> str | None:
    # The export of a day wins over itself: it may be corrected, and what it says last counts.
    return f"source.{newest_by} >= date_trunc('day', target.{newest_by})" if newest_by else None


def difference(contract: Table, held: pa.Table, data: pa.Table, newest_by: str | None) -> tuple[pa.Table, int]:
    """What a merge would change.

    Args:
        contract: gives the key.
        held: the rows of the table, or of the partition.
        data: the rows that are to be merged, in the contract's types.
        newest_by: the column of the moment whose newer day wins, where one decides.

    Returns:
        The rows of `data` that are new or differ, and the number of held rows whose key `data` does not have.
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
    stale = old.join(new, on=keys, how="anti").height
    return data.filter(is_fresh.to_arrow()), stale


def prepared(lake: Lake, contract: Table) -> DeltaTable:
    """The Delta table at its latest version, made with the contract's comments and constraints where it is missing."""
    uri, options = lake.uri(contract.key), dict(lake.storage_options)
    lake.make_root()
    if DeltaTable.is_deltatable(uri, storage_options=options):
        delta = DeltaTable(uri, storage_options=options)
    else:
        delta = DeltaTable.create(
            uri,
            pa.schema([_commented(field) for field in contract.arrow_schema]),
            mode="error",
            partition_by=[contract.partition_by] if contract.partition_by else None,
            name=contract.key,
            description=contract.description,
            configuration={FEED: "true"} if has_feed(contract) else None,
            storage_options=options,
        )
    held = delta.metadata().configuration
    if has_feed(contract) and held.get(FEED) != "true":
        delta.alter.set_table_properties({FEED: "true"})
    wanted = {name: text for name, text in constraints(contract).items() if f"delta.constraints.{name}" not in held}
    if wanted:
        delta.alter.add_constraint(wanted)
    return delta


def _commented(field: pa.Field) -> pa.Field:
    metadata = field.metadata or {}
    return field.with_metadata(metadata | {b"comment": metadata.get(b"description", b"")})


def constraints(contract: Table) -> dict[str, str]:
    """The contract's ranges and closed sets as SQL, by the name of the Delta constraint."""
    found = {}
    for column in contract.columns:
        rules = _rules(column)
        if rules:
            text = " AND ".join(rules)
            # To Delta, a null breaks a check that does not name it.
            found[f"{column.name}_is_legal"] = f"{column.name} IS NULL OR ({text})" if column.nullable else text
    return found


def _rules(column: Column) -> list[str]:
    rules = [f"{column.name} >= {column.minimum:.0f}"] if column.minimum is not None else []
    rules += [f"{column.name} <= {column.maximum:.0f}"] if column.maximum is not None else []
    if column.allowed:
        rules.append(f"{column.name} IN ({', '.join(repr(literal(value)) for value in column.allowed)})")
    return rules

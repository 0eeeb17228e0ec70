"""Load one partition of a table: PUT, COPY into a stage table, MERGE by key, delete what is gone, all or nothing.

`load` takes Arrow rows, `refresh` the rows of a SELECT; both end in the same swap. Loading the same rows again
changes nothing. DDL ends a transaction in Snowflake, so all of it comes before BEGIN.
"""

from __future__ import annotations

import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from semops_data.contracts import Table, table
from semops_data.contracts.loads import LOAD_LEDGER
from semops_data.lakehouse.digest import digest
from semops_data.warehouse import ddl, ledger
from semops_data.warehouse.names import day_label, qualified, quote
from semops_data.warehouse.session import Counts, Session, StatementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.warehouse.warehouse import Warehouse

STAGE = "LOADS"
LOADABLE = frozenset(("string", "int64", "int32", "float64", "float32", "bool", "date32", "timestamp"))


@dataclass(frozen=True)
class Load:
    """What one load left behind.

    Attributes:
        key: the table.
        day: the partition, or None for the whole table.
        rows: rows of the partition, or of the table.
        counts: rows that were inserted, updated, deleted.
        digest: sha256 of the partition's rows, hexadecimal.
        is_skipped: the ledger said that these rows are there, so nothing was sent.
    """

    key: str
    day: str | None
    rows: int
    counts: Counts
    digest: str
    is_skipped: bool


def load(warehouse: Warehouse, key: str, data: pa.Table, *, day: str | None, run_id: str = "") -> Load:
    """Make the table's partition hold exactly these rows.

    Args:
        warehouse: where to.
        key: the table's key, `warehouse/fct_orders`.
        data: rows with at least the contract's columns; others are left out.
        day: the partition that is replaced; None replaces the whole table.
        run_id: the run, for the query tag and the ledger.

    Raises:
        ValueError: where the rows do not fit the contract, repeat a key, or lie outside the day.
        StatementError: where Snowflake refuses; the transaction is rolled back.
        UnreachableError: where it does not answer in time.
    """
    contract = table(key)
    data = conform(contract, data, day)
    content = digest(data)
    with warehouse.session(run_id=run_id, asset_key=key) as session:
        prepare(session, warehouse, LOAD_LEDGER, contract)
        if _is_held(session, warehouse, contract, day, content, data.num_rows):
            return Load(key, day, data.num_rows, Counts(), content, is_skipped=True)
        stage_table = f"STAGE_{contract.name}"
        session.execute(ddl.create_stage_table(contract, stage_table))
        # The emulator forgets its stages with each restart.
        session.execute(f"CREATE STAGE IF NOT EXISTS {warehouse.name(STAGE)}")
        # A folder of its own: a second load of the same rows at the same time would purge our file.
        folder = f"{contract.name}/{day_label(day)}/{uuid.uuid4().hex}"
        _upload(session, f"@{warehouse.name(STAGE)}/{folder}", data, content)
        with session.transaction():
            if data.num_rows:
                copy(session, warehouse, contract, stage_table, f"{folder}/{content}.parquet", data.num_rows)
            counts = swap(session, warehouse, contract, stage_table, day)
            ledger.record(
                session, warehouse, key, day=day, run_id=run_id, digest=content, rows=data.num_rows, counts=counts
            )
    return Load(key, day, data.num_rows, counts, content, is_skipped=False)


def refresh(
    warehouse: Warehouse,
    key: str,
    select: str,
    *values: object,
    reads: Sequence[str] = (),
    day: str | None,
    run_id: str = "",
) -> tuple[Load, pa.Table]:
    """Make the table's partition hold exactly the rows of a SELECT that runs in the warehouse.

    Args:
        warehouse: where.
        key: the table's key, `warehouse/funnel`.
        select: the SELECT; its columns bear the contract's names.
        values: bound values of its `?`.
        reads: keys of the warehouse tables that it reads; created empty where nothing has been loaded yet.
        day: the partition that is replaced; None replaces the whole table.
        run_id: the run, for the query tag and the ledger.

    Returns:
        The load, and the rows in key order.

    Raises:
        StatementError: where Snowflake refuses; the transaction is rolled back.
        UnreachableError: where it does not answer in time.
    """
    contract = table(key)
    with warehouse.session(run_id=run_id, asset_key=key) as session:
        prepare(session, warehouse, LOAD_LEDGER, contract, *map(table, reads))
        stage_table = f"STAGE_{contract.name}"
        session.execute(ddl.create_stage_table(contract, stage_table))
        columns = ", ".join(quote(column.name) for column in contract.columns)
        with session.transaction():
            session.execute(
                f"INSERT INTO {quote(stage_table)} ({columns}) SELECT {columns} FROM (\n{select}\n)",  # noqa: S608
                *values,
            )
            rows = read(session, contract, quote(stage_table))
            content = digest(conform(contract, rows, day))
            if _is_held(session, warehouse, contract, day, content, rows.num_rows):
                return Load(key, day, rows.num_rows, Counts(), content, is_skipped=True), rows
            counts = swap(session, warehouse, contract, stage_table, day)
            ledger.record(
                session, warehouse, key, day=day, run_id=run_id, digest=content, rows=rows.num_rows, counts=counts
            )
    return Load(key, day, rows.num_rows, counts, content, is_skipped=False), rows


def conform(contract: Table, data: pa.Table, day: str | None) -> pa.Table:
    """The contract's columns and types, in key order.

    Raises:
        ValueError: naming what does not fit: columns, types, nulls, repeated keys, rows of another day.
    """
    unloadable = [column.name for column in contract.columns if column.type not in LOADABLE]
    missing = [column.name for column in contract.columns if column.name not in data.column_names]
    if unloadable or missing:
        raise ValueError(f"rows for {contract.key} do not fit: missing {missing}, lists are not loaded {unloadable}")
    nulls = [column.name for column in contract.columns if not column.nullable and data[column.name].null_count]
    if nulls:
        raise ValueError(f"rows for {contract.key} have nulls in {nulls}, which the contract forbids")
    try:
        data = data.select([column.name for column in contract.columns]).cast(contract.arrow_schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise ValueError(f"rows for {contract.key} do not fit the contract's types: {error}") from error
    keys = list(contract.keys)
    if data.num_rows > 1 and data.group_by(keys).aggregate([]).num_rows != data.num_rows:
        raise ValueError(f"rows for {contract.key} repeat a key ({', '.join(keys)}): de-duplicate them first")
    if day is not None and contract.partition_by is not None:
        strays = [value for value in data[contract.partition_by].unique().to_pylist() if value != day]
        if strays:
            raise ValueError(f"rows for {contract.key} of {strays[:3]} lie outside the partition {day}")
    return data.sort_by([(name, "ascending") for name in keys])


def prepare(session: Session, warehouse: Warehouse, *contracts: Table) -> None:
    """Create the tables that are not there, and add columns that the contract has gained."""
    found: dict[str, set[str]] = {}
    query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ?"
    for name, column in session.execute(query, warehouse.schema):
        found.setdefault(str(name), set()).add(str(column))
    if not found and not session.is_emulated:
        session.execute(f"CREATE SCHEMA IF NOT EXISTS {qualified(warehouse.database, warehouse.schema)}")
    for contract in contracts:
        columns = found.get(contract.name.upper())
        if columns is None:
            session.execute(
                ddl.create_table(
                    contract, database=warehouse.database, schema=warehouse.schema, is_emulated=session.is_emulated
                )
            )
            continue
        for column in contract.columns:
            if column.name.upper() not in columns:
                session.execute(
                    f"ALTER TABLE {warehouse.name(contract.name)} ADD COLUMN {quote(column.name)} "
                    f"{ddl.SNOWFLAKE_TYPES[column.type]}"
                )


def copy(session: Session, warehouse: Warehouse, contract: Table, stage_table: str, path: str, rows: int) -> None:
    """Copy the staged file into the stage table and remove it from the stage.

    Raises:
        StatementError: where not every row arrived.
    """
    columns = ", ".join(f"$1:{column.name}::{ddl.SNOWFLAKE_TYPES[column.type]}" for column in contract.columns)
    found = session.execute(
        # FORCE: Snowflake skips a file that it has loaded into a table of this name before.
        f"COPY INTO {quote(stage_table)} FROM (SELECT {columns} FROM @{warehouse.name(STAGE)}/{path}) "  # noqa: S608
        "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) ON_ERROR = ABORT_STATEMENT FORCE = TRUE PURGE = TRUE"
    )
    loaded = sum(int(row[3]) for row in found if len(row) > 3)
    if loaded != rows:
        raise StatementError(f"COPY of {path} brought {loaded} of {rows} rows: {found[:3]}")


def swap(session: Session, warehouse: Warehouse, contract: Table, stage_table: str, day: str | None) -> Counts:
    """MERGE the stage table into the target and delete the partition's rows that are gone; inside a transaction."""
    target, stage = warehouse.name(contract.name), quote(stage_table)
    keys = [quote(name) for name in contract.keys]
    names = [quote(column.name) for column in contract.columns]
    others = [name for name in names if name not in keys]
    same_key = " AND ".join(f"t.{name} = s.{name}" for name in keys)
    merge = [f"MERGE INTO {target} AS t USING {stage} AS s ON {same_key}"]
    if others:
        differs = " OR ".join(f"t.{name} IS DISTINCT FROM s.{name}" for name in others)
        merge.append(f"WHEN MATCHED AND ({differs}) THEN UPDATE SET")
        merge.append(", ".join(f"t.{name} = s.{name}" for name in others))
    values = ", ".join(f"s.{name}" for name in names)
    merge.append(f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})")  # noqa: S608 - quoted names
    counts = session.change(" ".join(merge))
    gone = f"NOT EXISTS (SELECT 1 FROM {stage} AS s WHERE {same_key})"  # noqa: S608 - quoted names
    if day is None or contract.partition_by is None:
        return counts + session.change(f"DELETE FROM {target} AS t WHERE {gone}")  # noqa: S608 - quoted names
    partition = quote(contract.partition_by)
    return counts + session.change(f"DELETE FROM {target} AS t WHERE t.{partition} = ? AND {gone}", day)  # noqa: S608


def read(session: Session, contract: Table, source: str, *, day: str | None = None) -> pa.Table:
    """The rows of a quoted table in the contract's columns and key order; of one day where it is given."""
    columns = ", ".join(quote(column.name) for column in contract.columns)
    keys = ", ".join(quote(name) for name in contract.keys)
    where = f" WHERE {quote(contract.partition_by)} = ?" if day is not None and contract.partition_by else ""
    query = f"SELECT {columns} FROM {source}{where} ORDER BY {keys}"  # noqa: S608 - quoted names
    return session.arrow(query, *([day] if where else []), schema=contract.arrow_schema)


def _is_held(session: Session, warehouse: Warehouse, contract: Table, day: str | None, content: str, rows: int) -> bool:
    """Whether the ledger's last load of the partition is this one, and as many rows are still there."""
    if ledger.latest_digest(session, warehouse, contract.key, day) != content:
        return False
    where = f" WHERE {quote(contract.partition_by)} = ?" if day is not None and contract.partition_by else ""
    query = f"SELECT COUNT(*) FROM {warehouse.name(contract.name)}{where}"  # noqa: S608 - quoted names
    return int(session.execute(query, *([day] if where else []))[0][0]) == rows


def _upload(session: Session, target: str, data: pa.Table, content: str) -> None:
    if not data.num_rows:
        return
    naive = [
        # Without a zone the file says what the column is: TIMESTAMP_NTZ, in UTC by contract.
        pa.field(field.name, pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in data.schema
    ]
    with tempfile.TemporaryDirectory(prefix="semops-load-") as folder:
        file = Path(folder) / f"{content}.parquet"
        pq.write_table(data.cast(pa.schema(naive)), file, compression="snappy")
        session.put(file, target)

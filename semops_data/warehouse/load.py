"""Load one partition of a table: PUT, COPY into a stage table, MERGE by key, delete what is gone, all or nothing.

`load` takes Arrow rows, `refresh` the rows of a SELECT; both end in the same swap. Where a feed can say what changed
since the last load, only that is sent. Loading the same rows again changes nothing. DDL ends a transaction in
Snowflake, so all of it comes before BEGIN.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
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
FILE = "rows.parquet"
GONE = "is_gone"
"""Column of a stage table that marks rows which the source no longer has."""
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
        sent: rows that were uploaded.
    """

    key: str
    day: str | None
    rows: int
    counts: Counts
    digest: str
    is_skipped: bool
    sent: int = 0


Feed = Callable[[int], "pa.Table | None"]
"""Given a Delta version, the net changes since then with `_change_type`; None where they are not known."""


def load(
    warehouse: Warehouse,
    key: str,
    data: pa.Table,
    *,
    day: str | None,
    run_id: str = "",
    delta_version: int | None = None,
    feed: Feed | None = None,
) -> Load:
    """Make the table's partition hold exactly these rows.

    Args:
        warehouse: where to.
        key: the table's key, `warehouse/fct_orders`.
        data: rows with at least the contract's columns; others are left out.
        day: the partition that is replaced; None replaces the whole table.
        run_id: the run, for the query tag and the ledger.
        delta_version: version of the Delta table that the rows are of, for the ledger.
        feed: what changed since an earlier version; asked only where the ledger knows one.

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
        if is_held(session, warehouse, contract, day, content, data.num_rows):
            return Load(key, day, data.num_rows, Counts(), content, is_skipped=True)
        changed = _changed(session, warehouse, contract, day, data, feed)
        sent = data if changed is None else changed
        stage_table, path = send(session, warehouse, contract, sent, day)
        with session.transaction():
            copy(session, warehouse, contract, stage_table, path, sent)
            if changed is None:
                counts = swap(session, warehouse, contract, stage_table, day)
            else:
                counts = apply(session, warehouse, contract, stage_table)
            ledger.record(
                session,
                warehouse,
                key,
                day=day,
                run_id=run_id,
                digest=content,
                rows=data.num_rows,
                counts=counts,
                delta_version=delta_version,
            )
    return Load(key, day, data.num_rows, counts, content, is_skipped=False, sent=sent.num_rows)


def _changed(
    session: Session, warehouse: Warehouse, contract: Table, day: str | None, data: pa.Table, feed: Feed | None
) -> pa.Table | None:
    """The rows that changed since the last load, deleted ones marked; None where all rows must be sent."""
    last = ledger.latest(session, warehouse, contract.key, day) if feed is not None else None
    if feed is None or last is None or last.delta_version is None or (found := feed(last.delta_version)) is None:
        return None
    kinds = found["_change_type"].to_pylist()
    grown = kinds.count("insert") - kinds.count("delete")
    # Where rows were changed behind the ledger's back, its version says nothing about what is there.
    if count(session, warehouse, contract, day) + grown != data.num_rows:
        return None
    names = [column.name for column in contract.columns]
    return (
        found.select(names).cast(contract.arrow_schema).append_column(GONE, pc.equal(found["_change_type"], "delete"))
    )


def send(session: Session, warehouse: Warehouse, contract: Table, data: pa.Table, day: str | None) -> tuple[str, str]:
    """Make the session's stage table and upload the rows; before BEGIN.

    Returns:
        Name of the stage table, path of the file in the stage.
    """
    stage_table = f"STAGE_{contract.name}"
    session.execute(ddl.create_stage_table(contract, stage_table, extra={GONE: "BOOLEAN"}))
    # The emulator forgets its stages with each restart.
    session.execute(f"CREATE STAGE IF NOT EXISTS {warehouse.name(STAGE)}")
    # A folder of its own: a second load of the same rows at the same time would purge our file.
    folder = f"{contract.name}/{day_label(day)}/{uuid.uuid4().hex}"
    _upload(session, f"@{warehouse.name(STAGE)}/{folder}", data)
    return stage_table, f"{folder}/{FILE}"


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
            if is_held(session, warehouse, contract, day, content, rows.num_rows):
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
    is_new = any(contract.name.upper() not in found for contract in contracts)
    with_tags = is_new and not session.is_emulated and _make_tags(session, warehouse)
    for contract in contracts:
        columns = found.get(contract.name.upper())
        if columns is None:
            session.execute(
                ddl.create_table(
                    contract,
                    database=warehouse.database,
                    schema=warehouse.schema,
                    is_emulated=session.is_emulated,
                    with_tags=with_tags,
                )
            )
            continue
        for column in contract.columns:
            if column.name.upper() not in columns:
                session.execute(
                    f"ALTER TABLE {warehouse.name(contract.name)} ADD COLUMN {quote(column.name)} "
                    f"{ddl.SNOWFLAKE_TYPES[column.type]}"
                )


def _make_tags(session: Session, warehouse: Warehouse) -> bool:
    """Make the tags of the contracts; whether the account has tags at all: the standard edition has none."""
    try:
        for statement in ddl.create_tags(database=warehouse.database, schema=warehouse.schema):
            session.execute(statement)
    except StatementError:
        return False
    return True


def copy(session: Session, warehouse: Warehouse, contract: Table, stage_table: str, path: str, data: pa.Table) -> None:
    """Copy the staged file into the stage table and remove it from the stage.

    Args:
        session: inside a transaction.
        warehouse: where the stage is.
        contract: the table's.
        stage_table: the session's table to copy into.
        path: the file below the stage.
        data: what was uploaded.

    Raises:
        StatementError: where not every row arrived.
    """
    if not data.num_rows:
        return
    types = {column.name: ddl.SNOWFLAKE_TYPES[column.type] for column in contract.columns} | {GONE: "BOOLEAN"}
    columns = ", ".join(f"$1:{name}::{types[name]}" for name in data.column_names)
    names = ", ".join(quote(name) for name in data.column_names)
    found = session.execute(
        # FORCE: Snowflake skips a file that it has loaded into a table of this name before.
        f"COPY INTO {quote(stage_table)} ({names}) FROM (SELECT {columns} FROM @{warehouse.name(STAGE)}/{path}) "  # noqa: S608
        "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) ON_ERROR = ABORT_STATEMENT FORCE = TRUE PURGE = TRUE"
    )
    loaded = sum(int(row[3]) for row in found if len(row) > 3)
    if loaded != data.num_rows:
        raise StatementError(f"COPY of {path} brought {loaded} of {data.num_rows} rows: {found[:3]}")


def merge(session: Session, warehouse: Warehouse, contract: Table, source: str) -> Counts:
    """MERGE a quoted table or a SELECT in brackets into the target: new rows, and rows that differ."""
    names = [quote(column.name) for column in contract.columns]
    others = [quote(column.name) for column in contract.columns if not column.is_key]
    text = [f"MERGE INTO {warehouse.name(contract.name)} AS t USING {source} AS s ON {same_key(contract)}"]
    if others:
        differs = " OR ".join(f"t.{name} IS DISTINCT FROM s.{name}" for name in others)
        text.append(f"WHEN MATCHED AND ({differs}) THEN UPDATE SET")
        text.append(", ".join(f"t.{name} = s.{name}" for name in others))
    values = ", ".join(f"s.{name}" for name in names)
    text.append(f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})")  # noqa: S608 - quoted names
    return session.change(" ".join(text))


def same_key(contract: Table) -> str:
    """The condition that `t` and `s` are the same row."""
    return " AND ".join(f"t.{quote(name)} = s.{quote(name)}" for name in contract.keys)


def swap(session: Session, warehouse: Warehouse, contract: Table, stage_table: str, day: str | None) -> Counts:
    """MERGE the stage table into the target and delete the partition's rows that are gone; inside a transaction."""
    target, stage = warehouse.name(contract.name), quote(stage_table)
    counts = merge(session, warehouse, contract, stage)
    gone = f"NOT EXISTS (SELECT 1 FROM {stage} AS s WHERE {same_key(contract)})"  # noqa: S608 - quoted names
    if day is None or contract.partition_by is None:
        return counts + session.change(f"DELETE FROM {target} AS t WHERE {gone}")  # noqa: S608 - quoted names
    partition = quote(contract.partition_by)
    return counts + session.change(f"DELETE FROM {target} AS t WHERE t.{partition} = ? AND {gone}", day)  # noqa: S608


def apply(session: Session, warehouse: Warehouse, contract: Table, stage_table: str) -> Counts:
    """MERGE the changed rows of the stage table and delete the rows that it marks as gone; inside a transaction."""
    target, stage = warehouse.name(contract.name), quote(stage_table)
    kept = f"(SELECT * FROM {stage} WHERE NOT {quote(GONE)})"  # noqa: S608 - quoted names
    counts = merge(session, warehouse, contract, kept)
    gone = f"SELECT 1 FROM {stage} AS s WHERE s.{quote(GONE)} AND {same_key(contract)}"  # noqa: S608 - quoted names
    return counts + session.change(f"DELETE FROM {target} AS t WHERE EXISTS ({gone})")  # noqa: S608 - quoted names


def read(session: Session, contract: Table, source: str, *, day: str | None = None) -> pa.Table:
    """The rows of a quoted table in the contract's columns and key order; of one day where it is given."""
    columns = ", ".join(quote(column.name) for column in contract.columns)
    keys = ", ".join(quote(name) for name in contract.keys)
    where = f" WHERE {quote(contract.partition_by)} = ?" if day is not None and contract.partition_by else ""
    query = f"SELECT {columns} FROM {source}{where} ORDER BY {keys}"  # noqa: S608 - quoted names
    return session.arrow(query, *([day] if where else []), schema=contract.arrow_schema)


def is_held(session: Session, warehouse: Warehouse, contract: Table, day: str | None, content: str, rows: int) -> bool:
    """Whether the ledger's last load of the partition is this one, and as many rows are still there."""
    last = ledger.latest(session, warehouse, contract.key, day)
    return last is not None and last.digest == content and count(session, warehouse, contract, day) == rows


def count(session: Session, warehouse: Warehouse, contract: Table, day: str | None) -> int:
    """Rows of the table, of one day where it is given and the table is daily."""
    where = f" WHERE {quote(contract.partition_by)} = ?" if day is not None and contract.partition_by else ""
    query = f"SELECT COUNT(*) FROM {warehouse.name(contract.name)}{where}"  # noqa: S608 - quoted names
    return int(session.execute(query, *([day] if where else []))[0][0])


def _upload(session: Session, target: str, data: pa.Table) -> None:
    if not data.num_rows:
        return
    naive = [
        # Without a zone the file says what the column is: TIMESTAMP_NTZ, in UTC by contract.
        pa.field(field.name, pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in data.schema
    ]
    with tempfile.TemporaryDirectory(prefix="semops-load-") as folder:
        file = Path(folder) / FILE
        pq.write_table(data.cast(pa.schema(naive)), file, compression="snappy")
        session.put(file, target)

"""From Arrow rows to a stage table of the session: PUT one Parquet file, COPY it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from semops_data.warehouse import ddl
from semops_data.warehouse.names import quote
from semops_data.warehouse.session import StatementError

if TYPE_CHECKING:
    from semops_data.contracts import Table
    from semops_data.warehouse.session import Session
    from semops_data.warehouse.warehouse import Warehouse

STAGE = "LOADS"
FILE = "rows.parquet"
GONE = "is_gone"
"""Column of a stage table that marks rows which the source no longer has."""


def stage_table(session: Session, contract: Table) -> str:
    """Make the session's stage table for a contract where it is not there yet; before BEGIN.

    Returns:
        Its name. It may hold the rows of an earlier load: `clear` it in the transaction.
    """
    name = f"STAGE_{contract.name}"
    text = ddl.create_stage_table(contract, name, extra={GONE: "BOOLEAN"})
    if session.memory.made.get(name) != text:
        session.execute(text)
        session.memory.made[name] = text
    return name


def clear(session: Session, name: str) -> None:
    """Empty a stage table; inside the transaction."""
    session.execute(f"DELETE FROM {quote(name)}")  # noqa: S608 - quoted names


def send(session: Session, warehouse: Warehouse, contract: Table, data: pa.Table) -> tuple[str, str]:
    """Make the stage table and upload the rows; before BEGIN.

    Returns:
        Name of the stage table, path of the file in the stage.
    """
    name = stage_table(session, contract)
    if STAGE not in session.memory.made:
        # The emulator forgets its stages with each restart.
        session.execute(f"CREATE STAGE IF NOT EXISTS {warehouse.name(STAGE)}")
        session.memory.made[STAGE] = STAGE
    # A folder of the session's own: a second load of the same rows at the same time would purge our file.
    folder = f"{session.memory.folder}/{contract.name}"
    _upload(session, f"@{warehouse.name(STAGE)}/{folder}", contract, data)
    return name, f"{folder}/{FILE}"


def copy(session: Session, warehouse: Warehouse, contract: Table, name: str, path: str, data: pa.Table) -> None:
    """Fill the stage table from the staged file, and remove that from the stage.

    Args:
        session: inside a transaction.
        warehouse: where the stage is.
        contract: the table's.
        name: the stage table.
        path: the file below the stage.
        data: what was uploaded.

    Raises:
        StatementError: where not every row arrived.
    """
    clear(session, name)
    if not data.num_rows:
        return
    types = {column.name: ddl.SNOWFLAKE_TYPES[column.type] for column in contract.columns} | {GONE: "BOOLEAN"}
    columns = ", ".join(f"$1:{column}::{types[column]}" for column in data.column_names)
    names = ", ".join(quote(column) for column in data.column_names)
    found = session.execute(
        # FORCE: Snowflake skips a file that it has loaded into a table of this name before.
        f"COPY INTO {quote(name)} ({names}) FROM (SELECT {columns} FROM @{warehouse.name(STAGE)}/{path}) "  # noqa: S608
        "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) ON_ERROR = ABORT_STATEMENT FORCE = TRUE PURGE = TRUE"
    )
    loaded = sum(int(row[3]) for row in found if len(row) > 3)
    if loaded != data.num_rows:
        raise StatementError(f"COPY of {path} brought {loaded} of {data.num_rows} rows: {found[:3]}")


def _upload(session: Session, target: str, contract: Table, data: pa.Table) -> None:
    if not data.num_rows:
        return
    with tempfile.TemporaryDirectory(prefix="semops-load-") as folder:
        session.put(write_file(contract, data, Path(folder)), target)


def write_file(contract: Table, data: pa.Table, folder: Path) -> Path:
    """Write rows as the Parquet file that is sent."""
    naive = [
        # Without a zone the file says what the column is: TIMESTAMP_NTZ, in UTC by contract.
        pa.field(field.name, pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in data.schema
    ]
    # A key has no value twice: a dictionary of it would be the column once more. The file is read once and whole.
    repeated = [c.name for c in contract.columns if c.type == "string" and not c.is_key and c.name in data.column_names]
    file = folder / FILE
    rows = data.cast(pa.schema(naive))
    pq.write_table(rows, file, compression="zstd", use_dictionary=repeated, write_statistics=False)
    return file

"""From the lake to the warehouse: load a table's partition, sending only what changed since the last loaded version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.contracts import table
from semops_data.warehouse.load import Load, load

if TYPE_CHECKING:
    import pyarrow as pa

    from semops_data.lakehouse.lake import Lake
    from semops_data.warehouse.warehouse import Warehouse


def follow(warehouse: Warehouse, lake: Lake, key: str, source: str, *, day: str | None, run_id: str = "") -> Load:
    """Make a table of the warehouse hold what a table of the lake holds, in one partition or whole.

    The partition is read whole to know its digest; where the ledger knows an earlier version, only the net changes
    since then are sent. A load that failed after the Delta commit is made up for by the next one, whatever happened
    in between: the version that counts is the one in the ledger, which commits with the rows.

    Args:
        warehouse: where to.
        lake: where from.
        key: the table's key in the warehouse.
        source: the table's key in the lake.
        day: the partition; None for the whole table.
        run_id: the run, for the query tag and the ledger.

    Raises:
        MissingTableError: where the lake has no such table yet.
        StatementError: where Snowflake refuses; the transaction is rolled back.
        UnreachableError: where it does not answer in time.
    """
    version = lake.version(source)
    partition = table(source).partition_by
    where = {partition: day} if day is not None and partition else None

    def feed(since: int) -> pa.Table | None:
        from semops_data.lakehouse.changes import ChangesGoneError

        # A lake that was made anew counts its versions from 0 again: then the ledger's version means nothing.
        if since > version:
            return None
        try:
            return lake.changes(source, since, until_version=version, where=where)
        except ChangesGoneError:
            return None

    rows = lake.read(source, where=where, version=version)
    return load(warehouse, key, rows, day=day, run_id=run_id, delta_version=version, feed=feed)

"""What the warehouse records about its own loads."""

from __future__ import annotations

from semops_data.contracts.types import Column, Table

LOAD_LEDGER = Table(
    "warehouse/load_ledger",
    "One row per load that changed the warehouse, written in the load's own transaction.",
    (
        Column("load_id", "string", "Identifier of the load, random.", is_key=True),
        Column("run_id", "string", "Dagster run that loaded, empty outside a run."),
        Column("asset_key", "string", "Table that was loaded, as room and name.", term="asset"),
        Column("day", "string", "Day of the loaded partition as an ISO date, or 'all' for a whole table."),
        Column("digest", "string", "sha256 of the rows that were loaded, hexadecimal."),
        Column(
            "delta_version",
            "int64",
            "Version of the Delta table whose rows were loaded; null for what was computed in the warehouse.",
            nullable=True,
            minimum=0,
        ),
        Column("row_count", "int64", "Rows of the partition after the load.", unit="row", minimum=0),
        Column("inserted_count", "int64", "Rows that were new.", unit="row", minimum=0),
        Column("updated_count", "int64", "Rows that had other values.", unit="row", minimum=0),
        Column("deleted_count", "int64", "Rows that were gone from the source.", unit="row", minimum=0),
        Column("loaded_at", "timestamp", "Moment of the load."),
    ),
)

TABLES: tuple[Table, ...] = (LOAD_LEDGER,)

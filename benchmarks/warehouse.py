"""Rows a second from Delta to the warehouse, against other ways of getting the same rows in.

    python benchmarks/warehouse.py [--rows 200000] [--repeat 3]

Prints JSON. On the emulator by default; with SEMOPS_SNOWFLAKE_ACCOUNT set it measures the account. Every way loads
the same orders into a table of its own; `only_what_changed` follows a day of which 1 % has changed.
"""

# ruff: noqa: S608 - names of the benchmark's own schema

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.loads import LOAD_LEDGER
from semops_data.lakehouse.lake import Lake
from semops_data.settings import Settings
from semops_data.warehouse import ddl, emulator
from semops_data.warehouse.fitting import conform
from semops_data.warehouse.follow import follow
from semops_data.warehouse.names import quote
from semops_data.warehouse.session import Session
from semops_data.warehouse.staging import write_file
from semops_data.warehouse.tables import prepare
from semops_data.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable

KEY, SOURCE, DAY = "warehouse/fct_orders", "lakehouse/orders", "2026-01-01"
BATCH = 500
INSERTED = 2_000
SCHEMA = "BENCHMARK"


def orders(count: int) -> pa.Table:
    """Orders of one day that fit the contract."""
    contract, chance = table(SOURCE), np.random.default_rng(7)
    columns: dict[str, Any] = {}
    for column in contract.columns:
        if column.is_key:
            columns[column.name] = pa.array([f"O{number:09d}" for number in range(count)])
        elif column.name in ("day", "order_day"):
            columns[column.name] = pa.repeat(DAY, count)
        elif column.allowed:
            columns[column.name] = pa.array(np.array(column.allowed)[chance.integers(0, len(column.allowed), count)])
        elif column.type == "timestamp":
            columns[column.name] = pa.array(1_767_225_600_000_000 + chance.integers(0, 86_400_000_000, count))
        elif column.type == "int64":
            columns[column.name] = pa.array(chance.integers(0, 100_000, count))
        else:
            columns[column.name] = pc.binary_join_element_wise(
                "C", pa.array(chance.integers(0, count, count).astype(str)), ""
            )
    return pa.table({name: values.cast(contract.arrow_schema.field(name).type) for name, values in columns.items()})


def timed(count: int, work: Callable[[], object]) -> dict[str, float]:
    """Seconds and rows a second of one way."""
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return {"rows": count, "seconds": round(seconds, 3), "rows_per_second": round(count / seconds)}


def bare_copy(settings: Settings, data: pa.Table, schema: str) -> dict[str, float]:
    """PUT and COPY INTO of the Parquet file that our loads send, into an empty permanent table; the file is there."""
    contract, warehouse = table(KEY), Warehouse(settings, schema=schema)
    with warehouse.session(asset_key="benchmark") as session, tempfile.TemporaryDirectory() as folder:
        prepare(session, warehouse, contract)
        session.execute(f"CREATE STAGE {warehouse.name('BARE')}")
        file = write_file(contract, data, Path(folder))
        names = ", ".join(quote(column.name) for column in contract.columns)
        columns = ", ".join(f"$1:{c.name}::{ddl.SNOWFLAKE_TYPES[c.type]}" for c in contract.columns)

        def bare() -> None:
            session.put(file, f"@{warehouse.name('BARE')}/bare")
            session.execute(
                f"COPY INTO {warehouse.name(contract.name)} ({names}) FROM (SELECT {columns} FROM "
                f"@{warehouse.name('BARE')}/bare/{file.name}) FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE)"
            )

        return timed(data.num_rows, bare)


def ours(settings: Settings, lake: Lake, count: int, schema: str) -> dict[str, Any]:
    """Delta to the warehouse, into an empty schema; with the seconds of each kind of statement."""
    warehouse = Warehouse(settings, schema=schema)
    with warehouse.session(asset_key="benchmark") as session:
        prepare(session, warehouse, LOAD_LEDGER, table(KEY))
    spent: dict[str, float] = {}
    run = Session._run  # noqa: SLF001 - every statement goes through it

    def watched(self: Session, sql: str, values: tuple[Any, ...]) -> Any:
        started = time.perf_counter()
        try:
            return run(self, sql, values)
        finally:
            verb = sql.split(maxsplit=1)[0]
            spent[verb] = spent.get(verb, 0.0) + time.perf_counter() - started

    Session._run = watched  # type: ignore[method-assign]  # noqa: SLF001
    try:
        found: dict[str, Any] = timed(count, lambda: follow(warehouse, lake, KEY, SOURCE, day=DAY))
    finally:
        Session._run = run  # type: ignore[method-assign]  # noqa: SLF001
    spent["read, check, digest, write Parquet"] = found["seconds"] - sum(spent.values())
    return found | {"spent_seconds": {name: round(seconds, 3) for name, seconds in spent.items()}}


def batched_inserts(warehouse: Warehouse, data: pa.Table) -> None:
    """INSERT with five hundred rows of bound values at a time, as a client without stages does it."""
    contract = table(KEY)
    naive = [str(column.name) for column in contract.columns]
    rows = [
        tuple(str(value) if hasattr(value, "isoformat") else value for value in row.values())
        for row in data.select(naive).to_pylist()
    ]
    rows = [tuple(v.removesuffix("+00:00") if isinstance(v, str) else v for v in row) for row in rows]
    marks = f"({', '.join('?' for _ in naive)})"
    with warehouse.session(asset_key="benchmark") as session:
        session.execute(ddl.create_stage_table(contract, "INSERTED"))
        with session.transaction():
            for start in range(0, len(rows), BATCH):
                part = rows[start : start + BATCH]
                sql = f"INSERT INTO {quote('INSERTED')} VALUES {', '.join([marks] * len(part))}"
                session.execute(sql, *(value for row in part for value in row))


def pandas_writer(warehouse: Warehouse, data: pa.Table) -> dict[str, Any]:
    """The connector's `write_pandas`; on the emulator it may be refused, which is then the finding."""
    from snowflake.connector.pandas_tools import write_pandas

    frame = data.to_pandas()
    frame.columns = [name.upper() for name in frame.columns]
    for name in (name for name in frame.columns if str(frame[name].dtype).startswith("datetime")):
        frame[name] = frame[name].dt.tz_localize(None)
    with warehouse.session(asset_key="benchmark") as session:
        session.execute(ddl.create_table(table(KEY), database=warehouse.database, schema=warehouse.schema,
                                         is_emulated=warehouse.is_emulated))  # fmt: skip
        connection = session._connection  # noqa: SLF001 - write_pandas wants it
        try:
            return timed(data.num_rows, lambda: write_pandas(
                connection, frame, "FCT_ORDERS", database=warehouse.database, schema=warehouse.schema,
            ))  # fmt: skip
        except Exception as error:  # noqa: BLE001 - that it is refused is what is reported
            return {"rows": 0, "unmeasured": f"{type(error).__name__}: {str(error)[:200]}"}


def main() -> None:
    """Measure every way once and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=3, help="loads of each of the two that are compared")
    options = parser.parse_args()
    data = orders(options.rows)
    with tempfile.TemporaryDirectory(prefix="semops-benchmark-") as folder:
        settings = Settings(home=Path(folder))
        lake, warehouse = Lake(str(Path(folder) / "delta")), Warehouse(settings, schema=SCHEMA)
        lake.merge(SOURCE, data, where={"day": DAY})
        warehouse.ping()
        try:
            found: dict[str, Any] = {"server": "emulator" if warehouse.is_emulated else "account"}
            conformed = conform(table(KEY), data, DAY)
            bare, own = [], []
            # In turns, so that both see the same machine; the best of each counts.
            for turn in range(options.repeat):
                bare.append(bare_copy(settings, conformed, f"BARE_{turn}"))
                own.append(ours(settings, lake, data.num_rows, f"OURS_{turn}"))
            found["put_and_copy"] = min(bare, key=lambda one: one["seconds"])
            found["delta_to_warehouse"] = min(own, key=lambda one: one["seconds"])
            found["share_of_put_and_copy"] = round(
                found["delta_to_warehouse"]["rows_per_second"] / found["put_and_copy"]["rows_per_second"], 3
            )
            follow(warehouse, lake, KEY, SOURCE, day=DAY)
            changed = max(1, options.rows // 100)
            cents = data["refund_cents"].to_numpy().copy()
            cents[:changed] += 1
            place = data.column_names.index("refund_cents")
            lake.merge(SOURCE, data.set_column(place, data.schema.field(place), pa.array(cents)), where={"day": DAY})
            done: list[Any] = []
            found["only_what_changed"] = timed(
                changed, lambda: done.append(follow(warehouse, lake, KEY, SOURCE, day=DAY))
            ) | {"sent": done[0].sent}  # fmt: skip
            few = conformed.slice(0, min(INSERTED, options.rows))
            found["batched_inserts"] = timed(few.num_rows, lambda: batched_inserts(warehouse, few))
            found["write_pandas"] = pandas_writer(Warehouse(settings, schema=f"{SCHEMA}_PANDAS"), conformed)
            print(json.dumps(found, indent=2))
        finally:
            if warehouse.is_emulated:
                emulator.stop(settings)


if __name__ == "__main__":
    main()

"""A load makes the partition hold exactly the rows it is given, once, or changes nothing."""

# ruff: noqa: S608 - names of the test's own schema

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from semops_data.contracts import table
from semops_data.contracts.loads import LOAD_LEDGER
from semops_data.warehouse import load as module
from semops_data.warehouse import pool
from semops_data.warehouse.compare import count_of, rows_of
from semops_data.warehouse.load import load
from semops_data.warehouse.session import Counts, Session, StatementError
from semops_data.warehouse.warehouse import Warehouse, warehouse_rows
from semops_data_tests.warehouse.rows import DAY, rows

KEY = "warehouse/fct_orders"
EVENTS = "warehouse/fct_events"


def changed(data: pa.Table, place: int, column: str, value: Any) -> pa.Table:
    """The rows with one cell changed."""
    cells = data[column].to_pylist()
    cells[place] = value
    return data.set_column(
        data.column_names.index(column), data.schema.field(column), pa.array(cells, data[column].type)
    )


@pytest.mark.parametrize("key", ["warehouse/dim_customers", "warehouse/dim_products", KEY, EVENTS])
def test_rows_come_back_as_they_went(key: str, warehouse: Warehouse) -> None:
    """Nulls, quotes, backslashes, microseconds and booleans survive Parquet, COPY, MERGE and the wire."""
    data = rows(key, 40)
    day = DAY if table(key).partition_by else None
    done = load(warehouse, key, data, day=day)
    assert (done.rows, done.counts, done.is_skipped) == (40, Counts(inserted=40), False)
    assert rows_of(warehouse, key, day=day).equals(data.sort_by(table(key).keys[0]))


def test_a_second_load_of_the_same_rows_sends_nothing(warehouse: Warehouse) -> None:
    """Idempotent, and cheap: the ledger knows the digest."""
    load(warehouse, KEY, rows(KEY, 10), day=DAY)
    again = load(warehouse, KEY, rows(KEY, 10), day=DAY)
    assert again.is_skipped
    assert again.counts == Counts()
    assert warehouse_rows(warehouse)["LOAD_LEDGER"] == 1


def test_changed_new_and_gone_rows_are_counted_apart(warehouse: Warehouse) -> None:
    """COPY's load history must not skip changed content, and unchanged rows are not touched."""
    first = rows(KEY, 10)
    load(warehouse, KEY, first, day=DAY)
    second = pa.concat_tables([changed(first.slice(2), 0, "refund_cents", 999_999), rows(KEY, 3, start=100)])
    done = load(warehouse, KEY, second, day=DAY)
    assert done.counts == Counts(inserted=3, updated=1, deleted=2)
    assert rows_of(warehouse, KEY, day=DAY).equals(second.sort_by("order_id"))
    back = load(warehouse, KEY, first, day=DAY)
    assert not back.is_skipped
    assert rows_of(warehouse, KEY, day=DAY).equals(first)


def test_a_null_that_becomes_a_value_is_an_update(warehouse: Warehouse) -> None:
    """`<>` would not see it."""
    first = changed(rows(EVENTS, 5), 1, "quantity", None)
    load(warehouse, EVENTS, first, day=DAY)
    assert load(warehouse, EVENTS, changed(first, 1, "quantity", 7), day=DAY).counts == Counts(updated=1)
    assert load(warehouse, EVENTS, first, day=DAY).counts == Counts(updated=1)


def test_a_load_leaves_other_days_alone(warehouse: Warehouse) -> None:
    """Rows that are gone are deleted inside the partition only."""
    load(warehouse, KEY, rows(KEY, 5), day=DAY)
    load(warehouse, KEY, rows(KEY, 5, day="2026-01-02", start=50), day="2026-01-02")
    load(warehouse, KEY, rows(KEY, 0), day=DAY)
    assert count_of(warehouse, KEY, day=DAY) == 0
    assert count_of(warehouse, KEY, day="2026-01-02") == 5


def test_a_whole_table_loses_what_is_gone(warehouse: Warehouse) -> None:
    """A dimension is replaced as a whole."""
    load(warehouse, "warehouse/dim_products", rows("warehouse/dim_products", 5), day=None)
    done = load(warehouse, "warehouse/dim_products", rows("warehouse/dim_products", 5).slice(2), day=None)
    assert done.counts == Counts(deleted=2)


def test_rows_deleted_behind_the_ledgers_back_are_loaded_again(warehouse: Warehouse) -> None:
    """The ledger alone is not believed: as many rows must be there."""
    load(warehouse, KEY, rows(KEY, 5), day=DAY)
    with warehouse.session() as session:
        session.execute(f"DELETE FROM {warehouse.name('fct_orders')} WHERE order_id = ?", "order_id-000001")
    done = load(warehouse, KEY, rows(KEY, 5), day=DAY)
    assert (done.is_skipped, done.counts) == (False, Counts(inserted=1))


def test_columns_outside_the_contract_stay_out(warehouse: Warehouse) -> None:
    """A lakehouse table may carry more than analysts are promised."""
    data = rows(KEY, 3).append_column("secret", pa.array(["a", "b", "c"]))
    load(warehouse, KEY, data, day=DAY)
    with warehouse.session() as session:
        found = session.execute(f"SELECT * FROM {warehouse.name('fct_orders')}")
    assert {len(row) for row in found} == {len(table(KEY).columns)}


def test_a_column_that_the_contract_gains_is_added(warehouse: Warehouse) -> None:
    """Contracts grow; a table that was loaded before must grow with them."""
    load(warehouse, KEY, rows(KEY, 3), day=DAY)
    with warehouse.session() as session:
        session.execute(f"ALTER TABLE {warehouse.name('fct_orders')} DROP COLUMN tax_cents")
        session.execute(f"DELETE FROM {warehouse.name(LOAD_LEDGER.name)}")
    # A connection looks once; the contract changes with the code, and that with the process.
    pool.clear()
    load(warehouse, KEY, rows(KEY, 3), day=DAY)
    assert rows_of(warehouse, KEY, day=DAY).equals(rows(KEY, 3))


def test_a_table_of_a_former_shape_is_refused_with_what_to_do(warehouse: Warehouse) -> None:
    """No row of it would find its key, and a history of half-empty rows looks like data."""
    with warehouse.session() as session:
        session.execute(f"CREATE TABLE {warehouse.name('dim_products')} (product_id VARCHAR, title VARCHAR)")
    with pytest.raises(StatementError, match=r"former shape: it lacks product_key.*DROP TABLE.*DIM_PRODUCTS"):
        load(warehouse, "warehouse/dim_products", rows("warehouse/dim_products", 1), day=None)
    with warehouse.session() as session:
        session.execute(f"DROP TABLE {warehouse.name('dim_products')}")
    assert load(warehouse, "warehouse/dim_products", rows("warehouse/dim_products", 1), day=None).rows == 1


def test_a_day_takes_few_round_trips(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is unchanged is not asked and not made again: tables, stage, stage table, login."""
    sent: list[str] = []
    real = Session._run

    def noted(self: Session, sql: str, values: tuple[Any, ...]) -> Any:
        sent.append(sql.split(maxsplit=1)[0])
        return real(self, sql, values)

    load(warehouse, KEY, rows(KEY, 5), day=DAY)
    monkeypatch.setattr(Session, "_run", noted)
    load(warehouse, KEY, rows(KEY, 5, day="2026-01-02", start=50), day="2026-01-02")
    assert sent == ["SELECT", "PUT", "BEGIN", "DELETE", "COPY", "MERGE", "INSERT", "COMMIT"]
    sent.clear()
    load(warehouse, KEY, rows(KEY, 5, day="2026-01-02", start=50), day="2026-01-02")
    assert sent == ["SELECT"]


def test_the_ledger_names_run_asset_day_and_counts(warehouse: Warehouse) -> None:
    """Every row of the warehouse can be traced to the run that brought it."""
    done = load(warehouse, KEY, rows(KEY, 4), day=DAY, run_id="run-1")
    (entry,) = rows_of(warehouse, LOAD_LEDGER.key).to_pylist()
    entry.pop("load_id")
    assert entry.pop("loaded_at").tzinfo is not None
    assert entry == {
        "run_id": "run-1", "asset_key": KEY, "day": DAY, "digest": done.digest, "delta_version": None, "row_count": 4,
        "inserted_count": 4, "updated_count": 0, "deleted_count": 0,
    }  # fmt: skip


@pytest.mark.parametrize("step", ["copy", "swap", "record"])
def test_a_failure_anywhere_in_the_transaction_changes_nothing(
    step: str, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing: rows, ledger, and the next load works."""
    load(warehouse, KEY, rows(KEY, 5), day=DAY)
    before = (rows_of(warehouse, KEY), rows_of(warehouse, LOAD_LEDGER.key))
    where = module.ledger if step == "record" else module
    real: Callable[..., Any] = getattr(where, step)

    def fail_after(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise OSError("the cable was pulled")

    monkeypatch.setattr(where, step, fail_after)
    with pytest.raises(OSError, match="cable"):
        load(warehouse, KEY, rows(KEY, 5, seed=1), day=DAY)
    monkeypatch.undo()
    assert (rows_of(warehouse, KEY), rows_of(warehouse, LOAD_LEDGER.key)) == before
    assert load(warehouse, KEY, rows(KEY, 5, seed=1), day=DAY).counts.updated == 5


def test_a_statement_that_snowflake_refuses_rolls_the_load_back(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error inside the database, not in our code."""
    load(warehouse, KEY, rows(KEY, 5), day=DAY)
    monkeypatch.setattr(module.ledger, "record", lambda session, *_, **__: session.execute("SELECT * FROM no_such"))
    with pytest.raises(StatementError, match=r"(?i)no_such"):
        load(warehouse, KEY, rows(KEY, 5, seed=1), day=DAY)
    assert rows_of(warehouse, KEY, day=DAY).equals(rows(KEY, 5))


@pytest.mark.parametrize("step", ["send", "copy", "swap", "ledger.record"])
def test_a_load_killed_after_any_step_can_be_run_again(step: str, warehouse: Warehouse) -> None:
    """Kill -9 after PUT, after COPY, after MERGE, and between the ledger's row and COMMIT: nothing has changed."""
    load(warehouse, KEY, rows(KEY, 5), day=DAY)
    before = (rows_of(warehouse, KEY), rows_of(warehouse, LOAD_LEDGER.key))
    program = f"""
        import os, signal
        from pathlib import Path
        from semops_data.settings import Settings
        from semops_data.warehouse import ledger, load as module
        from semops_data.warehouse.warehouse import Warehouse
        from semops_data_tests.warehouse.rows import rows
        place, name = (ledger, "record") if {step!r} == "ledger.record" else (module, {step!r})
        real = getattr(place, name)
        def die(*args, **kwargs):
            real(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
        setattr(place, name, die)
        settings = Settings(home=Path({str(warehouse.settings.home)!r}), snowflake_account=None)
        module.load(Warehouse(settings, schema={warehouse.schema!r}), {KEY!r}, rows({KEY!r}, 5, seed=1), day={DAY!r})
    """
    died = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False, env=dict(os.environ))
    assert died.returncode == -signal.SIGKILL
    assert (rows_of(warehouse, KEY), rows_of(warehouse, LOAD_LEDGER.key)) == before
    assert load(warehouse, KEY, rows(KEY, 5, seed=1), day=DAY).counts == Counts(updated=5)
    assert load(warehouse, KEY, rows(KEY, 5, seed=1), day=DAY).is_skipped


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data.drop_columns(["channel"]), "missing \\['channel'\\]"),
        (lambda data: pa.concat_tables([data, data.slice(0, 1)]), "repeat a key"),
        (lambda data: changed(data, 0, "day", "2026-01-09"), "outside the partition"),
        (lambda data: changed(data, 0, "channel", None), "nulls in \\['channel'\\]"),
        (
            lambda data: data.set_column(
                data.column_names.index("tax_cents"), "tax_cents", pc.cast(data["channel"], pa.string())
            ),
            "types",
        ),
    ],
)
def test_rows_that_break_the_contract_are_refused_before_anything_is_sent(
    spoil: Callable[[pa.Table], pa.Table], message: str, warehouse: Warehouse
) -> None:
    """The emulator enforces little and Snowflake less."""
    with pytest.raises(ValueError, match=message):
        load(warehouse, KEY, spoil(rows(KEY, 4)), day=DAY)
    assert warehouse_rows(warehouse) == {}

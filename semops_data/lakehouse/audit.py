"""What the checks of the room assert, recounted from storage and not from what the assets reported."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.business import is_daily
from semops_data.contracts.operations import NEW_COLUMNS
from semops_data.lakehouse.schema import violations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.lakehouse.lake import Lake
    from semops_data.lakehouse.refine import Ledger
    from semops_data.landing.store import ObjectStore

TOLERANCE = 1e-9
WHOLE_DAY = "all"
RESTATED = "restated_"
STOCK = ("opening", "received", "sold", "written_off", "closing")


@dataclass(frozen=True)
class Finding:
    """One claim, tested.

    Attributes:
        is_true: whether it holds.
        expected: what it says, for people.
        actual: what was found.
    """

    is_true: bool
    expected: str
    actual: str


def partition(lake: Lake, name: str, day: str, columns: list[str] | None = None) -> pa.Table:
    """The rows of a table of the lakehouse for a day; of customers and products all."""
    return lake.read(f"lakehouse/{name}", columns=columns, where={"day": day} if is_daily(name) else None)


def ledger(lake: Lake, store: ObjectStore, name: str, day: str, reported: Mapping[str, int]) -> Ledger:
    """Where a day's landed rows went, counted again.

    Args:
        lake: holds the kept and the quarantined rows.
        store: holds the landed object, whose rows are counted.
        name: the exported table.
        day: an ISO date.
        reported: what the materialization reported: `rows_duplicate`, which leave no trace in storage, and
            `rows_kept` for customers and products, whose rows of one day cannot be told from the others'.
    """
    from semops_data.lakehouse.refine import Ledger
    from semops_data.landing.objects import count_rows

    quarantined = lake.read(f"lakehouse/{name}_quarantine", columns=["row_number"], where={"day": day}).num_rows
    key = table(f"lakehouse/{name}").keys[0]
    kept = partition(lake, name, day, [key]).num_rows if is_daily(name) else reported.get("rows_kept", 0)
    return Ledger(count_rows(store, name, day), kept, reported.get("rows_duplicate", 0), quarantined)


def rows_are_accounted_for(counted: Ledger) -> Finding:
    """Whether rows in = rows kept + duplicates + rows quarantined."""
    parts = f"{counted.rows_kept} kept + {counted.rows_duplicate} duplicate + {counted.rows_quarantined} quarantined"
    return Finding(counted.is_balanced, f"{counted.rows_in} rows in", parts)


def quarantine_share_is_small(counted: Ledger, bound: float) -> Finding:
    """Whether the share of quarantined rows is at most the bound."""
    share = counted.rows_quarantined / counted.rows_in if counted.rows_in else 0.0
    return Finding(share <= bound, f"at most {bound:.1%} of the rows", f"{share:.2%}")


def keys_are_unique(lake: Lake, name: str, day: str) -> Finding:
    """Whether no key is held twice."""
    keys = list(table(f"lakehouse/{name}").keys)
    rows = partition(lake, name, day, keys)
    repeated = rows.num_rows - rows.group_by(keys).aggregate([]).num_rows
    return Finding(repeated == 0, "0 repeated keys", f"{repeated} repeated keys in {rows.num_rows} rows")


def references_resolve(lake: Lake, name: str, day: str) -> Finding:
    """Whether every foreign key is the key of a row of the table that it refers to."""
    from semops_data.lakehouse.settle import referred_partitions

    orphans = {}
    for column, target, target_column in table(f"lakehouse/{name}").references:
        values = partition(lake, name, day, [column]).column(column).drop_null()
        where = referred_partitions(name, target, day)
        keys = lake.read(target, columns=[target_column], where=where)
        known = keys.column(target_column).combine_chunks()
        orphans[column] = len(values) - (pc.sum(pc.is_in(values, value_set=known)).as_py() or 0)
    return Finding(not any(orphans.values()), "0 orphans in every reference", _counts(orphans, "no references"))


def contract_holds(lake: Lake, name: str, day: str) -> Finding:
    """Whether every value is one that the contract allows."""
    contract, rows = table(f"lakehouse/{name}"), partition(lake, name, day)
    broken = {column.name: violations(column, rows.column(column.name)) for column in contract.columns}
    found = {column: count for column, count in broken.items() if count}
    return Finding(not found, "0 values outside the contract", _counts(found, f"0 in {rows.num_rows} rows"))


def orders_agree_with_their_items(lake: Lake, day: str) -> Finding:
    """Whether each order's subtotal and discount are the sums over its items."""
    items = partition(lake, "order_items", day, ["order_id", "quantity", "unit_price_cents", "discount_cents"])
    items = items.append_column("gross", pc.multiply(items.column("quantity"), items.column("unit_price_cents")))
    sums = items.group_by("order_id").aggregate([("gross", "sum"), ("discount_cents", "sum")])
    orders = partition(lake, "orders", day, ["order_id", "subtotal_cents", "discount_cents"])
    both = orders.join(sums, "order_id", join_type="full outer", use_threads=False)
    agrees = pc.and_(
        pc.equal(both.column("subtotal_cents"), both.column("gross_sum")),
        pc.equal(both.column("discount_cents"), both.column("discount_cents_sum")),
    ).fill_null(fill_value=False)
    differing = both.num_rows - (pc.sum(agrees).as_py() or 0)
    return Finding(differing == 0, "0 orders that differ from their items", f"{differing} of {both.num_rows} orders")


def orders_are_paid_in_full(lake: Lake, day: str) -> Finding:
    """Whether each captured payment is the total of its order, and each order that was not cancelled has one."""
    payments = partition(lake, "payments", day, ["order_id", "status", "amount_cents"])
    captured = payments.filter(pc.equal(payments.column("status"), "captured"))
    sums = captured.group_by("order_id").aggregate([("amount_cents", "sum")])
    orders = partition(lake, "orders", day, ["order_id", "financial_status", "total_cents"])
    owed = orders.filter(pc.not_equal(orders.column("financial_status"), "cancelled"))
    both = owed.join(sums, "order_id", join_type="full outer", use_threads=False)
    agrees = pc.equal(both.column("total_cents"), both.column("amount_cents_sum")).fill_null(fill_value=False)
    differing = both.num_rows - (pc.sum(agrees).as_py() or 0)
    return Finding(differing == 0, "0 orders whose payment differs", f"{differing} of {both.num_rows} orders")


def stock_adds_up(lake: Lake, day: str) -> Finding:
    """Whether each product's stock at the end of the day follows from what came and went."""
    rows = partition(lake, "inventory", day)
    opening, received, sold, lost, closing = (rows.column(f"{name}_quantity") for name in STOCK)
    expected = pc.subtract(pc.subtract(pc.add(opening, received), sold), lost)
    differing = pc.sum(pc.not_equal(expected, closing)).as_py() or 0
    return Finding(differing == 0, "0 products whose stock differs", f"{differing} of {rows.num_rows} products")


def restated_equals_the_truth(lake: Lake, day: str) -> Finding | None:
    """Whether each row of a day's restated revenue shows the known answers about its order day, exactly.

    Returns:
        The finding; none where no answer is known for the day.
    """
    if not lake.exists("synthesis/truth"):
        return None
    truth = lake.read("synthesis/truth", where={"day": day})
    truth = truth.filter(pc.starts_with(truth.column("metric"), RESTATED))
    answers = {(row["subject"], row["metric"].removeprefix(RESTATED)): row["value"] for row in truth.to_pylist()}
    if not answers:
        return None
    rows = {row["order_day"]: row for row in lake.read("lakehouse/revenue_restated", where={"day": day}).to_pylist()}
    shown = {(subject, metric): rows.get(subject, {}).get(metric, 0) for subject, metric in answers}
    wrong = sorted(key for key, answer in answers.items() if shown[key] != answer)
    unknown = sorted(rows.keys() - {subject for subject, _ in answers})
    actual = ", ".join(f"{metric} of {subject}={shown[subject, metric]}" for subject, metric in wrong[:3])
    expected = ", ".join(f"{metric} of {subject}={answers[subject, metric]}" for subject, metric in wrong[:3])
    return Finding(
        not wrong and not unknown,
        expected or f"{len(answers)} answers",
        actual or (f"unexpected days {', '.join(unknown)}" if unknown else f"{len(answers)} equal"),
    )


def columns_are_known(lake: Lake, name: str, day: str) -> Finding:
    """Whether no column was landed that the contract does not know."""
    if not lake.exists(NEW_COLUMNS.key):
        return Finding(is_true=True, expected="no unknown column", actual="none")
    rows = lake.read(NEW_COLUMNS.key, columns=["table_name", "column_name", "decision"], where={"day": day}).to_pylist()
    found = [f"{row['column_name']} ({row['decision']})" for row in rows if row["table_name"] == name]
    return Finding(not found, "no unknown column", ", ".join(sorted(found)) or "none")


def equals_the_truth(lake: Lake, key: str, day: str) -> Finding | None:
    """Whether one day's row of an aggregate shows the known answers: sums exactly, quotients within 1e-9.

    Args:
        lake: holds `synthesis/truth` and the aggregate.
        key: the aggregate's table key.
        day: an ISO date.

    Returns:
        The finding; none where no answer is known for the day.
    """
    answers = known_answers(lake, day)
    rows = lake.read(key, where={"day": day}).to_pylist()
    shown = rows[0] if rows else {}
    metrics = [column.name for column in table(key).columns if column.name in answers]
    if not metrics:
        return None
    wrong = {name: shown.get(name) for name in metrics if not _is_equal(shown.get(name), answers[name])}
    expected = ", ".join(f"{name}={answers[name]}" for name in (wrong or metrics))
    actual = ", ".join(f"{name}={shown.get(name)}" for name in (wrong or metrics))
    return Finding(not wrong, expected, actual)


def known_answers(lake: Lake, day: str) -> dict[str, int | float | None]:
    """The known answers about the whole day, by metric; empty where none were written."""
    if not lake.exists("synthesis/truth"):
        return {}
    rows = lake.read("synthesis/truth", where={"day": day})
    rows = rows.filter(pc.equal(rows.column("subject"), WHOLE_DAY))
    return {row["metric"]: row["ratio"] if row["value"] is None else row["value"] for row in rows.to_pylist()}


def customers_equal_the_truth(lake: Lake) -> Finding | None:
    """Whether each customer's net revenue is the sum of the known answers over the days in the lake.

    Returns:
        The finding; none where answers are not known for every day of `lakehouse/orders`.
    """
    days = partition_days(lake, "lakehouse/orders")
    if not lake.exists("synthesis/truth") or not days <= partition_days(lake, "synthesis/truth"):
        return None
    truth = lake.read("synthesis/truth", columns=["day", "metric", "subject", "value"])
    is_wanted = pc.and_(
        pc.equal(truth.column("metric"), "customer_net_revenue_cents"),
        pc.is_in(truth.column("day"), value_set=pa.array(sorted(days), pa.string())),
    )
    expected = truth.filter(is_wanted).group_by("subject").aggregate([("value", "sum")])
    answers = dict(zip(*(column.to_pylist() for column in expected.select(["subject", "value_sum"])), strict=True))
    held = lake.read("lakehouse/customer_value", columns=["customer_id", "net_revenue_cents"])
    shown = dict(zip(*(column.to_pylist() for column in held), strict=True))
    wrong = sorted(name for name in answers.keys() | shown.keys() if answers.get(name) != shown.get(name))
    return Finding(
        not wrong,
        f"{len(answers)} customers, {sum(answers.values())} EUR cent",
        f"{len(shown)} customers, {sum(shown.values())} EUR cent, {len(wrong)} differ: {', '.join(wrong[:3])}"
        if wrong
        else f"{len(shown)} customers, {sum(shown.values())} EUR cent",
    )


def partition_days(lake: Lake, key: str) -> set[str]:
    """The days that a daily table holds rows of."""
    return {str(values["day"]) for values in lake.open(key).partitions()} if lake.exists(key) else set()


def _is_equal(shown: float | None, answer: float | None) -> bool:
    if shown is None or answer is None:
        return shown is answer
    if isinstance(answer, int):
        return shown == answer
    return math.isclose(shown, answer, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _counts(counts: dict[str, int], otherwise: str) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items()) or otherwise

"""Compare what the warehouse says with what must be true: the known answers, and the lakehouse."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.warehouse.changing import read
from semops_data.warehouse.names import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.lakehouse.lake import Lake
    from semops_data.warehouse.warehouse import Warehouse

RATIO_TOLERANCE = 1e-9
CUSTOMER_METRIC = "customer_net_revenue_cents"
WHOLE_DAY = "all"
PRODUCT_PREFIX = "product_"
RESTATED_PREFIX = "restated_"
PRODUCT_SUMS = ("units", "gmv_cents", "discount_cents")

Difference = dict[str, Any]


def days_of(warehouse: Warehouse, key: str) -> list[str]:
    """The days that a daily table of the warehouse holds, ascending."""
    column = quote(table(key).partition_by or "day")
    with warehouse.session(asset_key=key) as session:
        found = session.execute(f"SELECT DISTINCT {column} FROM {warehouse.name(table(key).name)} ORDER BY {column}")  # noqa: S608
    return [str(day) for (day,) in found]


def rows_of(warehouse: Warehouse, key: str, *, day: str | None = None) -> pa.Table:
    """The rows of a table of the warehouse in key order; of one day where it is given."""
    contract = table(key)
    with warehouse.session(asset_key=key) as session:
        return read(session, contract, warehouse.name(contract.name), day=day)


def count_of(warehouse: Warehouse, key: str, *, day: str | None = None) -> int:
    """Number of rows of a table of the warehouse; of one day where it is given."""
    contract = table(key)
    where = f" WHERE {quote(contract.partition_by)} = ?" if day is not None and contract.partition_by else ""
    query = f"SELECT COUNT(*) FROM {warehouse.name(contract.name)}{where}"  # noqa: S608 - quoted names
    with warehouse.session(asset_key=key) as session:
        return int(session.execute(query, *([day] if where else []))[0][0])


def lake_count(lake: Lake, key: str, *, day: str | None = None) -> int:
    """Number of rows of a table of the lake; of one day where it is given and the table is daily."""
    contract = table(key)
    if day is None or contract.partition_by is None:
        return lake.count(key)
    return int(lake.read(key, columns=[contract.partition_by], where={contract.partition_by: day}).num_rows)


def against_truth(mart: pa.Table, truth: pa.Table, day: str) -> tuple[int, list[Difference]]:
    """A daily mart's metrics against the known answers of the day.

    Args:
        mart: rows of the mart with the day's row.
        truth: rows of `synthesis/truth` of the day.
        day: the day.

    Returns:
        How many metrics were compared, and those that differ: sums exactly, ratios by more than 1e-9.
    """
    rows = [row for row in mart.to_pylist() if row["day"] == day]
    answers = [row for row in truth.to_pylist() if row["subject"] == WHOLE_DAY and row["metric"] in mart.column_names]
    if not rows:
        return 0, [{"day": day, "metric": "day", "expected": day, "actual": None}]
    differences = [
        {"day": day, "metric": row["metric"], "expected": expected, "actual": rows[0][row["metric"]]}
        for row in answers
        if not same(expected := (row["value"] if row["ratio"] is None else row["ratio"]), rows[0][row["metric"]])
    ]
    return len(answers), differences


def customers_against_truth(mart: pa.Table, truth: pa.Table, days: Sequence[str]) -> tuple[int, list[Difference]]:
    """Each customer's net revenue against the known answers of all days together.

    Args:
        mart: rows of `customer_value`.
        truth: rows of `synthesis/truth`.
        days: the days that the mart covers.
    """
    known = truth.filter(
        pc.and_(
            pc.equal(truth["metric"], CUSTOMER_METRIC), pc.is_in(truth["day"], value_set=pa.array(days, pa.string()))
        )
    )
    sums = known.group_by("subject").aggregate([("value", "sum")]).sort_by("subject")
    ranked = mart.select(["customer_id", "net_revenue_cents"]).sort_by("customer_id")
    if sums["subject"].equals(ranked["customer_id"]) and sums["value_sum"].equals(ranked["net_revenue_cents"]):
        return sums.num_rows, []
    expected = dict(zip(sums["subject"].to_pylist(), sums["value_sum"].to_pylist(), strict=True))
    actual = dict(zip(ranked["customer_id"].to_pylist(), ranked["net_revenue_cents"].to_pylist(), strict=True))
    differences = [
        {"customer_id": name, "expected": expected.get(name), "actual": actual.get(name)}
        for name in sorted(expected.keys() | actual.keys())
        if expected.get(name) != actual.get(name)
    ]
    return len(expected), differences


def products_against_truth(mart: pa.Table, truth: pa.Table, day: str) -> tuple[int, list[Difference]]:
    """The products of a day against its known answers: the sums over all, and each product whose answer is known.

    Args:
        mart: rows of `product_performance` of the day.
        truth: rows of `synthesis/truth` of the day.
        day: the day.
    """
    totals = {name: pc.sum(mart[name]).as_py() or 0 for name in PRODUCT_SUMS}
    expected: dict[tuple[str, str], int] = {}
    for row in truth.select(["metric", "subject", "value"]).to_pylist():
        name = row["metric"].removeprefix(PRODUCT_PREFIX)
        if row["subject"] == WHOLE_DAY and name == row["metric"] and name in totals:
            expected[WHOLE_DAY, name] = row["value"]
        elif name != row["metric"] and name in (*PRODUCT_SUMS, "orders"):
            expected[row["subject"], name] = row["value"]
    actual = {(WHOLE_DAY, name): value for name, value in totals.items()}
    names = (*PRODUCT_SUMS, "orders")
    by_product = mart.group_by("product_id").aggregate([(name, "sum") for name in names])
    actual |= {(row["product_id"], name): row[f"{name}_sum"] for row in by_product.to_pylist() for name in names}
    return len(expected), [
        {"day": day, "product_id": subject, "metric": name, "expected": value, "actual": actual.get((subject, name))}
        for (subject, name), value in expected.items()
        if actual.get((subject, name)) != value
    ]


def restated_against_truth(
    mart: pa.Table, truth: pa.Table, day: str, loaded: Sequence[str]
) -> tuple[int, list[Difference]]:
    """Revenue by order day against what is known of it when the day ends.

    Args:
        mart: rows of `revenue_restated` of the day.
        truth: rows of `synthesis/truth` of the day.
        day: the day.
        loaded: the days of orders that the warehouse holds; an order day counts where all days since are among them.
    """
    rows = {row["order_day"]: row for row in mart.to_pylist()}
    compared = 0
    differences: list[Difference] = []
    for row in truth.filter(pc.starts_with(truth["metric"], RESTATED_PREFIX)).to_pylist():
        placed, name = row["subject"], row["metric"].removeprefix(RESTATED_PREFIX)
        if not days_between(placed, day) <= set(loaded):
            continue
        compared += 1
        actual = rows[placed][name] if placed in rows else 0
        if actual != row["value"]:
            differences.append(
                {"day": day, "order_day": placed, "metric": name, "expected": row["value"], "actual": actual}
            )
    return compared, differences


def days_between(first: str, last: str) -> set[str]:
    """The ISO dates from one to another, both included."""
    start, count = date.fromisoformat(first), (date.fromisoformat(last) - date.fromisoformat(first)).days
    return {(start + timedelta(days=lag)).isoformat() for lag in range(count + 1)}


def prices_off(mart: pa.Table) -> list[Difference]:
    """Products whose value is not units times the list price of the version that was joined."""
    expected = pc.multiply(mart["units"], mart["list_price_cents"])
    off = mart.append_column("expected", expected).filter(pc.not_equal(expected, mart["gmv_cents"]))
    return [
        {"day": row["day"], "product_id": row["product_id"], "expected": row["expected"], "actual": row["gmv_cents"]}
        for row in off.to_pylist()
    ]


def known_cohorts(truth: pa.Table, days: Sequence[str]) -> pa.Table:
    """Rows of `cohort_retention`, counted from who is known to have ordered when.

    Args:
        truth: rows of `synthesis/truth`; those of customers say who ordered on the day.
        days: the days that count.
    """
    contract = table("warehouse/cohort_retention")
    weeks: dict[str, set[date]] = {}
    wanted = {day: monday(day) for day in days}
    bought = truth.filter(pc.equal(truth["metric"], CUSTOMER_METRIC)).select(["day", "subject"])
    for day, customer in zip(bought["day"].to_pylist(), bought["subject"].to_pylist(), strict=True):
        if day in wanted:
            weeks.setdefault(customer, set()).add(wanted[day])
    sizes = Counter(min(found) for found in weeks.values())
    active = Counter((min(found), week) for found in weeks.values() for week in found)
    all_weeks = sorted({week for found in weeks.values() for week in found})
    rows = [
        {
            "cohort_week": first.isoformat(),
            "week_number": (week - first).days // 7,
            "cohort_customers": size,
            "active_customers": active[first, week],
            "retention_rate": active[first, week] / size,
        }
        for first, size in sorted(sizes.items())
        for week in all_weeks
        if week >= first
    ]
    return pa.Table.from_pylist(rows, contract.arrow_schema)


def monday(day: str) -> date:
    """The first day of the week of an ISO date."""
    found = date.fromisoformat(day)
    return found - timedelta(days=found.weekday())


def against_rows(actual: pa.Table, expected: pa.Table, keys: Sequence[str]) -> list[Difference]:
    """The cells in which two tables of the same columns differ, ratios by more than 1e-9."""
    order = [(key, "ascending") for key in keys]
    expected = expected.select(actual.column_names)
    # Two engines mostly agree to the last bit: then there is no need to look at each cell.
    left_sorted, right_sorted = actual.sort_by(order), expected.sort_by(order)
    # Column by column: whether a column may be null is said by the schemas, and differs between them.
    if all(left_sorted[name].equals(right_sorted[name]) for name in actual.column_names):
        return []
    left = {tuple(row[key] for key in keys): row for row in actual.to_pylist()}
    right = {tuple(row[key] for key in keys): row for row in expected.to_pylist()}
    differences: list[Difference] = []
    for key in sorted(left.keys() | right.keys()):
        here, there = left.get(key, {}), right.get(key, {})
        differences += [
            {"key": list(key), "column": name, "expected": there.get(name), "actual": here.get(name)}
            for name in actual.column_names
            if not same(there.get(name), here.get(name))
        ]
    return differences


def same(expected: Any, actual: Any) -> bool:
    """Equal; floating-point numbers within 1e-9, relative above 1."""
    if isinstance(expected, float) and isinstance(actual, (int, float)):
        return math.isclose(expected, actual, rel_tol=RATIO_TOLERANCE, abs_tol=RATIO_TOLERANCE)
    return bool(expected == actual)


def mart_against_truth(
    warehouse: Warehouse, lake: Lake, name: str, rows: Mapping[str | None, pa.Table]
) -> tuple[int, list[Difference]]:
    """A mart against the known answers.

    Args:
        warehouse: says which days are loaded.
        lake: holds the known answers.
        name: the mart.
        rows: its rows by day, or under None where it has no days.

    Returns:
        How many answers were compared, and those that differ.
    """
    if name in ("customer_value", "cohort_retention", "revenue_restated"):
        loaded = days_of(warehouse, "warehouse/fct_orders")
    if name == "customer_value":
        return customers_against_truth(rows[None], lake.read("synthesis/truth"), loaded)
    if name == "cohort_retention":
        known = known_cohorts(lake.read("synthesis/truth"), loaded)
        return known.num_rows, against_rows(rows[None], known, table(f"warehouse/{name}").keys)
    compared = 0
    differences: list[Difference] = []
    for day, mart in rows.items():
        assert day is not None  # noqa: S101 - the marts above have no days, all others have
        truth = lake.read("synthesis/truth", where={"day": day})
        if name == "product_performance":
            count, found = products_against_truth(mart, truth, day)
        elif name == "revenue_restated":
            count, found = restated_against_truth(mart, truth, day, loaded)
        else:
            count, found = against_truth(mart, truth, day)
        compared, differences = compared + count, differences + found
    return compared, differences


def mart_against_lake(lake: Lake, name: str, rows: Mapping[str | None, pa.Table]) -> tuple[int, list[Difference]]:
    """A mart against the lakehouse's table of the same name: how many cells were compared, and those that differ."""
    compared = 0
    differences: list[Difference] = []
    for day, mart in rows.items():
        other = lake.read(f"lakehouse/{name}", where={"day": day} if day else None)
        compared += mart.num_rows * mart.num_columns
        differences += against_rows(mart, other, table(f"warehouse/{name}").keys)
    return compared, differences

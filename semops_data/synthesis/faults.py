"""The faults of whole days, as they change an export, and the check that must see each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.synthesis.strings import decimal

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.parameters import Business

WHOLE_OBJECT = -1
"""Row number of a defect that concerns every row of an object."""


@dataclass(frozen=True)
class DayFault:
    """One fault of whole days.

    Attributes:
        scenario: its field of `Scenario`.
        kind: as `synthesis/defects` names it.
        table: the exported table that shows it.
        column: the landed column.
        caught_by: `check:` and the check that must not pass, as room/table:claim; or `refusal:` and the table that
            must refuse the object.
    """

    scenario: str
    kind: str
    table: str
    column: str
    caught_by: str


DAY_FAULTS = (
    DayFault("cents_as_euros", "unit_mix_up", "payments", "amount",
             "check:lakehouse/payments:orders_are_paid_in_full"),
    DayFault("dollars_as_euros", "currency_mix_up", "payments", "amount",
             "check:lakehouse/payments:orders_are_paid_in_full"),
    DayFault("new_column", "new_column", "orders", "loyalty_tier", "check:lakehouse/orders:columns_are_known"),
    DayFault("changed_type", "changed_type", "inventory", "closing_quantity",
             "refusal:lakehouse/inventory"),
    DayFault("drift", "drift", "order_items", "quantity", "check:profiling/order_items:distribution_is_stable"),
    DayFault("refunds_in_revenue", "silent_redefinition", "orders", "refund",
             "check:lakehouse/daily_revenue:equals_the_truth"),
    DayFault("redefined_revenue", "silent_redefinition", "orders", "refund",
             "check:warehouse/daily_revenue:sql_computes_the_definitions"),
)  # fmt: skip
"""Every fault of `Scenario`."""


REDEFINITION = ("daily_revenue", " - o.refund_cents, 0) AS net_revenue_cents", ", 0) AS net_revenue_cents")
"""The mart, and what its SQL says before and after somebody has silently changed a metric."""


def redefined(business: Business, mart: str, day: date, sql: str) -> str:
    """The SQL of a mart as the scenario of the day has it.

    Raises:
        ValueError: where the SQL no longer says what the fault would change, so that nothing would be planted.
    """
    name, old, new = REDEFINITION
    if mart != name or not business.scenario.is_on("redefined_revenue", business, day):
        return sql
    if old not in sql:
        raise ValueError(f"the SQL of {mart} has no {old!r}: the fault redefined_revenue cannot be planted")
    return sql.replace(old, new)


def distort(business: Business, name: str, day: date, raw: pa.Table) -> pa.Table:
    """The export of a table as the scenario of the day has it.

    Args:
        business: gives the scenario.
        name: the exported table.
        day: the day.
        raw: raw rows without faults.
    """
    for fault in DAY_FAULTS:
        if fault.table == name and business.scenario.is_on(fault.scenario, business, day):
            raw = _distorted(fault, raw)
    return raw


def _distorted(fault: DayFault, raw: pa.Table) -> pa.Table:
    if fault.scenario == "new_column":
        return raw.append_column(fault.column, pa.repeat("gold", raw.num_rows))
    if fault.scenario in ("drift", "redefined_revenue"):
        # The draws themselves have changed, or what is made of them; the export is right.
        return raw
    values = raw.column(fault.column)
    if fault.scenario == "changed_type":
        values = pc.binary_join_element_wise(values.cast(pa.string()), "pcs", " ")
    elif fault.scenario == "refunds_in_revenue":
        values = pa.repeat("0.00", raw.num_rows)
    else:
        cents = pc.round(pc.multiply(values.cast(pa.float64()), 100)).cast(pa.int64())
        factor = 100 if fault.scenario == "cents_as_euros" else 1.08
        values = decimal(pc.round(pc.multiply(cents, factor)).cast(pa.int64()).combine_chunks())
    return raw.set_column(raw.column_names.index(fault.column), fault.column, values)


def scenario_defects(business: Business, day: date) -> pa.Table:
    """The manifest of the day's faults: rows of `synthesis/defects`."""
    found = [fault for fault in DAY_FAULTS if business.scenario.is_on(fault.scenario, business, day)]
    return pa.Table.from_pylist(
        [
            {
                "day": day.isoformat(),
                "table_name": fault.table,
                "row_number": WHOLE_OBJECT - position,
                "kind": fault.kind,
                "column_name": fault.column,
                "row_key": "",
                "caught_by": fault.caught_by,
            }
            for position, fault in enumerate(found)
        ],
        table("synthesis/defects").arrow_schema,
    )

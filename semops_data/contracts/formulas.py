"""How each metric is computed, in a form that a machine can compare with the SQL that computes it.

A formula is an expression over columns of facts. Beyond SQL it says `COUNT_ROWS(fact)` for the number of a fact's
rows, and `PER(aggregate, column, ...)` for an aggregate within each value of the columns. What it is grouped by in
the mart (the mart's own key) and the day of a daily mart are not repeated in it; a quotient of nothing is null.
"""

from __future__ import annotations

from dataclasses import dataclass

from semops_data.contracts.shop import LATER_DAYS


@dataclass(frozen=True)
class Formula:
    """One metric in one mart.

    Attributes:
        mart: name of the mart in `warehouse`.
        column: the mart's column that shows the metric.
        numerator: expression over columns of facts.
        denominator: expression that the numerator is divided by, where the metric is a ratio.
        filters: conditions that the counted rows fulfil; `:day` is the day of a daily mart.
    """

    mart: str
    column: str
    numerator: str
    denominator: str | None = None
    filters: tuple[str, ...] = ()

    @property
    def expression(self) -> str:
        """The whole as one expression."""
        parts = [self.numerator, *([self.denominator] if self.denominator else [])]
        if self.filters:
            parts = [f"ONLY({part}, {' AND '.join(self.filters)})" for part in parts]
        return " / ".join(f"({part})" for part in parts)


GMV = "SUM(fct_orders.subtotal_cents)"
DISCOUNT = "SUM(fct_orders.discount_cents)"
REFUND = "SUM(fct_orders.refund_cents)"
NET_REVENUE = f"{GMV} - {DISCOUNT} - {REFUND}"
ORDERS = "COUNT_ROWS(fct_orders)"
SESSIONS = "COUNT_ROWS(fct_sessions)"
LINE_VALUE = "SUM(fct_order_items.quantity * fct_order_items.unit_price_cents)"
BUYERS = "COUNT(DISTINCT fct_orders.customer_id)"
ORDER_WEEK = "DATE_TRUNC('week', TO_DATE(fct_orders.day))"
FIRST_WEEK = "DATE_TRUNC('week', TO_DATE(PER(MIN(fct_orders.day), fct_orders.customer_id)))"


def _reached(step: str) -> str:
    """1 for a session that reached the step, else 0."""
    return f"PER(MAX(IFF(fct_events.event_name = '{step}', 1, 0)), fct_events.session_id)"


_CART, _PURCHASE = _reached("add_to_cart"), _reached("purchase")
_COHORT = f"PER({BUYERS}, {FIRST_WEEK})"
_ACTIVE = f"PER({BUYERS}, {FIRST_WEEK}, {ORDER_WEEK})"

_CAPTURED = "fct_payments.status = 'captured'"
_FAILURES = "SUM(IFF(fct_payments.status = 'failed', 1, 0))"
_RETURNED = "SUM(fct_returns.quantity)"
_KNOWN = (
    "fct_orders.day <= :day",
    f"fct_orders.order_day >= TO_CHAR(DATEADD('day', -{LATER_DAYS}, TO_DATE(:day)), 'YYYY-MM-DD')",
)
_KNOWN_REFUND = "SUM(IFNULL(fct_order_updates.refund_cents, fct_orders.refund_cents))"

FORMULAS: tuple[Formula, ...] = (
    Formula("daily_revenue", "orders", ORDERS),
    Formula("daily_revenue", "units", "SUM(fct_order_items.quantity)"),
    Formula("daily_revenue", "customers", BUYERS),
    Formula("daily_revenue", "gmv_cents", GMV),
    Formula("daily_revenue", "discount_cents", DISCOUNT),
    Formula("daily_revenue", "refund_cents", REFUND),
    Formula("daily_revenue", "net_revenue_cents", NET_REVENUE),
    Formula("daily_revenue", "average_order_value_cents", GMV, ORDERS),
    Formula("daily_revenue", "refund_rate", REFUND, f"{GMV} - {DISCOUNT}"),
    Formula("after_sales", "payments_captured", f"SUM(IFF({_CAPTURED}, 1, 0))"),
    Formula("after_sales", "payments_failed", _FAILURES),
    Formula("after_sales", "captured_cents", f"SUM(IFF({_CAPTURED}, fct_payments.amount_cents, 0))"),
    Formula("after_sales", "payment_failure_rate", _FAILURES, "COUNT_ROWS(fct_payments)"),
    Formula("after_sales", "returns", "COUNT_ROWS(fct_returns)"),
    Formula("after_sales", "returned_units", _RETURNED),
    Formula("after_sales", "returned_cents", "SUM(fct_returns.refund_cents)"),
    Formula("after_sales", "return_rate", _RETURNED, "SUM(fct_order_items.quantity)"),
    Formula("revenue_restated", "orders", ORDERS, filters=_KNOWN),
    Formula("revenue_restated", "gmv_cents", GMV, filters=_KNOWN),
    Formula("revenue_restated", "discount_cents", DISCOUNT, filters=_KNOWN),
    Formula("revenue_restated", "refund_cents", _KNOWN_REFUND, filters=_KNOWN),
    Formula("revenue_restated", "net_revenue_cents", f"{GMV} - {DISCOUNT} - {_KNOWN_REFUND}", filters=_KNOWN),
    Formula("customer_value", "orders", ORDERS),
    Formula("customer_value", "units", "SUM(PER(SUM(fct_order_items.quantity), fct_order_items.order_id))"),
    Formula("customer_value", "gmv_cents", GMV),
    Formula("customer_value", "net_revenue_cents", NET_REVENUE),
    Formula("customer_value", "average_order_value_cents", GMV, ORDERS),
    Formula("customer_value", "is_repeat_customer", f"{ORDERS} > 1"),
    Formula("funnel", "sessions", SESSIONS),
    Formula("funnel", "view_sessions", f"SUM({_reached('view')})"),
    Formula("funnel", "add_to_cart_sessions", f"SUM({_CART})"),
    Formula("funnel", "begin_checkout_sessions", f"SUM({_reached('begin_checkout')})"),
    Formula("funnel", "purchase_sessions", f"SUM({_PURCHASE})"),
    Formula(
        "funnel",
        "purchase_value_cents",
        "SUM(PER(SUM(IFF(fct_events.event_name = 'purchase', fct_events.value_cents, 0)), fct_events.session_id))",
    ),
    Formula("funnel", "conversion_rate", f"SUM({_PURCHASE})", SESSIONS),
    Formula(
        "funnel",
        "cart_abandonment_rate",
        f"SUM(IFF({_CART} = 1 AND {_PURCHASE} = 0, 1, 0))",
        f"SUM({_CART})",
    ),
    Formula("cohort_retention", "cohort_customers", _COHORT),
    Formula("cohort_retention", "active_customers", _ACTIVE),
    Formula("cohort_retention", "retention_rate", _ACTIVE, _COHORT),
    Formula("product_performance", "orders", "COUNT(DISTINCT fct_order_items.order_id)"),
    Formula("product_performance", "units", "SUM(fct_order_items.quantity)"),
    Formula("product_performance", "gmv_cents", LINE_VALUE),
    Formula("product_performance", "discount_cents", "SUM(fct_order_items.discount_cents)"),
    Formula("product_performance", "revenue_share", LINE_VALUE, f"SUM({LINE_VALUE}) OVER ()"),
)


def formulas(mart: str) -> tuple[Formula, ...]:
    """The formulas of a mart's metrics."""
    return tuple(formula for formula in FORMULAS if formula.mart == mart)

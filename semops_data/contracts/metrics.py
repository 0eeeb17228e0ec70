"""The metrics of the business, each defined once: daily revenue, customer value, the funnel, and the known answers.

Belongs here: what a metric means, how it is counted, in which unit. Lakehouse and warehouse compute the same ones.
"""

from __future__ import annotations

from semops_data.contracts.shop import DAY, cents
from semops_data.contracts.types import Column


def count(name: str, description: str, unit: str, *, term: str | None = None) -> Column:
    """A column that counts things."""
    return Column(name, "int64", description, unit=unit, term=term, minimum=0)


def ratio(name: str, description: str, *, term: str | None = None) -> Column:
    """A share between 0 and 1, null where its denominator is 0."""
    return Column(name, "float64", description, unit="ratio", term=term, nullable=True, minimum=0, maximum=1)


DAILY_REVENUE = (
    DAY,
    count("orders", "Orders booked on the day in all channels, whatever became of them later.", "order", term="order"),
    count("units", "Units of merchandise on the day's orders.", "unit", term="units-sold"),
    count("customers", "Different customers of the orders that were booked on the day.", "customer", term="customer"),
    cents(
        "gmv_cents",
        "Gross merchandise value: list price times quantity over all orders booked on the day, before discounts, "
        "refunds, shipping and tax.",
        term="gross-merchandise-value",
    ),
    cents("discount_cents", "Price reductions granted on the day's orders.", term="discount"),
    cents(
        "refund_cents",
        "Merchandise value of the day's orders that was given back by its end, also for cancelled ones.",
        term="refund",
    ),
    cents(
        "net_revenue_cents",
        "Net revenue: gross merchandise value less discounts and refunds, without shipping and tax.",
        term="net-revenue",
    ),
    Column(
        "average_order_value_cents",
        "float64",
        "Average order value: gross merchandise value divided by the number of orders; null on a day without orders.",
        unit="EUR cent",
        nullable=True,
        term="average-order-value",
        minimum=0,
    ),
    ratio(
        "refund_rate",
        "Refund rate: refunds divided by gross merchandise value less discounts; null where that is 0.",
        term="refund-rate",
    ),
)

AFTER_SALES = (
    DAY,
    count("payments_captured", "Payments captured for the day's orders.", "payment", term="payment"),
    count("payments_failed", "Attempts to pay for the day's orders that failed.", "payment", term="payment"),
    cents(
        "captured_cents",
        "Money captured for the day's orders, with shipping and tax; not a revenue metric.",
        term="captured-amount",
    ),
    ratio(
        "payment_failure_rate",
        "Payment failure rate: failed attempts to pay divided by all attempts; null on a day without any.",
        term="payment-failure-rate",
    ),
    count("returns", "Order lines whose goods came back on the day.", "return", term="return"),
    count("returned_units", "Units of merchandise that came back on the day.", "unit", term="returned-units"),
    cents("returned_cents", "Merchandise value given back for what came back on the day.", term="refund"),
    Column(
        "return_rate",
        "float64",
        "Return rate: units that came back on the day divided by units booked on it; null where no unit was booked.",
        unit="ratio",
        nullable=True,
        term="return-rate",
        minimum=0,
    ),
)

REVENUE_RESTATED = (
    Column("day", "string", "Calendar day in UTC up to which exports are known, as an ISO date.", is_key=True,
           term="day"),
    Column("order_day", "string", "Calendar day in UTC on which the orders were placed, as an ISO date.", is_key=True,
           term="day"),
    count("days_later", "Days between the two: 0 shows what was known as the day of the orders ended.", "day"),
    count("orders", "Orders placed on the order day that are known by then.", "order", term="order"),
    cents("gmv_cents", "Gross merchandise value of these orders, before discounts and refunds.",
          term="gross-merchandise-value"),
    cents("discount_cents", "Price reductions granted on these orders.", term="discount"),
    cents("refund_cents", "Merchandise value of these orders that was given back by then.", term="refund"),
    cents("net_revenue_cents", "Net revenue of these orders as known by then: gross merchandise value less discounts "
          "and refunds.", term="net-revenue"),
)  # fmt: skip

CUSTOMER_VALUE = (
    Column("customer_id", "string", "Customer who placed at least one order.", is_key=True, term="customer"),
    count("orders", "Orders that the customer has placed so far.", "order", term="order"),
    count("units", "Units of merchandise that the customer has ordered so far.", "unit", term="units-sold"),
    cents(
        "gmv_cents",
        "Gross merchandise value of the customer's orders so far, before discounts and refunds.",
        term="gross-merchandise-value",
    ),
    cents(
        "net_revenue_cents",
        "Net revenue of the customer's orders so far: gross merchandise value less discounts and refunds.",
        term="customer-value",
    ),
    Column(
        "average_order_value_cents",
        "float64",
        "Gross merchandise value of the customer's orders divided by their number.",
        unit="EUR cent",
        term="average-order-value",
        minimum=0,
    ),
    Column("first_order_day", "string", "Day of the customer's first order, as an ISO date."),
    Column("last_order_day", "string", "Day of the customer's latest order, as an ISO date."),
    Column(
        "is_repeat_customer", "bool", "Whether the customer has placed more than one order.", term="repeat-customer"
    ),
)

FUNNEL = (
    DAY,
    count("sessions", "Sessions of the web shop that started on the day.", "session", term="session"),
    count("view_sessions", "Sessions in which at least one product was viewed.", "session", term="funnel-step"),
    count("add_to_cart_sessions", "Sessions in which a product was put into the cart.", "session", term="funnel-step"),
    count("begin_checkout_sessions", "Sessions in which the checkout was begun.", "session", term="funnel-step"),
    count("purchase_sessions", "Sessions in which an order was placed.", "session", term="funnel-step"),
    cents(
        "purchase_value_cents",
        "Gross merchandise value of the orders that were placed in the day's sessions: the web channel's part of it.",
        term="gross-merchandise-value",
    ),
    ratio(
        "conversion_rate",
        "Conversion rate: sessions with a purchase divided by all sessions; null on a day without sessions.",
        term="conversion-rate",
    ),
    ratio(
        "cart_abandonment_rate",
        "Cart abandonment rate: sessions with a filled cart but no purchase, divided by sessions with a filled cart; "
        "null where there is none.",
        term="cart-abandonment-rate",
    ),
)

TRUTH = (
    DAY,
    Column(
        "metric",
        "string",
        "Name of the metric and of the column that must show it, such as gmv_cents.",
        is_key=True,
    ),
    Column(
        "subject",
        "string",
        "What the metric is about: 'all' for the whole day; a customer_id for customer_*, a product_id for product_*, "
        "and the order day for restated_*.",
        is_key=True,
    ),
    Column("value", "int64", "The exact answer of a sum or a count; null for a ratio.", nullable=True),
    Column("ratio", "float64", "The answer of a quotient, within 1e-9; null for a sum or a count.", nullable=True),
    Column("unit", "string", "Unit of the answer: EUR cent, order, session, ratio, ..."),
)

DEFECT_KINDS = (
    "missing_value",
    "unreadable_value",
    "unreadable_row",
    "out_of_range",
    "not_allowed",
    "orphaned_reference",
    "duplicate_row",
    "late_row",
    "currency_mix_up",
    "unit_mix_up",
    "new_column",
    "changed_type",
    "drift",
    "silent_redefinition",
)

DEFECTS = (
    DAY,
    Column(
        "table_name",
        "string",
        "Table of the landing room whose object holds the defect, or which a redefined metric reads.",
        is_key=True,
    ),
    Column(
        "row_number",
        "int64",
        "Position of the row in the landed object, from 0; negative where every row of the object is concerned.",
        unit="row",
        is_key=True,
    ),
    Column("kind", "string", "What is wrong with the row.", allowed=DEFECT_KINDS),
    Column(
        "column_name",
        "string",
        "Landed column that holds the defect; null where the whole row is the defect.",
        nullable=True,
    ),
    Column("row_key", "string", "Primary key that the row carries."),
    Column(
        "caught_by",
        "string",
        "What must catch it: 'duplicate', the reason under which it is quarantined, 'check:' and the check that must "
        "not pass, or 'refusal:' and the table that must refuse the object.",
    ),
)


def quarantine(name: str) -> tuple[Column, ...]:
    """The columns of a quarantine table, for rows that came for the table `name`."""
    return (
        Column("day", "string", "Day of the landed object, as an ISO date.", is_key=True, term="day"),
        Column(
            "row_number",
            "int64",
            "Position of the row in the landed object, from 0.",
            unit="row",
            is_key=True,
            minimum=0,
        ),
        Column(
            "reason",
            "string",
            f"Rule of the contract of {name} that the row breaks, and the column, such as 'null:day'.",
        ),
        Column("raw_row", "string", "The row as it was landed, as JSON text."),
        Column("source", "string", "Path of the landed object that holds the row, below the landing root."),
    )

"""What landed rows must agree in if their columns mean what is declared.

A type and a range say what a value may be; an agreement says what it is: of two columns, or two exports, that tell
the same thing, one follows from the other. Belongs here: agreements that follow from the descriptions of columns.
Does not belong here: known answers, which a real business has not.
"""

# ruff: noqa: S608 - these texts are of constants alone
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """One agreement about a landed column.

    Attributes:
        table: the exported table.
        column: the landed column whose meaning it states.
        claim: what must hold of each row, as a sentence.
        reads: the exported tables that it reads.
        sql: DuckDB's SELECT of `row_key`, `expected` and `actual`, one row per landed row that it is about; an
            expected null says nothing about the row. Money is in euros.
    """

    table: str
    column: str
    claim: str
    reads: tuple[str, ...]
    sql: str


def _euros(column: str) -> str:
    return f"TRY_CAST({column} AS DECIMAL(18, 2))"


def _count(column: str) -> str:
    return f"TRY_CAST({column} AS BIGINT)"


_PAID = f"{_euros('subtotal')} - {_euros('discount')}"

AGREEMENTS: tuple[Agreement, ...] = (
    Agreement(
        "orders",
        "order_id",
        "An order has at least one line.",
        ("orders", "order_items"),
        """
        SELECT o.order_id AS row_key, least(count(i.order_item_id), 1) AS actual, 1 AS expected
        FROM orders AS o LEFT JOIN order_items AS i ON i.order_id = o.order_id
        GROUP BY o.order_id
        """,
    ),
    Agreement(
        "order_items",
        "order_id",
        "A line belongs to an order of the same day.",
        ("orders", "order_items"),
        """
        SELECT i.order_item_id AS row_key, count(o.order_id) AS actual, 1 AS expected
        FROM order_items AS i LEFT JOIN orders AS o ON o.order_id = i.order_id
        GROUP BY i.order_item_id
        """,
    ),
    Agreement(
        "orders",
        "refund",
        "A refunded or cancelled order gives back all that was paid for its merchandise, a partially refunded one "
        "some of it, a paid one nothing.",
        ("orders",),
        f"""
        SELECT order_id AS row_key, {_euros("refund")} AS actual,
               CASE WHEN financial_status IN ('refunded', 'cancelled') THEN {_PAID}
                    WHEN financial_status = 'paid' THEN 0
                    ELSE least(greatest({_euros("refund")}, 0.01), {_PAID}) END AS expected
        FROM orders
        """,
    ),
    Agreement(
        "orders",
        "subtotal",
        "The subtotal of an order is quantity times unit price over its lines.",
        ("orders", "order_items"),
        f"""
        SELECT o.order_id AS row_key, {_euros("o.subtotal")} AS actual,
               sum({_count("i.quantity")} * {_euros("i.unit_price")}) AS expected
        FROM orders AS o JOIN order_items AS i ON i.order_id = o.order_id
        GROUP BY o.order_id, o.subtotal
        """,
    ),
    Agreement(
        "orders",
        "discount",
        "The discount of an order is the sum of the discounts on its lines.",
        ("orders", "order_items"),
        f"""
        SELECT o.order_id AS row_key, {_euros("o.discount")} AS actual, sum({_euros("i.discount")}) AS expected
        FROM orders AS o JOIN order_items AS i ON i.order_id = o.order_id
        GROUP BY o.order_id, o.discount
        """,
    ),
    Agreement(
        "order_items",
        "discount",
        "The discounts on the lines of an order are the discount of the order.",
        ("orders", "order_items"),
        f"""
        SELECT o.order_id AS row_key, sum({_euros("i.discount")}) AS actual, {_euros("o.discount")} AS expected
        FROM orders AS o JOIN order_items AS i ON i.order_id = o.order_id
        GROUP BY o.order_id, o.discount
        """,
    ),
    Agreement(
        "orders",
        "total",
        "The total of an order is its subtotal less discount, plus shipping and tax.",
        ("orders",),
        f"""
        SELECT order_id AS row_key, {_euros("total")} AS actual,
               {_PAID} + {_euros("shipping")} + {_euros("tax")} AS expected
        FROM orders
        """,
    ),
    Agreement(
        "order_items",
        "unit_price",
        "A line of an order that was placed on the day has the product's list price of the day.",
        ("orders", "order_items", "products"),
        f"""
        SELECT i.order_item_id AS row_key, {_euros("i.unit_price")} AS actual, {_euros("p.unit_price")} AS expected
        FROM order_items AS i
        JOIN orders AS o ON o.order_id = i.order_id AND left(o.created_at, 10) = $day
        JOIN products AS p ON p.product_id = i.product_id
        """,
    ),
    Agreement(
        "order_items",
        "quantity",
        "The units of a product on the day's lines are the units that its stock lost by selling.",
        ("order_items", "inventory"),
        f"""
        SELECT s.product_id AS row_key, coalesce(sum({_count("i.quantity")}), 0) AS actual,
               {_count("s.sold_quantity")} AS expected
        FROM inventory AS s LEFT JOIN order_items AS i ON i.product_id = s.product_id
        GROUP BY s.product_id, s.sold_quantity
        """,
    ),
    Agreement(
        "payments",
        "amount",
        "A captured payment is the whole total of its order, in euros.",
        ("orders", "payments"),
        f"""
        SELECT p.payment_id AS row_key, {_euros("p.amount")} AS actual, {_euros("o.total")} AS expected
        FROM payments AS p JOIN orders AS o ON o.order_id = p.order_id
        WHERE p.status = 'captured'
        """,
    ),
    Agreement(
        "payments",
        "status",
        "Each order that was not cancelled has one captured payment.",
        ("orders", "payments"),
        """
        SELECT o.order_id AS row_key, count(p.payment_id) FILTER (p.status = 'captured') AS actual, 1 AS expected
        FROM orders AS o LEFT JOIN payments AS p ON p.order_id = o.order_id
        WHERE o.financial_status <> 'cancelled'
        GROUP BY o.order_id
        """,
    ),
    Agreement(
        "orders",
        "customer_id",
        "An order belongs to a customer whose account was there when it was placed.",
        ("orders", "customers"),
        """
        SELECT o.order_id AS row_key, count(c.customer_id) AS actual, 1 AS expected
        FROM orders AS o
        LEFT JOIN customers AS c ON c.customer_id = o.customer_id AND c.created_at <= o.created_at
        GROUP BY o.order_id
        """,
    ),
    Agreement(
        "order_updates",
        "refund",
        "What has been given back for an order whose goods came back is the sum over its returned lines.",
        ("order_updates", "returns"),
        f"""
        SELECT u.order_id AS row_key, {_euros("u.refund")} AS actual, sum({_euros("r.refund")}) AS expected
        FROM order_updates AS u JOIN returns AS r ON r.order_id = u.order_id
        GROUP BY u.order_id, u.refund
        """,
    ),
    Agreement(
        "returns",
        "refund",
        "The returned lines of an order give back what the order's change of the day says in all.",
        ("order_updates", "returns"),
        f"""
        SELECT r.order_id AS row_key, sum({_euros("r.refund")}) AS actual, {_euros("u.refund")} AS expected
        FROM returns AS r JOIN order_updates AS u ON u.order_id = r.order_id
        GROUP BY r.order_id, u.refund
        """,
    ),
    Agreement(
        "inventory",
        "closing_quantity",
        "What was in stock and came in, less what was sold and written off, is left.",
        ("inventory",),
        f"""
        SELECT product_id AS row_key, {_count("closing_quantity")} AS actual,
               {_count("opening_quantity")} + {_count("received_quantity")} - {_count("sold_quantity")}
               - {_count("written_off_quantity")} AS expected
        FROM inventory
        """,
    ),
    Agreement(
        "sessions",
        "session_id",
        "Every step towards a purchase was taken in one of the day's visits.",
        ("sessions", "events"),
        """
        SELECT e.event_id AS row_key, count(s.session_id) AS actual, 1 AS expected
        FROM events AS e LEFT JOIN sessions AS s ON s.session_id = e.session_id
        GROUP BY e.event_id
        """,
    ),
    Agreement(
        "events",
        "value",
        "The value of a purchase is the subtotal of the order that it created.",
        ("events", "orders"),
        f"""
        SELECT e.event_id AS row_key, {_euros("e.value")} AS actual, {_euros("o.subtotal")} AS expected
        FROM events AS e JOIN orders AS o ON o.order_id = e.order_id
        WHERE e.event_name = 'purchase'
        """,
    ),
    Agreement(
        "events",
        "event_name",
        "A purchase names the order that it created; no other step names one.",
        ("events",),
        """
        SELECT event_id AS row_key, CAST(event_name = 'purchase' AS INTEGER) AS actual,
               CAST(order_id IS NOT NULL AS INTEGER) AS expected
        FROM events
        """,
    ),
)


def agreements(table: str, column: str) -> tuple[Agreement, ...]:
    """The agreements that state what a landed column means."""
    return tuple(found for found in AGREEMENTS if (found.table, found.column) == (table, column))

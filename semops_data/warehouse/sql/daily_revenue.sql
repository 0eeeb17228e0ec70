-- Revenue of one day: what was ordered, at list price, and what was earned after discounts and refunds.
WITH day_orders AS (
    SELECT
        COUNT(*) AS orders,
        COUNT(DISTINCT customer_id) AS customers,
        SUM(subtotal_cents) AS gmv_cents,
        SUM(discount_cents) AS discount_cents,
        SUM(refund_cents) AS refund_cents
    FROM fct_orders
    WHERE day = :day
),
day_items AS (
    SELECT SUM(quantity) AS units
    FROM fct_order_items
    WHERE day = :day
)
SELECT
    :day AS day,
    o.orders AS orders,
    COALESCE(i.units, 0) AS units,
    o.customers AS customers,
    COALESCE(o.gmv_cents, 0) AS gmv_cents,
    COALESCE(o.discount_cents, 0) AS discount_cents,
    COALESCE(o.refund_cents, 0) AS refund_cents,
    COALESCE(o.gmv_cents - o.discount_cents - o.refund_cents, 0) AS net_revenue_cents,
    o.gmv_cents::DOUBLE / NULLIF(o.orders, 0) AS average_order_value_cents,
    o.refund_cents::DOUBLE / NULLIF(o.gmv_cents - o.discount_cents, 0) AS refund_rate
FROM day_orders AS o
CROSS JOIN day_items AS i

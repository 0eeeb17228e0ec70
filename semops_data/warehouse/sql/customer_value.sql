-- What each customer has been worth so far.
WITH items AS (
    SELECT order_id, SUM(quantity) AS units
    FROM fct_order_items
    GROUP BY order_id
),
totals AS (
    SELECT
        o.customer_id AS customer_id,
        COUNT(*) AS orders,
        COALESCE(SUM(i.units), 0) AS units,
        SUM(o.subtotal_cents) AS gmv_cents,
        SUM(o.subtotal_cents - o.discount_cents - o.refund_cents) AS net_revenue_cents,
        MIN(o.day) AS first_order_day,
        MAX(o.day) AS last_order_day
    FROM fct_orders AS o
    LEFT JOIN items AS i ON i.order_id = o.order_id
    GROUP BY o.customer_id
)
SELECT
    t.customer_id AS customer_id,
    t.orders AS orders,
    t.units AS units,
    t.gmv_cents AS gmv_cents,
    t.net_revenue_cents AS net_revenue_cents,
    t.gmv_cents::DOUBLE / t.orders AS average_order_value_cents,
    t.first_order_day AS first_order_day,
    t.last_order_day AS last_order_day,
    t.orders > 1 AS is_repeat_customer
FROM totals AS t

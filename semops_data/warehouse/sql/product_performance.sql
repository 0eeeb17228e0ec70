-- What each product sold on one day, by the version of the product that was valid when it was ordered.
WITH lines AS (
    SELECT
        p.product_key AS product_key,
        MAX(p.product_id) AS product_id,
        MAX(p.category) AS category,
        MAX(p.unit_price_cents) AS list_price_cents,
        COUNT(DISTINCT i.order_id) AS orders,
        SUM(i.quantity) AS units,
        SUM(i.quantity * i.unit_price_cents) AS gmv_cents,
        SUM(i.discount_cents) AS discount_cents
    FROM fct_order_items AS i
    LEFT JOIN fct_orders AS o
        ON o.order_id = i.order_id
        AND o.day = :day
    LEFT JOIN dim_products AS p
        ON p.product_id = i.product_id
        AND p.valid_from <= o.order_day
        AND (p.valid_to IS NULL OR p.valid_to > o.order_day)
    WHERE i.day = :day
    GROUP BY p.product_key
)
SELECT
    :day AS day,
    l.product_key AS product_key,
    l.product_id AS product_id,
    l.category AS category,
    l.list_price_cents AS list_price_cents,
    l.orders AS orders,
    l.units AS units,
    l.gmv_cents AS gmv_cents,
    l.discount_cents AS discount_cents,
    l.gmv_cents::DOUBLE / NULLIF(SUM(l.gmv_cents) OVER (), 0) AS revenue_share
FROM lines AS l

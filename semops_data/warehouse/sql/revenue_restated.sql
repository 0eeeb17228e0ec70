-- Revenue by the day on which orders were placed, as known when one day ends: late orders and later refunds count.
WITH known AS (
    SELECT
        o.order_day AS order_day,
        o.subtotal_cents AS subtotal_cents,
        o.discount_cents AS discount_cents,
        COALESCE(u.refund_cents, o.refund_cents) AS refund_cents
    FROM fct_orders AS o
    LEFT JOIN fct_order_updates AS u
        ON u.order_id = o.order_id
        AND u.day <= :day
    WHERE o.day <= :day
        AND o.order_day >= TO_CHAR(DATEADD('day', -3, TO_DATE(:day)), 'YYYY-MM-DD')
)
SELECT
    :day AS day,
    k.order_day AS order_day,
    DATEDIFF('day', TO_DATE(k.order_day), TO_DATE(:day)) AS days_later,
    COUNT(*) AS orders,
    SUM(k.subtotal_cents) AS gmv_cents,
    SUM(k.discount_cents) AS discount_cents,
    SUM(k.refund_cents) AS refund_cents,
    SUM(k.subtotal_cents - k.discount_cents - k.refund_cents) AS net_revenue_cents
FROM known AS k
GROUP BY k.order_day

-- The web shop's funnel of one day: sessions that reached each step, and what was bought.
WITH steps AS (
    SELECT
        session_id,
        MAX(IFF(event_name = 'view', 1, 0)) AS has_view,
        MAX(IFF(event_name = 'add_to_cart', 1, 0)) AS has_cart,
        MAX(IFF(event_name = 'begin_checkout', 1, 0)) AS has_checkout,
        MAX(IFF(event_name = 'purchase', 1, 0)) AS has_purchase,
        SUM(IFF(event_name = 'purchase', value_cents, 0)) AS purchase_value_cents
    FROM fct_events
    WHERE day = :day
    GROUP BY session_id
),
totals AS (
    SELECT
        COUNT(*) AS sessions,
        COALESCE(SUM(e.has_view), 0) AS view_sessions,
        COALESCE(SUM(e.has_cart), 0) AS add_to_cart_sessions,
        COALESCE(SUM(e.has_checkout), 0) AS begin_checkout_sessions,
        COALESCE(SUM(e.has_purchase), 0) AS purchase_sessions,
        COALESCE(SUM(IFF(e.has_cart = 1 AND e.has_purchase = 0, 1, 0)), 0) AS abandoned_sessions,
        COALESCE(SUM(e.purchase_value_cents), 0) AS purchase_value_cents
    FROM fct_sessions AS s
    LEFT JOIN steps AS e ON e.session_id = s.session_id
    WHERE s.day = :day
)
SELECT
    :day AS day,
    t.sessions AS sessions,
    t.view_sessions AS view_sessions,
    t.add_to_cart_sessions AS add_to_cart_sessions,
    t.begin_checkout_sessions AS begin_checkout_sessions,
    t.purchase_sessions AS purchase_sessions,
    t.purchase_value_cents AS purchase_value_cents,
    t.purchase_sessions::DOUBLE / NULLIF(t.sessions, 0) AS conversion_rate,
    t.abandoned_sessions::DOUBLE / NULLIF(t.add_to_cart_sessions, 0) AS cart_abandonment_rate
FROM totals AS t

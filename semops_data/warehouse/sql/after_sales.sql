-- What followed the orders of one day: payments for them, and goods that came back on it.
WITH paid AS (
    SELECT
        SUM(IFF(status = 'captured', 1, 0)) AS captured,
        SUM(IFF(status = 'failed', 1, 0)) AS failed,
        SUM(IFF(status = 'captured', amount_cents, 0)) AS captured_cents,
        COUNT(*) AS attempts
    FROM fct_payments
    WHERE day = :day
),
came_back AS (
    SELECT COUNT(*) AS returns, SUM(quantity) AS units, SUM(refund_cents) AS refund_cents
    FROM fct_returns
    WHERE day = :day
),
sold AS (
    SELECT SUM(quantity) AS units
    FROM fct_order_items
    WHERE day = :day
)
SELECT
    :day AS day,
    COALESCE(p.captured, 0) AS payments_captured,
    COALESCE(p.failed, 0) AS payments_failed,
    COALESCE(p.captured_cents, 0) AS captured_cents,
    p.failed::DOUBLE / NULLIF(p.attempts, 0) AS payment_failure_rate,
    r.returns AS returns,
    COALESCE(r.units, 0) AS returned_units,
    COALESCE(r.refund_cents, 0) AS returned_cents,
    COALESCE(r.units, 0)::DOUBLE / NULLIF(s.units, 0) AS return_rate
FROM paid AS p
CROSS JOIN came_back AS r
CROSS JOIN sold AS s

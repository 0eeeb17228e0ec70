-- Which share of the customers who came in one week ordered again in the weeks after.
WITH firsts AS (
    SELECT customer_id, MIN(day) AS first_day
    FROM fct_orders
    GROUP BY customer_id
),
placed AS (
    SELECT
        o.customer_id AS customer_id,
        DATE_TRUNC('week', TO_DATE(f.first_day)) AS cohort,
        DATE_TRUNC('week', TO_DATE(o.day)) AS week
    FROM fct_orders AS o
    LEFT JOIN firsts AS f ON f.customer_id = o.customer_id
),
weeks AS (
    SELECT DISTINCT week FROM placed
),
sizes AS (
    SELECT cohort, COUNT(DISTINCT customer_id) AS customers
    FROM placed
    GROUP BY cohort
),
active AS (
    SELECT cohort, week, COUNT(DISTINCT customer_id) AS customers
    FROM placed
    GROUP BY cohort, week
)
SELECT
    TO_CHAR(TO_DATE(s.cohort), 'YYYY-MM-DD') AS cohort_week,
    DATEDIFF('day', s.cohort, w.week) / 7 AS week_number,
    s.customers AS cohort_customers,
    COALESCE(a.customers, 0) AS active_customers,
    COALESCE(a.customers, 0)::DOUBLE / NULLIF(s.customers, 0) AS retention_rate
FROM sizes AS s
INNER JOIN weeks AS w ON w.week >= s.cohort
LEFT JOIN active AS a ON a.cohort = s.cohort AND a.week = w.week

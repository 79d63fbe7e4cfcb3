-- inputs: workspace_id, moment, new_days, at_risk_days, lapsed_days, contact_ids (null: everybody)
-- effect: reads each customer's stage at the moment, from the orders placed until then, and since when; people who
--         joined later stand as prospects, so that a past moment can be measured by what was known of orders alone
-- index:  sales_order_contact_idx
WITH placed AS (
    SELECT o.contact_id,
           o.placed_at,
           o.placed_at - lag(o.placed_at) OVER each_contact AS gap,
           row_number() OVER each_contact AS place
    FROM sales_order AS o
    WHERE o.workspace_id = %(workspace_id)s
      AND o.contact_id IS NOT NULL
      AND o.placed_at <= %(moment)s
      AND (%(contact_ids)s::bigint[] IS NULL OR o.contact_id = ANY(%(contact_ids)s::bigint[]))
    WINDOW each_contact AS (PARTITION BY o.contact_id ORDER BY o.placed_at, o.id)
),
history AS (
    SELECT contact_id,
           count(*) AS orders,
           min(placed_at) AS first_at,
           max(placed_at) AS last_at,
           min(placed_at) FILTER (WHERE place = 2) AS second_at,
           -- came back after having lapsed; resumed after having been at risk
           max(placed_at) FILTER (WHERE gap >= make_interval(days => %(lapsed_days)s)) AS returned_at,
           max(placed_at) FILTER (
               WHERE gap >= make_interval(days => %(at_risk_days)s) AND gap < make_interval(days => %(lapsed_days)s)
           ) AS resumed_at
    FROM placed
    GROUP BY contact_id
),
staged AS (
    SELECT c.id AS contact_id,
           c.created_at,
           h.orders, h.first_at, h.last_at, h.second_at, h.returned_at, h.resumed_at,
           CASE
               WHEN h.orders IS NULL THEN 'prospect'
               WHEN h.last_at <= %(moment)s - make_interval(days => %(lapsed_days)s) THEN 'lapsed'
               WHEN h.last_at <= %(moment)s - make_interval(days => %(at_risk_days)s) THEN 'at_risk'
               WHEN h.returned_at > %(moment)s - make_interval(days => %(new_days)s) THEN 'won_back'
               WHEN h.orders = 1 AND h.first_at > %(moment)s - make_interval(days => %(new_days)s) THEN 'new'
               ELSE 'active'
           END AS stage
    FROM contacts_contact AS c
    LEFT JOIN history AS h ON h.contact_id = c.id
    WHERE c.workspace_id = %(workspace_id)s
      AND c.role = 'customer'
      AND (%(contact_ids)s::bigint[] IS NULL OR c.id = ANY(%(contact_ids)s::bigint[]))
)
SELECT contact_id,
       stage,
       CASE stage
           WHEN 'prospect' THEN created_at
           WHEN 'lapsed' THEN last_at + make_interval(days => %(lapsed_days)s)
           WHEN 'at_risk' THEN last_at + make_interval(days => %(at_risk_days)s)
           WHEN 'won_back' THEN returned_at
           WHEN 'new' THEN first_at
           ELSE greatest(
               least(second_at, first_at + make_interval(days => %(new_days)s)),
               resumed_at,
               returned_at + make_interval(days => %(new_days)s)
           )
       END AS since
FROM staged

-- inputs: workspace_id, start and finish (moments: the period), zone, and those of the query for members, lapsed_days
-- effect: reads, per day, how many members ordered again in the period after having lapsed, each once
-- index:  sales_order_contact_idx
WITH members AS ({members}),
placed AS (
    SELECT o.contact_id, o.placed_at AS at,
           o.placed_at - lag(o.placed_at) OVER (PARTITION BY o.contact_id ORDER BY o.placed_at, o.id) AS gap
    FROM sales_order AS o JOIN members USING (contact_id)
    WHERE o.workspace_id = %(workspace_id)s AND o.placed_at < %(finish)s
),
back AS (
    SELECT contact_id, min(at) AS at FROM placed
    WHERE at >= %(start)s AND gap >= make_interval(days => %(lapsed_days)s)
    GROUP BY contact_id
)
SELECT (at AT TIME ZONE %(zone)s)::date AS day, count(*)::numeric AS top, 0::numeric AS bottom FROM back GROUP BY 1

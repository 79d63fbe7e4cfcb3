-- inputs: workspace_id, start and finish (moments: the period), zone, and those of the query for members
-- effect: reads, per day, how many members placed the first order of their life
-- index:  sales_order_contact_idx
WITH members AS ({members}),
firsts AS (
    SELECT o.contact_id, min(o.placed_at) AS at
    FROM sales_order AS o JOIN members USING (contact_id)
    WHERE o.workspace_id = %(workspace_id)s AND o.placed_at < %(finish)s
    GROUP BY o.contact_id
)
SELECT (at AT TIME ZONE %(zone)s)::date AS day, count(*)::numeric AS top, 0::numeric AS bottom
FROM firsts WHERE at >= %(start)s GROUP BY 1

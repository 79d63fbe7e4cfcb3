-- inputs: workspace_id, start and finish (moments: the period), zone, and those of the query for members
-- effect: reads, per day, how many members placed their second order of the period, and how many their first
-- index:  sales_order_placed_idx
WITH members AS ({members}),
placed AS (
    SELECT o.placed_at AS at, row_number() OVER (PARTITION BY o.contact_id ORDER BY o.placed_at, o.id) AS place
    FROM sales_order AS o JOIN members USING (contact_id)
    WHERE o.workspace_id = %(workspace_id)s AND o.placed_at >= %(start)s AND o.placed_at < %(finish)s
)
SELECT (at AT TIME ZONE %(zone)s)::date AS day,
       count(*) FILTER (WHERE place = 2)::numeric AS top, count(*) FILTER (WHERE place = 1)::numeric AS bottom
FROM placed WHERE place <= 2 GROUP BY 1

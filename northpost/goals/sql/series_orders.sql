-- inputs: workspace_id, start and finish (moments: the period), zone, and those of the query for members
-- effect: reads, per day, how many orders members placed
-- index:  sales_order_placed_idx
WITH members AS ({members})
SELECT (o.placed_at AT TIME ZONE %(zone)s)::date AS day, count(*)::numeric AS top, 0::numeric AS bottom
FROM sales_order AS o JOIN members USING (contact_id)
WHERE o.workspace_id = %(workspace_id)s AND o.placed_at >= %(start)s AND o.placed_at < %(finish)s
GROUP BY 1

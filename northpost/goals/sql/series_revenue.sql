-- inputs: workspace_id, start and finish (moments: the period), zone, and those of the query for members, currency
-- effect: reads, per day, what members' orders came to, net of refunds, and how many orders that were
-- index:  sales_order_placed_idx
WITH members AS ({members})
SELECT (o.placed_at AT TIME ZONE %(zone)s)::date AS day, sum(o.total - o.refunded) AS top, count(*)::numeric AS bottom
FROM sales_order AS o JOIN members USING (contact_id)
WHERE o.workspace_id = %(workspace_id)s AND o.placed_at >= %(start)s AND o.placed_at < %(finish)s
  AND o.currency = %(currency)s
GROUP BY 1

-- inputs: workspace_id, first, last (days), zone
-- effect: reads the orders of these days that are credited to any message, by currency, less refunds
-- index:  sales_order_placed_idx, analytics_touch_once
SELECT touch.currency, count(*) AS orders, sum(placed.total - placed.refunded) AS net
FROM sales_order AS placed
JOIN analytics_touch AS touch ON touch.workspace_id = %(workspace_id)s AND touch.order_id = placed.id
WHERE placed.workspace_id = %(workspace_id)s
  AND placed.placed_at >= %(first)s::date::timestamp AT TIME ZONE %(zone)s
  AND placed.placed_at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s
GROUP BY touch.currency
ORDER BY net DESC

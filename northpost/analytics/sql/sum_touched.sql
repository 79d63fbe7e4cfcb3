-- inputs: workspace_id, source_kind, ids (of sources)
-- effect: reads, for each source and currency, the orders credited to it and their worth less refunds
-- index:  analytics_touch_source_idx
SELECT touch.source_id, touch.currency, count(*) AS orders, sum(placed.total - placed.refunded) AS net
FROM analytics_touch AS touch
JOIN sales_order AS placed ON placed.workspace_id = %(workspace_id)s AND placed.id = touch.order_id
WHERE touch.workspace_id = %(workspace_id)s
  AND touch.source_kind = %(source_kind)s
  AND touch.source_id = ANY(%(ids)s)
GROUP BY touch.source_id, touch.currency
ORDER BY touch.source_id, net DESC

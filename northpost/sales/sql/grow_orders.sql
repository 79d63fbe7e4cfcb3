-- inputs: workspace_id, and arrays of equal length: order_ids (distinct), amounts
-- effect: adds what late lines of the same import are worth to their orders; never below nothing
-- index:  sales_order's primary key
UPDATE sales_order AS placed
SET total = greatest(placed.total + item.amount, 0)
FROM unnest(%(order_ids)s::bigint[], %(amounts)s::numeric[]) AS item (order_id, amount)
WHERE placed.id = item.order_id AND placed.workspace_id = %(workspace_id)s

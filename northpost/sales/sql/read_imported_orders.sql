-- inputs: workspace_id, run_id, after (an id), batch (how many at most)
-- effect: reads the orders that an import brought, by id
-- index:  sales_order's primary key
SELECT id, number, contact_id, placed_at, total, currency, source
FROM sales_order
WHERE workspace_id = %(workspace_id)s AND import_run_id = %(run_id)s AND id > %(after)s
ORDER BY id
LIMIT %(batch)s

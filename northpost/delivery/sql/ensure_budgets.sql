-- inputs: workspace_id, keys (text[])
-- effect: makes the budgets that are missing, with nothing used
-- index:  delivery_budget_once
INSERT INTO delivery_budget (workspace_id, key, at, slots)
SELECT %(workspace_id)s, key, 0, '{}' FROM unnest(%(keys)s::text[]) AS key
ORDER BY key
ON CONFLICT DO NOTHING

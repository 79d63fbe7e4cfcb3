-- inputs: workspace_id, keys (text[])
-- effect: none; what was noted of each of these budgets
-- index:  delivery_budget_once
SELECT key, at, slots
FROM delivery_budget
WHERE workspace_id = %(workspace_id)s AND key = ANY(%(keys)s::text[])

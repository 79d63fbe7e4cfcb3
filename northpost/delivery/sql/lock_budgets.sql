-- inputs: workspace_id, keys (text[])
-- effect: locks these budgets in the order of their keys, and tells what is used of each, as it stands once locked
-- index:  delivery_budget_once
SELECT key, at, slots
FROM delivery_budget
WHERE workspace_id = %(workspace_id)s AND key = ANY(%(keys)s::text[])
ORDER BY key
FOR UPDATE

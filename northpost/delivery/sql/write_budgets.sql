-- inputs: workspace_id, and arrays of equal length: keys, ats, slots (each an array literal)
-- effect: writes what is used of budgets that this transaction has locked
-- index:  delivery_budget_once
UPDATE delivery_budget b
SET at = told.at, slots = told.slots::integer[]
FROM unnest(%(keys)s::text[], %(ats)s::bigint[], %(slots)s::text[]) AS told (key, at, slots)
WHERE b.workspace_id = %(workspace_id)s AND b.key = told.key

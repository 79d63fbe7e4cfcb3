-- inputs: workspace_id, claims, lease_until
-- effect: the worker that holds these claims lives. One row for each that it still holds
-- index:  delivery_claim_once
WITH mine AS MATERIALIZED (
    SELECT id FROM delivery_claim
    WHERE workspace_id = %(workspace_id)s AND claim = ANY(%(claims)s::uuid[])
    ORDER BY id
    FOR UPDATE
)
UPDATE delivery_claim c SET lease_until = %(lease_until)s
FROM mine
WHERE c.workspace_id = %(workspace_id)s AND c.id = mine.id
RETURNING c.claim

-- inputs: workspace_id, claims
-- effect: locks these claims until the transaction ends: nobody takes them for those of a worker that is gone, and what
--         is read after it sees whatever an earlier try of the same worker has written
-- index:  delivery_claim_once
SELECT id FROM delivery_claim
WHERE workspace_id = %(workspace_id)s AND claim = ANY(%(claims)s::uuid[])
ORDER BY id
FOR UPDATE

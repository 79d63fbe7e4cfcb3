-- inputs: workspace_id, claims
-- effect: forgets claims that hold nothing any more; one that a crash brings back is found empty when its lease is over
-- index:  delivery_claim_once
WITH hasty AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
)
DELETE FROM delivery_claim c USING hasty
WHERE c.workspace_id = %(workspace_id)s AND c.claim = ANY(%(claims)s::uuid[])

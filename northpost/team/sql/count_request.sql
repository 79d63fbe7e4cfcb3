-- inputs: workspace_id, key_id, now, most (requests a minute)
-- effect: counts a request of this key, in the minute that its first one began; what is refused counts for nothing. One
--         row: how many that makes, one more than ``most`` at most, and when the minute began
-- index:  team_api_key's primary key
WITH hasty AS MATERIALIZED (
    -- A count that a crash of the database loses is no harm: so it waits for no disk.
    SELECT set_config('synchronous_commit', 'off', true)
)
UPDATE team_api_key k
SET asked = CASE WHEN k.asked_since > %(now)s - interval '1 minute' THEN least(k.asked, %(most)s) + 1 ELSE 1 END,
    asked_since = CASE WHEN k.asked_since > %(now)s - interval '1 minute' THEN k.asked_since ELSE %(now)s END
FROM hasty
WHERE k.workspace_id = %(workspace_id)s AND k.id = %(key_id)s
RETURNING k.asked, k.asked_since

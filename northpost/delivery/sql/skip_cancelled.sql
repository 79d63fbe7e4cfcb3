-- inputs: workspace_id, now
-- effect: skips what waits of cancelled sources: mail that was on the wire when they were cancelled, and came back
-- index:  delivery_waiting_due_idx, delivery_message's primary key
WITH left_over AS MATERIALIZED (
    SELECT waiting.id, waiting.message_ids
    FROM delivery_source source
    JOIN delivery_waiting waiting
        ON waiting.workspace_id = %(workspace_id)s
        AND waiting.source_kind = source.source_kind AND waiting.source_id = source.source_id
    WHERE source.workspace_id = %(workspace_id)s AND source.state = 'cancelled'
    ORDER BY waiting.id
    FOR UPDATE OF waiting SKIP LOCKED
),
gone AS (
    DELETE FROM delivery_waiting w USING left_over
    WHERE w.workspace_id = %(workspace_id)s AND w.id = left_over.id
)
UPDATE delivery_message m
SET state = 'skipped', reason = 'cancelled', settled_at = %(now)s
FROM (SELECT DISTINCT unnest(message_ids) AS id FROM left_over) AS one
WHERE m.workspace_id = %(workspace_id)s AND m.id = one.id AND m.state IN ('queued', 'deferred')

-- inputs: workspace_id, source_kind, source_id, now
-- effect: what was held back of a source waits to be sent; returns how many messages that are
-- index:  delivery_held_source_idx
WITH released AS (
    DELETE FROM delivery_held
    WHERE workspace_id = %(workspace_id)s AND source_kind = %(source_kind)s AND source_id = %(source_id)s
    RETURNING priority, due_at, message_ids
),
waiting AS (
    INSERT INTO delivery_waiting (workspace_id, source_kind, source_id, priority, due_at, message_ids)
    SELECT %(workspace_id)s, %(source_kind)s, %(source_id)s, priority, greatest(due_at, %(now)s::timestamptz),
           message_ids
    FROM released
    ORDER BY due_at, message_ids[1]
    RETURNING message_ids
)
SELECT coalesce(sum(cardinality(message_ids)), 0) AS messages FROM waiting

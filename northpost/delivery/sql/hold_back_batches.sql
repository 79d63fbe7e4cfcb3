-- inputs: workspace_id, source_kind, source_id, first (messages that may go)
-- effect: keeps all but the first so many waiting messages of a source back: whole batches, picked by chance, and one
--         that is cut in two. Returns how many messages are held
-- index:  delivery_waiting_due_idx
WITH waiting AS MATERIALIZED (
    SELECT id, priority, due_at, message_ids, cardinality(message_ids) AS size
    FROM delivery_waiting
    WHERE workspace_id = %(workspace_id)s AND source_kind = %(source_kind)s AND source_id = %(source_id)s
    FOR UPDATE
),
-- By a hash, so that the first are of all ages and kinds: the ids follow the people's.
ranked AS (
    SELECT *, sum(size) OVER (ORDER BY hashint8(id), id) - size AS ahead FROM waiting
),
gone AS (
    DELETE FROM delivery_waiting w USING ranked
    WHERE w.workspace_id = %(workspace_id)s AND w.id = ranked.id AND ranked.ahead >= %(first)s
),
cut AS (
    UPDATE delivery_waiting w SET message_ids = ranked.message_ids[1:(%(first)s - ranked.ahead)::int]
    FROM ranked
    WHERE w.workspace_id = %(workspace_id)s AND w.id = ranked.id
      AND ranked.ahead < %(first)s AND ranked.ahead + ranked.size > %(first)s
),
held AS (
    INSERT INTO delivery_held (workspace_id, source_kind, source_id, priority, due_at, message_ids)
    SELECT %(workspace_id)s, %(source_kind)s, %(source_id)s, priority, due_at,
           message_ids[(greatest(%(first)s - ahead, 0) + 1)::int:]
    FROM ranked
    WHERE ahead + size > %(first)s
    ORDER BY id
    RETURNING message_ids
)
SELECT coalesce(sum(cardinality(message_ids)), 0) AS messages FROM held

-- inputs: workspace_id, now
-- effect: messages whose worker is gone (its lease ran out): those that it had only claimed wait again, sending ones
--         are in doubt and are never sent again by themselves. One row for each
-- index:  delivery_claim_once, delivery_message's primary key
WITH lost AS MATERIALIZED (
    SELECT id, claim, message_ids, begun_ids FROM delivery_claim
    WHERE workspace_id = %(workspace_id)s AND lease_until <= %(now)s
    ORDER BY id
    FOR UPDATE SKIP LOCKED
),
gone AS (
    DELETE FROM delivery_claim c USING lost WHERE c.workspace_id = %(workspace_id)s AND c.id = lost.id
),
doubtful AS (
    UPDATE delivery_message m
    SET state = 'in_doubt', settled_at = %(now)s::timestamptz, claim = NULL,
        reply_text = 'the sending process ended before the server''s answer was recorded'
    FROM (SELECT claim, unnest(begun_ids) AS message_id FROM lost) AS mine
    WHERE m.workspace_id = %(workspace_id)s AND m.id = mine.message_id AND m.claim = mine.claim
      AND m.state = 'sending'
    RETURNING m.id, m.state, m.source_kind, m.source_id
),
untouched AS MATERIALIZED (
    SELECT m.id, 'queued'::text AS state, m.source_kind, m.source_id, m.priority, m.due_at
    FROM (
        -- by claim: what one of them gave back, another may have taken up
        SELECT claim, unnest(message_ids) AS message_id FROM lost
        EXCEPT
        SELECT claim, unnest(begun_ids) FROM lost
    ) AS mine
    JOIN delivery_message m
        ON m.workspace_id = %(workspace_id)s AND m.id = mine.message_id AND m.state IN ('queued', 'deferred')
),
waiting AS (
    INSERT INTO delivery_waiting (workspace_id, source_kind, source_id, priority, due_at, message_ids)
    SELECT %(workspace_id)s, source_kind, source_id, priority, max(due_at), array_agg(id ORDER BY id)
    FROM untouched
    GROUP BY source_kind, source_id, priority, id / 500
),
doubted AS (
    INSERT INTO delivery_doubt (workspace_id, message_id, source_kind, source_id)
    SELECT %(workspace_id)s, id, source_kind, source_id FROM doubtful
    ON CONFLICT DO NOTHING
)
SELECT id, state, source_kind, source_id FROM doubtful
UNION ALL
SELECT id, state, source_kind, source_id FROM untouched

-- inputs: workspace_id, now, cancelled_since
-- effect: a net under all the others: messages that nobody would ever come back to, because nothing waits of their
--         source, nothing is held back and no claim has any of it. What was being sent is in doubt, the rest waits
--         again. One row for each; there should never be any. To be asked after finish_sources: what is left then
--         has something open, so no ledger is read in vain
-- index:  delivery_waiting_due_idx, delivery_held_source_idx, delivery_message_once and its primary key
-- Whoever moves a message between these places does so in one transaction: it is seen in one of them, or settled.
WITH busy AS MATERIALIZED (
    SELECT m.source_kind, m.source_id
    FROM delivery_claim c
    CROSS JOIN LATERAL unnest(c.message_ids) AS one (id)
    JOIN delivery_message m ON m.workspace_id = %(workspace_id)s AND m.id = one.id
    WHERE c.workspace_id = %(workspace_id)s
    UNION
    SELECT source_kind, source_id FROM delivery_held WHERE workspace_id = %(workspace_id)s
),
quiet AS MATERIALIZED (
    SELECT s.source_kind, s.source_id FROM delivery_source s
    WHERE s.workspace_id = %(workspace_id)s
      AND (s.state = 'active' OR (s.state = 'cancelled' AND s.changed_at >= %(cancelled_since)s))
      AND NOT EXISTS (
          SELECT FROM delivery_waiting w
          WHERE w.workspace_id = %(workspace_id)s AND w.source_kind = s.source_kind AND w.source_id = s.source_id
      )
      AND NOT EXISTS (SELECT FROM busy b WHERE b.source_kind = s.source_kind AND b.source_id = s.source_id)
),
stranded AS MATERIALIZED (
    SELECT m.id, m.state, m.source_kind, m.source_id, m.priority, m.due_at
    FROM quiet
    JOIN delivery_message m
        ON m.workspace_id = %(workspace_id)s
        AND m.source_kind = quiet.source_kind AND m.source_id = quiet.source_id
        AND m.state IN ('queued', 'deferred', 'sending')
    ORDER BY m.id
    FOR UPDATE OF m SKIP LOCKED
),
doubtful AS (
    UPDATE delivery_message m
    SET state = 'in_doubt', settled_at = %(now)s::timestamptz, claim = NULL,
        reply_text = 'nobody held it any more before the server''s answer was recorded'
    FROM stranded
    WHERE m.workspace_id = %(workspace_id)s AND m.id = stranded.id AND stranded.state = 'sending'
    RETURNING m.id, m.state, m.source_kind, m.source_id
),
doubted AS (
    INSERT INTO delivery_doubt (workspace_id, message_id, source_kind, source_id)
    SELECT %(workspace_id)s, id, source_kind, source_id FROM doubtful
    ON CONFLICT DO NOTHING
),
waiting AS (
    INSERT INTO delivery_waiting (workspace_id, source_kind, source_id, priority, due_at, message_ids)
    SELECT %(workspace_id)s, source_kind, source_id, priority, max(due_at), array_agg(id ORDER BY id)
    FROM stranded
    WHERE state <> 'sending'
    GROUP BY source_kind, source_id, priority, id / 500
)
SELECT id, state, source_kind, source_id FROM doubtful
UNION ALL
SELECT id, state, source_kind, source_id FROM stranded WHERE state <> 'sending'

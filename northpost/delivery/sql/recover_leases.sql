-- inputs: workspace_id, now
-- effect: messages whose worker is gone (its lease ran out): claimed ones go back to queued, sending ones are in doubt
--         and are never sent again by themselves. One row for each
-- index:  delivery_message_lease_idx
WITH lost AS MATERIALIZED (
    SELECT id FROM delivery_message
    WHERE workspace_id = %(workspace_id)s AND state IN ('claimed', 'sending') AND lease_until <= %(now)s
    ORDER BY id
    FOR UPDATE SKIP LOCKED
)
UPDATE delivery_message m
SET state = CASE WHEN m.state = 'claimed' THEN 'queued' ELSE 'in_doubt' END,
    settled_at = CASE WHEN m.state = 'claimed' THEN NULL ELSE %(now)s::timestamptz END,
    reply_text = CASE WHEN m.state = 'claimed' THEN m.reply_text
                      ELSE 'the sending process ended before the server''s answer was recorded' END,
    claim = NULL,
    lease_until = NULL
FROM lost
WHERE m.workspace_id = %(workspace_id)s AND m.id = lost.id
RETURNING m.id, m.state, m.source_kind, m.source_id

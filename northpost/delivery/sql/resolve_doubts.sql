-- inputs: workspace_id, now, and arrays of equal length: ids, verdicts (delivered, refused, again), codes, enhanceds,
--         texts, bounced (true: the refusal is a bounce)
-- effect: settles messages that are still in doubt, and no others: whoever comes first decides. Again: back into the
--         batches that wait, as if never tried, unless the mailing was cancelled. One row for each message settled, with its new state
-- index:  delivery_message's primary key, delivery_source_once, delivery_doubt_once
WITH told AS (
    SELECT * FROM unnest(
        %(ids)s::bigint[], %(verdicts)s::text[], %(codes)s::smallint[], %(enhanceds)s::text[], %(texts)s::text[],
        %(bounced)s::boolean[]
    ) AS told (id, verdict, code, enhanced, text, bounced)
),
still AS MATERIALIZED (
    SELECT m.id
    FROM told
    JOIN delivery_message m ON m.workspace_id = %(workspace_id)s AND m.id = told.id AND m.state = 'in_doubt'
    LEFT JOIN delivery_source source
        ON source.workspace_id = %(workspace_id)s AND source.source_kind = m.source_kind
        AND source.source_id = m.source_id
    WHERE told.verdict <> 'again' OR source.state <> 'cancelled'
    ORDER BY m.id
    FOR UPDATE OF m
),
moved AS (
    UPDATE delivery_message m
    SET state = CASE told.verdict WHEN 'delivered' THEN 'accepted' WHEN 'refused' THEN 'rejected' ELSE 'queued' END,
        reply_code = told.code,
        reply_enhanced = told.enhanced,
        reply_text = told.text,
        bounced_at = CASE WHEN told.bounced THEN %(now)s::timestamptz ELSE m.bounced_at END,
        due_at = CASE WHEN told.verdict = 'again' THEN %(now)s::timestamptz ELSE m.due_at END,
        attempts = CASE WHEN told.verdict = 'again' THEN 0 ELSE m.attempts END,
        sending_at = CASE WHEN told.verdict = 'again' THEN NULL ELSE m.sending_at END,
        settled_at = CASE WHEN told.verdict = 'again' THEN NULL ELSE m.settled_at END
    FROM told JOIN still ON still.id = told.id
    WHERE m.workspace_id = %(workspace_id)s AND m.id = told.id AND m.state = 'in_doubt'
    RETURNING m.id, m.source_kind, m.source_id, m.contact_id, m.email, m.state, m.priority
),
gone AS (
    DELETE FROM delivery_doubt d USING moved WHERE d.workspace_id = %(workspace_id)s AND d.message_id = moved.id
),
waiting AS (
    INSERT INTO delivery_waiting (workspace_id, source_kind, source_id, priority, due_at, message_ids)
    SELECT %(workspace_id)s, source_kind, source_id, priority, %(now)s, array_agg(id ORDER BY id)
    FROM moved
    WHERE state = 'queued'
    GROUP BY source_kind, source_id, priority, id / 500
)
SELECT id, source_kind, source_id, contact_id, email, state FROM moved

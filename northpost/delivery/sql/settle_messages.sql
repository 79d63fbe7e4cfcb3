-- inputs: workspace_id, now, and arrays of equal length: ids, claims, states, reasons, codes, enhanceds, texts,
--         due_ats (when to try again: deferred ones, and those put off by a limit), bounced (true: the refusal is a
--         bounce)
-- effect: writes what became of messages, only where the claim still holds them; a stale worker changes nothing. Those
--         queued or deferred wait again, and the source's counts move. One row for each message written
-- index:  delivery_claim_once, delivery_message's primary key, delivery_source_once
WITH mine AS MATERIALIZED (
    SELECT id, claim, begun_ids FROM delivery_claim
    WHERE workspace_id = %(workspace_id)s AND claim = ANY(%(claims)s::uuid[])
    ORDER BY id
    FOR UPDATE
),
written AS (
    UPDATE delivery_message m
    SET state = told.state,
        reason = told.reason,
        reply_code = told.code,
        reply_enhanced = coalesce(told.enhanced, ''),
        -- what a server says may name whom it is about
        reply_text = CASE WHEN m.email IS NULL THEN '' ELSE told.text END,
        due_at = coalesce(told.due_at, m.due_at),
        settled_at = CASE WHEN told.state IN ('deferred', 'queued') THEN NULL ELSE %(now)s::timestamptz END,
        bounced_at = CASE WHEN told.bounced THEN %(now)s::timestamptz ELSE m.bounced_at END,
        -- given back untouched (the route was down): that was no try
        attempts = m.attempts - (told.state = 'queued' AND m.state = 'sending')::int,
        sending_at = CASE WHEN told.state = 'queued' AND m.state = 'sending' AND m.attempts <= 1 THEN NULL
                          ELSE m.sending_at END,
        claim = NULL
    FROM unnest(
        %(ids)s::bigint[], %(claims)s::uuid[], %(states)s::text[], %(reasons)s::text[], %(codes)s::smallint[],
        %(enhanceds)s::text[], %(texts)s::text[], %(due_ats)s::timestamptz[], %(bounced)s::boolean[]
    ) AS told (id, claim, state, reason, code, enhanced, text, due_at, bounced)
    -- ANY: while a ledger is new to the statistics, a join alone would read all of it
    WHERE m.workspace_id = %(workspace_id)s AND m.id = ANY(%(ids)s::bigint[]) AND m.id = told.id
      AND (
          (m.state = 'sending' AND m.claim = told.claim)
          -- never begun, so it may only be given back or skipped: nothing else can have become of it
          OR (m.state IN ('queued', 'deferred') AND told.state IN ('queued', 'skipped')
              AND told.claim IN (SELECT claim FROM mine)
              AND (told.claim, m.id) NOT IN (SELECT claim, unnest(begun_ids) FROM mine))
      )
    RETURNING told.claim, m.id, m.source_kind, m.source_id, m.contact_id, m.email, m.state, m.priority, m.due_at
),
begun AS (
    UPDATE delivery_claim c
    SET begun_ids = c.begun_ids || ARRAY(
        SELECT written.id FROM written WHERE written.claim = mine.claim EXCEPT SELECT unnest(mine.begun_ids)
    )
    FROM mine
    WHERE c.workspace_id = %(workspace_id)s AND c.id = mine.id
),
waiting AS (
    -- Due with the last of them: together those that fall due within the same ten seconds.
    INSERT INTO delivery_waiting (workspace_id, source_kind, source_id, priority, due_at, message_ids)
    SELECT %(workspace_id)s, source_kind, source_id, priority, max(due_at), array_agg(id ORDER BY id)
    FROM written
    WHERE state IN ('queued', 'deferred')
    GROUP BY source_kind, source_id, priority, floor(extract(epoch FROM due_at) / 10)
),
doubted AS (
    INSERT INTO delivery_doubt (workspace_id, message_id, source_kind, source_id)
    SELECT %(workspace_id)s, id, source_kind, source_id FROM written WHERE state = 'in_doubt'
    ON CONFLICT DO NOTHING
),
counted AS (
    UPDATE delivery_source s
    SET accepted_count = s.accepted_count + n.accepted,
        rejected_count = s.rejected_count + n.rejected,
        in_doubt_count = s.in_doubt_count + n.in_doubt
    FROM (
        SELECT source_kind, source_id, count(*) FILTER (WHERE state = 'accepted') AS accepted,
               count(*) FILTER (WHERE state = 'rejected') AS rejected,
               count(*) FILTER (WHERE state = 'in_doubt') AS in_doubt
        FROM written
        WHERE state IN ('accepted', 'rejected', 'in_doubt')
        GROUP BY source_kind, source_id
    ) n
    WHERE s.workspace_id = %(workspace_id)s AND s.source_kind = n.source_kind AND s.source_id = n.source_id
)
SELECT id, source_kind, source_id, contact_id, email, state FROM written

-- inputs: workspace_id, now, claims, and arrays of equal length: ids, numbers (which of the claims holds
--         it, from 1), codes, enhanceds, texts
-- effect: the short form of settle_messages for what servers took: writes it, only where the claim still holds the
--         message, and moves the source's counts. One row for each message written
-- index:  delivery_message's primary key, delivery_source_once
WITH written AS (
    UPDATE delivery_message m
    SET state = 'accepted', reason = '', reply_code = told.code, reply_enhanced = told.enhanced, reply_text = told.text,
        settled_at = %(now)s::timestamptz, claim = NULL
    FROM unnest(
        %(ids)s::bigint[], %(numbers)s::smallint[], %(codes)s::smallint[], %(enhanceds)s::text[], %(texts)s::text[]
    ) AS told (id, number, code, enhanced, text)
    WHERE m.workspace_id = %(workspace_id)s AND m.id = told.id AND m.state = 'sending'
      AND m.claim = (%(claims)s::uuid[])[told.number]
    RETURNING m.id, m.source_kind, m.source_id
),
counted AS (
    UPDATE delivery_source s
    SET accepted_count = s.accepted_count + n.accepted
    FROM (SELECT source_kind, source_id, count(*) AS accepted FROM written GROUP BY source_kind, source_id) n
    WHERE s.workspace_id = %(workspace_id)s AND s.source_kind = n.source_kind AND s.source_id = n.source_id
)
SELECT id FROM written

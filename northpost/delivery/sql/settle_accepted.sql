-- inputs: workspace_id, now, claims, and arrays of equal length: ids (sorted), numbers (which of the claims holds
--         it, from 1), codes, enhanceds, texts
-- effect: the short form of settle_messages for what servers took: writes it, only where the claim still holds the
--         message, and moves the source's counts. One row for each message written
-- index:  delivery_message's primary key, delivery_source_once
WITH written AS (
    UPDATE delivery_message m
    SET state = 'accepted', reason = '', settled_at = %(now)s::timestamptz, claim = NULL,
        reply_code = told.codes[width_bucket(m.id, told.ids)],
        reply_enhanced = told.enhanceds[width_bucket(m.id, told.ids)],
        reply_text = CASE WHEN m.email IS NULL THEN '' ELSE told.texts[width_bucket(m.id, told.ids)] END
    -- No join: believing that hardly any message is being sent, the planner goes through all of the arrays for each.
    -- Of sorted ids width_bucket finds the place by halving.
    FROM (
        SELECT %(ids)s::bigint[] AS ids, %(claims)s::uuid[] AS claims, %(numbers)s::smallint[] AS numbers,
               %(codes)s::smallint[] AS codes, %(enhanceds)s::text[] AS enhanceds, %(texts)s::text[] AS texts
    ) AS told
    WHERE m.workspace_id = %(workspace_id)s AND m.id = ANY(told.ids) AND m.state = 'sending'
      AND m.claim = told.claims[told.numbers[width_bucket(m.id, told.ids)]]
    RETURNING m.id, m.source_kind, m.source_id
),
counted AS (
    UPDATE delivery_source s
    SET accepted_count = s.accepted_count + n.accepted
    FROM (SELECT source_kind, source_id, count(*) AS accepted FROM written GROUP BY source_kind, source_id) n
    WHERE s.workspace_id = %(workspace_id)s AND s.source_kind = n.source_kind AND s.source_id = n.source_id
)
SELECT id FROM written

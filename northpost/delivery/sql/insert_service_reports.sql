-- inputs: workspace_id, route_id, now, and arrays of equal length: keys, nonces (or null), message_ids, kinds, hards,
--         codes, enhanceds, texts, agents, ats
-- effect: takes reports in, each once; one row with its key for each that is new
-- index:  delivery_servicereport_once, delivery_servicereport_nonce_once
INSERT INTO delivery_servicereport (
    workspace_id, route_id, received_at, key, nonce, message_id, kind, hard, code, enhanced, text, agent, at
)
SELECT %(workspace_id)s, %(route_id)s, %(now)s, told.*
FROM unnest(
    %(keys)s::text[], %(nonces)s::text[], %(message_ids)s::bigint[], %(kinds)s::text[], %(hards)s::boolean[],
    %(codes)s::smallint[], %(enhanceds)s::text[], %(texts)s::text[], %(agents)s::text[], %(ats)s::timestamptz[]
) AS told (key, nonce, message_id, kind, hard, code, enhanced, text, agent, at)
ON CONFLICT DO NOTHING
RETURNING key

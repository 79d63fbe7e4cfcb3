-- inputs: workspace_id, and arrays of equal length: keys, kinds, message_ids, link_ids, urls, ats, methods, agents
-- effect: takes hits in, those of messages that exist
-- index:  delivery_message's primary key
INSERT INTO delivery_hit (workspace_id, key, kind, message_id, link_id, url, at, method, agent)
SELECT %(workspace_id)s, hit.key, hit.kind, hit.message_id, hit.link_id, hit.url, hit.at, hit.method, hit.agent
FROM unnest(
    %(keys)s::text[], %(kinds)s::text[], %(message_ids)s::bigint[], %(link_ids)s::bigint[], %(urls)s::text[],
    %(ats)s::timestamptz[], %(methods)s::text[], %(agents)s::text[]
) AS hit (key, kind, message_id, link_id, url, at, method, agent)
JOIN delivery_message m ON m.workspace_id = %(workspace_id)s AND m.id = hit.message_id

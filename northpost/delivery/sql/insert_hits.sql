-- inputs: workspace_id, and arrays of equal length: keys, kinds, message_ids, link_ids, urls, ats, methods, agents
-- effect: takes hits in: those of messages that exist, and clicks only on links of that message's own mailing. One row
--         for each hit taken: its key, and for a click where it leads
-- index:  delivery_message's primary key, delivery_link's primary key
WITH known AS MATERIALIZED (
    SELECT hit.*, link.url AS link_url
    FROM unnest(
        %(keys)s::text[], %(kinds)s::text[], %(message_ids)s::bigint[], %(link_ids)s::bigint[], %(urls)s::text[],
        %(ats)s::timestamptz[], %(methods)s::text[], %(agents)s::text[]
    ) AS hit (key, kind, message_id, link_id, url, at, method, agent)
    JOIN delivery_message m ON m.workspace_id = %(workspace_id)s AND m.id = hit.message_id
    LEFT JOIN delivery_link link
        ON link.workspace_id = %(workspace_id)s AND link.id = hit.link_id
        AND link.source_kind = m.source_kind AND link.source_id = m.source_id
    -- 0: the hidden link, which leads nowhere
    WHERE hit.link_id IS NULL OR hit.link_id = 0 OR link.id IS NOT NULL
),
taken AS (
    INSERT INTO delivery_hit (workspace_id, key, kind, message_id, link_id, url, at, method, agent)
    SELECT %(workspace_id)s, key, kind, message_id, link_id, url, at, method, agent FROM known
)
SELECT key, coalesce(nullif(url, ''), link_url) AS url FROM known

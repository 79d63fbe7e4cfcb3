-- inputs: workspace_id, and arrays of equal length: keys, kinds, message_ids, link_ids, urls, ats (microseconds since
--         1970), methods, agents
-- effect: takes hits in: those of messages that exist, and clicks only on links of that message's own mailing. One row
--         for each hit taken: its key, and for a click where it leads
-- index:  delivery_message's primary key, delivery_link_once
WITH known AS MATERIALIZED (
    SELECT hit.key, hit.kind, hit.message_id, hit.link_id, hit.url, hit.method, hit.agent, link.url AS link_url,
           timestamptz 'epoch' + hit.microseconds * interval '1 microsecond' AS at
    FROM unnest(
        %(keys)s::text[], %(kinds)s::text[], %(message_ids)s::bigint[], %(link_ids)s::bigint[], %(urls)s::text[],
        %(ats)s::bigint[], %(methods)s::text[], %(agents)s::text[]
    ) AS hit (key, kind, message_id, link_id, url, microseconds, method, agent)
    JOIN delivery_message m ON m.workspace_id = %(workspace_id)s AND m.id = hit.message_id
    LEFT JOIN LATERAL (
        SELECT l.url FROM delivery_link l
        WHERE l.workspace_id = %(workspace_id)s AND l.id = hit.link_id
          AND l.source_kind = m.source_kind AND l.source_id = m.source_id
        -- Kept apart by this: where the workspace has few links the planner would go through all of them for each
        -- hit, and go on doing so when there are many.
        OFFSET 0
    ) AS link ON true
    -- 0: the hidden link, which leads nowhere
    WHERE hit.link_id IS NULL OR hit.link_id = 0 OR link.url IS NOT NULL
),
taken AS (
    INSERT INTO delivery_hit (workspace_id, key, kind, message_id, link_id, url, at, method, agent)
    SELECT %(workspace_id)s, key, kind, message_id, link_id, url, at, method, agent FROM known
)
SELECT key, coalesce(nullif(url, ''), link_url) AS url FROM known

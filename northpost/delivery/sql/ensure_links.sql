-- inputs: workspace_id, source_kind, source_id, and arrays of equal length: urls, labels, positions, hashes
-- effect: makes the rows of a source's tracked links that are missing; one row for each link: id, url
-- index:  delivery_link_once
WITH wanted AS (
    SELECT * FROM unnest(%(urls)s::text[], %(labels)s::text[], %(positions)s::integer[], %(hashes)s::text[])
        AS item (url, label, position, url_hash)
),
made AS (
    INSERT INTO delivery_link (workspace_id, source_kind, source_id, url, label, position, url_hash)
    SELECT %(workspace_id)s, %(source_kind)s, %(source_id)s, url, label, position, url_hash
    FROM wanted
    ORDER BY url_hash
    -- writes nothing new, but gives back the row that is there, even one made a moment ago by another worker
    ON CONFLICT (workspace_id, source_kind, source_id, url_hash) DO UPDATE SET url = EXCLUDED.url
    RETURNING id, url
)
SELECT id, url FROM made

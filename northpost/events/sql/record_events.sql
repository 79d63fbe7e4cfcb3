-- inputs: workspace_id, now, and arrays of equal length: keys, contact_ids, kinds, occurred_ats, values, currencies,
--         sources, message_ids, machines, backfills, properties (JSON texts)
-- effect: appends each event whose key has not been seen in this workspace; the first of equal keys wins. One row
--         per event appended: its key.
-- index:  events_receipt's primary key
WITH incoming AS (
    SELECT DISTINCT ON (key_hash) *
    FROM (
        SELECT sha256(convert_to(key, 'UTF8')) AS key_hash, item.*
        FROM unnest(
            %(keys)s::text[], %(contact_ids)s::bigint[], %(kinds)s::text[], %(occurred_ats)s::timestamptz[],
            %(values)s::numeric[], %(currencies)s::text[], %(sources)s::text[], %(message_ids)s::bigint[],
            %(machines)s::boolean[], %(backfills)s::boolean[], %(properties)s::jsonb[]
        ) WITH ORDINALITY AS item (
            key, contact_id, kind, occurred_at, value, currency, source, message_id, machine, backfill, properties, place
        )
    ) AS hashed
    ORDER BY key_hash, place
),
fresh AS (
    INSERT INTO events_receipt (workspace_id, key_hash)
    SELECT %(workspace_id)s, key_hash FROM incoming ORDER BY key_hash
    ON CONFLICT DO NOTHING
    RETURNING key_hash
),
appended AS (
    INSERT INTO events_event (
        workspace_id, contact_id, kind, occurred_at, recorded_at, value, currency, source, message_id, machine,
        backfill, properties
    )
    SELECT %(workspace_id)s, contact_id, kind, occurred_at, %(now)s, value, currency, source, message_id, machine,
           backfill, properties
    FROM incoming JOIN fresh USING (key_hash)
    ORDER BY place
)
SELECT key FROM incoming JOIN fresh USING (key_hash)

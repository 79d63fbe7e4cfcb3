-- inputs: workspace_id, now, kind, record_ids (lines of proof)
-- effect: appends an event for each of these lines of proof, as history; one that was appended before is not again.
--         Touches one row per event. Asked of a hash by `IS TRUE`: of proofs written a moment ago the planner knows
--         nothing, expects a few, and would compare each with each
-- index:  contacts_consent_record's primary key, events_receipt's primary key
WITH incoming AS MATERIALIZED (
    SELECT sha256(convert_to('consent:' || record.id, 'UTF8')) AS key_hash, record.id, record.contact_id, record.at,
           record.source, jsonb_build_object('purpose', purpose.key) AS properties
    FROM contacts_consent_record AS record
    JOIN contacts_purpose AS purpose ON purpose.id = record.purpose_id
    WHERE record.workspace_id = %(workspace_id)s AND record.id = ANY(%(record_ids)s)
),
fresh AS (
    INSERT INTO events_receipt (workspace_id, key_hash)
    SELECT %(workspace_id)s, key_hash FROM incoming ORDER BY key_hash
    ON CONFLICT DO NOTHING
    RETURNING key_hash
)
INSERT INTO events_event (workspace_id, contact_id, kind, occurred_at, recorded_at, source, machine, backfill, properties)
SELECT %(workspace_id)s, contact_id, %(kind)s, at, %(now)s, left(source, 60), false, true, properties
FROM incoming
WHERE (key_hash IN (SELECT key_hash FROM fresh)) IS TRUE
ORDER BY id

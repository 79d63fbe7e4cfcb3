-- inputs: workspace_id, now, purpose_id, source, text, text_version, granted, withdrawn
-- effect: the incoming people have agreed to the purpose, each with one line of proof; who agreed before keeps that,
--         and who has withdrawn stays withdrawn, whatever a file says. One row: the lines of proof of those who had not
--         agreed before, and the months (UTC) of their consents
-- index:  contacts_consent_once
WITH given AS (
    INSERT INTO contacts_consent AS standing (workspace_id, contact_id, purpose_id, state, since)
    SELECT %(workspace_id)s, contact_id, %(purpose_id)s, %(granted)s, coalesce(min(consented_at), %(now)s)
    FROM contacts_incoming
    WHERE contact_id IS NOT NULL
    GROUP BY contact_id
    ORDER BY contact_id
    ON CONFLICT (workspace_id, contact_id, purpose_id) DO UPDATE SET state = excluded.state, since = excluded.since
    WHERE standing.state NOT IN (%(granted)s, %(withdrawn)s)
    RETURNING contact_id, since
),
proof AS (
    INSERT INTO contacts_consent_record (
        workspace_id, contact_id, purpose_id, state, at, source, text, text_version
    )
    SELECT %(workspace_id)s, contact_id, %(purpose_id)s, %(granted)s, since, %(source)s, %(text)s, %(text_version)s
    FROM given
    RETURNING id, at
)
SELECT coalesce(array_agg(id), '{}') AS record_ids,
       coalesce(array_agg(DISTINCT date_trunc('month', at AT TIME ZONE 'UTC')::date), '{}') AS months
FROM proof

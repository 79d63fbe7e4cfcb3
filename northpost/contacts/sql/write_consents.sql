-- inputs: workspace_id, people (a selection of contact ids, spliced in by the caller), purpose_id, state, at, source, text,
--         text_version, ip, confirmed_at, always (also prove what changes nothing)
-- effect: sets where each of these people of the workspace stands on the purpose, unless something later is known
--         already, and adds a line of proof. One row per line of proof: its id, the contact, whether the state changed.
-- index:  contacts_contact's primary key, contacts_consent_once
WITH chosen AS (
    SELECT c.id FROM contacts_contact c WHERE c.id IN ({people}) FOR KEY SHARE OF c
),
changed AS (
    INSERT INTO contacts_consent (workspace_id, contact_id, purpose_id, state, since)
    SELECT %(workspace_id)s, id, %(purpose_id)s, %(state)s, %(at)s FROM chosen ORDER BY id
    ON CONFLICT (workspace_id, contact_id, purpose_id) DO UPDATE SET state = excluded.state, since = excluded.since
    WHERE contacts_consent.state <> excluded.state AND contacts_consent.since <= excluded.since
    RETURNING contact_id
),
proof AS (
    INSERT INTO contacts_consent_record (
        workspace_id, contact_id, purpose_id, state, at, source, text, text_version, ip, confirmed_at
    )
    SELECT %(workspace_id)s, chosen.id, %(purpose_id)s, %(state)s, %(at)s, %(source)s, %(text)s, %(text_version)s,
           %(ip)s::inet, %(confirmed_at)s
    FROM chosen
    WHERE %(always)s OR chosen.id IN (SELECT contact_id FROM changed)
    ORDER BY chosen.id
    RETURNING id, contact_id
)
SELECT proof.id, proof.contact_id, changed.contact_id IS NOT NULL AS changed
FROM proof LEFT JOIN changed USING (contact_id)
ORDER BY proof.id

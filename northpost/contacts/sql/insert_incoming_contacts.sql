-- inputs: workspace_id, run_id, now
-- effect: makes the incoming people who are not here yet; whoever was made by somebody else meanwhile is left alone.
--         Touches one row per person made
-- index:  contacts_contact_email_once, contacts_contact_external_once
INSERT INTO contacts_contact (
    id, workspace_id, email, email_key, external_id, first_name, last_name, phone, language, time_zone, role,
    attributes, created_at, updated_at, import_run_id
)
SELECT new_id, %(workspace_id)s, email, email_key, external_id, first_name, last_name, phone, language, time_zone,
       coalesce(nullif(role, ''), 'customer'), attributes, %(now)s, %(now)s, %(run_id)s
FROM contacts_incoming
WHERE contact_id IS NULL
ORDER BY place
ON CONFLICT DO NOTHING

-- inputs: workspace_id, now, tag_id
-- effect: gives the incoming people the tag; who has it keeps it
-- index:  contacts_tagged_once
INSERT INTO contacts_tagged (workspace_id, tag_id, contact_id, since)
SELECT DISTINCT %(workspace_id)s::bigint, %(tag_id)s::bigint, contact_id, %(now)s::timestamptz
FROM contacts_incoming
WHERE contact_id IS NOT NULL
ORDER BY contact_id
ON CONFLICT DO NOTHING

-- inputs: workspace_id, now, list_id
-- effect: puts the incoming people on the list; who is on it stays as they are
-- index:  contacts_member_once
INSERT INTO contacts_list_member (workspace_id, contact_list_id, contact_id, since)
SELECT DISTINCT %(workspace_id)s::bigint, %(list_id)s::bigint, contact_id, %(now)s::timestamptz
FROM contacts_incoming
WHERE contact_id IS NOT NULL
ORDER BY contact_id
ON CONFLICT DO NOTHING

-- inputs: workspace_id
-- effect: finds which of the incoming people are here, and keeps them from being erased until the batch is committed. Sub-queries, not a join: the planner knows nothing of a fresh
--         temporary table, and might read all contacts for each batch
-- index:  contacts_contact_email_once, contacts_contact_external_once
UPDATE contacts_incoming AS incoming
SET by_number = CASE WHEN incoming.external_id IS NOT NULL THEN (
        SELECT contact.id FROM contacts_contact AS contact
        WHERE contact.workspace_id = %(workspace_id)s AND contact.external_id = incoming.external_id
        FOR KEY SHARE
    ) END,
    by_email = CASE WHEN incoming.email_key IS NOT NULL THEN (
        SELECT contact.id FROM contacts_contact AS contact
        WHERE contact.workspace_id = %(workspace_id)s AND contact.email_key = incoming.email_key
        FOR KEY SHARE
    ) END
WHERE incoming.contact_id IS NULL

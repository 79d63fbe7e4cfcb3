-- inputs: workspace_id, ids
-- effect: removes these people with their consents, proofs, list places and tags; touches one row per person
-- index:  contacts_contact's primary key, and the unique keys of what hangs on it
WITH proofs AS (
    DELETE FROM contacts_consent_record WHERE workspace_id = %(workspace_id)s AND contact_id = ANY(%(ids)s)
),
consents AS (
    DELETE FROM contacts_consent WHERE workspace_id = %(workspace_id)s AND contact_id = ANY(%(ids)s)
),
places AS (
    DELETE FROM contacts_list_member WHERE workspace_id = %(workspace_id)s AND contact_id = ANY(%(ids)s)
),
tags AS (
    DELETE FROM contacts_tagged WHERE workspace_id = %(workspace_id)s AND contact_id = ANY(%(ids)s)
)
DELETE FROM contacts_contact WHERE workspace_id = %(workspace_id)s AND id = ANY(%(ids)s)

-- inputs: workspace_id, people (a selection of contact ids, spliced in by the caller)
-- effect: reads people with their custom fields, consents (purpose's id -> state), lists and tags, by id
-- index:  contacts_contact_ws_idx, contacts_consent_once, and those on the contact of list places and tags
SELECT contact.email, contact.external_id, contact.first_name, contact.last_name, contact.phone, contact.language,
       contact.time_zone, contact.role, contact.created_at, contact.attributes,
       (SELECT jsonb_object_agg(consent.purpose_id, consent.state)
        FROM contacts_consent AS consent
        WHERE consent.workspace_id = %(workspace_id)s AND consent.contact_id = contact.id) AS consents,
       (SELECT string_agg(list.name, '; ' ORDER BY list.name)
        FROM contacts_list_member AS member
        JOIN contacts_list AS list ON list.id = member.contact_list_id
        WHERE member.contact_id = contact.id) AS lists,
       (SELECT string_agg(tag.name, '; ' ORDER BY tag.name)
        FROM contacts_tagged AS tagged
        JOIN contacts_tag AS tag ON tag.id = tagged.tag_id
        WHERE tagged.contact_id = contact.id) AS tags
FROM contacts_contact AS contact
WHERE contact.workspace_id = %(workspace_id)s
  AND contact.id IN ({people})
ORDER BY contact.id

-- inputs: workspace_id, now, overwrite (else only what is missing is filled in), turn (1 or 2: one person may be meant by
--         two rows, one by number and one by address, and each is to have its turn)
-- effect: writes what incoming rows say to the people who were here already; touches only those whom it changes
-- index:  contacts_contact's primary key
WITH ranked AS (
    SELECT incoming.*, row_number() OVER (PARTITION BY incoming.contact_id ORDER BY incoming.place) AS turn
    FROM contacts_incoming AS incoming
    WHERE incoming.contact_id IS NOT NULL AND NOT incoming.created
),
wanted AS (
    SELECT contact.id,
           CASE WHEN item.email IS NOT NULL AND (contact.email IS NULL OR %(overwrite)s)
                THEN item.email ELSE contact.email END AS email,
           CASE WHEN item.email IS NOT NULL AND (contact.email IS NULL OR %(overwrite)s)
                THEN item.email_key ELSE contact.email_key END AS email_key,
           coalesce(contact.external_id, item.external_id) AS external_id,
           CASE WHEN item.first_name <> '' AND (contact.first_name = '' OR %(overwrite)s)
                THEN item.first_name ELSE contact.first_name END AS first_name,
           CASE WHEN item.last_name <> '' AND (contact.last_name = '' OR %(overwrite)s)
                THEN item.last_name ELSE contact.last_name END AS last_name,
           CASE WHEN item.phone <> '' AND (contact.phone = '' OR %(overwrite)s)
                THEN item.phone ELSE contact.phone END AS phone,
           CASE WHEN item.language <> '' AND (contact.language = '' OR %(overwrite)s)
                THEN item.language ELSE contact.language END AS language,
           CASE WHEN item.time_zone <> '' AND (contact.time_zone = '' OR %(overwrite)s)
                THEN item.time_zone ELSE contact.time_zone END AS time_zone,
           CASE WHEN item.role <> '' AND %(overwrite)s THEN item.role ELSE contact.role END AS role,
           CASE WHEN %(overwrite)s THEN contact.attributes || item.attributes
                ELSE item.attributes || contact.attributes END AS attributes
    FROM ranked AS item
    CROSS JOIN LATERAL (
        SELECT * FROM contacts_contact AS one WHERE one.id = item.contact_id LIMIT 1
    ) AS contact
    WHERE item.turn = %(turn)s
)
UPDATE contacts_contact AS contact
SET email = wanted.email, email_key = wanted.email_key, external_id = wanted.external_id,
    first_name = wanted.first_name, last_name = wanted.last_name, phone = wanted.phone, language = wanted.language,
    time_zone = wanted.time_zone, role = wanted.role, attributes = wanted.attributes, updated_at = %(now)s
FROM wanted
WHERE contact.id = wanted.id
  AND contact.workspace_id = %(workspace_id)s
  AND (contact.email, contact.email_key, contact.external_id, contact.first_name, contact.last_name, contact.phone,
       contact.language, contact.time_zone, contact.role, contact.attributes)
      IS DISTINCT FROM
      (wanted.email, wanted.email_key, wanted.external_id, wanted.first_name, wanted.last_name, wanted.phone,
       wanted.language, wanted.time_zone, wanted.role, wanted.attributes)

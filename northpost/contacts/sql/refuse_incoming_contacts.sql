-- inputs: workspace_id
-- effect: takes out the incoming rows whose e-mail address and customer number belong to two people, or whose address
--         belongs to somebody with another number; returns their place and that number (null: two people)
-- index:  contacts_contact's primary key
DELETE FROM contacts_incoming AS incoming
USING (
    SELECT item.place,
           CASE WHEN item.by_number IS NULL THEN holder.external_id END AS number
    FROM contacts_incoming AS item
    LEFT JOIN LATERAL (
        SELECT contact.external_id FROM contacts_contact AS contact WHERE contact.id = item.by_email LIMIT 1
    ) AS holder ON true
    WHERE NOT item.created
      AND item.external_id IS NOT NULL
      AND item.by_email IS NOT NULL
      AND item.by_number IS DISTINCT FROM item.by_email
      AND (item.by_number IS NOT NULL OR holder.external_id IS DISTINCT FROM NULL)
) AS clash
WHERE incoming.place = clash.place
RETURNING clash.place, clash.number

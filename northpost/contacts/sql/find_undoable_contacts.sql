-- inputs: workspace_id, run_id, after (an id), batch (how many at most)
-- effect: reads the people the import brought, by id; untouched: not changed by hand since, no consent given or
--         withdrawn since the import ended
-- index:  contacts_contact_ws_idx
SELECT contact.id,
       contact.updated_at <= run.finished_at
       AND NOT EXISTS (
           SELECT 1 FROM contacts_consent_record AS record
           WHERE record.workspace_id = %(workspace_id)s
             AND record.contact_id = contact.id
             AND record.at > run.finished_at
       ) AS untouched
FROM contacts_contact AS contact
JOIN contacts_import_run AS run ON run.id = contact.import_run_id AND run.workspace_id = %(workspace_id)s
WHERE contact.workspace_id = %(workspace_id)s
  AND contact.import_run_id = %(run_id)s
  AND contact.id > %(after)s
ORDER BY contact.id
LIMIT %(batch)s

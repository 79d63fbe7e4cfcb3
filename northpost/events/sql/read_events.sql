-- inputs: workspace_id, xid, event_id (the cursor), batch (how many at most)
-- effect: reads the events after the cursor, oldest first, and none of a transaction that may still be overtaken:
--         only those below the oldest running transaction
-- index:  events_event_unread_idx
SELECT id, contact_id, kind, occurred_at, recorded_at, recorded_xid::text::bigint AS xid, value, currency, source,
       message_id, machine, backfill, properties
FROM events_event
WHERE workspace_id = %(workspace_id)s
  AND (recorded_xid, id) > (%(xid)s::text::xid8, %(event_id)s)
  AND recorded_xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY recorded_xid, id
LIMIT %(batch)s

-- inputs: workspace_id, source_kind, source_id, now
-- effect: reads how many messages were settled in the last minute
-- index:  delivery_message_once (workspace, source kind, source id)
SELECT count(*)
FROM delivery_message
WHERE workspace_id = %(workspace_id)s
  AND source_kind = %(source_kind)s
  AND source_id = %(source_id)s
  AND state <> 'skipped'
  AND settled_at > %(now)s - interval '1 minute'

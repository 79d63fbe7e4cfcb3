-- inputs: workspace_id, source_kind, source_id
-- effect: reads how many people did not get it, by reason, the most frequent first
-- index:  delivery_message_once (workspace, source kind, source id)
SELECT reason, count(*) AS people
FROM delivery_message
WHERE workspace_id = %(workspace_id)s
  AND source_kind = %(source_kind)s
  AND source_id = %(source_id)s
  AND state = 'skipped'
GROUP BY reason
ORDER BY people DESC, reason

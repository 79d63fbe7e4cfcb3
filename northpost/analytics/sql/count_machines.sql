-- inputs: workspace_id, source, since
-- effect: reads how many opens and clicks of a source were probably a machine's
-- index:  events_event_kind_idx
SELECT kind, count(*) AS times
FROM events_event
WHERE workspace_id = %(workspace_id)s
  AND kind IN ('mail.opened', 'mail.clicked')
  AND occurred_at >= %(since)s
  AND source = %(source)s
  AND machine
GROUP BY kind

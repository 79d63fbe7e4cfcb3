-- inputs: workspace_id, source_kind, ids (of mailings)
-- effect: reads, for each mailing with messages, how many people are in which state and what they did
-- index:  delivery_message_once (workspace, source kind, source id)
SELECT source_id,
       count(*) AS chosen,
       count(*) FILTER (WHERE state IN ('queued', 'sending', 'deferred')) AS waiting,
       count(*) FILTER (WHERE state = 'accepted') AS accepted,
       count(*) FILTER (WHERE state = 'rejected') AS rejected,
       count(*) FILTER (WHERE state = 'in_doubt') AS in_doubt,
       count(*) FILTER (WHERE state = 'skipped') AS skipped,
       count(*) FILTER (WHERE state = 'accepted' AND bounced_at IS NOT NULL) AS bounced,
       count(opened_at) AS opened,
       count(clicked_at) AS clicked,
       count(unsubscribed_at) AS unsubscribed,
       count(complained_at) AS complained
FROM delivery_message
WHERE workspace_id = %(workspace_id)s
  AND source_kind = %(source_kind)s
  AND source_id = ANY(%(ids)s)
GROUP BY source_id

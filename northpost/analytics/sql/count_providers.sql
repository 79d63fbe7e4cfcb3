-- inputs: workspace_id, source_kind, source_id, most
-- effect: reads the mailbox providers with the most messages of a source: sent, clicked by people, bounced
-- index:  delivery_message_once
SELECT lower(split_part(email, '@', 2)) AS domain,
       count(*) AS sent,
       count(clicked_at) AS clicked,
       count(bounced_at) AS bounced
FROM delivery_message
WHERE workspace_id = %(workspace_id)s
  AND source_kind = %(source_kind)s
  AND source_id = %(source_id)s
  AND state IN ('accepted', 'rejected')
GROUP BY domain
ORDER BY sent DESC, domain
LIMIT %(most)s

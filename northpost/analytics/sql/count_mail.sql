-- inputs: workspace_id, first, last (days), zone
-- effect: reads how many messages were accepted on these days, by how many people, and what people did with them
-- index:  delivery_message_settled_idx
SELECT count(*) AS sent,
       count(DISTINCT contact_id) AS reached,
       count(clicked_at) AS clicked,
       count(unsubscribed_at) AS unsubscribed,
       count(complained_at) AS complained
FROM delivery_message
WHERE workspace_id = %(workspace_id)s
  AND state = 'accepted'
  AND settled_at >= %(first)s::date::timestamp AT TIME ZONE %(zone)s
  AND settled_at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s

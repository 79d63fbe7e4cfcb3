-- inputs: workspace_id, start and finish (moments: the period), zone, and those of the query for members
-- effect: reads, per day, how many mails reached members' servers that day (bottom), and in how many of them
--         the person unsubscribed (top), whenever that was
-- index:  delivery_message_contact_idx
WITH members AS ({members})
SELECT (m.settled_at AT TIME ZONE %(zone)s)::date AS day, count(m.unsubscribed_at)::numeric AS top, count(*)::numeric AS bottom
FROM delivery_message AS m JOIN members USING (contact_id)
WHERE m.workspace_id = %(workspace_id)s AND m.state = 'accepted'
  AND m.settled_at >= %(start)s AND m.settled_at < %(finish)s
GROUP BY 1

-- inputs: workspace_id, since, least (so many people's mail)
-- effect: routes for whose mail bounces of that many people put the blame on the sender's set-up, with the newest words;
--         those that have led to a pause before are left out
-- index:  delivery_inbound_newest_idx, delivery_message's primary key
SELECT m.route_id, array_agg(i.id) AS mail_ids, (array_agg(i.diagnostic ORDER BY i.id DESC))[1] AS words
FROM delivery_inbound_mail i
JOIN delivery_message m ON m.workspace_id = %(workspace_id)s AND m.id = i.message_id
WHERE i.workspace_id = %(workspace_id)s AND i.received_at > %(since)s AND i.kind = 'bounce' AND i.blame = 'sender'
  AND i.detail = '' AND m.route_id IS NOT NULL
GROUP BY m.route_id
HAVING count(DISTINCT m.contact_id) >= %(least)s
ORDER BY m.route_id

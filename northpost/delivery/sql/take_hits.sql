-- inputs: workspace_id, ripe_at (hits up to then are out of quarantine), batch (messages at most)
-- effect: takes all hits of messages that have a ripe one out of quarantine, to be judged together, with what is known
--         of message and link
-- index:  delivery_hit_at_idx, delivery_message's primary key
WITH ripe AS MATERIALIZED (
    SELECT DISTINCT message_id FROM delivery_hit
    WHERE workspace_id = %(workspace_id)s AND at <= %(ripe_at)s
    LIMIT %(batch)s
),
taken AS (
    DELETE FROM delivery_hit h USING ripe
    WHERE h.workspace_id = %(workspace_id)s AND h.message_id = ripe.message_id
    RETURNING h.key, h.kind, h.message_id, h.link_id, h.url, h.at, h.method, h.agent
)
SELECT taken.*, m.contact_id, m.source_kind, m.source_id, m.state, coalesce(m.settled_at, m.sending_at) AS sent_at,
       link.url AS link_url
FROM taken
JOIN delivery_message m ON m.workspace_id = %(workspace_id)s AND m.id = taken.message_id
LEFT JOIN delivery_link link ON link.workspace_id = %(workspace_id)s AND link.id = taken.link_id
ORDER BY taken.message_id, taken.at, taken.key

-- inputs: workspace_id, now, reason, and arrays of equal length: keys (address or null), hashes, message_ids
-- effect: suppresses each address that is not yet
-- index:  delivery_suppression_once
INSERT INTO delivery_suppression (workspace_id, email_key, email_hash, reason, message_id, since)
SELECT %(workspace_id)s, key, hash, %(reason)s, message_id, %(now)s
FROM unnest(%(keys)s::text[], %(hashes)s::bytea[], %(message_ids)s::bigint[]) AS item (key, hash, message_id)
ORDER BY hash
ON CONFLICT DO NOTHING

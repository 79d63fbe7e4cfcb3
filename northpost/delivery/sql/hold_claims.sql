-- inputs: workspace_id, now, until, reason, and route_id, source_kind, source_id (each may be null)
-- effect: keeps the claim from what this names before then; a hold that lasts longer stays as it is
-- index:  delivery_hold_once
INSERT INTO delivery_hold AS h (workspace_id, route_id, source_kind, source_id, reason, since, until)
VALUES (
    %(workspace_id)s, %(route_id)s::bigint, %(source_kind)s::text, %(source_id)s::bigint, %(reason)s, %(now)s,
    %(until)s
)
ON CONFLICT (workspace_id, route_id, source_kind, source_id) DO UPDATE
SET since = CASE WHEN h.until > %(now)s THEN h.since ELSE EXCLUDED.since END,
    until = EXCLUDED.until,
    reason = EXCLUDED.reason
WHERE h.until < EXCLUDED.until

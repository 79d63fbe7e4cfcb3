-- inputs: workspace_id, and arrays of equal length: ids, opened, clicked (a person's first ones just judged, or null)
-- effect: stamps each message with a person's first opening and first click
-- index:  delivery_message's primary key
UPDATE delivery_message m
SET opened_at = least(m.opened_at, seen.opened), clicked_at = least(m.clicked_at, seen.clicked)
FROM unnest(%(ids)s::bigint[], %(opened)s::timestamptz[], %(clicked)s::timestamptz[]) AS seen (id, opened, clicked)
WHERE m.workspace_id = %(workspace_id)s AND m.id = seen.id AND (seen.opened IS NOT NULL OR seen.clicked IS NOT NULL)

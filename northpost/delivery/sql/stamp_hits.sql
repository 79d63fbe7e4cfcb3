-- inputs: workspace_id, and arrays of equal length: ids (sorted), opened, clicked (a person's first ones just judged, or
--         null)
-- effect: stamps each message with a person's first opening and first click
-- index:  delivery_message's primary key
UPDATE delivery_message m
SET opened_at = least(m.opened_at, seen.opened[width_bucket(m.id, seen.ids)]),
    clicked_at = least(m.clicked_at, seen.clicked[width_bucket(m.id, seen.ids)])
-- No join: see settle_accepted.
FROM (
    SELECT %(ids)s::bigint[] AS ids, %(opened)s::timestamptz[] AS opened, %(clicked)s::timestamptz[] AS clicked
) AS seen
WHERE m.workspace_id = %(workspace_id)s AND m.id = ANY(seen.ids)

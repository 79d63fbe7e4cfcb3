-- inputs: workspace_id, zone, since (messages settled from then on), overlap (how long after it was settled a message
--         may have been missed by a count), ids (messages that something happened to)
-- effect: marks the days on which these messages were settled, and may not have been counted, as due
-- index:  delivery_message_settled_brin, delivery_message's primary key, delivery_day_once
INSERT INTO delivery_day (workspace_id, day, due)
SELECT %(workspace_id)s, day, true
FROM (
    SELECT fresh.day
    FROM (
        SELECT (m.settled_at AT TIME ZONE %(zone)s)::date AS day, max(m.settled_at) AS last
        FROM delivery_message m
        WHERE m.workspace_id = %(workspace_id)s AND m.settled_at >= %(since)s::timestamptz
        GROUP BY 1
    ) AS fresh
    LEFT JOIN delivery_day known ON known.workspace_id = %(workspace_id)s AND known.day = fresh.day
    WHERE known.counted_at IS NULL OR known.counted_at < fresh.last + %(overlap)s::interval
    UNION
    SELECT DISTINCT (m.settled_at AT TIME ZONE %(zone)s)::date
    FROM delivery_message m
    WHERE m.workspace_id = %(workspace_id)s AND m.id = ANY(%(ids)s::bigint[]) AND m.settled_at IS NOT NULL
) AS touched
ORDER BY day
ON CONFLICT (workspace_id, day) DO UPDATE SET due = true

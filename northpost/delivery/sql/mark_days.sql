-- inputs: workspace_id, zone, since (messages settled from then on), ids (messages that something happened to)
-- effect: marks the days on which these messages were settled as due to be counted anew
-- index:  delivery_message_settled_brin, delivery_message's primary key, delivery_day_once
INSERT INTO delivery_day (workspace_id, day, due)
SELECT %(workspace_id)s, day, true
FROM (
    SELECT DISTINCT (m.settled_at AT TIME ZONE %(zone)s)::date AS day
    FROM delivery_message m
    WHERE m.workspace_id = %(workspace_id)s AND m.settled_at >= %(since)s::timestamptz
    UNION
    SELECT DISTINCT (m.settled_at AT TIME ZONE %(zone)s)::date
    FROM delivery_message m
    WHERE m.workspace_id = %(workspace_id)s AND m.id = ANY(%(ids)s::bigint[]) AND m.settled_at IS NOT NULL
) AS touched
ORDER BY day
ON CONFLICT (workspace_id, day) DO UPDATE SET due = true

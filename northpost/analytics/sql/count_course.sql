-- inputs: workspace_id, source_kind, source_id, since, until
-- effect: reads, hour by hour from the start, how many people opened and clicked for the first time
-- index:  delivery_message_once
WITH hours AS (
    SELECT hour
    FROM generate_series(
        date_trunc('hour', %(since)s::timestamptz), date_trunc('hour', %(until)s::timestamptz), interval '1 hour'
    ) AS hour
),
firsts AS (
    SELECT opened_at, clicked_at
    FROM delivery_message
    WHERE workspace_id = %(workspace_id)s AND source_kind = %(source_kind)s AND source_id = %(source_id)s
),
opens AS (SELECT date_trunc('hour', opened_at) AS hour, count(*) AS people FROM firsts WHERE opened_at IS NOT NULL GROUP BY 1),
clicks AS (SELECT date_trunc('hour', clicked_at) AS hour, count(*) AS people FROM firsts WHERE clicked_at IS NOT NULL GROUP BY 1)
SELECT hours.hour, coalesce(opens.people, 0) AS opened, coalesce(clicks.people, 0) AS clicked
FROM hours
LEFT JOIN opens USING (hour)
LEFT JOIN clicks USING (hour)
ORDER BY hours.hour

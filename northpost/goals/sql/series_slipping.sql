-- inputs: workspace_id, start and finish (moments: the period), zone, and those of the query for members, at_risk_days
-- effect: reads, per day, how many members came to be at risk who had not been at the start; on the first day, how
--         many those are
-- index:  sales_order_contact_idx
WITH members AS ({members}),
placed AS (
    SELECT o.contact_id, o.placed_at AS at,
           lead(o.placed_at) OVER (PARTITION BY o.contact_id ORDER BY o.placed_at, o.id) AS next_at
    FROM sales_order AS o JOIN members USING (contact_id)
    WHERE o.workspace_id = %(workspace_id)s AND o.placed_at < %(finish)s
),
standing AS (
    -- the last order before the start, of those who were not at risk by then
    SELECT DISTINCT contact_id FROM placed
    WHERE at < %(start)s AND at > %(start)s - make_interval(days => %(at_risk_days)s)
),
slips AS (
    SELECT contact_id, min(at + make_interval(days => %(at_risk_days)s)) AS slipped_at
    FROM placed JOIN standing USING (contact_id)
    WHERE at + make_interval(days => %(at_risk_days)s) >= %(start)s
      AND at + make_interval(days => %(at_risk_days)s) < %(finish)s
      AND (next_at IS NULL OR next_at > at + make_interval(days => %(at_risk_days)s))
    GROUP BY contact_id
)
SELECT (slipped_at AT TIME ZONE %(zone)s)::date AS day, count(*)::numeric AS top, 0::numeric AS bottom
FROM slips GROUP BY 1
UNION ALL
SELECT (%(start)s AT TIME ZONE %(zone)s)::date, 0, count(*) FROM standing

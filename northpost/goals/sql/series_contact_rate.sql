-- inputs: workspace_id, start and finish (moments: the period), zone, and those of the query for members
-- effect: reads, per day, how many members clicked in a mail or replied to one, each once; on the first day, how
--         many members there are. What machines did is left out.
-- index:  events_event_kind_idx
WITH members AS ({members}),
reached AS (
    SELECT e.contact_id, min(e.occurred_at) AS at
    FROM events_event AS e JOIN members USING (contact_id)
    WHERE e.workspace_id = %(workspace_id)s AND e.kind IN ('mail.clicked', 'mail.replied') AND NOT e.machine
      AND e.occurred_at >= %(start)s AND e.occurred_at < %(finish)s
    GROUP BY e.contact_id
)
SELECT (at AT TIME ZONE %(zone)s)::date AS day, count(*)::numeric AS top, 0::numeric AS bottom FROM reached GROUP BY 1
UNION ALL
SELECT (%(start)s AT TIME ZONE %(zone)s)::date, 0, count(*) FROM members

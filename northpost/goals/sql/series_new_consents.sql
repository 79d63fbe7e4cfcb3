-- inputs: workspace_id, start and finish (moments: the period), zone, and those of the query for members
-- effect: reads, per day, how many members agreed to mail in the period, and still do; each once
-- index:  contacts_consent_once
WITH members AS ({members}),
agreed AS (
    SELECT k.contact_id, min(k.since) AS at
    FROM contacts_consent AS k JOIN members USING (contact_id)
    WHERE k.workspace_id = %(workspace_id)s AND k.state = 'granted'
    GROUP BY k.contact_id
)
SELECT (at AT TIME ZONE %(zone)s)::date AS day, count(*)::numeric AS top, 0::numeric AS bottom
FROM agreed WHERE at >= %(start)s AND at < %(finish)s GROUP BY 1

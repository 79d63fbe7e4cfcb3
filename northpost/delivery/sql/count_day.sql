-- inputs: workspace_id, day, starts_at, ends_at (of that day), few (domains with fewer messages are put together)
-- effect: enters the figures of a day's settled messages; the day's old figures must be gone
-- index:  delivery_message_settled_brin, events_event_kind_idx
WITH settled AS MATERIALIZED (
    SELECT m.id, coalesce(source.sender_domain, '') AS sender_domain,
           coalesce(lower(split_part(m.email, '@', -1)), '') AS domain,
           m.state, m.attempts, m.bounced_at, m.complained_at, m.opened_at, m.clicked_at
    FROM delivery_message m
    LEFT JOIN delivery_source source
        ON source.workspace_id = %(workspace_id)s AND source.source_kind = m.source_kind
        AND source.source_id = m.source_id
    WHERE m.workspace_id = %(workspace_id)s AND m.settled_at >= %(starts_at)s AND m.settled_at < %(ends_at)s
      AND (m.state IN ('accepted', 'rejected', 'in_doubt') OR m.reason = 'gave_up')
),
classes AS MATERIALIZED (
    SELECT DISTINCT ON (e.message_id) e.message_id, e.properties ->> 'kind' AS class
    FROM events_event e
    WHERE e.workspace_id = %(workspace_id)s AND e.kind = 'mail.bounced' AND e.occurred_at >= %(starts_at)s
    ORDER BY e.message_id, e.id
),
classed AS (
    SELECT settled.*,
           CASE WHEN classes.class IS NOT NULL THEN classes.class
                WHEN settled.state = 'rejected' AND settled.bounced_at IS NULL THEN 'policy' END AS class
    FROM settled LEFT JOIN classes ON classes.message_id = settled.id
),
counted AS (
    SELECT sender_domain, domain,
           count(*) FILTER (WHERE state = 'accepted') AS accepted,
           count(*) FILTER (WHERE state = 'rejected') AS rejected,
           count(*) FILTER (WHERE state = 'in_doubt') AS in_doubt,
           count(*) FILTER (WHERE state = 'skipped') AS gave_up,
           count(*) FILTER (WHERE attempts > 1) AS put_off,
           count(*) FILTER (WHERE class = 'hard') AS hard,
           count(*) FILTER (WHERE class = 'soft') AS soft,
           count(*) FILTER (WHERE class IN ('policy', 'sender', 'unsendable')) AS unwanted,
           count(complained_at) AS complained,
           count(opened_at) AS opened,
           count(clicked_at) AS clicked,
           count(*) AS messages
    FROM classed
    GROUP BY sender_domain, domain
)
INSERT INTO delivery_count (
    workspace_id, day, sender_domain, domain, accepted, rejected, in_doubt, gave_up, put_off, hard, soft, unwanted,
    complained, opened, clicked
)
SELECT %(workspace_id)s, %(day)s, sender_domain, CASE WHEN messages >= %(few)s THEN domain ELSE '' END,
       sum(accepted), sum(rejected), sum(in_doubt), sum(gave_up), sum(put_off), sum(hard), sum(soft), sum(unwanted),
       sum(complained), sum(opened), sum(clicked)
FROM counted
GROUP BY 3, 4

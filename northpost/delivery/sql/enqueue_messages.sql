-- inputs: gate_workspace, gate_source_kind, gate_source_id, gate_purpose (null: transactional), gate_priority,
--         gate_due_at, gate_expires_at, gate_route, gate_languages (text[], those that the mailing has; empty: any),
--         gate_language (the mailing's main one), gate_variant, gate_now, gate_suppression_key, gate_zone (the
--         workspace's), gate_quiet_from, gate_quiet_until (times, or null), gate_cap (or null), gate_cap_since, gate_send_to (an address instead of
--         each person's own, or null), gate_batch (so many messages wait together), gate_first (nothing was
--         ever enqueued from this source), gate_by_interest (whether who reads our mail gets it
--         first);
--         /*audience*/ stands for a statement that selects contact ids, with its own parameters
-- effect: one ledger row for every person of the audience who has none from this source yet: queued, or skipped with
--         the reason. Those queued wait in batches. One row per state and reason with its count
-- index:  contacts_consent_once, delivery_suppression_once, delivery_message_contact_idx, delivery_message_once
WITH audience (contact_id) AS (
    /*audience*/
),
people AS MATERIALIZED (
    SELECT c.id, coalesce(%(gate_send_to)s, c.email) AS email, c.language, c.time_zone,
           -- hashed here: a comparison that computes it would be no index condition behind the wall
           sha256(%(gate_suppression_key)s::bytea || convert_to(coalesce(lower(%(gate_send_to)s), c.email_key), 'UTF8'))
               AS email_hash
    FROM contacts_contact c
    WHERE c.workspace_id = %(gate_workspace)s AND c.id IN (SELECT contact_id FROM audience)
      -- Asked here, and not with each row that goes in: whoever enqueues holds the source's lock. As a look-up for each
      -- person (EXISTS would become a join, and of a source that is new to the statistics the wrong one).
      AND (%(gate_first)s OR (
          SELECT had.id FROM delivery_message had
          WHERE had.workspace_id = %(gate_workspace)s AND had.source_kind = %(gate_source_kind)s
            AND had.source_id = %(gate_source_id)s AND had.contact_id = c.id
      ) IS NULL)
),
-- Quiet hours are the person's own: each time zone's due moment, worked out once.
zones AS MATERIALIZED (
    SELECT lived.name AS zone, coalesce(known.name, %(gate_zone)s) AS name
    FROM (SELECT DISTINCT time_zone AS name FROM people) AS lived
    LEFT JOIN pg_timezone_names AS known ON known.name = lived.name AND %(gate_quiet_from)s::time IS NOT NULL
),
moments AS MATERIALIZED (
    SELECT zone,
           CASE
               WHEN %(gate_quiet_from)s::time IS NULL OR %(gate_quiet_until)s::time IS NULL THEN %(gate_due_at)s::timestamptz
               -- the quiet hours lie within one day
               WHEN %(gate_quiet_from)s::time <= %(gate_quiet_until)s::time THEN
                   CASE WHEN here::time >= %(gate_quiet_from)s::time AND here::time < %(gate_quiet_until)s::time
                        THEN (here::date + %(gate_quiet_until)s::time) AT TIME ZONE name
                        ELSE %(gate_due_at)s::timestamptz END
               -- or run over midnight
               WHEN here::time >= %(gate_quiet_from)s::time
                   THEN (here::date + 1 + %(gate_quiet_until)s::time) AT TIME ZONE name
               WHEN here::time < %(gate_quiet_until)s::time
                   THEN (here::date + %(gate_quiet_until)s::time) AT TIME ZONE name
               ELSE %(gate_due_at)s::timestamptz
           END AS due_at
    FROM (SELECT zone, name, %(gate_due_at)s::timestamptz AT TIME ZONE name AS here FROM zones) AS local
),
-- Whole before the first row goes in: else the search for recent messages would wade through the rows of this statement.
decided AS MATERIALIZED (
    SELECT p.id, p.email, p.language,
           m.due_at + CASE WHEN %(gate_by_interest)s THEN interval '20 seconds' * interest.rank
                           ELSE interval '0' END AS due_at,
           CASE
               WHEN p.email IS NULL THEN 'no_address'
               WHEN %(gate_purpose)s::bigint IS NOT NULL AND consent.state IS DISTINCT FROM 'granted' THEN 'no_consent'
               WHEN suppressed.id IS NOT NULL OR barred.id IS NOT NULL THEN 'suppressed'
               WHEN m.due_at >= %(gate_expires_at)s::timestamptz OR %(gate_now)s >= %(gate_expires_at)s::timestamptz
                   THEN 'expired'
               WHEN %(gate_purpose)s::bigint IS NOT NULL AND %(gate_cap)s::bigint IS NOT NULL
                    AND recent.messages >= %(gate_cap)s::bigint THEN 'frequency_cap'
               ELSE ''
           END AS reason
    FROM people p
    JOIN moments m ON m.zone = p.time_zone
    LEFT JOIN contacts_consent consent
        ON consent.workspace_id = %(gate_workspace)s AND consent.contact_id = p.id
        AND consent.purpose_id = %(gate_purpose)s::bigint
    LEFT JOIN delivery_suppression suppressed
        ON suppressed.workspace_id = %(gate_workspace)s AND suppressed.email_hash = p.email_hash
    LEFT JOIN delivery_installation_suppression barred ON barred.email_hash = p.email_hash
    LEFT JOIN LATERAL (
        SELECT count(*) AS messages
        FROM delivery_message earlier
        WHERE %(gate_cap)s::bigint IS NOT NULL AND %(gate_purpose)s::bigint IS NOT NULL
          AND earlier.workspace_id = %(gate_workspace)s AND earlier.contact_id = p.id
          AND earlier.enqueued_at > %(gate_cap_since)s
          AND earlier.purpose_id IS NOT NULL
          AND earlier.state IN ('queued', 'sending', 'deferred', 'accepted', 'in_doubt')
    ) recent ON true
    -- 0 clicked this month, 1 opened or clicked this quarter, 2 this half-year or never written to, 3 nothing
    LEFT JOIN LATERAL (
        SELECT CASE
                   WHEN max(past.clicked_at) > %(gate_now)s::timestamptz - interval '30 days' THEN 0
                   WHEN max(greatest(past.opened_at, past.clicked_at)) > %(gate_now)s::timestamptz - interval '90 days'
                       THEN 1
                   WHEN max(greatest(past.opened_at, past.clicked_at)) IS NOT NULL OR count(*) = 0 THEN 2
                   ELSE 3
               END AS rank
        FROM delivery_message past
        WHERE %(gate_by_interest)s AND past.workspace_id = %(gate_workspace)s AND past.contact_id = p.id
          AND past.enqueued_at > %(gate_now)s::timestamptz - interval '180 days' AND past.state = 'accepted'
    ) interest ON true
),
entered AS (
    INSERT INTO delivery_message (
        workspace_id, source_kind, source_id, contact_id, email, purpose_id, route_id, state, reason, priority, language,
        variant, due_at, expires_at, attempts, enqueued_at, settled_at, reply_enhanced, reply_text, send_to
    )
    SELECT %(gate_workspace)s, %(gate_source_kind)s, %(gate_source_id)s, d.id, d.email, %(gate_purpose)s,
           %(gate_route)s, CASE WHEN d.reason = '' THEN 'queued' ELSE 'skipped' END, d.reason, %(gate_priority)s,
           CASE
               WHEN d.language = ANY(%(gate_languages)s::text[]) THEN d.language
               WHEN cardinality(%(gate_languages)s::text[]) = 0 AND d.language <> '' THEN d.language
               ELSE %(gate_language)s
           END,
           %(gate_variant)s, d.due_at, %(gate_expires_at)s, 0, %(gate_now)s,
           CASE WHEN d.reason = '' THEN NULL ELSE %(gate_now)s::timestamptz END, '', '',
           %(gate_send_to)s
    FROM decided d
    ORDER BY d.id
    RETURNING id, state, reason, due_at
),
waiting AS (
    INSERT INTO delivery_waiting (workspace_id, source_kind, source_id, priority, due_at, message_ids)
    SELECT %(gate_workspace)s, %(gate_source_kind)s, %(gate_source_id)s, %(gate_priority)s, due_at, array_agg(id)
    FROM entered
    WHERE state = 'queued'
    -- the ids were given one after the other: so a batch is found without sorting, and lies together on the disk
    GROUP BY due_at, id / %(gate_batch)s
)
SELECT state, reason, count(*) AS messages FROM entered GROUP BY state, reason

-- inputs: workspace_id, now, until (due up to), batch, claim (uuid), lease_until, suppression_key, urgency (priorities up
--         to this one, or null: all)
-- effect: takes up to a batch of due messages of sources and routes that may send now, best priority first, out of
--         those that wait; whom the gate would refuse by now is skipped with the reason, the others are claimed. One
--         row for each
-- index:  delivery_waiting_due_idx, delivery_source_once, delivery_message's and contacts_contact's primary keys
WITH -- A claim that a crash of the database loses was none: so its commit waits for no disk. What is marked later does.
hasty AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
),
ways AS MATERIALIZED (
    SELECT s.source_kind, s.source_id, priority, r.id AS route_id
    FROM hasty CROSS JOIN delivery_source s
    -- one by one, or batches due tomorrow would be read over and over to find those due now
    CROSS JOIN LATERAL unnest(s.priorities) AS priority
    CROSS JOIN LATERAL (
        SELECT route.id, route.paused_at, route.paused_until
        FROM delivery_route route
        WHERE route.workspace_id = %(workspace_id)s AND route.archived_at IS NULL
          AND (route.id = s.route_id OR route.is_default)
        ORDER BY route.id = s.route_id DESC NULLS LAST, route.id
        LIMIT 1
    ) r
    WHERE s.workspace_id = %(workspace_id)s AND s.state = 'active'
      AND (r.paused_at IS NULL OR r.paused_until <= %(now)s)
      AND (%(urgency)s::int IS NULL OR priority <= %(urgency)s::int)
),
offered AS MATERIALIZED (
    SELECT b.id, b.message_ids, b.due_at, w.priority, w.route_id
    FROM ways w
    CROSS JOIN LATERAL (
        SELECT waiting.id, waiting.message_ids, waiting.due_at
        FROM delivery_waiting waiting
        WHERE waiting.workspace_id = %(workspace_id)s
          AND waiting.source_kind = w.source_kind AND waiting.source_id = w.source_id
          AND waiting.priority = w.priority AND waiting.due_at <= %(until)s
        ORDER BY waiting.due_at, waiting.id
        -- few: what is locked here and not needed, another worker can't see for this moment
        LIMIT least(%(batch)s, 8)
        FOR UPDATE SKIP LOCKED
    ) b
),
counted AS (
    SELECT offered.*,
           sum(cardinality(message_ids)) OVER (ORDER BY priority, due_at, id) - cardinality(message_ids) AS ahead
    FROM offered
),
taken AS MATERIALIZED (
    SELECT id, route_id, priority, due_at,
           message_ids[:%(batch)s - ahead] AS mine, message_ids[%(batch)s - ahead + 1:] AS rest
    FROM counted
    WHERE ahead < %(batch)s
),
emptied AS (
    DELETE FROM delivery_waiting w USING taken
    WHERE w.workspace_id = %(workspace_id)s AND w.id = taken.id AND cardinality(taken.rest) = 0
),
shortened AS (
    UPDATE delivery_waiting w SET message_ids = taken.rest FROM taken
    WHERE w.workspace_id = %(workspace_id)s AND w.id = taken.id AND cardinality(taken.rest) > 0
),
due AS MATERIALIZED (
    SELECT m.id, m.contact_id, m.purpose_id, m.expires_at, m.send_to, taken.route_id
    FROM taken
    CROSS JOIN LATERAL unnest(taken.mine) AS one (id)
    -- not those that wait no more, because they were cancelled
    JOIN delivery_message m
        ON m.workspace_id = %(workspace_id)s AND m.id = one.id AND m.state IN ('queued', 'deferred')
),
known AS MATERIALIZED (
    SELECT due.*, c.id AS person, coalesce(due.send_to, c.email) AS email,
           sha256(%(suppression_key)s::bytea || convert_to(coalesce(lower(due.send_to), c.email_key), 'UTF8'))
               AS email_hash
    FROM due LEFT JOIN contacts_contact c ON c.workspace_id = %(workspace_id)s AND c.id = due.contact_id
),
decided AS MATERIALIZED (
    SELECT known.id, known.email, known.route_id,
           CASE
               WHEN known.person IS NULL THEN 'erased'
               WHEN known.email IS NULL THEN 'no_address'
               WHEN known.purpose_id IS NOT NULL AND consent.state IS DISTINCT FROM 'granted' THEN 'no_consent'
               WHEN suppressed.id IS NOT NULL OR barred.id IS NOT NULL THEN 'suppressed'
               WHEN known.expires_at <= %(now)s THEN 'expired'
               ELSE ''
           END AS reason
    FROM known
    LEFT JOIN contacts_consent consent
        ON consent.workspace_id = %(workspace_id)s AND consent.contact_id = known.contact_id
        AND consent.purpose_id = known.purpose_id
    LEFT JOIN delivery_suppression suppressed
        ON suppressed.workspace_id = %(workspace_id)s AND suppressed.email_hash = known.email_hash
    LEFT JOIN delivery_installation_suppression barred ON barred.email_hash = known.email_hash
),
held AS (
    INSERT INTO delivery_claim (workspace_id, claim, message_ids, lease_until)
    SELECT %(workspace_id)s, %(claim)s::uuid, array_agg(id ORDER BY id), %(lease_until)s::timestamptz
    FROM decided
    WHERE reason = ''
    HAVING count(*) > 0
)
UPDATE delivery_message m
SET state = CASE WHEN d.reason = '' THEN 'claimed' ELSE 'skipped' END,
    reason = d.reason,
    email = coalesce(d.email, m.email),
    route_id = d.route_id,
    claim = CASE WHEN d.reason = '' THEN %(claim)s::uuid END,
    settled_at = CASE WHEN d.reason = '' THEN NULL ELSE %(now)s::timestamptz END
FROM decided d
WHERE m.workspace_id = %(workspace_id)s AND m.id = d.id AND m.state IN ('queued', 'deferred')
RETURNING m.state, m.reason, m.id, m.source_kind, m.source_id, m.contact_id, m.email, m.purpose_id, m.route_id,
          m.language, m.variant, m.context, m.attempts, m.sending_at, m.expires_at

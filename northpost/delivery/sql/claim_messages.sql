-- inputs: workspace_id, now, until (due up to), batch, claim (uuid), lease_until, suppression_key
-- effect: takes up to a batch of due messages of sources and routes that may send now, best priority first; those whom
--         the gate would refuse by now are skipped with the reason, the others claimed. One row for each
-- index:  delivery_message_due_idx (per source), delivery_source_once, contacts_contact's primary key
WITH ways AS MATERIALIZED (
    SELECT s.source_kind, s.source_id, priority, r.id AS route_id
    FROM delivery_source s
    -- one by one, or messages due tomorrow would be read over and over to find those due now
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
),
due AS MATERIALIZED (
    SELECT m.id, m.contact_id, m.purpose_id, m.expires_at, m.send_to, w.route_id
    FROM ways w
    CROSS JOIN LATERAL (
        SELECT message.id, message.contact_id, message.purpose_id, message.expires_at, message.send_to,
               message.due_at
        FROM delivery_message message
        WHERE message.workspace_id = %(workspace_id)s
          AND message.source_kind = w.source_kind AND message.source_id = w.source_id
          AND message.priority = w.priority
          AND message.state IN ('queued', 'deferred') AND message.due_at <= %(until)s
        ORDER BY message.due_at, message.id
        LIMIT %(batch)s
        FOR UPDATE SKIP LOCKED
    ) m
    ORDER BY w.priority, m.due_at, m.id
    LIMIT %(batch)s
),
known AS MATERIALIZED (
    SELECT due.*, c.id AS person, coalesce(due.send_to, c.email) AS email,
           sha256(%(suppression_key)s::bytea || convert_to(coalesce(lower(due.send_to), c.email_key), 'UTF8'))
               AS email_hash
    FROM due LEFT JOIN contacts_contact c ON c.workspace_id = %(workspace_id)s AND c.id = due.contact_id
),
decided AS (
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
)
UPDATE delivery_message m
SET state = CASE WHEN d.reason = '' THEN 'claimed' ELSE 'skipped' END,
    reason = d.reason,
    email = coalesce(d.email, m.email),
    route_id = d.route_id,
    claim = CASE WHEN d.reason = '' THEN %(claim)s::uuid END,
    lease_until = CASE WHEN d.reason = '' THEN %(lease_until)s::timestamptz END,
    settled_at = CASE WHEN d.reason = '' THEN NULL ELSE %(now)s::timestamptz END
FROM decided d
WHERE m.workspace_id = %(workspace_id)s AND m.id = d.id
RETURNING m.id, m.state, m.reason, m.source_kind, m.source_id, m.contact_id, m.email, m.purpose_id, m.route_id,
          m.language, m.variant, m.context, m.attempts, m.sending_at, m.expires_at, m.claim

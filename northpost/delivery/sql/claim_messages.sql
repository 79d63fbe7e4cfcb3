-- inputs: workspace_id, now, until (due up to), batch, exact (no more than that, else up to one batch that waits more),
--         claim, run (uuids), lease_until, urgency (priorities up to this one, or null: all)
-- effect: takes up to a batch of due messages of sources and routes that may send now, best priority first, out of
--         those that wait, into a claim, each for the route that carries it. The messages themselves are not written:
--         that they are claimed the claim says. One row for each, times in microseconds since 1970
-- index:  delivery_waiting_due_idx, delivery_source_once, delivery_message's and contacts_contact's primary keys
WITH -- A claim that a crash of the database loses was none: so its commit waits for no disk. What is marked later does.
hasty AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
),
holds AS MATERIALIZED (
    SELECT route_id, source_kind, source_id FROM delivery_hold
    WHERE workspace_id = %(workspace_id)s AND until > %(now)s
),
routes AS MATERIALIZED (
    SELECT route.id, route.is_default, route.kind = 'mailbox' AS is_mailbox, route.weight, route.fallback_id, route.smtputf8,
           (route.paused_at IS NULL OR route.paused_until <= %(now)s)
           AND NOT EXISTS (SELECT FROM holds WHERE holds.route_id = route.id AND holds.source_kind IS NULL) AS is_open
    FROM delivery_route route
    WHERE route.workspace_id = %(workspace_id)s AND route.archived_at IS NULL
),
-- Who carries the mail of each route now: the route itself, and for the default one all that take a share of its mail;
-- where none of these is open, their fallbacks. A rehearsal stays one: the local mailbox and servers never mix.
carriers AS MATERIALIZED (
    SELECT owner.id AS owner_id, carrier.id, greatest(carrier.weight, 1) AS weight, carrier.smtputf8,
           rank() OVER (PARTITION BY owner.id ORDER BY NOT own.is_own) = 1 AS carries
    FROM routes owner
    JOIN routes carrier ON carrier.is_open AND carrier.is_mailbox = owner.is_mailbox
    CROSS JOIN LATERAL (
        SELECT carrier.id = owner.id OR (owner.is_default AND carrier.weight > 0) AS is_own
    ) own
    WHERE own.is_own OR carrier.id = owner.fallback_id
       OR (owner.is_default AND EXISTS (SELECT FROM routes r WHERE r.weight > 0 AND r.fallback_id = carrier.id))
),
ways AS MATERIALIZED (
    SELECT s.source_kind, s.source_id, priority, carried.route_ids, carried.shares, carried.any_address
    FROM hasty CROSS JOIN delivery_source s
    -- one by one, or batches due tomorrow would be read over and over to find those due now
    CROSS JOIN LATERAL unnest(s.priorities) AS priority
    CROSS JOIN LATERAL (
        SELECT routes.id FROM routes WHERE routes.id = s.route_id OR routes.is_default
        ORDER BY routes.id = s.route_id DESC NULLS LAST, routes.id
        LIMIT 1
    ) owner
    CROSS JOIN LATERAL (
        -- shares: up to where on a line each of them reaches, so that a message's number finds its own
        SELECT array_agg(each.id ORDER BY each.id) AS route_ids, array_agg(each.upto ORDER BY each.id) AS shares,
               min(each.id) FILTER (WHERE each.smtputf8) AS any_address
        FROM (
            SELECT c.id, sum(c.weight) OVER (ORDER BY c.id) AS upto, c.smtputf8
            FROM carriers c
            WHERE c.owner_id = owner.id AND c.carries
              -- a warm-up's day that is used up waits for the next one, and not for a fallback
              AND NOT EXISTS (
                  SELECT FROM holds h
                  WHERE h.route_id = c.id AND h.source_kind = s.source_kind AND h.source_id = s.source_id
              )
        ) each
    ) carried
    WHERE s.workspace_id = %(workspace_id)s AND s.state = 'active' AND carried.route_ids IS NOT NULL
      AND NOT EXISTS (SELECT FROM holds WHERE holds.route_id IS NULL)
      AND (%(urgency)s::int IS NULL OR priority <= %(urgency)s::int)
),
offered AS MATERIALIZED (
    SELECT b.id, b.message_ids, b.due_at, w.priority, w.route_ids, w.shares, w.any_address
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
    SELECT id, route_ids, shares, any_address, priority, due_at,
           message_ids[:room] AS mine, message_ids[room + 1:] AS rest
    FROM counted
    -- whole ones, unless the very first is too large, so that they need not be written again
    CROSS JOIN LATERAL (
        SELECT CASE WHEN %(exact)s OR ahead = 0 THEN %(batch)s - ahead ELSE cardinality(message_ids) END AS room
    ) AS fits
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
    SELECT m.id, m.source_kind, m.source_id, m.contact_id, coalesce(m.send_to, c.email) AS email,
           -- the same message finds the same route each time, as long as the same ones are open
           taken.route_ids[1 + width_bucket(
               abs(hashint8(m.id)::bigint) %% taken.shares[cardinality(taken.shares)], taken.shares
           )] AS route_id,
           taken.any_address, m.language, m.variant, m.context, m.expires_at, m.due_at
    FROM taken
    CROSS JOIN LATERAL (SELECT DISTINCT unnest(taken.mine) AS id) AS one
    -- not those that wait no more, because they were cancelled
    JOIN delivery_message m
        ON m.workspace_id = %(workspace_id)s AND m.id = one.id AND m.state IN ('queued', 'deferred')
    LEFT JOIN contacts_contact c ON c.workspace_id = %(workspace_id)s AND c.id = m.contact_id
),
held AS (
    INSERT INTO delivery_claim (workspace_id, claim, run, message_ids, begun_ids, lease_until)
    SELECT %(workspace_id)s, %(claim)s::uuid, %(run)s::uuid, array_agg(id ORDER BY id), '{}', %(lease_until)s::timestamptz
    FROM due
    HAVING count(*) > 0
)
SELECT id, source_kind, source_id, contact_id, coalesce(email, ''),
       -- an address that is not ASCII goes by a server that is known to take such, if any of these is
       CASE WHEN octet_length(email) > length(email) THEN coalesce(any_address, route_id) ELSE route_id END,
       language, variant, context, (extract(epoch FROM expires_at) * 1000000)::bigint
FROM due
-- in the order in which they fell due: with a ceiling on the day, who comes first gets it today
ORDER BY due_at, id

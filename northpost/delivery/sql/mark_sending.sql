-- inputs: workspace_id, now, suppression_key, route_id, claims, and arrays of equal length: ids (sorted), numbers (which of
--         the claims holds it, from 1)
-- effect: to be committed before the first byte. Of the messages that these claims still hold, those that the gate lets
--         through become sending; a person who left since is skipped with the reason; one whose source no longer sends
--         goes back to the queue and waits. None of them is the claim's to give back any more. One row for each message
--         still held, with its new state
-- index:  delivery_claim_once, delivery_message's and contacts_contact's primary keys
WITH mine AS MATERIALIZED (
    -- locked by lock_claims
    SELECT id, claim, begun_ids FROM delivery_claim
    WHERE workspace_id = %(workspace_id)s AND claim = ANY(%(claims)s::uuid[])
),
held AS MATERIALIZED (
    SELECT m.id, asked.claim, m.state, m.contact_id, m.purpose_id, m.expires_at, source.state AS source_state,
           c.id AS person, coalesce(m.send_to, c.email) AS email,
           sha256(%(suppression_key)s::bytea || convert_to(coalesce(lower(m.send_to), c.email_key), 'UTF8'))
               AS email_hash
    -- No join with the ids: believing that they find hardly any message, the planner goes through all of them for
    -- each. Of sorted ids width_bucket finds the place by halving.
    FROM (SELECT %(ids)s::bigint[] AS ids, %(claims)s::uuid[] AS claims, %(numbers)s::smallint[] AS numbers) AS told
    JOIN delivery_message m
        ON m.workspace_id = %(workspace_id)s AND m.id = ANY(told.ids)
    CROSS JOIN LATERAL (SELECT told.claims[told.numbers[width_bucket(m.id, told.ids)]] AS claim) AS asked
    LEFT JOIN delivery_source source
        ON source.workspace_id = %(workspace_id)s AND source.source_kind = m.source_kind
        AND source.source_id = m.source_id
    LEFT JOIN contacts_contact c ON c.workspace_id = %(workspace_id)s AND c.id = m.contact_id
    WHERE asked.claim IN (SELECT claim FROM mine)
      -- Once more, because the answer to the commit was lost: what this very claim has marked is sending, and what it has
      -- put back into the queue by then is not its own any more.
      AND (
          (m.state IN ('queued', 'deferred') AND (asked.claim, m.id) NOT IN (SELECT claim, unnest(begun_ids) FROM mine))
          OR (m.state = 'sending' AND m.claim = asked.claim)
      )
),
decided AS (
    SELECT held.id, held.claim, held.email,
           CASE
               WHEN held.source_state = 'cancelled' THEN 'cancelled'
               WHEN held.person IS NULL THEN 'erased'
               WHEN held.email IS NULL THEN 'no_address'
               WHEN held.purpose_id IS NOT NULL AND consent.state IS DISTINCT FROM 'granted' THEN 'no_consent'
               WHEN suppressed.id IS NOT NULL OR barred.id IS NOT NULL THEN 'suppressed'
               WHEN held.expires_at <= %(now)s THEN 'expired'
               ELSE ''
           END AS reason,
           held.source_state IS DISTINCT FROM 'active' AS on_hold
    FROM held
    LEFT JOIN contacts_consent consent
        ON consent.workspace_id = %(workspace_id)s AND consent.contact_id = held.contact_id
        AND consent.purpose_id = held.purpose_id
    LEFT JOIN delivery_suppression suppressed
        ON suppressed.workspace_id = %(workspace_id)s AND suppressed.email_hash = held.email_hash
    LEFT JOIN delivery_installation_suppression barred ON barred.email_hash = held.email_hash
),
moved AS (
    SELECT id, claim, email, reason,
           CASE WHEN reason <> '' THEN 'skipped' WHEN on_hold THEN 'queued' ELSE 'sending' END AS state
    FROM decided
),
marked AS (
    UPDATE delivery_message m
    SET state = moved.state,
        reason = moved.reason,
        email = coalesce(moved.email, m.email),
        route_id = %(route_id)s,
        attempts = m.attempts + (moved.state = 'sending')::int - (m.state = 'sending')::int,
        sending_at = CASE WHEN moved.state = 'sending' THEN coalesce(m.sending_at, %(now)s)
                          WHEN m.state = 'sending' AND m.attempts <= 1 THEN NULL
                          ELSE m.sending_at END,
        settled_at = CASE WHEN moved.state = 'skipped' THEN %(now)s::timestamptz END,
        claim = CASE WHEN moved.state = 'sending' THEN moved.claim END
    FROM moved
    WHERE m.workspace_id = %(workspace_id)s AND m.id = moved.id
      -- whoever cancelled it in this moment has moved it on
      AND (m.state IN ('queued', 'deferred') OR (m.state = 'sending' AND m.claim = moved.claim))
    RETURNING m.id, m.state, m.reason, m.email, m.attempts, m.sending_at, m.source_kind, m.source_id, m.priority,
              m.due_at
),
begun AS (
    UPDATE delivery_claim c
    SET begun_ids = c.begun_ids || ARRAY(SELECT held.id FROM held WHERE held.claim = mine.claim AND held.state <> 'sending')
    FROM mine
    WHERE c.workspace_id = %(workspace_id)s AND c.id = mine.id
),
waiting AS (
    INSERT INTO delivery_waiting (workspace_id, source_kind, source_id, priority, due_at, message_ids)
    SELECT %(workspace_id)s, source_kind, source_id, priority, max(due_at), array_agg(id ORDER BY id)
    FROM marked
    WHERE state = 'queued'
    GROUP BY source_kind, source_id, priority
)
-- sending_at: only where it was begun before, which is seldom
SELECT id, state, reason, email, attempts, nullif(sending_at, %(now)s) FROM marked

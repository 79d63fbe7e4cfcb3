-- inputs: workspace_id, route_id, mx_group, now
-- effect: what a provider's limit holds back is due now; returns how many messages that are
-- index:  delivery_putbehind_idx, delivery_message's primary key; it reads what waits and is not due yet
WITH behind AS (
    DELETE FROM delivery_put_behind
    WHERE workspace_id = %(workspace_id)s AND route_id = %(route_id)s AND mx_group = %(mx_group)s
    RETURNING message_ids
),
those AS MATERIALIZED (
    SELECT DISTINCT unnest(message_ids) AS id FROM behind
),
moved AS (
    UPDATE delivery_message m SET due_at = %(now)s
    FROM those
    WHERE m.workspace_id = %(workspace_id)s AND m.id = those.id AND m.state = 'queued' AND m.due_at > %(now)s
    RETURNING m.id
),
waiting AS (
    UPDATE delivery_waiting w SET due_at = %(now)s
    WHERE w.workspace_id = %(workspace_id)s AND w.due_at > %(now)s
      AND w.id IN (
          SELECT batch.id FROM delivery_waiting batch CROSS JOIN LATERAL unnest(batch.message_ids) AS one (id)
          WHERE batch.workspace_id = %(workspace_id)s AND batch.due_at > %(now)s
            AND one.id IN (SELECT id FROM those)
      )
)
SELECT count(*) AS messages FROM moved

-- inputs: workspace_id, route_id, mx_group, now, ids (each once)
-- effect: those of them that a provider's limit held back until a moment that has come stand there no more; returns how
--         many that are
-- index:  delivery_putbehind_idx; it reads what fell due within the last step
WITH due AS MATERIALIZED (
    SELECT id, ARRAY(SELECT unnest(message_ids) EXCEPT SELECT unnest(%(ids)s::bigint[])) AS others,
           cardinality(message_ids) AS messages
    FROM delivery_put_behind
    WHERE workspace_id = %(workspace_id)s AND route_id = %(route_id)s AND mx_group = %(mx_group)s AND until <= %(now)s
      AND message_ids && %(ids)s::bigint[]
),
left_over AS (
    UPDATE delivery_put_behind p SET message_ids = due.others
    FROM due
    WHERE p.workspace_id = %(workspace_id)s AND p.id = due.id
)
SELECT coalesce(sum(messages - cardinality(others)), 0) AS messages FROM due

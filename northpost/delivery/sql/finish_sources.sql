-- inputs: workspace_id, now
-- effect: calls sources finished of which no message is left to send
-- index:  delivery_waiting_due_idx, delivery_message_once
WITH ended AS MATERIALIZED (
    SELECT s.id, s.enqueued_times FROM delivery_source s
    WHERE s.workspace_id = %(workspace_id)s AND s.state = 'active'
      AND CASE
          -- asked first: it is quickly answered, and the other question means reading all messages of the source
          WHEN EXISTS (
              SELECT 1 FROM delivery_waiting w
              WHERE w.workspace_id = %(workspace_id)s AND w.source_kind = s.source_kind AND w.source_id = s.source_id
          ) THEN false
          ELSE NOT EXISTS (
              SELECT 1 FROM delivery_message m
              WHERE m.workspace_id = %(workspace_id)s AND m.source_kind = s.source_kind AND m.source_id = s.source_id
                AND m.state IN ('queued', 'deferred', 'sending')
          )
      END
    ORDER BY s.id
)
UPDATE delivery_source s SET state = 'finished', changed_at = %(now)s
FROM ended
-- enqueued_times: whoever enqueued since has changed it, and keeps the source open
WHERE s.workspace_id = %(workspace_id)s AND s.id = ended.id AND s.state = 'active'
  AND s.enqueued_times = ended.enqueued_times

-- inputs: workspace_id, now, source_kind
-- effect: marks each mailing that is being sent and has no message left to send as sent
-- index:  campaigns_state_idx; delivery_waiting_due_idx, delivery_message_once (workspace, source kind, source id)
UPDATE campaigns_campaign AS campaign
SET state = 'sent', finished_at = %(now)s, updated_at = %(now)s
WHERE campaign.workspace_id = %(workspace_id)s
  AND campaign.state = 'sending'
  AND CASE
      -- asked first: it is quickly answered, and the other question means reading all messages of the mailing
      WHEN EXISTS (
          SELECT 1 FROM delivery_waiting AS waiting
          WHERE waiting.workspace_id = %(workspace_id)s
            AND waiting.source_kind = %(source_kind)s
            AND waiting.source_id = campaign.id
      ) THEN false
      ELSE NOT EXISTS (
          SELECT 1 FROM delivery_message AS message
          WHERE message.workspace_id = %(workspace_id)s
            AND message.source_kind = %(source_kind)s
            AND message.source_id = campaign.id
            AND message.state IN ('queued', 'sending', 'deferred')
      )
  END

-- inputs: workspace_id, kept (how many of the newest stay)
-- effect: deletes the workspace's mails that are older than its newest ones
-- index:  mailbox_mail_newest_idx
DELETE FROM mailbox_mail
WHERE workspace_id = %(workspace_id)s
  AND id <= (
    SELECT id FROM mailbox_mail WHERE workspace_id = %(workspace_id)s
    ORDER BY workspace_id, id DESC OFFSET %(kept)s LIMIT 1
  )

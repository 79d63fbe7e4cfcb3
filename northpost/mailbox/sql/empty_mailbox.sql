-- inputs: none; the wall names the workspace
-- effect: deletes all mail of the current workspace
-- index:  mailbox_mail_newest_idx
DELETE FROM mailbox_mail

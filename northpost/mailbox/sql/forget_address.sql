-- inputs: email_key (in lower case)
-- effect: deletes the current workspace's mails to this address or from it
-- index:  none: a workspace keeps two thousand mails at most
DELETE FROM mailbox_mail WHERE lower(recipient) = %(email_key)s OR lower(sender) = %(email_key)s

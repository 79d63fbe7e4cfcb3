-- inputs: workspace_id, and arrays of equal length: senders, recipients, subjects, raws (compressed), sizes, received_ats
-- effect: keeps each mail, in the order given
-- index:  none needed
INSERT INTO mailbox_mail (workspace_id, sender, recipient, subject, raw, size, received_at)
SELECT %(workspace_id)s, mail.sender, mail.recipient, mail.subject, mail.raw, mail.size, mail.received_at
FROM unnest(
    %(senders)s::text[], %(recipients)s::text[], %(subjects)s::text[], %(raws)s::bytea[], %(sizes)s::int[],
    %(received_ats)s::timestamptz[]
) WITH ORDINALITY AS mail (sender, recipient, subject, raw, size, received_at, place)
ORDER BY mail.place

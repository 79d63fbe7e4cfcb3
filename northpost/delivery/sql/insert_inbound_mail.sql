-- inputs: workspace_id, digest, raw, size, way, envelope_recipient, received_at
-- effect: takes a mail in; one that is here already stays as it is. The new row's id, or no row
-- index:  delivery_inbound_once
INSERT INTO delivery_inbound_mail (
    workspace_id, digest, raw, size, way, envelope_recipient, received_at, state, kind, blame, enhanced, diagnostic, detail,
    sender_key, about_key, subject, text
)
VALUES (
    %(workspace_id)s, %(digest)s, %(raw)s, %(size)s, %(way)s, %(envelope_recipient)s, %(received_at)s, 'waiting', '', '',
    '', '', '', '', '', '', ''
)
ON CONFLICT DO NOTHING
RETURNING id

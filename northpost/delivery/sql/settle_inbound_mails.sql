-- inputs: workspace_id, now, and arrays of equal length: ids, states, kinds, blames, codes, enhanceds, diagnostics,
--         details, message_ids, contact_ids, sender_keys, about_keys, subjects, texts
-- effect: writes what was made of mails that waited
-- index:  delivery_inbound_mail's primary key
UPDATE delivery_inbound_mail m
SET state = told.state, kind = told.kind, blame = told.blame, code = told.code, enhanced = told.enhanced,
    diagnostic = told.diagnostic, detail = told.detail, message_id = told.message_id, contact_id = told.contact_id,
    sender_key = told.sender_key, about_key = told.about_key, subject = told.subject, text = told.text,
    read_at = %(now)s
FROM unnest(
    %(ids)s::bigint[], %(states)s::text[], %(kinds)s::text[], %(blames)s::text[], %(codes)s::smallint[],
    %(enhanceds)s::text[], %(diagnostics)s::text[], %(details)s::text[], %(message_ids)s::bigint[],
    %(contact_ids)s::bigint[], %(sender_keys)s::text[], %(about_keys)s::text[], %(subjects)s::text[], %(texts)s::text[]
) AS told (
    id, state, kind, blame, code, enhanced, diagnostic, detail, message_id, contact_id, sender_key, about_key, subject,
    text
)
-- By their numbers first: believing that hardly any mail waits, the planner would go through all that do, and through
-- the arrays for each.
WHERE m.workspace_id = %(workspace_id)s AND m.id = ANY(%(ids)s::bigint[]) AND m.id = told.id AND m.state = 'waiting'

-- inputs: workspace_id, source_kind, source_id, source, since
-- effect: reads each link of a source with how many people clicked it and how often, the most clicked first
-- index:  events_event_kind_idx, delivery_link_once
SELECT link.url, link.label, count(DISTINCT click.contact_id) AS people, count(click.id) AS clicks
FROM delivery_link AS link
LEFT JOIN events_event AS click
    ON click.workspace_id = %(workspace_id)s
    AND click.kind = 'mail.clicked'
    AND click.occurred_at >= %(since)s
    AND click.source = %(source)s
    AND NOT click.machine
    AND click.properties ->> 'link_id' = link.id::text
WHERE link.workspace_id = %(workspace_id)s
  AND link.source_kind = %(source_kind)s
  AND link.source_id = %(source_id)s
GROUP BY link.id, link.url, link.label, link.position
ORDER BY people DESC, clicks DESC, link.position

-- inputs: workspace_id, source, since
-- effect: reads how many people clicked a source's links on which kind of device, as their browser named itself
-- index:  events_event_kind_idx
SELECT CASE
           WHEN click.properties ->> 'agent' ~* 'ipad|tablet|silk|android(?!.*mobile)' THEN 'tablet'
           WHEN click.properties ->> 'agent' ~* 'mobile|iphone|ipod' THEN 'phone'
           WHEN click.properties ->> 'agent' ~* 'windows|macintosh|x11|cros' THEN 'computer'
           ELSE 'unknown'
       END AS device,
       count(DISTINCT click.contact_id) AS people
FROM events_event AS click
WHERE click.workspace_id = %(workspace_id)s
  AND click.kind = 'mail.clicked'
  AND click.occurred_at >= %(since)s
  AND click.source = %(source)s
  AND NOT click.machine
GROUP BY device
ORDER BY people DESC, device

-- inputs: workspace_id, contact_ids, first, last (the span of what happened), window (an interval)
-- effect: credits each of these people's orders to the last message that they, and no machine, clicked within the window
--         before it; a credit moves if a later click becomes known
-- index:  sales_order_contact_idx, events_event_contact_idx, delivery_message's primary key
WITH orders AS (
    SELECT id, contact_id, placed_at, total, currency
    FROM sales_order
    WHERE workspace_id = %(workspace_id)s
      AND contact_id = ANY(%(contact_ids)s)
      AND placed_at >= %(first)s
      AND placed_at <= %(last)s::timestamptz + %(window)s::interval
)
INSERT INTO analytics_touch (
    workspace_id, order_id, message_id, source_kind, source_id, contact_id, clicked_at, ordered_at, amount, currency
)
SELECT %(workspace_id)s, orders.id, message.id, message.source_kind, message.source_id, orders.contact_id,
       click.occurred_at, orders.placed_at, orders.total, orders.currency
FROM orders
CROSS JOIN LATERAL (
    SELECT message_id, occurred_at
    FROM events_event
    WHERE workspace_id = %(workspace_id)s
      AND contact_id = orders.contact_id
      AND kind = 'mail.clicked'
      AND NOT machine
      AND message_id IS NOT NULL
      AND occurred_at <= orders.placed_at
      AND occurred_at > orders.placed_at - %(window)s::interval
    ORDER BY occurred_at DESC, id DESC
    LIMIT 1
) AS click
JOIN delivery_message AS message ON message.workspace_id = %(workspace_id)s AND message.id = click.message_id
ORDER BY orders.id
ON CONFLICT (workspace_id, order_id) DO UPDATE
SET message_id = EXCLUDED.message_id, source_kind = EXCLUDED.source_kind, source_id = EXCLUDED.source_id,
    clicked_at = EXCLUDED.clicked_at
WHERE analytics_touch.clicked_at < EXCLUDED.clicked_at

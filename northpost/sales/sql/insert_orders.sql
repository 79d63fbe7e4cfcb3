-- inputs: workspace_id, now, run_id, and arrays of equal length: numbers (distinct), contact_ids, placed_ats, totals,
--         currencies, sources
-- effect: records the orders whose number is not known yet; one row per order recorded: its id and number
-- index:  sales_order_number_once
INSERT INTO sales_order (
    workspace_id, number, contact_id, placed_at, total, refunded, currency, source, import_run_id, created_at
)
SELECT %(workspace_id)s, number, contact_id, placed_at, total, 0, currency, source, %(run_id)s, %(now)s
FROM unnest(
    %(numbers)s::text[], %(contact_ids)s::bigint[], %(placed_ats)s::timestamptz[], %(totals)s::numeric[],
    %(currencies)s::text[], %(sources)s::text[]
) WITH ORDINALITY AS item (number, contact_id, placed_at, total, currency, source, place)
ORDER BY place
ON CONFLICT (workspace_id, number) DO NOTHING
RETURNING id, number

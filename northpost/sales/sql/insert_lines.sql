-- inputs: workspace_id, and arrays of equal length: order_ids, product_ids, quantities, unit_prices, totals
-- effect: adds lines to orders
-- index:  none
INSERT INTO sales_line (workspace_id, order_id, product_id, quantity, unit_price, total)
SELECT %(workspace_id)s, order_id, product_id, quantity, unit_price, total
FROM unnest(
    %(order_ids)s::bigint[], %(product_ids)s::bigint[], %(quantities)s::numeric[], %(unit_prices)s::numeric[],
    %(totals)s::numeric[]
) WITH ORDINALITY AS item (order_id, product_id, quantity, unit_price, total, place)
ORDER BY place

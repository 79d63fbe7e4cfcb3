-- inputs: workspace_id, and arrays of equal length: numbers (distinct), order_ids, amounts, refunded_ats, reasons
-- effect: records the refunds whose number is not known yet and takes them off their orders; one row per refund
--         recorded, with its order's contact, number, currency and source
-- index:  sales_refund_number_once, sales_order's primary key
WITH fresh AS (
    INSERT INTO sales_refund (workspace_id, number, order_id, amount, refunded_at, reason)
    SELECT %(workspace_id)s, number, order_id, amount, refunded_at, reason
    FROM unnest(
        %(numbers)s::text[], %(order_ids)s::bigint[], %(amounts)s::numeric[], %(refunded_ats)s::timestamptz[],
        %(reasons)s::text[]
    ) WITH ORDINALITY AS item (number, order_id, amount, refunded_at, reason, place)
    ORDER BY place
    ON CONFLICT (workspace_id, number) DO NOTHING
    RETURNING number, order_id, amount, refunded_at
),
given_back AS (
    SELECT order_id, sum(amount) AS amount FROM fresh GROUP BY order_id
),
lessened AS (
    UPDATE sales_order AS placed
    SET refunded = placed.refunded + given_back.amount
    FROM given_back
    WHERE placed.id = given_back.order_id AND placed.workspace_id = %(workspace_id)s
    RETURNING placed.id, placed.number, placed.contact_id, placed.currency, placed.source
)
SELECT fresh.number, fresh.order_id, fresh.amount, fresh.refunded_at,
       lessened.number AS order_number, lessened.contact_id, lessened.currency, lessened.source
FROM fresh
JOIN lessened ON lessened.id = fresh.order_id

-- inputs: workspace_id, and arrays of equal length: places, numbers, contact_ids, skus (null: none named), quantities,
--         amounts (positive), refunded_ats
-- effect: finds the order that each line of a credit note goes back to: the one of the same number; else this
--         customer's latest order before it with so much of that product in it, and so much money left; for what was
--         never sold here as a product (a discount, postage), their latest order with so much left. One row per line
--         that has one: place, order_id, and left_over, the money left of that order
-- index:  sales_order_number_once, sales_order_contact_idx, sales_line's order
SELECT item.place, found.id AS order_id, found.left_over
FROM unnest(
    %(places)s::integer[], %(numbers)s::text[], %(contact_ids)s::bigint[], %(skus)s::text[], %(quantities)s::numeric[],
    %(amounts)s::numeric[], %(refunded_ats)s::timestamptz[]
) AS item (place, number, contact_id, sku, quantity, amount, refunded_at)
CROSS JOIN LATERAL (
    SELECT placed.id, placed.total - placed.refunded AS left_over
    FROM sales_order AS placed
    WHERE placed.workspace_id = %(workspace_id)s
      AND (placed.number = item.number OR (placed.contact_id = item.contact_id AND placed.placed_at <= item.refunded_at))
      AND placed.total - placed.refunded >= item.amount
      AND (
          placed.number = item.number
          OR item.sku IS NULL
          OR NOT EXISTS (
              SELECT 1 FROM sales_product AS product
              WHERE product.workspace_id = %(workspace_id)s AND product.sku = item.sku
          )
          OR EXISTS (
              SELECT 1
              FROM sales_line AS line
              JOIN sales_product AS product ON product.id = line.product_id
              WHERE line.order_id = placed.id AND product.sku = item.sku AND line.quantity >= item.quantity
          )
      )
    ORDER BY placed.number = item.number DESC, placed.placed_at DESC, placed.id DESC
    LIMIT 1
) AS found
ORDER BY item.place

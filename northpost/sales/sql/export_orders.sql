-- inputs: workspace_id, whose (a condition on the order's contact, spliced in by the caller)
-- effect: reads orders line by line, by time; an order without lines is one row
-- index:  sales_order_placed_idx, sales_line's order, contacts_contact's primary key
SELECT placed.number, placed.placed_at, contact.email, contact.external_id, product.sku, product.name,
       product.category, line.quantity, line.unit_price, coalesce(line.total, placed.total), placed.currency,
       placed.refunded
FROM sales_order AS placed
LEFT JOIN contacts_contact AS contact ON contact.id = placed.contact_id
LEFT JOIN sales_line AS line ON line.order_id = placed.id
LEFT JOIN sales_product AS product ON product.id = line.product_id
WHERE placed.workspace_id = %(workspace_id)s
  AND {whose}
ORDER BY placed.placed_at, placed.id, line.id

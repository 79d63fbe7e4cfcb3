-- inputs: workspace_id, ids (of products)
-- effect: reads products with the pieces sold and what they brought, in the currency they were sold in most
-- index:  sales_product's primary key, sales_line_product_idx
SELECT product.id, product.sku, product.name, product.category, product.price, sums.pieces, sums.revenue,
       coalesce(sums.currency, product.currency) AS currency
FROM sales_product AS product
LEFT JOIN LATERAL (
    SELECT placed.currency, sum(line.quantity) AS pieces, sum(line.total) AS revenue
    FROM sales_line AS line
    JOIN sales_order AS placed ON placed.workspace_id = %(workspace_id)s AND placed.id = line.order_id
    WHERE line.workspace_id = %(workspace_id)s AND line.product_id = product.id
    GROUP BY placed.currency
    ORDER BY count(*) DESC, placed.currency
    LIMIT 1
) AS sums ON true
WHERE product.workspace_id = %(workspace_id)s AND product.id = ANY(%(ids)s)

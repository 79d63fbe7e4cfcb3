-- inputs: workspace_id, now, existing (skip, fill or overwrite), and arrays of equal length: skus (distinct), names,
--         categories, prices, currencies, urls, image_urls
-- effect: makes the products that are not here, and changes the others as `existing` says; empty values replace
--         nothing. One row per product made or changed: created says which
-- index:  sales_product_sku_once
INSERT INTO sales_product AS held (
    workspace_id, sku, name, category, price, currency, url, image_url, created_at, updated_at
)
SELECT %(workspace_id)s, sku, coalesce(nullif(name, ''), sku), category, price, currency, url, image_url, %(now)s, %(now)s
FROM unnest(
    %(skus)s::text[], %(names)s::text[], %(categories)s::text[], %(prices)s::numeric[], %(currencies)s::text[],
    %(urls)s::text[], %(image_urls)s::text[]
) AS item (sku, name, category, price, currency, url, image_url)
ORDER BY sku
ON CONFLICT (workspace_id, sku) DO UPDATE SET
    name = CASE WHEN excluded.name <> excluded.sku AND (%(existing)s = 'overwrite' OR held.name = held.sku)
                THEN excluded.name ELSE held.name END,
    category = CASE WHEN excluded.category <> '' AND (%(existing)s = 'overwrite' OR held.category = '')
                    THEN excluded.category ELSE held.category END,
    price = CASE WHEN excluded.price IS NOT NULL AND (%(existing)s = 'overwrite' OR held.price IS NULL)
                 THEN excluded.price ELSE held.price END,
    currency = CASE WHEN excluded.price IS NOT NULL AND (%(existing)s = 'overwrite' OR held.price IS NULL)
                    THEN excluded.currency ELSE held.currency END,
    url = CASE WHEN excluded.url <> '' AND (%(existing)s = 'overwrite' OR held.url = '')
               THEN excluded.url ELSE held.url END,
    image_url = CASE WHEN excluded.image_url <> '' AND (%(existing)s = 'overwrite' OR held.image_url = '')
                     THEN excluded.image_url ELSE held.image_url END,
    updated_at = %(now)s
WHERE %(existing)s <> 'skip'
  AND (
      (excluded.name <> excluded.sku AND (%(existing)s = 'overwrite' OR held.name = held.sku) AND excluded.name <> held.name)
      OR (excluded.category <> '' AND (%(existing)s = 'overwrite' OR held.category = '')
          AND excluded.category <> held.category)
      OR (excluded.price IS NOT NULL AND (%(existing)s = 'overwrite' OR held.price IS NULL)
          AND (excluded.price, excluded.currency) IS DISTINCT FROM (held.price, held.currency))
      OR (excluded.url <> '' AND (%(existing)s = 'overwrite' OR held.url = '') AND excluded.url <> held.url)
      OR (excluded.image_url <> '' AND (%(existing)s = 'overwrite' OR held.image_url = '')
          AND excluded.image_url <> held.image_url)
  )
RETURNING sku, xmax = 0 AS created

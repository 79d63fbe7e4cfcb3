-- inputs: workspace_id, zone (the workspace's), and arrays of equal length: kinds, sources, occurred_ats, values, currencies
-- effect: adds each event to the count and amount of its day, kind, source and currency
-- index:  analytics_daily_once
INSERT INTO analytics_daily (workspace_id, day, kind, source, currency, count, amount)
SELECT %(workspace_id)s, (occurred_at AT TIME ZONE %(zone)s)::date AS day, kind, source, currency,
       count(*), coalesce(sum(value), 0)
FROM unnest(
    %(kinds)s::text[], %(sources)s::text[], %(occurred_ats)s::timestamptz[], %(values)s::numeric[], %(currencies)s::text[]
) AS happened (kind, source, occurred_at, value, currency)
GROUP BY day, kind, source, currency
ORDER BY day, kind, source, currency
ON CONFLICT (workspace_id, day, kind, source, currency)
DO UPDATE SET count = analytics_daily.count + EXCLUDED.count, amount = analytics_daily.amount + EXCLUDED.amount

-- inputs: workspace_id, goal_id, days and values (arrays of equal length)
-- effect: writes what the goal had come to by the end of each day, over what was read before
-- index:  goals_reading_once
INSERT INTO goals_reading (workspace_id, goal_id, day, value)
SELECT %(workspace_id)s, %(goal_id)s, line.day, line.value
FROM unnest(%(days)s::date[], %(values)s::numeric[]) AS line (day, value)
ORDER BY line.day
ON CONFLICT (workspace_id, goal_id, day) DO UPDATE SET value = excluded.value
WHERE goals_reading.value IS DISTINCT FROM excluded.value

-- inputs: those of select_stages (which stands in for standing), workspace_id, contact_ids (null: everybody)
-- effect: brings segments_lifecycle to what is so at the moment, writes a dated segments_move for each change, and
--         forgets the stage of those who are no customers (any more); one row per move
-- index:  segments_lifecycle_once
WITH standing AS (
    {standing}
),
moving AS (
    SELECT standing.contact_id, coalesce(known.stage, '') AS from_stage, standing.stage AS to_stage, standing.since
    FROM standing
    LEFT JOIN segments_lifecycle AS known
        ON known.workspace_id = %(workspace_id)s AND known.contact_id = standing.contact_id
    WHERE known.stage IS DISTINCT FROM standing.stage
),
settled AS (
    INSERT INTO segments_lifecycle (workspace_id, contact_id, stage, since)
    SELECT %(workspace_id)s, contact_id, to_stage, since FROM moving ORDER BY contact_id
    ON CONFLICT (workspace_id, contact_id) DO UPDATE SET stage = excluded.stage, since = excluded.since
),
dated AS (
    INSERT INTO segments_move (workspace_id, contact_id, from_stage, to_stage, at)
    SELECT %(workspace_id)s, contact_id, from_stage, to_stage, since FROM moving ORDER BY contact_id
),
forgotten AS (
    DELETE FROM segments_lifecycle AS known
    WHERE known.workspace_id = %(workspace_id)s
      AND (%(contact_ids)s::bigint[] IS NULL OR known.contact_id = ANY(%(contact_ids)s::bigint[]))
      AND NOT EXISTS (SELECT FROM standing WHERE standing.contact_id = known.contact_id)
)
SELECT contact_id, from_stage, to_stage, since FROM moving ORDER BY contact_id

"""Whoever has just filled a workspace may ask for less than a third: a small one after a large one changes little."""

from django.db import migrations

REFRESH = """
CREATE FUNCTION core_refresh_statistics({parameters}) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    stale record;
    refreshed integer := 0;
BEGIN
    FOR stale IN
        SELECT DISTINCT coalesce(parent.oid, c.oid)::regclass::text AS name
        FROM pg_stat_user_tables AS s
        JOIN pg_class AS c ON c.oid = s.relid
        LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
        LEFT JOIN pg_class AS parent ON parent.oid = i.inhparent
        WHERE s.schemaname = 'public'
          AND s.n_mod_since_analyze > {fewest}
          AND s.n_mod_since_analyze > s.n_live_tup * {share}
    LOOP
        EXECUTE 'ANALYZE (SKIP_LOCKED) ' || stale.name;
        refreshed := refreshed + 1;
    END LOOP;
    RETURN refreshed;
END $$;
REVOKE ALL ON FUNCTION core_refresh_statistics FROM PUBLIC;
"""
DROP = "DROP FUNCTION core_refresh_statistics;"
NOW = DROP + REFRESH.format(parameters="fewest bigint, share double precision", fewest="fewest", share="share")
BEFORE = DROP + REFRESH.format(parameters="", fewest="1000", share="0.3")


class Migration(migrations.Migration):
    dependencies = [("core", "0001_statistics")]
    operations = [migrations.RunSQL(NOW, BEFORE)]

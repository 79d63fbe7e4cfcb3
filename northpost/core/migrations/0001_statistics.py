"""What the planner knows of the tables' contents, kept true after large writes."""

from django.db import migrations

# The program's role owns nothing and so may not ANALYZE: this function, the owner's, does that and nothing else.
# A partition is analysed through its parent, which the server never does by itself.
REFRESH = """
CREATE FUNCTION core_refresh_statistics() RETURNS integer
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
          AND s.n_mod_since_analyze > 1000
          AND s.n_mod_since_analyze > s.n_live_tup * 0.3
    LOOP
        EXECUTE 'ANALYZE (SKIP_LOCKED) ' || stale.name;
        refreshed := refreshed + 1;
    END LOOP;
    RETURN refreshed;
END $$;
REVOKE ALL ON FUNCTION core_refresh_statistics() FROM PUBLIC;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(REFRESH, "DROP FUNCTION core_refresh_statistics();")]

"""A function by which a big import lets the planner know of its rows before autovacuum does."""

from django.db import migrations

# The program's role owns no table and so can't analyse one: this function, the owner's, does that and nothing else.
MAKE = """
CREATE FUNCTION sales_analyze() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE (SKIP_LOCKED) sales_product, sales_order, sales_line, sales_refund;
END $$;
REVOKE ALL ON FUNCTION sales_analyze() FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0002_walls")]

    operations = [migrations.RunSQL(MAKE, "DROP FUNCTION sales_analyze()")]

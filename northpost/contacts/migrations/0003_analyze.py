"""A function by which a big import lets the planner know of its rows before autovacuum does."""

from django.db import migrations

# The program's role owns no table and so can't analyse one: this function, the owner's, does that and nothing else.
MAKE = """
CREATE FUNCTION contacts_analyze() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE (SKIP_LOCKED) contacts_contact, contacts_consent, contacts_list_member, contacts_tagged;
END $$;
REVOKE ALL ON FUNCTION contacts_analyze() FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_walls")]

    operations = [migrations.RunSQL(MAKE, "DROP FUNCTION contacts_analyze()")]

from django.db import migrations

from northpost.core.tenancy import INSIDE, wall

# A signed-in person sees their own memberships, and through them their workspaces, before entering one.
MINE = "user_id = nullif(current_setting('northpost.person', true), '')::bigint"
MY_WORKSPACE = f"""
    id = nullif(current_setting('northpost.workspace', true), '')::bigint
    OR current_setting('northpost.rollcall', true) = 'on'
    OR id IN (SELECT workspace_id FROM team_membership WHERE {MINE})
"""
# A workspace is founded before anyone can be inside it.
FOUNDING = "true"


class Migration(migrations.Migration):
    dependencies = [("team", "0001_initial")]

    operations = [
        wall("team_invitation", "team_audit_entry"),
        wall("team_membership", using=f"{INSIDE} OR {MINE}", check=INSIDE),
        wall("team_workspace", using=MY_WORKSPACE, check=FOUNDING),
    ]

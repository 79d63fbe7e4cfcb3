"""The event log's tables: partitioned by month, which Django's schema editor can't say."""

from django.db import migrations, models

import northpost.core.tenancy
from northpost.core.tenancy import wall

LOG = """
CREATE TABLE events_event (
    id bigint GENERATED ALWAYS AS IDENTITY,
    workspace_id bigint NOT NULL,
    contact_id bigint,
    kind text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    value numeric(14, 2),
    currency text,
    source text,
    message_id bigint,
    machine boolean NOT NULL DEFAULT false,
    backfill boolean NOT NULL DEFAULT false,
    properties jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX events_event_unread_idx ON events_event (workspace_id, recorded_xid, id);
CREATE INDEX events_event_contact_idx ON events_event (workspace_id, contact_id, kind, occurred_at);
CREATE INDEX events_event_kind_idx ON events_event (workspace_id, kind, occurred_at) INCLUDE (contact_id, value);

CREATE TABLE events_receipt (
    workspace_id bigint NOT NULL,
    key_hash bytea NOT NULL,
    PRIMARY KEY (workspace_id, key_hash)
);

-- The program's role makes no tables: this function, the owner's, makes a month's partition and nothing else.
-- Built apart and then attached, so that nobody who reads or writes the log waits.
CREATE FUNCTION events_ensure_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    name text := format('events_event_%s', to_char(date_trunc('month', month), 'YYYYMM'));
BEGIN
    IF month < DATE '1970-01-01' OR month > DATE '2199-12-31' THEN
        RAISE EXCEPTION 'no events outside 1970 to 2199: %', month USING ERRCODE = 'check_violation';
    END IF;
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(7305802);
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE events_event INCLUDING DEFAULTS INCLUDING GENERATED)', name);
    EXECUTE format(
        'ALTER TABLE events_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month')::timestamp AT TIME ZONE 'UTC'
    );
END $$;
REVOKE ALL ON FUNCTION events_ensure_month(date) FROM PUBLIC;
"""

UNDO = "DROP FUNCTION events_ensure_month(date); DROP TABLE events_event, events_receipt;"


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.RunSQL(
            LOG,
            UNDO,
            state_operations=[
                migrations.CreateModel(
                    name="Event",
                    fields=[("id", models.BigAutoField(primary_key=True, serialize=False))],
                    options={"db_table": "events_event", "managed": False},
                ),
            ],
        ),
        migrations.CreateModel(
            name="Cursor",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "workspace_id",
                    models.BigIntegerField(default=northpost.core.tenancy.require_workspace, editable=False),
                ),
                ("consumer", models.CharField(max_length=60)),
                ("xid", models.BigIntegerField(default=0)),
                ("event_id", models.BigIntegerField(default=0)),
                ("moved_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("workspace_id", "consumer"), name="events_cursor_once")
                ],
            },
        ),
        wall("events_event", "events_receipt", "events_cursor"),
    ]

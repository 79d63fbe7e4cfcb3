"""``northpost doctor``: says what is wrong with an installation, and how to mend it."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click

from northpost.config import environment
from northpost.program import ground

LOW_DISK = 2 * 1024**3  # bytes


class Verdict(StrEnum):
    GOOD = "good"
    DOUBTFUL = "doubtful"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and, unless it is good, what mends it."""

    what: str
    verdict: Verdict
    remedy: str = ""


@click.command()
def doctor() -> None:
    """Say what is wrong with this installation, and how to mend it."""
    ground.settle()
    findings: list[Finding] = []
    for look in (look_at_files, look_at_pages):
        findings += _told(look)
    with ground.database():
        findings += _told(look_at_database)
    broken = sum(finding.verdict is Verdict.BROKEN for finding in findings)
    doubtful = sum(finding.verdict is Verdict.DOUBTFUL for finding in findings)
    click.echo(f"{len(findings)} things looked at: {broken} broken, {doubtful} doubtful.")
    sys.exit(1 if broken else 0)


def _told(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    signs = {
        Verdict.GOOD: click.style("ok      ", fg="green"),
        Verdict.DOUBTFUL: click.style("doubtful", fg="yellow"),
        Verdict.BROKEN: click.style("broken  ", fg="red"),
    }
    findings = []
    for finding in look():
        click.echo(f"{signs[finding.verdict]}  {finding.what}")
        if finding.remedy:
            click.echo(f"          {finding.remedy}")
        findings.append(finding)
    return findings


def look_at_files() -> Iterator[Finding]:
    """The data directory, the space on its disk, the secret key, the address."""
    from django.conf import settings

    directory = environment.data_dir()
    free = shutil.disk_usage(directory).free
    yield Finding(f"data directory {directory}", Verdict.GOOD)
    if free < LOW_DISK:
        yield Finding(
            f"only {free / 1024**3:.1f} GB free there", Verdict.DOUBTFUL, "Make room: a full disk pauses all sending."
        )
    key = directory / "secret_key"
    if key.exists() and key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("others on this machine can read the secret key", Verdict.BROKEN, f"chmod 600 {key}")
    else:
        yield Finding("secret key", Verdict.GOOD)
    if settings.NORTHPOST_URL.startswith("https://"):
        yield Finding(f"address {settings.NORTHPOST_URL}", Verdict.GOOD)
    else:
        yield Finding(
            f"links in mail begin with {settings.NORTHPOST_URL}",
            Verdict.DOUBTFUL,
            "Before mail goes to real people, set NORTHPOST_URL to the https address that they can reach.",
        )


def look_at_pages() -> Iterator[Finding]:
    """The front end's build and the translations."""
    package = Path(environment.__file__).resolve().parent.parent
    build = package / "web" / "static" / "build" / "manifest.json"
    if build.exists():
        yield Finding("front end", Verdict.GOOD)
    else:
        yield Finding("the front end is not built", Verdict.BROKEN, "make setup")
    sources = list(package.rglob("locale/*/LC_MESSAGES/*.po"))
    stale = [po for po in sources if not po.with_suffix(".mo").exists()]
    if stale:
        yield Finding(f"{len(stale)} of {len(sources)} translations are not compiled", Verdict.DOUBTFUL, "make setup")
    else:
        yield Finding("translations", Verdict.GOOD)


def look_at_database() -> Iterator[Finding]:
    """Version, role, walls, consumers, and what hangs in the ledger. Reaching it at all was checked before."""
    from django.db import connection

    from northpost.core import clock, sql, tenancy
    from northpost.events import consumers
    from northpost.team.queries import workspace_ids

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        yield Finding(f"PostgreSQL {cursor.fetchone()[0].split()[0]}, working as northpost_app", Verdict.GOOD)
    bare = sql.fetch_all(
        "SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = 'workspace_id'"
        " AND c.relnamespace = 'public'::regnamespace AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    )
    if bare:
        names = ", ".join(row["name"] for row in bare)
        yield Finding(f"no wall around {names}", Verdict.BROKEN, "Run `northpost up` once: it migrates the database.")
    else:
        yield Finding("walls between workspaces", Verdict.GOOD)
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            behind = max(consumers.lag().values(), default=0)
            if behind > 100_000:
                yield Finding(
                    f"workspace {workspace_id}: {behind} events not yet counted", Verdict.DOUBTFUL, "Is a worker up?"
                )
            overdue = sql.fetch_value(
                "SELECT coalesce(sum(cardinality(message_ids)), 0) FROM delivery_claim WHERE lease_until < %(now)s",
                {"now": clock.now()},
            )
            if overdue:
                yield Finding(
                    f"workspace {workspace_id}: {overdue} messages were being sent by a worker that is gone",
                    Verdict.DOUBTFUL,
                    "Start a worker (`northpost up`): it settles them within a minute.",
                )

"""``northpost doubt``: messages of which nobody knows whether they arrived, listed and settled without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from northpost.program import ground

SHOWN = 1000


@click.group()
def doubt() -> None:
    """Mails in doubt: nobody knows whether they arrived."""


@doubt.command("list")
@click.option("--workspace", required=True, metavar="SLUG")
@click.option("--mailing", type=int, metavar="NUMBER", help="Only this mailing's (the number in its address).")
def list_(workspace: str, mailing: int | None) -> None:
    """One line each: number, address, when and by which route it was handed over, Message-ID, what is known."""
    with _inside(workspace):
        from northpost.campaigns.actions import SOURCE
        from northpost.delivery.doubt import known

        rows = known.find(source=None if mailing is None else (SOURCE, mailing))
        total = rows.count()
        for one in known.describe(list(rows[:SHOWN])):
            since = one.since.isoformat(timespec="seconds") if one.since else "-"
            told = "the sender stopped before the answer was written down" if one.stopped else one.told or "-"
            click.echo(
                "\t".join((str(one.message.pk), one.message.email or "-", since, one.route, one.message_id, told))
            )
        click.echo(f"{total} in doubt" + (f"; the latest {SHOWN} are shown" if total > SHOWN else ""), err=True)


@doubt.command()
@click.argument("numbers", type=int, nargs=-1)
@click.option("--workspace", required=True, metavar="SLUG")
@click.option(
    "--log",
    "logs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A mail log of Postfix or Exim, also compressed; several of them from the oldest on.",
)
@click.option("--delivered", is_flag=True, help="The messages with these NUMBERS were delivered.")
@click.option("--again", is_flag=True, help="They were not: send them again.")
def resolve(numbers: tuple[int, ...], workspace: str, logs: tuple[Path, ...], delivered: bool, again: bool) -> None:
    """Settle messages in doubt: by what the mail server's log says, or, with NUMBERS from `doubt list`, by decision."""
    if bool(logs) == bool(numbers) or (delivered and again) or bool(numbers) != (delivered or again):
        raise click.UsageError("give either --log FILE, or NUMBERS with --delivered or --again")
    with _inside(workspace) as workspace_id:
        from northpost.delivery import tasks
        from northpost.delivery.actions.doubt import Finding, resolve
        from northpost.delivery.doubt import known
        from northpost.delivery.models import Evidence, Verdict

        if logs:
            try:
                found = known.read_logs(logs)
            except (OSError, EOFError) as error:
                ground.fail(f"The log can't be read: {error}.")
            done = resolve(found, evidence=Evidence.LOG)
        else:
            verdict = Verdict.DELIVERED if delivered else Verdict.AGAIN
            done = resolve([Finding(number, verdict) for number in numbers], evidence=Evidence.PERSON)
        if done.verdicts.get(Verdict.AGAIN):
            tasks.defer_sending(workspace_id)
        told = {verdict.value: count for verdict, count in sorted(done.verdicts.items())}
        click.echo(", ".join(f"{count} {verdict}" for verdict, count in told.items()) or "nothing settled")
        if done.untouched:
            click.echo(f"{done.untouched} left as they are: not in doubt, or their mailing was cancelled")
        click.echo(f"{known.find().count()} still in doubt")


@contextmanager
def _inside(slug: str) -> Iterator[int]:
    ground.settle()
    with ground.database():
        from northpost.core import tenancy
        from northpost.team.queries import workspace_by_slug

        workspace = workspace_by_slug(slug)
        if workspace is None:
            ground.fail(f"There is no workspace {slug!r}.")
        with tenancy.workspace(workspace.pk):
            yield workspace.pk

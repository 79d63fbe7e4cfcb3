"""``northpost suppress``: addresses that nobody on this installation writes to."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from northpost.program import ground


@click.group()
def suppress() -> None:
    """Addresses that no workspace of this installation writes to, whatever anybody agreed to."""


@suppress.command("add")
@click.argument("addresses", nargs=-1)
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="One address a line.")
@click.option("--why", default="", metavar="TEXT", help="Kept beside each.")
def add(addresses: tuple[str, ...], file: Path | None, why: str) -> None:
    """Let nobody write to ADDRESSES. Lines of the file that are no address are named, and the rest is taken."""
    ground.settle()
    with ground.database():
        _add([*addresses, *(_lines(file) if file else [])], why)


@suppress.command("lift")
@click.argument("address")
def lift(address: str) -> None:
    """Take ADDRESS off the list. What workspaces have suppressed themselves stays."""
    ground.settle()
    with ground.database():
        _lift(address)


@suppress.command("list")
def list_() -> None:
    """Write all of them, one a line: address, day, why, apart by tabs."""
    ground.settle()
    with ground.database():
        _list()


def _lines(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        return [line.strip() for line in lines if line.strip()]


def _add(texts: list[str], why: str) -> None:
    from northpost.core.addresses import AddressError, normalise
    from northpost.delivery.actions.suppression import suppress_everywhere

    good, refused = [], 0
    for text in texts:
        try:
            good.append(normalise(text).key)
        except AddressError as error:
            refused += 1
            click.echo(f"{text[:200]}: {error.message}", err=True)
    new = suppress_everywhere(good, why=why)
    click.echo(f"{new:,} new, {len(set(good)) - new:,} were there already, {refused:,} refused")
    if refused:
        sys.exit(1)


def _lift(address: str) -> None:
    from northpost.core.addresses import AddressError
    from northpost.delivery.actions.suppression import lift_everywhere

    try:
        lifted = lift_everywhere(email=address)
    except AddressError as error:
        ground.fail(error.message)
    if not lifted:
        ground.fail(f"{address} is not on the list.")
    click.echo(f"{address} is off the list.")


def _list() -> None:
    from northpost.delivery.models import InstallationSuppression

    for row in InstallationSuppression.objects.order_by("email_key").iterator(chunk_size=5000):
        click.echo("\t".join((row.email_key, row.since.date().isoformat(), " ".join(row.why.split()))))

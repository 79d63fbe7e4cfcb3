"""``northpost inbound``: one mail from a mail server's pipe. ``northpost lmtp``: the same over a socket.

The first ends as sysexits.h has it, so that Postfix, Exim and the like know what to do with the mail.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import NoReturn
from urllib.parse import urlsplit

import click

from northpost.program import ground
from northpost.program.processes import refuse_taken_port

_PIECE = 1024 * 1024


@click.command()
@click.argument("recipient", default="")
@click.option("--workspace", metavar="SLUG", help="Whose it is, if the address does not say so.")
def inbound(recipient: str, workspace: str | None) -> None:
    """Take in one mail from standard input: a bounce, a spam report, a reply.

    RECIPIENT is the envelope's, as the mail server knows it. Ends with 0 when the mail is stored, with 67 for an
    address that is none of ours, and with 75 when it should be tried again later.
    """
    try:
        ground.settle()
        _take_in(recipient, workspace)
    except SystemExit as end:
        # What a command ends with when it can't work: here the mail has to be tried again.
        raise SystemExit(os.EX_TEMPFAIL if end.code == 1 else end.code) from end
    except Exception as error:
        _end(os.EX_TEMPFAIL, f"it could not be stored just now: {error}")


def _take_in(recipient: str, slug: str | None) -> None:
    from northpost.delivery.inbound.parts import MAX_BYTES
    from northpost.delivery.inbound.taking import NotOurs, take_in
    from northpost.delivery.models import Way

    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    while sys.stdin.buffer.read(_PIECE):
        pass  # what is too much of it: the server that writes it must not be left hanging
    if not raw.strip():
        _end(os.EX_DATAERR, "there is no mail on standard input")
    workspace_id = _named(slug)
    try:
        take_in(raw=raw, way=Way.PIPE, envelope_recipient=recipient, workspace_id=workspace_id)
    except NotOurs:
        _end(os.EX_NOUSER, f"{recipient or 'the mail'} is for no workspace here")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=2424, show_default=True, help="Port to listen on.")
@click.option("--workspace", metavar="SLUG", help="Whose mail it is where the address does not say so.")
def lmtp(host: str, port: int, workspace: str | None) -> None:
    """Take in mail over LMTP from a mail server (the database must be running: see `up`)."""
    refuse_taken_port(host, port)
    ground.settle()
    from django.conf import settings

    from northpost.delivery.inbound.lmtp import serve

    hostname = urlsplit(settings.NORTHPOST_URL).hostname or "localhost"
    asyncio.run(serve(host=host, port=port, hostname=hostname, workspace_id=_named(workspace)))


def _named(slug: str | None) -> int | None:
    from northpost.team.queries import workspace_by_slug

    if slug is None:
        return None
    found = workspace_by_slug(slug)
    if found is None:
        _end(os.EX_USAGE, f"there is no workspace {slug}")
    return found.pk


def _end(status: int, why: str) -> NoReturn:
    click.echo(f"northpost: {why}", err=True)
    sys.exit(status)

"""``northpost demo``: a demo company, the main job done on it, and its pages to look at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from northpost.program import ground, up
from northpost.program.processes import HOST, MAILBOX_PORT, PORT

DEMO_DIR = Path("var/demo")


@click.command()
@click.option("--headless", is_flag=True, help="Do the main job and end, without serving.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object, as the last line.")
@click.option("--fresh", is_flag=True, help="Forget an earlier demo and begin again.")
@click.option("--people", default=20_000, show_default=True, help="How many people the demo company knows.")
@click.option("--port", default=PORT, show_default=True, help="Port to listen on.")
@click.option("--mailbox-port", default=MAILBOX_PORT, show_default=True, help="Port of the local mailbox.")
def demo(headless: bool, as_json: bool, fresh: bool, people: int, port: int, mailbox_port: int) -> None:
    """Make a demo company, run the main job on it on a virtual clock, and serve it.

    Its data is in var/demo (or NORTHPOST_DATA_DIR), apart from that of a real installation.
    """
    os.environ.setdefault("NORTHPOST_DATA_DIR", str(DEMO_DIR))
    os.environ.setdefault("NORTHPOST_URL", f"http://{HOST}:{port}")
    if not headless:
        up.refuse_taken_port(HOST, port)
        up.refuse_taken_port(HOST, mailbox_port)
    ground.settle()
    with ground.sole_owner():
        greeting = _main_job(people=people, fresh=fresh, as_json=as_json and headless)
        if not headless:
            up.run(host=HOST, port=port, mailbox_port=mailbox_port, greet=lambda: click.echo(greeting))


def _main_job(*, people: int, fresh: bool, as_json: bool) -> str:
    """Do it, or find it done; returns how to sign in."""
    from northpost.demo import run

    with ground.database():
        job = run.run_main_job(people=people, fresh=fresh, say=lambda words: click.echo(f"... {words}", err=True))
    password = job.owner.password or "(the one that you chose)"
    greeting = f"Sign in as {job.owner.email} with the password {password}"
    figures = job.result.to_json()
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False))
    else:
        click.echo(
            f"{figures['people']:,} people, {sum(figures['messages'].values()):,} messages,"
            f" {figures['clicks']:,} clicks,"
            f" {figures['orders']:,} orders touched for {figures['revenue']['amount']} {figures['revenue']['currency']}"
            f" ({figures['seconds']:.0f} s)"
        )
    return greeting

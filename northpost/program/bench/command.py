"""The command: a throw-away installation, one path measured, one JSON object as the last line."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from northpost.program import ground
from northpost.program.bench.outcome import Outcome
from northpost.program.processes import usual_workers

# name -> (module, how many unless told otherwise)
PATHS = {
    "send": ("sending", 100_000),
    "compose": ("composing", 40_000),
    "hits": ("hits", 50_000),
    "import": ("importing", 100_000),
    "events": ("recording", 100_000),
    "segments": ("counting", 50_000),
    "pages": ("serving", 20_000),
    "reports": ("reporting", 20_000),
}


@click.command()
@click.argument("name", type=click.Choice(list(PATHS)))
@click.option("--scale", type=click.IntRange(min=100), help="How many messages, rows, events or people.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@click.option(
    "--people",
    type=click.IntRange(min=100),
    default=200_000,
    show_default=True,
    help="send: of how many people an audience is frozen.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 16),
    default=usual_workers,
    show_default="as many as `northpost up` has workers",
    help="send: how many senders share the mailing.",
)
@click.option(
    "--delay-ms",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="send: how long the slow server's answers take.",
)
@click.option("--dkim/--no-dkim", default=True, show_default=True, help="send: measure signed mail, too.")
def bench(name: str, scale: int | None, as_json: bool, people: int, processes: int, delay_ms: int, dkim: bool) -> None:
    """Measure a hot path on this machine."""
    module, usual = PATHS[name]
    with throwaway():
        measure = _measure(module)
        if name == "send":
            from northpost.program.bench import sending

            options = sending.Options(people=people, dkim=dkim, delay_ms=delay_ms, processes=processes)
            outcome = sending.measure(scale or usual, options)
        else:
            outcome = measure(scale or usual)
    if as_json:
        click.echo(json.dumps(outcome.to_json()))
        return
    show(outcome)
    for row in outcome.rows:
        show(row)


def show(outcome: Outcome) -> None:
    """For people."""
    click.echo(f"{outcome.name}: {outcome.figure:,.1f} {outcome.unit} (scale {outcome.scale:,})")
    for peer, ratio in outcome.ratios.items():
        click.echo(f"  {ratio}x {peer} ({outcome.peers[peer]:,.1f} {outcome.unit})")
    for target, goal in outcome.targets.items():
        click.echo(f"  to reach: {target} {goal:,}")
    for note in outcome.notes:
        click.echo(f"  {note}")
    click.echo("  reached" if outcome.met else "  not reached")


@contextmanager
def throwaway() -> Iterator[None]:
    """An installation in a temporary directory, removed afterwards; its commits are durable."""
    place = Path(tempfile.mkdtemp(prefix="northpost-bench-"))
    place.chmod(0o755)
    os.environ["NORTHPOST_DATA_DIR"] = str(place)
    for name in ("DATABASE_URL", "NORTHPOST_TESTING", "NORTHPOST_POOL"):
        os.environ.pop(name, None)
    try:
        ground.settle()
        with ground.database(own=True):
            yield
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _measure(module: str) -> Callable[[int], Outcome]:
    # Only now: the modules import rooms, which need Django set up on the throw-away installation.
    from northpost.program.bench import composing, counting, hits, importing, recording, reporting, sending, serving

    modules = {
        "composing": composing.measure,
        "counting": counting.measure,
        "hits": hits.measure,
        "importing": importing.measure,
        "recording": recording.measure,
        "reporting": reporting.measure,
        "sending": sending.measure,
        "serving": serving.measure,
    }
    return modules[module]

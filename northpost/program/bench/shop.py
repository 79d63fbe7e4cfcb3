"""A workspace to measure on, filled through the product's own import."""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from northpost.contacts import imports
from northpost.core import clock, tenancy
from northpost.delivery.models import Sender
from northpost.team.actions import found_workspace
from northpost.team.models import User, Workspace

PERSON_COLUMNS = ("email", "external_id", "first_name", "last_name", "language", "consented_at")
ORDER_COLUMNS = ("number", "external_id", "placed_at", "total")


def found() -> tuple[Workspace, User]:
    """A workspace that could send."""
    owner = User.objects.create_user("owner@bench.example", "a long enough password")
    workspace = found_workspace(
        name="Bench", owner=owner, postal_address="1 Sample Street", company_name="Bench", site="https://bench.example"
    )
    with tenancy.workspace(workspace.pk):
        Sender.objects.create(name="Bench", email="news@bench.example", is_default=True, created_at=clock.now())
    return workspace, owner


def write_people(path: Path, count: int) -> None:
    """A CSV of people, as a shop exports them."""
    languages = ("en", "bg", "ru")
    when = (clock.now() - timedelta(days=30)).isoformat()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(PERSON_COLUMNS)
        writer.writerows(
            (f"person{n}@mail{n % 40}.example", f"C{n}", f"Name{n % 500}", f"Family{n % 900}", languages[n % 3], when)
            for n in range(count)
        )


def write_orders(path: Path, people: int, count: int) -> None:
    """A CSV of orders over two years."""
    dice = random.Random(1)  # noqa: S311 - the same shop each time, no secret
    now = clock.now()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(ORDER_COLUMNS)
        for n in range(count):
            placed = now - timedelta(minutes=dice.randrange(2 * 365 * 24 * 60))
            writer.writerow(
                (f"O{n}", f"C{dice.randrange(people)}", placed.isoformat(), dice.randrange(500, 90000) / 100)
            )


def bring_in(kind: str, path: Path, columns: Iterable[str] | Mapping[str, str]) -> int:
    """Import a file as a command would; returns how many rows were taken. ``columns``: column -> what it is for, or
    just the columns where that is the same."""
    mapping = dict(columns) if isinstance(columns, Mapping) else {column: column for column in columns}
    consent = imports.Options(purpose="marketing", consent_source="bench", consent_text="Yes, write to me")
    run = imports.receive(kind=kind, path=path)
    options = consent if kind == "contacts" else imports.Options()
    imports.start(run_id=run.pk, mapping=mapping, options=options)
    report = imports.work(run_id=run.pk)
    if report.error or report.refused:
        raise RuntimeError(f"the bench's own file was refused: {report}")
    return report.created + report.updated + report.unchanged


def fill(people: int, *, orders: int = 0) -> None:
    """People with consent, and orders, in the current workspace."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "people.csv"
        write_people(path, people)
        bring_in("contacts", path, PERSON_COLUMNS)
        if orders:
            path = Path(place) / "orders.csv"
            write_orders(path, people, orders)
            bring_in("orders", path, ORDER_COLUMNS)

"""``northpost import`` and ``northpost export``: files in and out, without a browser."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from northpost.program import ground

if TYPE_CHECKING:
    from northpost.contacts.imports import Options, Report
    from northpost.core.sql import Fragment
    from northpost.sales.imports.presets import Preset

KINDS = click.Choice(["contacts", "orders", "products", "suppressions"])


@click.command("import")
@click.argument("kind", type=KINDS)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--workspace", required=True, metavar="SLUG", help="The workspace it goes to.")
@click.option(
    "--map", "mapped", multiple=True, metavar="COLUMN=TARGET", help="What a column is for; else it is guessed."
)
@click.option("--set", "constants", multiple=True, metavar="TARGET=VALUE", help="The same value for every row.")
@click.option("--preset", type=click.Choice(["cdnow", "online-retail"]), help="A well-known file of orders.")
@click.option(
    "--existing",
    type=click.Choice(["skip", "fill", "overwrite"]),
    default="fill",
    show_default=True,
    help="What happens to people and products that are here already.",
)
@click.option("--currency", metavar="EUR", help="Of amounts without one (default: the workspace's).")
@click.option(
    "--anonymous",
    type=click.Choice(["keep", "refuse"]),
    default="keep",
    show_default=True,
    help="Orders that name no customer.",
)
@click.option(
    "--address-pattern",
    metavar="PATTERN",
    help="Made-up addresses for customers without one, as {external_id}@cdnow.example.",
)
@click.option("--consent", metavar="PURPOSE", help="The people in the file agreed to this, e.g. marketing.")
@click.option("--consent-source", metavar="TEXT", help="Where and how they agreed.")
@click.option("--consent-text", metavar="TEXT", help="What they agreed to (default: the purpose's text).")
@click.option("--list", "lists", multiple=True, metavar="NAME", help="Put them on this list; made if it isn't there.")
@click.option("--tag", "tags", multiple=True, metavar="NAME", help="Give them this tag.")
@click.option("--encoding", help="Of the file, if it is guessed wrongly.")
@click.option("--delimiter", help="Of the file, if it is guessed wrongly; whitespace for columns apart by spaces.")
@click.option("--header/--no-header", default=None, help="Whether the first row names the columns.")
@click.option("--sheet", metavar="NAME", help="Of an XLSX (default: the first).")
@click.option("--language", type=click.Choice(["en", "bg", "ru"]), default="en", help="Of the reasons for refusals.")
def import_(kind: str, file: Path, workspace: str, **chosen: Any) -> None:
    """Bring a CSV or XLSX file in. Rows that can't be taken end in a file of their own, with the reasons."""
    ground.settle()
    with ground.database():
        _import(kind, file, workspace, chosen)


@click.command("export")
@click.argument("kind", type=click.Choice(["contacts", "orders", "suppressions"]))
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--workspace", required=True, metavar="SLUG", help="The workspace it comes from.")
@click.option("--segment", metavar="NAME", help="Only these people (default: everyone).")
def export(kind: str, file: Path, workspace: str, segment: str | None) -> None:
    """Write people, orders or suppressed addresses to a .csv or .xlsx file."""
    if segment and kind == "suppressions":
        raise click.BadParameter("suppressed addresses are no group of people", param_hint="--segment")
    if file.suffix.lower() not in (".csv", ".xlsx"):
        raise click.BadParameter("the name must end with .csv or .xlsx", param_hint="FILE")
    ground.settle()
    with ground.database():
        _export(kind, file, workspace, segment)


def _import(kind: str, file: Path, slug: str, chosen: dict[str, Any]) -> None:
    from northpost.contacts import imports
    from northpost.core import tenancy
    from northpost.core.tabular import UnreadableFile

    preset = _preset(kind, chosen["preset"])
    with tenancy.workspace(_workspace(slug)):
        try:
            run = imports.receive(
                kind=kind,
                path=file,
                encoding=chosen["encoding"],
                delimiter=chosen["delimiter"] or (preset.delimiter if preset else None),
                has_header=chosen["header"],
                sheet=chosen["sheet"],
            )
            mapping = _mapping(run.mapping, run.shape["columns"], preset, chosen["mapped"])
            run = imports.start(run_id=run.pk, mapping=mapping, options=_options(chosen, preset))
        except (UnreadableFile, imports.ImportRefused) as refused:
            ground.fail(refused.message)
            return
        for column, to in mapping.items():
            click.echo(f"  {column} -> {to}")
        began = time.monotonic()
        report = imports.work(run_id=run.pk)
        _tell(report, run.pk, time.monotonic() - began)


def _tell(report: Report, run_id: int, seconds: float) -> None:
    from northpost.contacts.models import ImportRun

    rows = ImportRun.objects.values_list("rows_done", flat=True).get(pk=run_id)
    click.echo(
        f"{report.created:,} new, {report.updated:,} changed, {report.unchanged:,} as they were, "
        f"{report.refused:,} rows refused; {rows:,} rows in {seconds:.1f} s"
    )
    if report.refused_path:
        click.echo(f"Refused rows, with the reasons: {report.refused_path}")
    if report.state == "failed":
        ground.fail(report.error)
    if report.state != "done":
        ground.fail("Another process is at work on this import.")


def _options(chosen: dict[str, Any], preset: Preset | None) -> Options:
    from northpost.contacts.imports import Options

    extra = dict(preset.extra) if preset else {}
    given = {"currency": chosen["currency"], "address_pattern": chosen["address_pattern"]}
    extra |= {name: value for name, value in given.items() if value} | {"anonymous": chosen["anonymous"]}
    return Options(
        existing=chosen["existing"],
        purpose=chosen["consent"] or "",
        consent_source=chosen["consent_source"] or "",
        consent_text=chosen["consent_text"] or "",
        lists=[_list(name) for name in chosen["lists"]],
        tags=list(chosen["tags"]),
        constants=(dict(preset.constants) if preset else {}) | _pairs(chosen["constants"], "--set"),
        language=chosen["language"],
        extra=extra,
    )


def _mapping(
    guessed: dict[str, str], columns: Sequence[str], preset: Preset | None, mapped: Sequence[str]
) -> dict[str, str]:
    given = _pairs(mapped, "--map")
    if preset:
        if len(columns) != len(preset.mapping):
            ground.fail(f"This preset is for a file of {len(preset.mapping)} columns, and this one has {len(columns)}.")
        return dict(zip(columns, preset.mapping, strict=True)) | given
    # What is given takes its target from whatever column was guessed for it.
    return {column: to for column, to in guessed.items() if to not in given.values()} | given


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, mark, value = text.rpartition("=")
        if not mark or not name:
            raise click.BadParameter(f"“{text}” has no =", param_hint=option)
        pairs[name.strip()] = value.strip()
    return pairs


def _preset(kind: str, name: str | None) -> Preset | None:
    from northpost.sales.imports.presets import PRESETS

    if name is None:
        return None
    if PRESETS[name].kind != kind:
        raise click.BadParameter(f"it is for a file of {PRESETS[name].kind}", param_hint="--preset")
    return PRESETS[name]


def _list(name: str) -> int:
    from northpost.contacts.actions import create_list
    from northpost.contacts.models import ContactList

    held = ContactList.objects.filter(name=name, archived_at=None).first()
    return (held or create_list(name=name)).pk


def _workspace(slug: str) -> int:
    from northpost.team.queries import workspace_by_slug

    found = workspace_by_slug(slug)
    if found is None:
        ground.fail(f"There is no workspace {slug}.")
        sys.exit(1)
    return found.pk


def _export(kind: str, file: Path, slug: str, segment: str | None) -> None:
    from northpost.contacts.exports import EVERYONE, ExportFormat, export_contacts
    from northpost.core import tenancy
    from northpost.delivery.imports import export_suppressions
    from northpost.sales.exports import export_orders

    file_format = ExportFormat(file.suffix.lower()[1:])
    with tenancy.workspace(_workspace(slug)):
        if kind == "suppressions":
            count = export_suppressions(file, file_format=file_format)
        else:
            write = export_contacts if kind == "contacts" else export_orders
            count = write(file, file_format=file_format, people=_segment(segment) if segment else EVERYONE)
    click.echo(f"{count:,} rows written to {file}")


def _segment(name: str) -> Fragment:
    from northpost.core import clock
    from northpost.segments import queries
    from northpost.segments.models import Segment

    found = Segment.objects.filter(name=name).first()
    if found is None:
        ground.fail(f"There is no group of people called {name}.")
        sys.exit(1)
    return queries.ids(found.pk, now=clock.now())

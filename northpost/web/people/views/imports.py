"""Bringing a file in: drop it, see how it was understood, say what is what, watch it run, undo it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from northpost.contacts import actions
from northpost.contacts.errors import ContactProblem
from northpost.contacts.imports import Existing, ImportRefused, Options, kinds, receive, shape, start, understand, undo
from northpost.contacts.imports.options import EXISTING_LABELS
from northpost.contacts.models import ContactList, FieldKind, ImportRun, ImportState, Purpose
from northpost.contacts.tasks import run_import
from northpost.core.tabular import FileShape, UnreadableFile
from northpost.core.tabular.values import DateOrder, DecimalMark
from northpost.team.rules import Ability
from northpost.web.account.forms import currency_choices
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.files import Download
from northpost.web.people.tabs import number, show

ENCODINGS = ["utf-8", "cp1251", "utf-16", "cp1252", "koi8-r", "iso-8859-5", "iso-8859-1", "cp866", "mac-cyrillic"]
DELIMITERS = [
    (",", gettext_lazy("comma")),
    (";", gettext_lazy("semicolon")),
    ("\t", gettext_lazy("tab")),
    ("|", gettext_lazy("vertical bar")),
    ("whitespace", gettext_lazy("spaces")),
]
NEW_FIELD = "new:"
# A choice needs its choices first: a column becomes one of these.
NEW_KINDS = [FieldKind.TEXT, FieldKind.NUMBER, FieldKind.BOOLEAN, FieldKind.DATE]
SHOWN_ROWS = 3


def found(run_id: int) -> ImportRun:
    """The import, or 404."""
    run = ImportRun.objects.filter(pk=run_id).first()
    if run is None or run.kind not in kinds.names():
        raise Http404
    return run


@needs(Ability.EDIT)
def imports(request: StaffRequest) -> HttpResponse:
    runs = ImportRun.objects.order_by("-created_at", "-pk")[:100]
    rows = [(run, kinds.get(run.kind).label) for run in runs if run.kind in kinds.names()]
    return show(request, "web/people/imports/list.html", here="imports", context={"rows": rows})


@needs(Ability.EDIT)
def import_start(request: StaffRequest) -> HttpResponse:
    """Take a file in."""
    offered = [(name, kinds.get(name).label) for name in kinds.names()]
    kind = request.POST.get("kind") or request.GET.get("kind") or offered[0][0]
    kind = kind if kind in kinds.names() else offered[0][0]
    problem = ""
    if request.method == "POST":
        upload = request.FILES.get("file")
        if not isinstance(upload, UploadedFile):
            problem = _("Choose a file first: CSV or XLSX.")
        else:
            try:
                run = receive(
                    kind=kind,
                    content=upload.file,
                    filename=Path(upload.name or "").name,
                    created_by_id=request.member.pk,
                )
            except UnreadableFile as broken:
                problem = broken.message
            else:
                return redirect(address(request, "import_run", run.pk))
    context = {"offered": offered, "kind": kind, "problem": problem}
    return show(
        request, "web/people/imports/start.html", here="imports", context=context, status=422 if problem else 200
    )


@needs(Ability.EDIT)
def import_run(request: StaffRequest, run_id: int) -> HttpResponse:
    """Wherever the import stands: waiting for a word, running, or done."""
    run = found(run_id)
    if run.state == ImportState.UPLOADED:
        return _ask(request, run, OptionsForm(run=run, workspace_currency=request.workspace.currency))
    return show(request, "web/people/imports/run.html", here="imports", context=_standing(request, run))


def _standing(request: StaffRequest, run: ImportRun) -> dict[str, Any]:
    finished = run.state not in (ImportState.QUEUED, ImportState.RUNNING)
    return {
        "run": run,
        "kind_label": kinds.get(run.kind).label,
        "finished": finished,
        "can_undo": kinds.get(run.kind).undo is not None and run.state in (ImportState.DONE, ImportState.FAILED),
        "progress_url": address(request, "import_progress", run.pk),
    }


@needs(Ability.EDIT)
def import_progress(request: StaffRequest, run_id: int) -> HttpResponse:
    """The bar, asked for every second; once the work is done, the page is loaded anew with the result."""
    context = _standing(request, found(run_id))
    answer = render(request, "web/people/imports/progress.html", context)
    if context["finished"]:
        answer["HX-Refresh"] = "true"
    answer["Cache-Control"] = "no-store"
    return answer


class OptionsForm(forms.Form):
    """What happens with whom; which of these are asked depends on the kind."""

    existing = forms.ChoiceField(
        label=gettext_lazy("People who are here already"),
        choices=[(key.value, label) for key, label in EXISTING_LABELS.items()],
        initial=Existing.FILL.value,
        widget=forms.RadioSelect,
    )
    purpose = forms.ChoiceField(label=gettext_lazy("What did these people agree to?"), required=False)
    consent_source = forms.CharField(
        label=gettext_lazy("Where and how did they agree?"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For example: form on our site since 2024; signed at the fair. It is kept as proof."),
    )
    consent_text = forms.CharField(
        label=gettext_lazy("The words that they agreed to"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("If empty: the purpose's own words."),
    )
    lists = forms.MultipleChoiceField(
        label=gettext_lazy("Put everybody on"), required=False, widget=forms.CheckboxSelectMultiple
    )
    new_list = forms.CharField(label=gettext_lazy("… or on a new list"), max_length=120, required=False)
    tags = forms.CharField(
        label=gettext_lazy("Tags for everybody"),
        required=False,
        help_text=gettext_lazy("Apart by commas."),
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"),
        choices=currency_choices,
        required=False,
        help_text=gettext_lazy("Of rows that don't name their own."),
    )
    date_order = forms.ChoiceField(
        label=gettext_lazy("03/04/2026 is"),
        required=False,
        choices=[
            ("", gettext_lazy("as the file tells")),
            (DateOrder.DAY_FIRST.value, gettext_lazy("3 April")),
            (DateOrder.MONTH_FIRST.value, gettext_lazy("4 March")),
        ],
    )
    decimal = forms.ChoiceField(
        label=gettext_lazy("1,234 is"),
        required=False,
        choices=[
            ("", gettext_lazy("as the file tells")),
            (DecimalMark.POINT.value, gettext_lazy("a thousand and more")),
            (DecimalMark.COMMA.value, gettext_lazy("one and a bit")),
        ],
    )

    def __init__(self, *args: Any, run: ImportRun, workspace_currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = run.kind == "contacts"
        known = Purpose.objects.order_by("id").values_list("key", "label")
        own = ContactList.objects.filter(archived_at=None).order_by("name").values_list("pk", "name")
        self.fields["purpose"].choices = [("", _("Nothing, or I can't prove it")), *known]  # type: ignore[attr-defined]
        self.fields["lists"].choices = [(str(pk), name) for pk, name in own]  # type: ignore[attr-defined]
        self.fields["currency"].initial = workspace_currency
        unasked = {"currency"} if people else {"purpose", "consent_source", "consent_text", "lists", "new_list", "tags"}
        if run.kind == "orders":
            unasked |= {"existing"}
        if run.kind == "suppressions":
            unasked |= {"existing", "currency", "date_order", "decimal"}
        if run.kind == "products":
            self.fields["existing"].label = _("Products that are here already")
        if people and not own:
            unasked.add("lists")
        for name in unasked:
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("purpose") and not said.get("consent_source", "").strip():
            self.add_error("consent_source", _("Say where and how they agreed: without it there is no proof."))
        return said

    def options(self, language: str) -> Options:
        """The choices; a new list is made here, inside the caller's transaction."""
        said = self.cleaned_data
        lists = [int(key) for key in said.get("lists", [])]
        if said.get("new_list", "").strip():
            lists.append(actions.create_list(name=said["new_list"]).pk)
        return Options(
            existing=Existing(said.get("existing") or Existing.FILL),
            purpose=said.get("purpose", ""),
            consent_source=said.get("consent_source", "").strip(),
            consent_text=said.get("consent_text", "").strip(),
            lists=lists,
            tags=[tag.strip() for tag in said.get("tags", "").split(",") if tag.strip()],
            decimal=said.get("decimal") or None,
            date_order=said.get("date_order") or None,
            language=language,
            extra={"currency": said["currency"]} if said.get("currency") else {},
        )


def _ask(
    request: StaffRequest, run: ImportRun, form: OptionsForm, problem: str = "", status: int = 200
) -> HttpResponse:
    seen = shape(run)
    destinations = [(place.name, place.label) for place in kinds.get(run.kind).destinations()]
    chosen = _chosen(request, seen) if request.method == "POST" and "sure" in request.POST else run.mapping
    columns = [
        {
            "name": column,
            "field": f"column_{place}",
            "to": chosen.get(column, ""),
            "cells": [row[place] for row in seen.sample_rows[:SHOWN_ROWS] if place < len(row) and row[place].strip()],
        }
        for place, column in enumerate(seen.columns)
    ]
    new_fields = [(f"{NEW_FIELD}{kind.value}", kind.label) for kind in NEW_KINDS] if run.kind == "contacts" else []
    context = {
        "run": run,
        "kind_label": kinds.get(run.kind).label,
        "seen": seen,
        "form": form,
        "problem": problem,
        "columns": columns,
        "destinations": destinations,
        "new_fields": new_fields,
        "encodings": sorted({*ENCODINGS, seen.encoding}),
        "delimiters": DELIMITERS,
        "delimiter_word": dict(DELIMITERS).get(seen.delimiter, seen.delimiter),
        "known": sum(1 for column in columns if column["to"]),
    }
    return show(request, "web/people/imports/ask.html", here="imports", context=context, status=status)


def _chosen(request: StaffRequest, seen: FileShape) -> dict[str, str]:
    """Column -> destination, as the form says."""
    said = {column: request.POST.get(f"column_{place}", "") for place, column in enumerate(seen.columns)}
    return {column: to for column, to in said.items() if to}


@require_POST
@needs(Ability.EDIT)
def import_understand(request: StaffRequest, run_id: int) -> HttpResponse:
    """Look at the file again, with what the reader knows better."""
    run = found(run_id)
    try:
        understand(
            run_id=run.pk,
            encoding=request.POST.get("encoding") or None,
            delimiter=request.POST.get("delimiter") or None,
            has_header=request.POST.get("has_header") == "1",
            sheet=request.POST.get("sheet") or None,
        )
    except (UnreadableFile, ImportRefused) as problem:
        messages.error(request, problem.message)
    return redirect(address(request, "import_run", run.pk))


@require_POST
@needs(Ability.EDIT)
def import_go(request: StaffRequest, run_id: int) -> HttpResponse:
    """Settle the columns and the options, and let a worker begin."""
    run = found(run_id)
    if run.state != ImportState.UPLOADED:
        return redirect(address(request, "import_run", run.pk))
    form = OptionsForm(request.POST, run=run, workspace_currency=request.workspace.currency)
    if not form.is_valid():
        return _ask(request, run, form, status=422)
    try:
        # Whole or not at all: new fields and a new list stay only if the import begins.
        with transaction.atomic():
            mapping = _with_new_fields(request, _chosen(request, shape(run)))
            started = start(run_id=run.pk, mapping=mapping, options=form.options(request.LANGUAGE_CODE or "en"))
            run_import.configure(queueing_lock=f"import-{started.pk}").defer(
                workspace_id=request.workspace.pk, run_id=started.pk
            )
    except (ImportRefused, ContactProblem) as problem:
        return _ask(request, run, form, problem=problem.message, status=422)
    return redirect(address(request, "import_run", run.pk))


def _with_new_fields(request: StaffRequest, chosen: dict[str, str]) -> dict[str, str]:
    mapping = {}
    for column, to in chosen.items():
        if to.startswith(NEW_FIELD):
            made = actions.define_field(label=column, kind=to.removeprefix(NEW_FIELD), by=request.member)
            to = f"attributes.{made.key}"
        mapping[column] = to
    return mapping


@needs(Ability.EDIT)
def import_refused(request: StaffRequest, run_id: int) -> HttpResponse | Download:
    """The refused rows with their reasons, as CSV."""
    run = found(run_id)
    path = Path(run.refused_path)
    if not run.refused_path or not run.refused_count or not path.is_file():
        raise Http404
    return Download(path.open("rb"), filename=f"refused-{run.pk}.csv", content_type="text/csv")


@require_POST
@needs(Ability.EDIT)
def import_undo(request: StaffRequest, run_id: int) -> HttpResponse:
    run = found(run_id)
    try:
        removed = undo(run_id=run.pk)
    except ImportRefused as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, _("Undone: %(count)s removed.") % {"count": number(str(removed), 0)})
    return redirect(address(request, "import_run", run.pk))

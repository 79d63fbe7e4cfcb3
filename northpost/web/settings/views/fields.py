"""Custom fields of people, and the purposes that they consent to."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from northpost.contacts import actions
from northpost.contacts.errors import ContactProblem
from northpost.contacts.models import Field, FieldKind
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show


class FieldForm(forms.Form):
    label = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        help_text=gettext_lazy("For example: favourite brand, birthday, size."),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=FieldKind.choices)
    choices = forms.CharField(
        label=gettext_lazy("Choices"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("For the kind “choice”: one to a line."),
    )


class FieldChangeForm(forms.Form):
    label = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    choices = forms.CharField(
        label=gettext_lazy("Choices"),
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("One to a line. People keep a choice that you take away."),
    )


@needs(Ability.SEE)
def fields(request: StaffRequest) -> HttpResponse:
    return _show(request, FieldForm())


def _show(request: StaffRequest, form: FieldForm, status: int = 200) -> HttpResponse:
    rows = list(Field.objects.order_by("position", "id"))
    context = {
        "fields": [row for row in rows if row.archived_at is None],
        "archived": [row for row in rows if row.archived_at is not None],
        "form": form,
    }
    return show(request, "web/settings/fields.html", here="fields", context=context, status=status)


@require_POST
@needs(Ability.EDIT)
def field_create(request: StaffRequest) -> HttpResponse:
    form = FieldForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            made = actions.define_field(
                label=said["label"], kind=said["kind"], choices=said["choices"].splitlines(), by=request.member
            )
        except ContactProblem as problem:
            form.add_error("label" if problem.field == "name" else problem.field, problem.message)
        else:
            messages.success(request, _("The field “%(name)s” is there.") % {"name": made.label})
            return redirect(address(request, "fields"))
    return _show(request, form, status=422)


@needs(Ability.EDIT)
def field(request: StaffRequest, field_id: int) -> HttpResponse:
    """Rename a field, change its choices."""
    found = Field.objects.filter(pk=field_id).first()
    if found is None:
        raise Http404
    form = FieldChangeForm(request.POST or None, initial={"label": found.label, "choices": "\n".join(found.choices)})
    if found.kind != FieldKind.CHOICE:
        del form.fields["choices"]
    if request.method == "POST" and form.is_valid():
        choices = form.cleaned_data["choices"].splitlines() if "choices" in form.cleaned_data else None
        try:
            actions.update_field(
                field_id=field_id, label=form.cleaned_data["label"], choices=choices, by=request.member
            )
        except ContactProblem as problem:
            form.add_error("label" if problem.field == "name" else problem.field, problem.message)
        else:
            messages.success(request, _("The field was saved."))
            return redirect(address(request, "fields"))
    status = 422 if form.is_bound else 200
    context = {"form": form, "field_row": found}
    return show(request, "web/settings/field.html", here="fields", context=context, status=status)


@require_POST
@needs(Ability.EDIT)
def field_archive(request: StaffRequest, field_id: int) -> HttpResponse:
    if not Field.objects.filter(pk=field_id).exists():
        raise Http404
    archived = actions.archive_field(field_id=field_id, by=request.member)
    messages.success(request, _("“%(name)s” was put away; its values stay.") % {"name": archived.label})
    return redirect(address(request, "fields"))


@require_POST
@needs(Ability.EDIT)
def field_restore(request: StaffRequest, field_id: int) -> HttpResponse:
    if not Field.objects.filter(pk=field_id).exists():
        raise Http404
    try:
        restored = actions.restore_field(field_id=field_id, by=request.member)
    except ContactProblem as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, _("“%(name)s” is back.") % {"name": restored.label})
    return redirect(address(request, "fields"))

"""The purposes that people consent to, and the words that they are shown."""

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
from northpost.contacts.models import Purpose
from northpost.contacts.queries import purpose_sizes
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show


class PurposeForm(forms.Form):
    label = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    text = forms.CharField(
        label=gettext_lazy("Text that people agree to"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Who sends what, by which way, and how to withdraw. It is kept with every consent."),
    )


@needs(Ability.SEE)
def purposes(request: StaffRequest) -> HttpResponse:
    return _show(request, PurposeForm())


def _show(request: StaffRequest, form: PurposeForm, status: int = 200) -> HttpResponse:
    context = {"purposes": purpose_sizes(), "form": form}
    return show(request, "web/settings/purposes.html", here="consent", context=context, status=status)


@require_POST
@needs(Ability.MANAGE)
def purpose_create(request: StaffRequest) -> HttpResponse:
    form = PurposeForm(request.POST)
    if form.is_valid():
        try:
            made = actions.define_purpose(by=request.member, **form.cleaned_data)
        except ContactProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, _("The purpose “%(name)s” is there.") % {"name": made.label})
            return redirect(address(request, "purposes"))
    return _show(request, form, status=422)


@needs(Ability.MANAGE)
def purpose(request: StaffRequest, purpose_id: int) -> HttpResponse:
    """Change name or text; a changed text is a new version."""
    found = Purpose.objects.filter(pk=purpose_id).first()
    if found is None:
        raise Http404
    form = PurposeForm(request.POST or None, initial={"label": found.label, "text": found.text})
    if request.method == "POST" and form.is_valid():
        try:
            changed = actions.reword_purpose(purpose_id=purpose_id, by=request.member, **form.cleaned_data)
        except ContactProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            if changed.text_version != found.text_version:
                said = {"version": changed.text_version}
                messages.success(
                    request, _("Saved as version %(version)s. Consent given before keeps its words.") % said
                )
            else:
                messages.success(request, _("The purpose was saved."))
            return redirect(address(request, "purposes"))
    context = {"form": form, "purpose": found}
    status = 422 if form.is_bound else 200
    return show(request, "web/settings/purpose.html", here="consent", context=context, status=status)

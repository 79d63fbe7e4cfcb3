"""Lists and tags."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from northpost.contacts import actions, queries
from northpost.contacts.errors import ContactProblem, NotHere
from northpost.contacts.models import ContactList, Tag
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.people.tabs import show


class ListForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    description = forms.CharField(
        label=gettext_lazy("What it is for"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class TagForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)


@needs(Ability.SEE)
def lists(request: StaffRequest) -> HttpResponse:
    return _show_lists(request, ListForm())


def _show_lists(request: StaffRequest, form: ListForm, status: int = 200) -> HttpResponse:
    rows = queries.list_sizes()
    context = {
        "lists": [row for row in rows if row.archived_at is None],
        "archived": [row for row in rows if row.archived_at is not None],
        "form": form,
    }
    return show(request, "web/people/lists.html", here="lists", context=context, status=status)


@require_POST
@needs(Ability.EDIT)
def list_create(request: StaffRequest) -> HttpResponse:
    form = ListForm(request.POST)
    if form.is_valid():
        try:
            made = actions.create_list(by=request.member, **form.cleaned_data)
        except ContactProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, _("The list “%(name)s” is there.") % {"name": made.name})
            return redirect(address(request, "lists"))
    return _show_lists(request, form, status=422)


@needs(Ability.EDIT)
def list_edit(request: StaffRequest, list_id: int) -> HttpResponse:
    found = ContactList.objects.filter(pk=list_id).first()
    if found is None:
        raise Http404
    form = ListForm(request.POST or None, initial={"name": found.name, "description": found.description})
    if request.method == "POST" and form.is_valid():
        try:
            actions.rename_list(list_id=list_id, by=request.member, **form.cleaned_data)
        except ContactProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, _("The list was saved."))
            return redirect(address(request, "lists"))
    context = {"form": form, "found": found}
    return show(
        request, "web/people/list_edit.html", here="lists", context=context, status=422 if form.is_bound else 200
    )


@require_POST
@needs(Ability.EDIT)
def list_archive(request: StaffRequest, list_id: int) -> HttpResponse:
    try:
        archived = actions.archive_list(list_id=list_id, by=request.member)
    except NotHere as error:
        raise Http404 from error
    messages.success(request, _("“%(name)s” was put away, with its members.") % {"name": archived.name})
    return redirect(address(request, "lists"))


@require_POST
@needs(Ability.EDIT)
def list_restore(request: StaffRequest, list_id: int) -> HttpResponse:
    try:
        restored = actions.restore_list(list_id=list_id, by=request.member)
    except NotHere as error:
        raise Http404 from error
    messages.success(request, _("“%(name)s” is back.") % {"name": restored.name})
    return redirect(address(request, "lists"))


@needs(Ability.SEE)
def tags(request: StaffRequest) -> HttpResponse:
    return _show_tags(request, TagForm())


def _show_tags(request: StaffRequest, form: TagForm, status: int = 200) -> HttpResponse:
    context = {"tags": queries.tag_sizes(), "form": form}
    return show(request, "web/people/tags.html", here="tags", context=context, status=status)


@require_POST
@needs(Ability.EDIT)
def tag_create(request: StaffRequest) -> HttpResponse:
    form = TagForm(request.POST)
    if form.is_valid():
        try:
            made = actions.find_or_create_tag(name=form.cleaned_data["name"])
        except ContactProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, _("The tag “%(name)s” is there.") % {"name": made.name})
            return redirect(address(request, "tags"))
    return _show_tags(request, form, status=422)


@needs(Ability.EDIT)
def tag_edit(request: StaffRequest, tag_id: int) -> HttpResponse:
    found = Tag.objects.filter(pk=tag_id).first()
    if found is None:
        raise Http404
    form = TagForm(request.POST or None, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        try:
            actions.rename_tag(tag_id=tag_id, name=form.cleaned_data["name"], by=request.member)
        except ContactProblem as problem:
            form.add_error(problem.field, problem.message)
        else:
            messages.success(request, _("The tag was saved."))
            return redirect(address(request, "tags"))
    context = {"form": form, "found": found}
    return show(request, "web/people/tag_edit.html", here="tags", context=context, status=422 if form.is_bound else 200)


@require_POST
@needs(Ability.EDIT)
def tag_delete(request: StaffRequest, tag_id: int) -> HttpResponse:
    """Can't be undone: the tag's name has to be typed."""
    found = Tag.objects.filter(pk=tag_id).first()
    if found is None:
        raise Http404
    if request.POST.get("typed", "").strip() != found.name:
        messages.error(request, _("Nothing was deleted: the name was not typed as it is written."))
        return redirect(address(request, "tags"))
    actions.delete_tag(tag_id=tag_id, by=request.member)
    messages.success(request, _("The tag “%(name)s” was deleted.") % {"name": found.name})
    return redirect(address(request, "tags"))

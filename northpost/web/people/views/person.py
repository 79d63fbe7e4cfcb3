"""One person: who, consent with its proof, value, the line of time, and what can be done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Max, Min, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.contacts import actions, queries
from northpost.contacts.errors import ContactProblem, NotHere, Taken
from northpost.contacts.models import Contact, ContactList, Field, FieldKind, Purpose, Tag
from northpost.sales.models import Order
from northpost.segments.models import Lifecycle
from northpost.team.actions import record
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.people import timeline
from northpost.web.people.filtering import language_name
from northpost.web.people.forms import PersonForm
from northpost.web.people.tabs import show
from northpost.web.templatetags.northpost import say_day, say_number


def found(contact_id: int) -> Contact:
    """The person, or 404."""
    contact = queries.person(contact_id)
    if contact is None:
        raise Http404
    return contact


@dataclass(frozen=True)
class Value:
    """What a person bought, in one currency, refunds taken off."""

    currency: str
    orders: int
    net: Decimal
    first: datetime
    last: datetime


def value(contact_id: int) -> list[Value]:
    """By currency, the largest first."""
    rows = (
        Order.objects.filter(contact_id=contact_id)
        .values("currency")
        .annotate(
            orders=Count("pk"), net=Sum(F("total") - F("refunded")), first=Min("placed_at"), last=Max("placed_at")
        )
        .order_by("-net")
    )
    return [Value(**row) for row in rows]


@needs(Ability.SEE)
def person(request: StaffRequest, contact_id: int) -> HttpResponse:
    contact = found(contact_id)
    lists = ContactList.objects.filter(members__contact=contact).order_by("name")
    tags = Tag.objects.filter(tagged__contact=contact).order_by("name")
    context = _timeline(request, contact) | {
        "contact": contact,
        "stage": Lifecycle.objects.filter(contact_id=contact.pk).first(),
        "value": value(contact.pk),
        "standings": queries.standings(contact.pk),
        "facts": _facts(contact),
        "lists": lists,
        "other_lists": ContactList.objects.filter(archived_at=None).exclude(pk__in=lists).order_by("name"),
        "tags": tags,
        "other_tags": Tag.objects.exclude(pk__in=tags).order_by("name"),
        "typed": contact.email or contact.external_id or str(contact.pk),
    }
    return show(request, "web/people/person.html", here="people", context=context)


def _facts(contact: Contact) -> list[tuple[str, str]]:
    """What is known: (name, value), the workspace's own fields after what everybody has."""
    facts = [
        (_("E-mail address"), contact.email or ""),
        (_("Phone"), contact.phone),
        (_("Customer number"), contact.external_id or ""),
        (_("Language"), language_name(contact.language) if contact.language else ""),
        (_("Time zone"), contact.time_zone.replace("_", " ")),
        (_("Role"), contact.get_role_display()),
    ]
    fields = Field.objects.filter(archived_at=None).order_by("position", "id")
    own = [
        (field.label, _plain(field, contact.attributes[field.key]))
        for field in fields
        if field.key in contact.attributes
    ]
    return [(name, said) for name, said in [*facts, *own] if said]


def _plain(field: Field, known: Any) -> str:
    if field.kind == FieldKind.BOOLEAN:
        return _("Yes") if known else _("No")
    if field.kind == FieldKind.NUMBER:
        return say_number(known)
    if field.kind == FieldKind.DATE:
        moment = parse_datetime(f"{known}T00:00:00")
        return say_day(moment.date()) if moment else str(known)
    return str(known)


def _timeline(request: StaffRequest, contact: Contact) -> dict[str, Any]:
    kind = request.GET.get("kind", "")
    kind = kind if kind in timeline.KINDS else ""
    try:
        before = parse_datetime(request.GET.get("before", ""))
    except ValueError:
        before = None
    if before is not None and before.tzinfo is None:
        before = None
    stretch = timeline.read(
        contact.pk,
        slug=request.workspace.slug,
        kind=kind,
        before=before,
        see_money=may(request.membership.role, Ability.SEE_MONEY),
    )
    here = address(request, "person", contact.pk)
    kinds = [
        {"key": key, "label": label, "url": f"{here}?kind={key}#happened" if key else f"{here}#happened", "count": None}
        for key, label in timeline.KINDS.items()
    ]
    return {"stretch": stretch, "kind": kind, "kinds": kinds, "before": before, "contact": contact}


@needs(Ability.SEE)
def person_timeline(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Earlier lines, for the end of the list."""
    return render(request, "web/people/timeline.html", _timeline(request, found(contact_id)))


@needs(Ability.EDIT)
def person_create(request: StaffRequest) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add_contact(by=request.member, **form.details())
        except ContactProblem as problem:
            form.refuse(problem)
            return _show_form(request, form, taken=problem)
        messages.success(request, _("%(who)s was added.") % {"who": made})
        return redirect(address(request, "person", made.pk))
    return _show_form(request, form)


@needs(Ability.EDIT)
def person_edit(request: StaffRequest, contact_id: int) -> HttpResponse:
    contact = found(contact_id)
    form = PersonForm(request.POST or None, contact=contact)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_contact(contact_id=contact_id, by=request.member, **form.details())
        except ContactProblem as problem:
            form.refuse(problem)
            return _show_form(request, form, contact=contact, taken=problem)
        except NotHere as error:
            raise Http404 from error
        messages.success(request, _("Saved."))
        return redirect(address(request, "person", contact_id))
    return _show_form(request, form, contact=contact)


def _show_form(
    request: StaffRequest, form: PersonForm, *, contact: Contact | None = None, taken: Exception | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "contact": contact,
        "known_id": taken.contact_id if isinstance(taken, Taken) else None,
    }
    status = 422 if form.is_bound else 200
    return show(request, "web/people/person_form.html", here="people", context=context, status=status)


@require_POST
@needs(Ability.EDIT)
def person_belongs(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Put on a list or take off, tag or untag: ``do`` says which, ``key`` or ``name`` what."""
    contact = found(contact_id)
    key = request.POST.get("key", "")
    pk = int(key) if key.isdecimal() and len(key) < 19 else 0
    try:
        match request.POST.get("do"):
            case "list_add":
                actions.add_to_list(list_id=pk, people=[contact.pk], by=request.member)
            case "list_remove":
                actions.remove_from_list(list_id=pk, people=[contact.pk], by=request.member)
            case "tag_add":
                tag = actions.find_or_create_tag(name=request.POST.get("name", ""))
                actions.add_tag(tag_id=tag.pk, people=[contact.pk], by=request.member)
            case "tag_remove":
                actions.remove_tag(tag_id=pk, people=[contact.pk], by=request.member)
            case _:
                raise Http404
    except NotHere as error:
        raise Http404 from error
    except ContactProblem as problem:
        messages.error(request, problem.message)
    return redirect(address(request, "person", contact_id))


@require_POST
@needs(Ability.EDIT)
def person_consent(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Record that a person agreed (how and where has to be said) or withdrew."""
    contact = found(contact_id)
    purpose = Purpose.objects.filter(key=request.POST.get("purpose", "")).first()
    if purpose is None:
        raise Http404
    source = request.POST.get("source", "").strip()
    if request.POST.get("do") == "withdraw":
        actions.withdraw_consent(
            contact_id=contact.pk,
            purpose_key=purpose.key,
            source=source or _("by hand, %(who)s") % {"who": request.member},
            by=request.member,
        )
        messages.success(request, _("Withdrawn. Nothing more is sent to them for this purpose."))
    elif not source:
        messages.error(request, _("Nothing was recorded: say where and how they agreed. It is the proof."))
    else:
        actions.grant_consent(contact_id=contact.pk, purpose_key=purpose.key, source=source, by=request.member)
        messages.success(request, _("Recorded, with the text, its version, the time and the source."))
    return redirect(address(request, "person", contact_id))


@require_POST
@needs(Ability.EXPORT)
def person_export(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Everything known of a person, as a JSON file; the trail says that it was taken out."""
    contact = found(contact_id)
    data = queries.export_person(contact.pk)
    record(user=request.member, verb="exported", noun="person", noun_id=contact.pk)
    body = json.dumps(data, ensure_ascii=False, indent=2, default=str)
    answer = HttpResponse(body, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="person-{contact.pk}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@needs(Ability.EDIT)
def person_erase(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Can't be undone: the address (or number) has to be typed."""
    contact = found(contact_id)
    typed = request.POST.get("typed", "").strip()
    if typed != (contact.email or contact.external_id or str(contact.pk)):
        messages.error(request, _("Nothing was erased: what you typed is not what was asked for."))
        return redirect(address(request, "person", contact_id))
    try:
        actions.erase_contact(contact_id=contact_id, by=request.member)
    except NotHere as error:
        raise Http404 from error
    messages.success(request, _("The person was erased, with everything that was known of them."))
    return redirect(address(request, "people"))

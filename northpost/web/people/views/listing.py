"""Everybody: search, filters, and what is done to many at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from northpost.contacts import actions, queries
from northpost.contacts.errors import ContactProblem
from northpost.contacts.exports import ExportFormat, export_contacts
from northpost.contacts.models import Consent, ConsentState, Contact, ContactList, Purpose, Tag
from northpost.contacts.queries.finding import PAGE
from northpost.contacts.selection import People
from northpost.segments.models import Lifecycle, Stage
from northpost.team.actions import record
from northpost.team.models import User
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.files import Download, download
from northpost.web.people import filtering
from northpost.web.people.tabs import number, show
from northpost.web.templatetags.northpost import say_number

MOST_CHOSEN = 1000


class _Found(Paginator):
    """Django's paginator for a page that the database has cut already."""

    def __init__(self, found: queries.People) -> None:
        super().__init__([], PAGE)
        self.found = found

    @property
    def count(self) -> int:
        return self.found.total

    def here(self) -> Page:
        return Page(self.found.rows, self.found.page, self)


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    contact: Contact
    stage: str
    consent: str


@needs(Ability.SEE)
def people(request: StaffRequest) -> HttpResponse:
    wanted = filtering.read(request.GET)
    found = queries.find_contacts(filters=wanted.filters, sort=wanted.sort, page=number(request.GET.get("page")))
    context = {
        "wanted": wanted,
        "said": wanted.said,
        "choices": filtering.choices(wanted.said),
        "rows": _rows(found.rows, wanted.filters.purpose_id),
        "page": _Found(found).here(),
        "total": found.total,
        "more_filters": bool({"list", "tag", "segment", "language", "role", "sort"} & set(wanted.said)),
        "nobody_yet": found.total == 0 and not wanted.filters,
        "todo": _todo(),
    }
    return show(request, "web/people/people.html", here="people", context=context)


def _rows(contacts: list[Contact], purpose_id: int | None) -> list[Row]:
    ids = [contact.pk for contact in contacts]
    stages = dict(Lifecycle.objects.filter(contact_id__in=ids).values_list("contact_id", "stage"))
    consents: dict[int, str] = {}
    if purpose_id is not None:
        asked = Consent.objects.filter(contact_id__in=ids, purpose_id=purpose_id)
        consents = dict(asked.values_list("contact_id", "state"))
    return [
        Row(
            contact,
            str(Stage(stages[contact.pk]).label) if contact.pk in stages else "",
            consents.get(contact.pk, ""),
        )
        for contact in contacts
    ]


def _todo() -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be done to many: groups of (value, label)."""
    lists = list(ContactList.objects.filter(archived_at=None).order_by("name").values_list("pk", "name"))
    tags = list(Tag.objects.order_by("name").values_list("pk", "name"))
    purposes = list(Purpose.objects.order_by("id").values_list("pk", "label"))
    groups = [
        (_("Put on a list"), [(f"list_add:{pk}", name) for pk, name in lists]),
        (_("Take off a list"), [(f"list_remove:{pk}", name) for pk, name in lists]),
        (_("Give a tag"), [*((f"tag_add:{pk}", name) for pk, name in tags), ("tag_new:0", _("A new tag …"))]),
        (_("Take away a tag"), [(f"tag_remove:{pk}", name) for pk, name in tags]),
        (_("Record a withdrawal"), [(f"withdraw:{pk}", label) for pk, label in purposes]),
    ]
    return [(label, entries) for label, entries in groups if entries]


@dataclass(frozen=True)
class Deed:
    """Something to do to many: asked first (``question``, ``button``), then done."""

    verb: str
    target: Any
    question: str
    button: str

    def do(self, people: People, by: User, new_tag: str) -> int:
        match self.verb:
            case "list_add":
                return actions.add_to_list(list_id=self.target.pk, people=people, by=by)
            case "list_remove":
                return actions.remove_from_list(list_id=self.target.pk, people=people, by=by)
            case "tag_add":
                return actions.add_tag(tag_id=self.target.pk, people=people, by=by)
            case "tag_new":
                tag = actions.find_or_create_tag(name=new_tag)
                return actions.add_tag(tag_id=tag.pk, people=people, by=by)
            case "tag_remove":
                return actions.remove_tag(tag_id=self.target.pk, people=people, by=by)
            case _:
                return actions.withdraw_consents(
                    people=people, purpose_key=self.target.key, source=_("by hand, %(who)s") % {"who": by}, by=by
                )


def _deed(text: str, count: int) -> Deed | None:
    verb, _colon, key = text.partition(":")
    models: dict[str, Any] = {
        "list_add": ContactList, "list_remove": ContactList, "tag_add": Tag, "tag_remove": Tag, "withdraw": Purpose
    }  # fmt: skip
    people = ngettext("%(count)s person", "%(count)s people", count) % {"count": say_number(count)}
    if verb == "tag_new":
        return Deed(
            verb,
            None,
            _("Give a new tag to %(people)s?") % {"people": people},
            _("Tag %(people)s") % {"people": people},
        )
    if verb not in models or not key.isdecimal():
        return None
    target = models[verb].objects.filter(pk=int(key)).first()
    if target is None:
        return None
    said = {"people": people, "name": str(target)}
    words = {
        "list_add": (_("Put %(people)s on the list “%(name)s”?"), _("Put %(people)s on the list")),
        "list_remove": (_("Take %(people)s off the list “%(name)s”?"), _("Take %(people)s off the list")),
        "tag_add": (_("Tag %(people)s “%(name)s”?"), _("Tag %(people)s")),
        "tag_remove": (_("Take the tag “%(name)s” from %(people)s?"), _("Take the tag from %(people)s")),
        "withdraw": (
            _("Record that %(people)s withdrew their consent to “%(name)s”?"),
            _("Record the withdrawal of %(people)s"),
        ),
    }[verb]
    return Deed(verb, target, words[0] % said, words[1] % said)


@require_POST
@needs(Ability.EDIT)
def people_bulk(request: StaffRequest) -> HttpResponse:
    """First asks, with the number of people; then does it. A selection is ids, or everybody whom the filters find."""
    wanted = filtering.read(request.POST)
    back = f"{address(request, 'people')}?{wanted.query}"
    everybody = request.POST.get("everybody") == "1"
    ids = sorted({int(text) for text in request.POST.getlist("id") if text.isdecimal() and len(text) < 19})
    chosen: People = queries.matching(wanted.filters) if everybody else ids[:MOST_CHOSEN]
    # Whoever is not in this workspace is not counted, and not touched.
    count = queries.count(wanted.filters) if everybody else Contact.objects.filter(pk__in=ids[:MOST_CHOSEN]).count()
    deed = _deed(request.POST.get("do", ""), count)
    if deed is None or count == 0:
        messages.warning(request, _("Choose what to do.") if deed is None else _("Choose people first, in the table."))
        return redirect(back)
    new_tag, problem = request.POST.get("new_tag", ""), ""
    if request.POST.get("sure") == "1":
        try:
            done = deed.do(chosen, request.member, new_tag)
        except ContactProblem as refused:
            problem = refused.message
        else:
            said = {"count": say_number(done)}
            messages.success(request, ngettext("Done for %(count)s person.", "Done for %(count)s people.", done) % said)
            return redirect(back)
    context = {
        "deed": deed,
        "do": request.POST.get("do", ""),
        "said": wanted.said,
        "everybody": everybody,
        "ids": [] if everybody else ids[:MOST_CHOSEN],
        "problem": problem,
        "new_tag": new_tag,
        "back": back,
        "withdraws": deed.verb == "withdraw" and ConsentState.WITHDRAWN,
    }
    return show(request, "web/people/bulk.html", here="people", context=context, status=422 if problem else 200)


@require_POST
@needs(Ability.EXPORT)
def people_export(request: StaffRequest) -> Download:
    """Everybody whom the filters find, as CSV or XLSX; the trail says that they were taken out."""
    wanted = filtering.read(request.POST)
    file_format = ExportFormat.XLSX if request.POST.get("format") == "xlsx" else ExportFormat.CSV

    def write(path: Path) -> None:
        count = export_contacts(path, file_format=file_format, people=queries.matching(wanted.filters))
        record(user=request.member, verb="exported", noun="people", detail={"people": count})

    return download(f"people.{file_format.value}", write)

"""One box for everything (Ctrl-K): pages, things to do, people, mailings, segments, goals, templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from django.db.models import Model, QuerySet
from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.campaigns.models import Campaign
from northpost.contacts.queries.finding import Filters, find_contacts
from northpost.content.models import Template
from northpost.goals.models import Goal
from northpost.segments.models import Segment
from northpost.team.rules import Ability, may
from northpost.web.frame import settings
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.navigation import entries

MOST = 6


@dataclass(frozen=True)
class Hit:
    """A line of the answer. ``group`` is its heading; ``icon`` a noun of frontend/icons.ts."""

    group: str
    label: str
    url: str
    icon: str
    hint: str = ""


@dataclass(frozen=True)
class Command:
    """Something to do, for those who may: ``url`` names the page where it is done."""

    label: Promise
    url: str
    icon: str
    ability: Ability


COMMANDS = [
    Command(gettext_lazy("New mailing"), "mailing_create", "mailing", Ability.EDIT),
    Command(gettext_lazy("New segment"), "segment_create", "segment", Ability.EDIT),
    Command(gettext_lazy("New goal"), "goal_create", "goal", Ability.EDIT),
    Command(gettext_lazy("Add a person"), "person_create", "person", Ability.EDIT),
    Command(gettext_lazy("Import people or orders"), "import_start", "import", Ability.EDIT),
    Command(gettext_lazy("New template"), "template_create", "template", Ability.EDIT),
]


# Pages without an entry in the rail.
PLACES = [
    Command(gettext_lazy("Segments"), "segments", "segment", Ability.SEE),
    Command(gettext_lazy("Lists"), "lists", "list", Ability.SEE),
    Command(gettext_lazy("Imports"), "imports", "import", Ability.SEE),
    Command(gettext_lazy("Templates"), "templates", "template", Ability.SEE),
    Command(gettext_lazy("Pictures and files"), "media", "media", Ability.SEE),
    Command(gettext_lazy("Local mailbox"), "mailbox", "mailbox", Ability.SEE),
    Command(gettext_lazy("Settings"), "settings", "settings", Ability.SEE),
]


@needs(Ability.SEE)
def search(request: StaffRequest) -> HttpResponseBase:
    """JSON for the palette; a page with the same for whoever has no script."""
    words = request.GET.get("q", "").strip()[:200]
    hits = find(request, words)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        answer = JsonResponse([asdict(hit) for hit in hits], safe=False)
        answer["Cache-Control"] = "no-store"
        return answer
    return render(request, "web/search.html", {"words": words, "hits": hits})


def find(request: StaffRequest, words: str) -> list[Hit]:
    """Without words: where one can go and what one can do. With words: people, things and settings, too."""
    hits = [*_matching(_commands(request), words), *_matching(_pages(request), words)]
    if words:
        hits += [*_people(request, words), *_things(request, words), *_matching(_settings(request), words)]
    return hits


def _matching(hits: Iterable[Hit], words: str) -> Iterator[Hit]:
    wanted = words.casefold().split()
    return (hit for hit in hits if all(word in f"{hit.label} {hit.hint}".casefold() for word in wanted))


def _commands(request: StaffRequest) -> Iterator[Hit]:
    for command in COMMANDS:
        if may(request.membership.role, command.ability):
            yield from _hit(request, _("To do"), str(command.label), command.icon, command.url)


def _pages(request: StaffRequest) -> Iterator[Hit]:
    for entry in entries(request):
        yield Hit(_("Go to"), str(entry["label"]), entry["url"], entry["icon"])
    for place in PLACES:
        if may(request.membership.role, place.ability):
            yield from _hit(request, _("Go to"), str(place.label), place.icon, place.url)


def _settings(request: StaffRequest) -> Iterator[Hit]:
    for group in settings.groups_for(request.membership.role):
        for each in group.settings:
            yield from _hit(request, _("Settings"), str(each.label), each.icon, each.url, hint=str(each.hint))


def _people(request: StaffRequest, words: str) -> Iterator[Hit]:
    for person in find_contacts(filters=Filters(search=words), size=MOST).rows:
        email = person.email or ""
        name = str(person)
        yield from _hit(request, _("People"), name, "person", "person", person.pk, hint=email if email != name else "")


def _things(request: StaffRequest, words: str) -> Iterator[Hit]:
    kinds: list[tuple[str, QuerySet[Model], str, str]] = [
        (_("Mailings"), Campaign.objects.all(), "mailing", "mailing"),
        (_("Segments"), Segment.objects.all(), "segment", "segment"),
        (_("Goals"), Goal.objects.all(), "goal", "goal"),
        (_("Templates"), Template.objects.all(), "template", "template"),
    ]
    for group, rows, icon, url in kinds:
        for pk, name in rows.filter(name__icontains=words).order_by("-pk").values_list("pk", "name")[:MOST]:
            yield from _hit(request, group, name, icon, url, pk)


def _hit(
    request: StaffRequest, group: str, label: str, icon: str, url: str, *args: int, hint: str = ""
) -> Iterator[Hit]:
    """Nothing where there is no such page (yet)."""
    try:
        yield Hit(group, label, address(request, url, *args), icon, hint)
    except NoReverseMatch:
        return

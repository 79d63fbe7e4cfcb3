"""The check before sending: who, what, from whom, and what a mailbox provider or a person would stumble over.

Each finding is done, doubtful (sending is possible) or missing (it is not), belongs to a card of the mailing's page,
and says in a sentence what it is and what would be right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from babel.numbers import format_decimal
from django.utils.translation import get_language, get_language_info, ngettext
from django.utils.translation import gettext as _

from northpost.campaigns import audience as audiences
from northpost.campaigns.models import Campaign
from northpost.campaigns.rules import Audience, BadAudience, parse_audience
from northpost.contacts.queries import context_for
from northpost.content.compile import CompiledMail, ContentError
from northpost.content.models import TemplateVersion
from northpost.content.queries import compiled as compile_version
from northpost.content.queries import newest_versions
from northpost.core import addresses, clock
from northpost.delivery.limits.warming import days_for
from northpost.delivery.models import Route, RouteKind, Sender
from northpost.delivery.queries import why_paused
from northpost.team.models import Workspace

# Gmail cuts a mail off behind this many bytes of HTML, and with it the unsubscribe link.
CLIPPED_AT = 102_000
SAMPLE = 200  # people whose values are looked at


class Level(StrEnum):
    DONE = "done"
    DOUBTFUL = "doubtful"
    MISSING = "missing"


@dataclass(frozen=True)
class Check:
    """A finding. ``card`` is who, what or when; ``key`` names the check for tests and links."""

    card: str
    key: str
    level: Level
    sentence: str


def check(campaign: Campaign) -> list[Check]:
    """Everything that there is to say about a mailing before it goes."""
    findings = [*_check_who(campaign), *_check_sender(campaign), *_check_warm_up(campaign)]
    versions = newest_versions(template_id=campaign.template_id) if campaign.template_id else {}
    if not versions:
        missing = _("Choose a template: there is nothing to send yet.")
        return [*findings, Check("what", "template", Level.MISSING, missing)]
    # Whom it suits can be asked only of an audience that there is.
    known = all(finding.key != "audience" or finding.level is Level.DONE for finding in findings)
    return [*findings, *_check_what(campaign, versions, audience_known=known)]


def _check_who(campaign: Campaign) -> Iterator[Check]:
    yield _check_audience(campaign)
    if campaign.purpose_id is None:
        yield Check("who", "purpose", Level.MISSING, _("Say which consent it rests on: only who agreed gets it."))


def _check_audience(campaign: Campaign) -> Check:
    try:
        audience = parse_audience(campaign.audience)
        people = audiences.count_audience(audience, now=clock.now())
    except BadAudience as error:
        return Check("who", "audience", Level.MISSING, str(error))
    if not audience.include:
        return Check("who", "audience", Level.MISSING, _("Choose the people who get it."))
    if people == 0:
        return Check("who", "audience", Level.MISSING, _("Nobody is in these groups now."))
    sentence = ngettext("%(people)s person is chosen.", "%(people)s people are chosen.", people)
    return Check("who", "audience", Level.DONE, sentence % {"people": _say(people)})


def _check_sender(campaign: Campaign) -> Iterator[Check]:
    workspace = Workspace.objects.get(pk=campaign.workspace_id)
    if not Sender.objects.filter(pk=campaign.sender_id or 0, archived_at=None).exists():
        yield Check("who", "sender", Level.MISSING, _("Choose whom it comes from. Senders are kept in Settings."))
    if not workspace.postal_address:
        yield Check(
            "what",
            "address",
            Level.MISSING,
            _("Enter your postal address in Settings: the law wants it in every mail."),
        )
    route = Route.objects.filter(pk=campaign.route_id or 0, archived_at=None).first()
    if route is None:
        yield Check("when", "route", Level.MISSING, _("Choose the server that it goes through."))
    elif route.kind == RouteKind.MAILBOX:
        yield Check(
            "when",
            "route",
            Level.DOUBTFUL,
            _("It goes to the local mailbox: a rehearsal, nobody outside gets anything."),
        )
    elif route.paused_at is not None:
        yield Check(
            "when",
            "route",
            Level.DOUBTFUL,
            _("The server “%(route)s” is paused: %(reason)s")
            % {"route": route.name, "reason": why_paused(route.pause_reason)},
        )


def _check_warm_up(campaign: Campaign) -> Iterator[Check]:
    sender = Sender.objects.filter(pk=campaign.sender_id or 0).first()
    if sender is None or campaign.route_id is None:
        return
    try:
        people = audiences.count_audience(_audience(campaign), now=clock.now())
    except BadAudience:
        return
    domain = addresses.normalise(sender.email).domain
    days = days_for(route_id=campaign.route_id, domain=domain, people=people, now=clock.now())
    if days is not None and days > 1:
        sentence = ngettext(
            "%(domain)s is being warmed up: it takes %(days)s day, and whoever reads your mail gets it first.",
            "%(domain)s is being warmed up: it takes %(days)s days, and whoever reads your mail gets it first.",
            days,
        )
        yield Check(
            "when",
            "warm_up",
            Level.DOUBTFUL,
            sentence % {"domain": sender.email.rpartition("@")[2], "days": _say(days)},
        )


def _check_what(campaign: Campaign, versions: dict[str, TemplateVersion], *, audience_known: bool) -> Iterator[Check]:
    compiled: dict[str, CompiledMail] = {}
    for language, version in versions.items():
        try:
            compiled[language] = compile_version(version)
        except ContentError as error:
            yield Check("what", "content", Level.MISSING, f"{_language_name(language)}: {error}")
    if audience_known:
        yield from _check_languages(campaign, set(versions))
    for language, mail in compiled.items():
        yield from _check_mail(language, mail)
    if audience_known:
        yield from _check_values(campaign, compiled)


def _check_languages(campaign: Campaign, have: set[str]) -> Iterator[Check]:
    default = campaign.default_language
    if default not in have and len(have) > 1:
        yield Check(
            "what", "language", Level.MISSING, _("Choose the language for people whose own it isn't written in.")
        )
    others = {
        language: people
        for language, people in audiences.count_languages(_audience(campaign), now=clock.now()).items()
        if language and language not in have
    }
    if others:
        people = sum(others.values())
        sentence = ngettext(
            "%(people)s person reads a language that this mail isn't written in, and gets another.",
            "%(people)s people read a language that this mail isn't written in, and get another.",
            people,
        )
        yield Check("what", "languages", Level.DOUBTFUL, sentence % {"people": _say(people)})


def _check_mail(language: str, mail: CompiledMail) -> Iterator[Check]:
    name = _language_name(language)
    if not mail.subject.text.strip():
        yield Check("what", "subject", Level.MISSING, _("%(language)s: the subject is empty.") % {"language": name})
    if "unsubscribe_url" not in mail.variables:
        yield Check(
            "what",
            "unsubscribe",
            Level.MISSING,
            _("%(language)s: there is no way to unsubscribe. Put {{ unsubscribe_url }} into a link in the footer.")
            % {"language": name},
        )
    if mail.size > CLIPPED_AT:
        yield Check(
            "what",
            "size",
            Level.DOUBTFUL,
            _("%(language)s: the mail has %(size)d KB. Gmail cuts off what is behind 102 KB.")
            % {"language": name, "size": mail.size // 1000},
        )
    broken = sorted({link.url for link in mail.links if not _is_sound(link.url)})
    if broken:
        yield Check(
            "what",
            "links",
            Level.MISSING,
            _("%(language)s: these links lead nowhere: %(links)s") % {"language": name, "links": ", ".join(broken[:3])},
        )


def _is_sound(url: str) -> bool:
    """Whether a link could work; one with a variable in it is judged per person."""
    if "{{" in url or "{%" in url:
        return True
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme in {"http", "https"} and ("." in host or host == "localhost") and " " not in url


def _check_values(campaign: Campaign, compiled: dict[str, CompiledMail]) -> Iterator[Check]:
    ids = audiences.sample_audience(_audience(campaign), now=clock.now(), size=SAMPLE)
    people = context_for(ids)
    workspace = Workspace.objects.get(pk=campaign.workspace_id)
    counts: dict[str, int] = {}
    for person in people.values():
        mail = compiled.get(str(person.get("language") or "")) or compiled.get(campaign.default_language)
        if mail is None:
            continue
        context = sample_addresses() | {
            "contact": person,
            "company": company(workspace),
            "campaign": {"name": campaign.name},
        }
        try:
            missing = mail.missing_variables(context)
        except ContentError as error:
            yield Check("what", "values", Level.MISSING, _("For one of the people it fails: %(why)s") % {"why": error})
            return
        for name in missing:
            counts[name] = counts.get(name, 0) + 1
    for name in sorted(name for name in counts if name.startswith("company.")):
        sentence = _("“%(name)s” is empty: enter it in Settings, or take it out of the mail.") % {"name": name}
        yield Check("what", "company", Level.DOUBTFUL, sentence)
        del counts[name]
    for name, count in sorted(counts.items(), key=lambda item: -item[1])[:3]:
        sentence = ngettext(
            "“%(name)s” is empty for %(count)d of %(all)d person looked at. Give it a default.",
            "“%(name)s” is empty for %(count)d of %(all)d people looked at. Give it a default.",
            len(people),
        )
        yield Check("what", "values", Level.DOUBTFUL, sentence % {"name": name, "count": count, "all": len(people)})


def company(workspace: Workspace) -> dict[str, str]:
    """The ``company`` part of a mail's context."""
    return {
        "name": workspace.company_name or workspace.name,
        "address": workspace.postal_address,
        "site": workspace.site,
    }


def sample_addresses() -> dict[str, str]:
    """Addresses that stand in a preview where a sent mail has a person's own."""
    return {"unsubscribe_url": "#unsubscribe", "preferences_url": "#preferences", "web_version_url": "#web-version"}


def _say(number: int) -> str:
    """A count with the separators of the reader's language."""
    return str(format_decimal(number, locale=(get_language() or "en").replace("-", "_")))


def _audience(campaign: Campaign) -> Audience:
    return parse_audience(campaign.audience)


def _language_name(language: str) -> str:
    try:
        return str(get_language_info(language)["name_translated"])
    except KeyError:
        return language

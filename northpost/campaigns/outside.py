"""The part of the check before sending that asks others: what the DNS says of the sender, what a spam filter thinks."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from babel.numbers import format_decimal
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from northpost.campaigns import showing, spam
from northpost.campaigns.models import Campaign
from northpost.campaigns.preflight import Check, Level
from northpost.content.compile import ContentError, RenderedMail
from northpost.content.mime import address_header
from northpost.core import addresses, clock
from northpost.delivery.domains import check as domains
from northpost.delivery.domains import words
from northpost.delivery.domains.queries import look_up_lately
from northpost.delivery.models import Route, RouteKind, Sender

EXAMPLE_RECIPIENT = "somebody@mail.example"
MOST_SYMBOLS = 3
_LEVELS = {domains.Level.GOOD: Level.DONE, domains.Level.DOUBT: Level.DOUBTFUL, domains.Level.BAD: Level.DOUBTFUL}


def check_outside(campaign: Campaign) -> list[Check]:
    """Findings that take seconds to look up. None of them keeps a mailing from being sent: who is asked may be
    wrong, or away."""
    return [*_check_domain(campaign), *_check_spam(campaign)]


def _check_domain(campaign: Campaign) -> Iterator[Check]:
    """What mailbox providers will look up: SPF, DKIM, DMARC with its alignment, MX and PTR."""
    sender = Sender.objects.filter(pk=campaign.sender_id or 0).first()
    route = Route.objects.filter(pk=campaign.route_id or 0).first()
    if sender is None or route is None or route.kind == RouteKind.MAILBOX:
        return  # nothing leaves the house
    domain = addresses.normalise(sender.email).domain
    found = look_up_lately(domain, route_id=route.pk).findings
    for finding in found:
        if finding.level in (domains.Level.DOUBT, domains.Level.BAD):
            yield Check("when", "dns", _LEVELS[finding.level], words.say(finding))
    unknown = sum(finding.level is domains.Level.UNKNOWN for finding in found)
    if unknown:
        sentence = ngettext(
            "%(count)d thing about %(domain)s could not be looked up, which says nothing about it.",
            "%(count)d things about %(domain)s could not be looked up, which says nothing about it.",
            unknown,
        )
        yield Check("when", "dns", Level.DOUBTFUL, sentence % {"count": unknown, "domain": domain})
    good = [finding.key.upper() for finding in found if finding.level is domains.Level.GOOD]
    if good:
        params = {"domain": domain, "what": ", ".join(dict.fromkeys(good))}
        yield Check("when", "dns", Level.DONE, _("%(domain)s: %(what)s as providers want it.") % params)


def _check_spam(campaign: Campaign) -> Iterator[Check]:
    """The mail in each of its languages, for an invented person, past the installation's spam filter."""
    sender = Sender.objects.filter(pk=campaign.sender_id or 0).first()
    if sender is None or not spam.spam_check_is_there():
        return
    for language, name in showing.languages(campaign):
        try:
            rendered = showing.show(campaign, contact_id=None, language=language)
            report = spam.check_spam(
                _message(sender, rendered) if rendered else b"", sender=sender.email, recipient=EXAMPLE_RECIPIENT
            )
        except ContentError:
            continue  # said among what is missing
        except spam.NoAnswer as error:
            sentence = _("The spam filter could not be asked: %(why)s.") % {"why": error}
            yield Check("what", "spam", Level.DOUBTFUL, sentence)
            return
        yield _judge_spam(name, report)


def _judge_spam(language: str, report: spam.SpamReport) -> Check:
    points = {"language": language, "score": _say(report.score), "required": _say(report.required)}
    if not report.is_doubtful:
        sentence = _("%(language)s: the spam filter gives it %(score)s points; at %(required)s it is spam.")
        return Check("what", "spam", Level.DONE, sentence % points)
    worst = [symbol for symbol in report.symbols if symbol.score > 0][:MOST_SYMBOLS]
    why = "; ".join(f"{symbol.description or symbol.name} ({_say(symbol.score)})" for symbol in worst)
    sentence = (
        _("%(language)s: the spam filter takes it for spam, with %(score)s points of %(required)s: %(why)s")
        if report.is_spam
        else _("%(language)s: the spam filter has doubts, with %(score)s points of %(required)s: %(why)s")
    )
    return Check("what", "spam", Level.DOUBTFUL, sentence % (points | {"why": why}))


def _message(sender: Sender, mail: RenderedMail) -> bytes:
    """The mail with the headers that matter to a filter, as it would leave."""
    domain = addresses.normalise(sender.email).domain
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(clock.now())
    message["From"] = address_header(sender.name, sender.email)
    message["To"] = EXAMPLE_RECIPIENT
    message["Subject"] = " ".join(mail.subject.split())
    message["Message-ID"] = f"<check@{domain}>"
    message["List-Unsubscribe"] = f"<https://{domain}/unsubscribe>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _say(points: float) -> str:
    return str(format_decimal(round(points, 1), locale=(get_language() or "en").replace("-", "_")))

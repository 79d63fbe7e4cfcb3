"""The list of what came back, and one of it."""

from __future__ import annotations

import zlib
from datetime import timedelta

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from northpost.campaigns.models import Campaign
from northpost.contacts.models import Contact
from northpost.core import clock
from northpost.delivery.inbound.parts import MAX_BYTES
from northpost.delivery.models import InboundKind, InboundMail, Inbox, Message
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, needs
from northpost.web.inbound.words import ICONS, consequence

SIZE = 50
DAYS = 30
# Filed away by themselves: they show as figures on the page of deliverability.
FILED = Q(kind=InboundKind.DMARC, detail="")
COUNTED = (InboundKind.BOUNCE, InboundKind.COMPLAINT, InboundKind.REPLY)


@require_safe
@needs(Ability.SEE)
def returns(request: StaffRequest) -> HttpResponse:
    kind = request.GET.get("kind", "")
    kind = kind if kind in InboundKind.values else ""
    words = request.GET.get("q", "").strip().lower()[:254]
    rows = InboundMail.objects.defer("raw").order_by("-received_at", "-pk")
    if kind:
        rows = rows.filter(kind=kind)
    elif not words:
        rows = rows.exclude(FILED)
    if words:
        end = words + "\U0010ffff"
        rows = rows.filter(Q(about_key__gte=words, about_key__lt=end) | Q(sender_key__gte=words, sender_key__lt=end))
    page = Paginator(rows, SIZE).get_page(request.GET.get("page"))
    people = Contact.objects.in_bulk([row.contact_id for row in page if row.contact_id])
    lines = [(row, people.get(row.contact_id or 0), ICONS.get(row.kind, "clock"), consequence(row)) for row in page]
    context = {
        "page": page,
        "lines": lines,
        "kind": kind,
        "kinds": InboundKind.choices,
        "words": words,
        "anything": bool(kind or words) or InboundMail.objects.exists(),
        "counts": _counts(),
        "reading": Inbox.objects.filter(archived_at=None).exists(),
        "may_manage": may(request.membership.role, Ability.MANAGE),
    }
    return render(request, "web/inbound/returns.html", context)


def _counts() -> dict[str, int]:
    """How many bounces, spam reports and replies came in within 30 days."""
    since = clock.now() - timedelta(days=DAYS)
    rows = (
        InboundMail.objects.filter(received_at__gt=since, kind__in=COUNTED)
        .values_list("kind")
        .annotate(mails=Count("id"))
    )
    return dict.fromkeys((str(kind) for kind in COUNTED), 0) | dict(rows)


@require_safe
@needs(Ability.SEE)
def returned_mail(request: StaffRequest, mail_id: int) -> HttpResponse:
    mail = _found(mail_id)
    message = Message.objects.filter(pk=mail.message_id).first() if mail.message_id else None
    campaign = None
    if message is not None and message.source_kind == "campaign":
        campaign = Campaign.objects.filter(pk=message.source_id).first()
    context = {
        "mail": mail,
        "icon": ICONS.get(mail.kind, "clock"),
        "person": Contact.objects.filter(pk=mail.contact_id).first() if mail.contact_id else None,
        "campaign": campaign,
        "consequence": consequence(mail),
        "may_download": mail.raw is not None and may(request.membership.role, Ability.EDIT),
    }
    return render(request, "web/inbound/mail.html", context)


@require_safe
@needs(Ability.EDIT)
def returned_raw(request: StaffRequest, mail_id: int) -> HttpResponse:
    """The mail as it came, to download; never shown."""
    mail = _found(mail_id)
    if mail.raw is None:
        raise Http404
    raw = zlib.decompressobj().decompress(bytes(mail.raw), MAX_BYTES)
    answer = HttpResponse(raw, content_type="message/rfc822")
    answer["Content-Disposition"] = f'attachment; filename="returned-{mail.pk}.eml"'
    answer["Cache-Control"] = "no-store"
    return answer


def _found(mail_id: int) -> InboundMail:
    mail = InboundMail.objects.filter(pk=mail_id).first()
    if mail is None:
        raise Http404
    return mail

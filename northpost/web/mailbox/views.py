"""The list of mails that arrived, and one of them."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from northpost.mailbox import actions, queries
from northpost.mailbox.queries import OpenedMail
from northpost.team.actions import record
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.framed import framed_mail, framed_words

LONGEST_SEARCH = 200
# Beyond any id a row can have; a number in an address may be anything.
_LARGEST_ID = 2**63 - 1
SHOWS = ("screen", "phone", "text")


@require_safe
@needs(Ability.SEE)
def mailbox(request: StaffRequest) -> HttpResponseBase:
    """A page of the list. Asked by itself again and again (``seen``), it answers 204 while nothing is new."""
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    before = _number(request.GET.get("before", ""))
    found = queries.newest_mails(search=search, before=before, limit=queries.PAGE + 1)
    mails = found[: queries.PAGE]
    total = queries.count_mails(search=search)
    state = f"{mails[0].id if mails else 0}-{total}"
    if request.GET.get("seen") == state:
        return HttpResponse(status=204)
    context = {
        "mails": mails,
        "older": mails[-1].id if len(found) > queries.PAGE else None,
        "before": before,
        "total": total,
        "all": total if not search else queries.count_mails(),
        "kept": actions.KEPT,
        "q": search,
        "state": state,
        "may_empty": may(request.membership.role, Ability.EDIT),
    }
    return render(request, "web/mailbox/mailbox.html", context)


@require_safe
@needs(Ability.SEE)
def mail(request: StaffRequest, pk: int) -> HttpResponseBase:
    """One mail: as a reader sees it on a phone or a screen, or its text; the message itself to download."""
    opened = _open(pk)
    shows = [show for show in SHOWS if opened.parsed.html or show == "text"]
    shown = request.GET.get("show", "")
    here = shown if shown in shows else shows[0]
    labels = {"phone": _("On a phone"), "screen": _("On a screen"), "text": _("As text")}
    context = {
        "mail": opened.line,
        "parsed": opened.parsed,
        "from": opened.parsed.header("From") or opened.line.sender,
        "here": here,
        "tabs": [{"key": show, "label": labels[show], "url": f"?show={show}", "count": None} for show in shows],
    }
    return render(request, "web/mailbox/mail.html", context)


@require_safe
@needs(Ability.SEE)
def html(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The mail's HTML as it was sent, for the frame."""
    opened = _open(pk)
    if not opened.parsed.html:
        return framed_words(_("This mail has no HTML part."))
    return framed_mail(opened.parsed.html)


@require_safe
@needs(Ability.SEE)
def raw(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The message as it came, to keep or to open in a mail program."""
    response = HttpResponse(_open(pk).raw, content_type="message/rfc822")
    response["Content-Disposition"] = f'attachment; filename="mail-{pk}.eml"'
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Ability.EDIT)
def empty(request: StaffRequest) -> HttpResponseBase:
    """Asked first, on a page of its own where there is no script; then everything in the mailbox goes."""
    if request.method != "POST":
        return render(request, "web/mailbox/empty.html", {"all": queries.count_mails()})
    with transaction.atomic():
        number = actions.empty_mailbox()
        record(user=request.member, verb="emptied", noun="mailbox", detail={"mails": number})
    said = ngettext("%(n)d mail deleted. The mailbox is empty.", "%(n)d mails deleted. The mailbox is empty.", number)
    messages.success(request, said % {"n": number})
    return redirect(address(request, "mailbox"))


def _open(pk: int) -> OpenedMail:
    try:
        return queries.open_mail(mail_id=min(pk, _LARGEST_ID))
    except queries.MailNotFound as error:
        raise Http404 from error


def _number(text: str) -> int | None:
    """A positive number of an address, or None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    return int(text)

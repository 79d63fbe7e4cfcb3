"""The mailboxes that are read for what comes back: one page of the settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from northpost.core import addresses
from northpost.delivery.actions.inboxes import archive_inbox, create_inbox, update_inbox
from northpost.delivery.actions.tokens import Holder
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.inbound.inboxes import WORDS, InboxProblem, check
from northpost.delivery.inbound.inboxes.tasks import defer_looking
from northpost.delivery.inbound.whose import inbox_address
from northpost.delivery.models import Inbox, Protocol, Security, Sender
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show
from northpost.web.settings.views.permission import forget_permission, permission_page


class InboxForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("As you call it: bounces, replies.")
    )
    protocol = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=Protocol.choices,
        initial=Protocol.IMAP.value,
        help_text=gettext_lazy("IMAP if you can choose."),
    )
    host = forms.CharField(
        label=gettext_lazy("Server"), max_length=255, help_text=gettext_lazy("For example imap.example.com")
    )
    security = forms.ChoiceField(label=gettext_lazy("Encryption"), choices=Security.choices, initial=Security.TLS.value)
    port = forms.IntegerField(
        label=gettext_lazy("Port"),
        initial=993,
        min_value=1,
        max_value=65535,
        help_text=gettext_lazy("IMAP: 993 with TLS from the start, 143 with STARTTLS. POP3: 995 and 110."),
    )
    username = forms.CharField(
        label=gettext_lazy("User name"), max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "Kept encrypted and never shown. Empty: stays as it is; a new mailbox then signs in with a permission."
        ),
    )
    folder = forms.CharField(
        label=gettext_lazy("Folder to read"),
        max_length=200,
        required=False,
        initial="INBOX",
        help_text=gettext_lazy("IMAP only. INBOX is where new mail arrives."),
    )
    done_folder = forms.CharField(
        label=gettext_lazy("Then move the mail to the folder"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("IMAP only; made if it is not there. Empty: what was taken in is deleted there."),
    )


@needs(Ability.MANAGE)
def inboxes(request: StaffRequest) -> HttpResponse:
    own = list(Inbox.objects.filter(archived_at=None).order_by("name", "pk"))
    context = {
        "inboxes": [(each, WORDS.get(each.problem, "")) for each in own],
        "own_address": _own_address(request.workspace.pk),
    }
    return show(request, "web/inbound/inboxes.html", here="inboxes", context=context)


def _own_address(workspace_id: int) -> str:
    """Where DMARC reports and the like can be sent, at the domain of the default sender."""
    sender = Sender.objects.filter(archived_at=None).order_by("-is_default", "pk").first()
    return inbox_address(workspace_id, addresses.normalise(sender.email).domain) if sender is not None else ""


@needs(Ability.MANAGE)
def inbox_create(request: StaffRequest) -> HttpResponse:
    form = InboxForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_inbox(by=request.member, **form.cleaned_data)
        except DeliveryProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        else:
            if not form.cleaned_data["password"]:
                return redirect(address(request, "inbox_permission", made.pk))
            _check(request, made)
            return redirect(address(request, "inboxes"))
    return _show(request, form, None)


@needs(Ability.MANAGE)
def inbox(request: StaffRequest, inbox_id: int) -> HttpResponse:
    found = _found(inbox_id)
    start = {name: getattr(found, name) for name in InboxForm.base_fields if name != "password"}
    form = InboxForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            changed = update_inbox(inbox_id=inbox_id, by=request.member, **form.cleaned_data)
        except DeliveryProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        except NotHere as error:
            raise Http404 from error
        else:
            _check(request, changed)
            return redirect(address(request, "inboxes"))
    return _show(request, form, found)


def _show(request: StaffRequest, form: InboxForm, found: Inbox | None) -> HttpResponse:
    status = 422 if form.is_bound else 200
    context = {"form": form, "inbox": found}
    return show(request, "web/inbound/inbox.html", here="inboxes", context=context, status=status)


@require_POST
@needs(Ability.MANAGE)
def inbox_do(request: StaffRequest, inbox_id: int) -> HttpResponse:
    """Try it, empty it now, or read it no more."""
    found = _found(inbox_id)
    match request.POST.get("do"):
        case "check":
            _check(request, found)
        case "look":
            defer_looking(request.workspace.pk, inbox_id)
            messages.success(request, _("It is being emptied: what was in it appears under “What came back”."))
        case "archive":
            archive_inbox(inbox_id=inbox_id, by=request.member)
            messages.success(request, _("It is read no more. What came in stays here."))
        case _:
            raise Http404
    return redirect(address(request, "inboxes"))


@needs(Ability.MANAGE)
def inbox_permission(request: StaffRequest, inbox_id: int) -> HttpResponseBase:
    found = _found(inbox_id)
    holder = Holder("inbox", inbox_id)
    return permission_page(request, holder, found, here="inboxes", said=lambda: _check(request, found))


@require_POST
@needs(Ability.MANAGE)
def inbox_permission_end(request: StaffRequest, inbox_id: int) -> HttpResponseBase:
    return forget_permission(request, Holder("inbox", inbox_id), _found(inbox_id), here="inboxes")


def _check(request: StaffRequest, inbox: Inbox) -> None:
    try:
        checked = check(inbox_id=inbox.pk)
    except InboxProblem as problem:
        messages.error(request, _say(problem))
        return
    said: Any = ngettext(
        "It works: signed in, and %(count)d mail lies there.",
        "It works: signed in, and %(count)d mails lie there.",
        checked.waiting,
    )
    messages.success(request, said % {"count": checked.waiting})


def _say(problem: InboxProblem) -> str:
    words = str(WORDS[problem.trouble])
    return f"{words} ({problem.said})" if problem.said else words


def _found(inbox_id: int) -> Inbox:
    found = Inbox.objects.filter(pk=inbox_id, archived_at=None).first()
    if found is None:
        raise Http404
    return found

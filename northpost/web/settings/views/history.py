"""Who did what: the audit trail, in words."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from northpost.goals.models import Group
from northpost.team import queries
from northpost.team.models import AuditEntry
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, needs
from northpost.web.settings.frame import show

# What was done, as a line after the name of who did it. Place-holders are keys of the entry's detail.
SENTENCES: dict[tuple[str, str], Promise] = {
    ("founded", "workspace"): _("made the workspace"),
    ("changed", "workspace"): _("changed the company's details"),
    ("invited", "member"): _("invited %(email)s"),
    ("withdrew_invitation", "member"): _("withdrew the invitation of %(email)s"),
    ("joined", "member"): _("joined the workspace"),
    ("changed_role", "member"): _("changed the role of %(email)s"),
    ("removed", "member"): _("removed %(email)s from the workspace"),
    ("made", "API key"): _("made the key “%(name)s”"),
    ("revoked", "API key"): _("revoked the key “%(name)s”"),
    ("added", "person"): _("added a person"),
    ("changed", "person"): _("changed a person's details"),
    ("erased", "person"): _("erased a person"),
    ("exported", "person"): _("exported a person's data"),
    ("exported", "people"): _("exported people: %(people)s"),
    ("set_consent", "person"): _("recorded the consent of people: %(people)s"),
    ("created", "list"): _("made the list “%(name)s”"),
    ("renamed", "list"): _("changed the list “%(name)s”"),
    ("archived", "list"): _("put away the list “%(name)s”"),
    ("restored", "list"): _("brought back the list “%(name)s”"),
    ("added_people_to", "list"): _("put people on the list “%(name)s”: %(people)s"),
    ("removed_people_from", "list"): _("took people off the list “%(name)s”: %(people)s"),
    ("renamed", "tag"): _("renamed a tag to “%(name)s”"),
    ("deleted", "tag"): _("deleted the tag “%(name)s”"),
    ("added_people_to", "tag"): _("tagged people “%(name)s”: %(people)s"),
    ("removed_people_from", "tag"): _("took the tag “%(name)s” from people: %(people)s"),
    ("defined", "field"): _("made the field “%(key)s”"),
    ("changed", "field"): _("changed the field “%(key)s”"),
    ("archived", "field"): _("put away the field “%(key)s”"),
    ("restored", "field"): _("brought back the field “%(key)s”"),
    ("made", "segment"): _("made the segment “%(name)s”"),
    ("changed", "segment"): _("changed the segment “%(name)s”"),
    ("renamed", "segment"): _("renamed the segment “%(before)s” to “%(name)s”"),
    ("archived", "segment"): _("put away the segment “%(name)s”"),
    ("brought back", "segment"): _("brought back the segment “%(name)s”"),
    ("set", "end goal"): _("said what is wanted in the end, from: %(group)s"),
    ("cleared", "end goal"): _("took back what is wanted in the end, from: %(group)s"),
    ("stated", "goal"): _("stated the goal “%(name)s”"),
    ("changed", "goal"): _("changed the goal “%(name)s”"),
    ("closed", "goal"): _("closed the goal “%(name)s”"),
    ("reopened", "goal"): _("opened the goal “%(name)s” again"),
    ("started", "campaign"): _("sent the mailing “%(name)s”"),
    ("scheduled", "campaign"): _("scheduled the mailing “%(name)s”"),
    ("unscheduled", "campaign"): _("made the mailing “%(name)s” a draft again"),
    ("paused", "campaign"): _("paused the mailing “%(name)s”"),
    ("resumed", "campaign"): _("let the mailing “%(name)s” go on"),
    ("cancelled", "campaign"): _("ended the mailing “%(name)s”"),
    ("created", "template"): _("made the template “%(name)s”"),
    ("saved", "template"): _("saved the template “%(name)s”"),
    ("duplicated", "template"): _("copied the template “%(name)s”"),
    ("archived", "template"): _("put away the template “%(name)s”"),
    ("restored", "template"): _("brought back the template “%(name)s”"),
    ("renamed", "template"): _("renamed a template to “%(name)s”"),
    ("uploaded", "file"): _("uploaded the file “%(name)s”"),
    ("deleted", "file"): _("deleted the file “%(name)s”"),
    ("added", "order"): _("entered the order %(number)s"),
    ("refunded", "order"): _("refunded an order"),
    ("emptied", "mailbox"): _("emptied the local mailbox"),
    ("finished", "demo"): _("made the demo"),
    ("created", "route"): _("added the server “%(name)s”"),
    ("changed", "route"): _("changed the server “%(name)s”"),
    ("made_default", "route"): _("made the server “%(name)s” the default"),
    ("archived", "route"): _("put away the server “%(name)s”"),
    ("created", "sender"): _("added the sender “%(name)s”"),
    ("changed", "sender"): _("changed the sender %(email)s"),
    ("made_default", "sender"): _("made “%(name)s” the sender of new mailings"),
    ("archived", "sender"): _("put away the sender “%(name)s”"),
    ("changed", "policy"): _("changed the limits of sending"),
    ("changed", "ceiling"): _("changed how much may leave at most"),
    ("changed", "provider_limit"): _("limited how much goes to %(provider)s"),
    ("removed", "provider_limit"): _("took the limit for %(provider)s away"),
    ("created", "warm_up"): _("began to warm %(domain)s up"),
    ("changed", "warm_up"): _("changed how %(domain)s is warmed up"),
    ("kept", "warm_up"): _("kept the warm-up of %(domain)s at its number"),
    ("let_grow", "warm_up"): _("let the warm-up of %(domain)s grow"),
    ("ended", "warm_up"): _("ended the warm-up of %(domain)s"),
    ("settled_delivered", "doubt"): _("said that mails in doubt were delivered: %(mails)s"),
    ("settled_refused", "doubt"): _("said that mails in doubt were refused: %(mails)s"),
    ("settled_again", "doubt"): _("had mails in doubt sent again: %(mails)s"),
    ("settled_left", "doubt"): _("left mails in doubt as they are: %(mails)s"),
    ("suppressed", "address"): _("suppressed %(email)s"),
    ("exported", "suppressions"): _("exported the suppressed addresses"),
    ("created", "inbox"): _("added the mailbox “%(name)s”"),
    ("changed", "inbox"): _("changed the mailbox “%(name)s”"),
    ("archived", "inbox"): _("let the mailbox “%(name)s” be read no more"),
    ("lifted", "suppression"): _("let %(email)s get mail again: %(why)s"),
    ("defined", "purpose"): _("made the purpose “%(label)s”"),
    ("reworded", "purpose"): _("changed the purpose “%(label)s”, version %(version)s"),
}


def say(entry: AuditEntry) -> str:
    """An entry as a line; one of a kind that has no sentence here is shown as it stands."""
    sentence = SENTENCES.get((entry.verb, entry.noun))
    if sentence is not None:
        try:
            return str(sentence) % _in_words(entry.detail)
        except KeyError:
            pass
    name = entry.detail.get("name", "")
    return f"{entry.verb} {entry.noun} {name}".replace("_", " ").strip()


def _in_words(detail: dict[str, Any]) -> dict[str, Any]:
    """What an entry tells, with the keys that rooms use for their own things in the reader's words."""
    group = detail.get("group")
    return detail | {"group": Group(group).label} if group in Group.values else detail


@needs(Ability.MANAGE)
def history(request: StaffRequest) -> HttpResponse:
    who = request.GET.get("who", "")
    page = queries.audit_trail(user_id=int(who) if who.isdecimal() else None, page=_number(request.GET.get("page", "")))
    context = {"page": page, "entries": [(row, say(row)) for row in page], "members": queries.members(), "who": who}
    return show(request, "web/settings/history.html", here="history", context=context)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 1

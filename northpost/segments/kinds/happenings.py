"""Conditions on what happened: mail received, opened, clicked; events of the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.segments.asking import Ask
from northpost.segments.catalogue import Catalogue
from northpost.segments.kinds import phrases
from northpost.segments.kinds.counting import ask_how_often, predicate, say_how_often
from northpost.segments.kinds.registry import ConditionKind
from northpost.segments.kinds.windows import ask_moment, ask_window, moment_sql, say_moment, say_window, window_sql
from northpost.segments.statement import Statement

DID = gettext_lazy("What they did")
MAIL = (
    ("received", gettext_lazy("received mail")),
    ("clicked", gettext_lazy("clicked in mail")),
    ("opened", gettext_lazy("opened mail (uncertain)")),
)
WHICH = (("any", gettext_lazy("any mailing")), ("one", gettext_lazy("one mailing")))


class Mail(ConditionKind):
    """``what`` became of mail; ``which``: any, or ``one`` with its ``mailing`` (source, e.g. "campaign:12"); how
    often: in how many messages. Received: accepted by the person's server and not bounced. What machines did doesn't
    count; opens stay uncertain all the same (law 8).
    """

    key = "mail"
    label = gettext_lazy("Mail received, opened or clicked")
    group = DID

    def shape(self, ask: Ask) -> None:
        ask.choice("what", gettext_lazy("What"), MAIL)
        ask_how_often(ask)
        if ask.choice("which", gettext_lazy("Which"), WHICH, reshapes=True) == "one":
            ask.choice("mailing", gettext_lazy("Mailing"), list(ask.catalogue.mailings.items()))
        ask_window(ask)

    def compile(self, values: Mapping[str, Any], statement: Statement) -> str:
        source = values.get("mailing")
        if values["what"] == "received":
            select = (
                f"SELECT contact_id FROM delivery_message WHERE workspace_id = {statement.workspace}"
                f" AND state = 'accepted' AND bounced_at IS NULL{window_sql(values, 'settled_at', statement)}"
            )
            if source is not None:
                kind, number = source.split(":", 1)
                select += (
                    f" AND source_kind = {statement.param(kind)}::text"
                    f" AND source_id = {statement.param(int(number))}::bigint"
                )
            return predicate(values, statement, select, "count(*)")
        select = (
            f"SELECT contact_id FROM events_event WHERE workspace_id = {statement.workspace}"
            f" AND kind = {statement.param('mail.' + values['what'])}::text AND contact_id IS NOT NULL AND NOT machine"
            f"{window_sql(values, 'occurred_at', statement)}"
        )
        if source is not None:
            select += f" AND source = {statement.param(source)}::text"
        return predicate(values, statement, select, "count(DISTINCT message_id)")

    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str:
        one = values["which"] == "one"
        named = {"name": phrases.quoted(catalogue.mailings[values["mailing"]]) if one else ""}
        said = _say_mail(values["what"], one, values["compare"] == "never") % named
        # Once at least is what the verb says by itself.
        often = "" if values["compare"] == "at_least" and values["count"] == 1 else say_how_often(values)
        return phrases.sentence(said, often, say_window(values))


def _say_mail(what: str, one: bool, never: bool) -> str:
    if never:
        return {
            ("received", True): _("have never received the mailing %(name)s"),
            ("clicked", True): _("have not clicked in the mailing %(name)s"),
            ("opened", True): _("have, as far as can be seen, not opened the mailing %(name)s"),
            ("received", False): _("have received no mail"),
            ("clicked", False): _("have clicked in no mail"),
            ("opened", False): _("have, as far as can be seen, opened no mail"),
        }[what, one]
    return {
        ("received", True): _("received the mailing %(name)s"),
        ("clicked", True): _("clicked in the mailing %(name)s"),
        ("opened", True): _("seem to have opened the mailing %(name)s"),
        ("received", False): _("received mail"),
        ("clicked", False): _("clicked in mail"),
        ("opened", False): _("seem to have opened mail"),
    }[what, one]


# kind of event -> (label, what people did)
_events: dict[str, tuple[str | Promise, str | Promise]] = {
    "contact.subscribed": (gettext_lazy("subscribed"), gettext_lazy("subscribed")),
    "contact.unsubscribed": (gettext_lazy("unsubscribed"), gettext_lazy("unsubscribed")),
    "mail.unsubscribed": (gettext_lazy("unsubscribed from a mail"), gettext_lazy("unsubscribed from a mail")),
    "mail.replied": (gettext_lazy("replied to a mail"), gettext_lazy("replied to a mail")),
    "mail.complained": (gettext_lazy("reported a mail as spam"), gettext_lazy("reported a mail as spam")),
    "mail.bounced": (gettext_lazy("a mail came back"), gettext_lazy("had a mail come back")),
    "order.placed": (gettext_lazy("placed an order"), gettext_lazy("placed an order")),
    "order.refunded": (gettext_lazy("was refunded"), gettext_lazy("were refunded")),
    "lifecycle.moved": (gettext_lazy("moved in the life cycle"), gettext_lazy("moved in the life cycle")),
}


def register_event(kind: str, label: str | Promise, clause: str | Promise) -> None:
    """Let rules speak of one more kind of event; ``clause`` goes on after "People who": "called us"."""
    _events[kind] = (label, clause)


EVENT_MEASURES = (("count", gettext_lazy("how often")), ("last", gettext_lazy("the last time")))


class Happened(ConditionKind):
    """``event`` (its kind in the log): how often in a window, or when it last happened. Machines don't count."""

    key = "event"
    label = gettext_lazy("Something that happened")
    group = DID

    def shape(self, ask: Ask) -> None:
        ask.choice("event", gettext_lazy("What"), [(kind, label) for kind, (label, _clause) in _events.items()])
        if ask.choice("measure", gettext_lazy("Look at"), EVENT_MEASURES, reshapes=True) == "count":
            ask_how_often(ask)
            ask_window(ask)
        else:
            ask_moment(ask)

    def compile(self, values: Mapping[str, Any], statement: Statement) -> str:
        select = (
            f"SELECT contact_id FROM events_event WHERE workspace_id = {statement.workspace}"
            f" AND kind = {statement.param(values['event'])}::text AND contact_id IS NOT NULL AND NOT machine"
        )
        if values["measure"] == "last":
            test = moment_sql(values, "max(occurred_at)", statement)
            return statement.among(f"{select} GROUP BY contact_id HAVING {test}")
        return predicate(values, statement, select + window_sql(values, "occurred_at", statement), "count(*)")

    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str:
        clause = str(_events[values["event"]][1])
        if values["measure"] == "last":
            return phrases.sentence(_("for the last time %(did)s") % {"did": clause}, say_moment(values))
        if values["compare"] == "never":
            return phrases.sentence(_("not once %(did)s") % {"did": clause}, say_window(values))
        often = "" if values["compare"] == "at_least" and values["count"] == 1 else say_how_often(values)
        return phrases.sentence(clause, often, say_window(values))

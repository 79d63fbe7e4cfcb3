"""The pages of the settings, in groups: what stands beside each of them, on their first page, and under Ctrl-K."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from northpost.team.rules import Ability, may


@dataclass(frozen=True)
class Setting:
    """A page of the settings, shown to those who may see it. ``hint``: in a few words, what is found there."""

    key: str
    label: Promise
    hint: Promise
    url: str
    icon: str
    ability: Ability = Ability.SEE


@dataclass(frozen=True)
class SettingGroup:
    label: Promise
    settings: tuple[Setting, ...]


GROUPS = (
    SettingGroup(
        pgettext_lazy("settings", "Firm and people"),
        (
            Setting("company", _("Company"), _("Name, postal address, language, time zone"), "company", "workspace"),
            Setting("members", _("Members"), _("Who works here, and what each may do"), "members", "team"),
            Setting("keys", _("Keys"), _("For other programs that read your figures"), "keys", "key", Ability.MANAGE),
            Setting("history", _("History"), _("Who changed what, and when"), "history", "history", Ability.MANAGE),
        ),
    ),
    SettingGroup(
        pgettext_lazy("settings", "Sending"),
        (
            Setting(
                "sending",
                _("Servers and senders"),
                _("What mail leaves through, whom it comes from, how often at most"),
                "sending",
                "route",
                Ability.MANAGE,
            ),
            Setting(
                "domains",
                _("Domains"),
                _("SPF, DKIM and DMARC: whether mailbox providers can tell that mail is yours"),
                "domains",
                "domain",
                Ability.MANAGE,
            ),
            Setting(
                "limits",
                _("Limits and warm-up"),
                _("What holds mail back, and how a new domain gets known"),
                "limits",
                "rule",
                Ability.MANAGE,
            ),
            Setting(
                "first_share",
                _("First to a few people"),
                _("Large mailings go to a small share before they go to all"),
                "canary_settings",
                "test",
                Ability.MANAGE,
            ),
        ),
    ),
    SettingGroup(
        pgettext_lazy("settings", "What comes back"),
        (
            Setting(
                "inboxes",
                _("Mailboxes to read"),
                _("Where bounces, spam reports and replies arrive"),
                "inboxes",
                "mailbox",
                Ability.MANAGE,
            ),
            Setting(
                "suppressions",
                _("Suppressed addresses"),
                _("Who gets nothing any more, and why"),
                "suppressions",
                "unsubscribe",
                Ability.EDIT,
            ),
        ),
    ),
    SettingGroup(
        pgettext_lazy("settings", "What you know of people"),
        (
            Setting("fields", _("Fields"), _("What you keep of each person"), "fields", "attribute"),
            Setting("consent", _("Consent"), _("What people agree to, in which words"), "purposes", "consent"),
        ),
    ),
)


def groups_for(role: str) -> Iterator[SettingGroup]:
    """The groups with what this role may see; none that would be empty."""
    for group in GROUPS:
        seen = tuple(setting for setting in group.settings if may(role, setting.ability))
        if seen:
            yield SettingGroup(group.label, seen)


def find(key: str) -> Setting | None:
    return next((setting for group in GROUPS for setting in group.settings if setting.key == key), None)

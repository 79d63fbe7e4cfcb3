"""Who belongs to a group of people at a moment, and what a group is called inside a sentence."""

from __future__ import annotations

from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from northpost.core import tenancy
from northpost.core.sql import Fragment
from northpost.goals.models import Group
from northpost.segments.lifecycle import stages_at

STAGES = {
    Group.PROSPECTS: ("prospect",),
    Group.NEW: ("new",),
    Group.ACTIVE: ("active", "won_back"),
    Group.AT_RISK: ("at_risk",),
    Group.LAPSED: ("lapsed",),
}
# As it stands after the figure: "First purchases by prospects". Other languages need another case here.
IN_A_SENTENCE: dict[str, str | Promise] = {
    Group.PROSPECTS: pgettext_lazy("of a group, in a sentence", "prospects"),
    Group.NEW: pgettext_lazy("of a group, in a sentence", "new customers"),
    Group.ACTIVE: pgettext_lazy("of a group, in a sentence", "active customers"),
    Group.AT_RISK: pgettext_lazy("of a group, in a sentence", "customers at risk"),
    Group.LAPSED: pgettext_lazy("of a group, in a sentence", "lapsed customers"),
    Group.PARTNERS: pgettext_lazy("of a group, in a sentence", "partners"),
    Group.EVERYONE: pgettext_lazy("of a group, in a sentence", "everyone"),
}


def members(group: str, moment: datetime) -> Fragment:
    """A query for the contact_id of those who belonged to ``group`` at ``moment``.

    Stages are read from the orders placed until then, so that a past period is measured by who was in the group
    then, not by who is now. Partners are all who are not customers: suppliers, journalists, partners.
    """
    if group in STAGES:
        # Bound names are the caller's: a group is a fixed word of ours, never a user's text.
        stages = stages_at(moment)
        wanted = ", ".join(f"'{stage}'" for stage in STAGES[Group(group)])
        return Fragment(f"SELECT contact_id FROM ({stages.text}) AS at_start WHERE stage IN ({wanted})", stages.params)
    role = " AND role <> 'customer'" if group == Group.PARTNERS else ""
    return Fragment(
        f"SELECT id AS contact_id FROM contacts_contact WHERE workspace_id = %(workspace_id)s{role}",
        {"workspace_id": tenancy.require_workspace()},
    )

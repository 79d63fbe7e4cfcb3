"""What the gate holds every marketing message to: the frequency cap and the quiet hours."""

from __future__ import annotations

from datetime import time

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.core import tenancy
from northpost.delivery.errors import DeliveryProblem
from northpost.delivery.models import Policy
from northpost.team.actions import record
from northpost.team.models import User

MOST_DAYS = 365


def set_policy(
    *,
    cap_messages: int | None,
    cap_days: int,
    quiet_from: time | None,
    quiet_until: time | None,
    by: User | None = None,
) -> Policy:
    """At most ``cap_messages`` (None: no cap) to a person within ``cap_days``; quiet hours, both or neither.

    Raises DeliveryProblem.
    """
    if cap_messages is not None and cap_messages < 1:
        raise DeliveryProblem("cap_messages", _("At least one message, or leave it empty for no cap."))
    if not 1 <= cap_days <= MOST_DAYS:
        raise DeliveryProblem("cap_days", _("Between 1 and %(most)d days.") % {"most": MOST_DAYS})
    if (quiet_from is None) != (quiet_until is None):
        raise DeliveryProblem("quiet_until", _("Say when quiet hours begin and when they end, or leave both empty."))
    if quiet_from is not None and quiet_from == quiet_until:
        raise DeliveryProblem("quiet_until", _("These quiet hours would last the whole day."))
    with transaction.atomic():
        policy, _made = Policy.objects.update_or_create(
            workspace_id=tenancy.require_workspace(),
            defaults={
                "cap_messages": cap_messages,
                "cap_days": cap_days,
                "quiet_from": quiet_from,
                "quiet_until": quiet_until,
            },
        )
        detail = {"cap": cap_messages, "days": cap_days, "quiet": [str(quiet_from or ""), str(quiet_until or "")]}
        record(user=by, verb="changed", noun="policy", noun_id=policy.pk, detail=detail)
    return policy

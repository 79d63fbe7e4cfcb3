"""The frequency cap and the quiet hours are set whole, or not at all."""

from __future__ import annotations

from datetime import time

import pytest

from northpost.core import tenancy
from northpost.delivery.actions.policy import set_policy
from northpost.delivery.errors import DeliveryProblem
from northpost.delivery.models import Policy
from northpost.team.models import User, Workspace

pytestmark = pytest.mark.django_db


def test_a_workspace_has_one_policy_of_its_own(workspace: Workspace, rival: Workspace, owner: User):
    set_policy(cap_messages=3, cap_days=7, quiet_from=time(21), quiet_until=time(8), by=owner)
    set_policy(cap_messages=None, cap_days=14, quiet_from=None, quiet_until=None, by=owner)
    policy = Policy.objects.get()
    assert (policy.cap_messages, policy.cap_days, policy.quiet_from, policy.quiet_until) == (None, 14, None, None)
    with tenancy.workspace(rival.pk):
        assert Policy.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cap_messages": 0}, "cap_messages"),
        ({"cap_days": 0}, "cap_days"),
        ({"cap_days": 366}, "cap_days"),
        ({"quiet_until": None}, "quiet_until"),
        ({"quiet_until": time(21)}, "quiet_until"),
    ],
)
def test_what_makes_no_sense_is_refused(workspace: Workspace, change: dict, field: str):
    sensible = {"cap_messages": 3, "cap_days": 7, "quiet_from": time(21), "quiet_until": time(8)}
    with pytest.raises(DeliveryProblem) as caught:
        set_policy(**sensible | change)
    assert caught.value.field == field
    assert Policy.objects.count() == 0

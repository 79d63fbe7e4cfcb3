"""How much a workspace may send at most, over all its routes."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.core import tenancy
from northpost.delivery.errors import DeliveryProblem
from northpost.delivery.limits import holds
from northpost.delivery.models import Ceiling
from northpost.team.actions import record
from northpost.team.models import User


def set_ceiling(*, per_hour: int | None, per_day: int | None, by: User | None = None) -> Ceiling:
    """None: as much as the routes take. Raises DeliveryProblem."""
    for name, value in (("per_hour", per_hour), ("per_day", per_day)):
        if value is not None and value < 1:
            raise DeliveryProblem(name, _("At least one message, or leave it empty for no limit."))
    with transaction.atomic():
        ceiling, _made = Ceiling.objects.update_or_create(
            workspace_id=tenancy.require_workspace(), defaults={"per_hour": per_hour, "per_day": per_day}
        )
        holds.release()
        record(
            user=by,
            verb="changed",
            noun="ceiling",
            noun_id=ceiling.pk,
            detail={"per_hour": per_hour, "per_day": per_day},
        )
    return ceiling

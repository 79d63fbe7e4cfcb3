"""Goals in money are for those who may see money."""

from __future__ import annotations

from northpost.goals.kpis import Kpi, Unit
from northpost.goals.queries import Progress
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest


def sees(request: StaffRequest, kpi: Kpi) -> bool:
    """Whether this figure is for the eyes of who asks."""
    return kpi.unit != Unit.MONEY or may(request.membership.role, Ability.SEE_MONEY)


def seen(request: StaffRequest, goals: list[Progress]) -> list[Progress]:
    """Those of the goals that are."""
    return [each for each in goals if sees(request, each.kpi)]

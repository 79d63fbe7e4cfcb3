"""What lower rooms ask of mailings: their names for rules, and which of them still need a segment."""

from __future__ import annotations

from northpost.campaigns.actions import SOURCE
from northpost.campaigns.models import Campaign, CampaignState


def names_by_source() -> dict[str, str]:
    """Source ("campaign:12") -> name, the newest first, of every mailing that has begun to go out."""
    begun = Campaign.objects.exclude(started_at=None).order_by("-started_at", "-pk").values_list("pk", "name")
    return {f"{SOURCE}:{pk}": name for pk, name in begun}


def uses_of_segment(segment_id: int) -> list[str]:
    """The names of the mailings that are still to go out to, or to leave out, a segment."""
    waiting = Campaign.objects.filter(
        state__in=[CampaignState.SCHEDULED, CampaignState.FREEZING], archived_at=None
    ).order_by("scheduled_at")
    return [each.name for each in waiting if _speaks_of(each.audience, segment_id)]


def _speaks_of(audience: dict[str, list[dict[str, object]]], segment_id: int) -> bool:
    return any({"segment": segment_id} in audience.get(side, []) for side in ("include", "exclude"))

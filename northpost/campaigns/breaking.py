"""What a mailing does when delivery says that it does harm."""

from __future__ import annotations

from northpost.campaigns import actions
from northpost.delivery.rules.breakers import Breaker, Level


def heed(campaign_id: int, breaker: Breaker) -> None:
    """Pause it, or say so on its page; it goes on only when somebody has looked at it and lets it."""
    code, params = f"breaker_{breaker.what}", {"share": breaker.share, "sent": breaker.sent}
    if breaker.level is Level.WARN:
        actions.warn(campaign_id=campaign_id, code=code, params=params)
        return
    try:
        actions.pause_campaign(campaign_id=campaign_id, code=code, params=params)
    except actions.CampaignError:
        # Paused, ended or done in the same moment by somebody else: then there is nothing left to hold.
        actions.warn(campaign_id=campaign_id, code=code, params=params)

"""What a mailing does when delivery says that it does harm."""

from __future__ import annotations

from django.utils.translation import gettext as _

from northpost.campaigns import actions
from northpost.delivery.rules.breakers import Breaker, Level


def heed(campaign_id: int, breaker: Breaker) -> None:
    """Pause it, or say so on its page; it goes on only when somebody has looked at it and lets it."""
    words = {"bounces": _("bounced"), "complaints": _("were reported as spam")}
    reason = _("%(share).2f%% of %(sent)d messages %(what)s") % {
        "share": breaker.share * 100,
        "sent": breaker.sent,
        "what": words[breaker.what],
    }
    if breaker.level is Level.WARN:
        actions.warn(campaign_id=campaign_id, reason=reason)
        return
    try:
        actions.pause_campaign(campaign_id=campaign_id, reason=reason)
    except actions.CampaignError:
        # Paused, ended or done in the same moment by somebody else: then there is nothing left to hold.
        actions.warn(campaign_id=campaign_id, reason=reason)

"""What a bounce that came by mail says about the address."""

from __future__ import annotations

from datetime import timedelta

from northpost.delivery.rules.replies import Blame, classify_reply

# A recipient can forge a bounce of their own message, and so one that puts the blame on us: it takes the word of
# several, about mail of one day, before a route is held for it.
SENDER_FAULTS = 5
SENDER_FAULTS_WITHIN = timedelta(days=1)


def classify_bounce(*, code: int | None, enhanced: str | None, text: str) -> Blame:
    """Whose fault a failed delivery is, out of what a notification says of it. An unknown one is soft.

    Programs that write prose leave codes out: then their words count as if they had said 550.
    """
    if enhanced is not None and not enhanced.startswith("5"):
        # 4.x.x in a final failure: they gave up on something that may pass.
        return classify_reply(code=code or 450, enhanced=enhanced, text=text, phase="final")
    return classify_reply(code=code or 550, enhanced=enhanced, text=text, phase="final")

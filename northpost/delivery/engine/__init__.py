"""The sender: claims, composes, hands over, settles.

links.py and compose.py turn a claimed message into bytes, wire.py carries them in a thread of its own, desk.py keeps
the ledger in the caller's; the three know each other by plain messages only.
"""

from northpost.delivery.engine.desk import SendReport, send_due

__all__ = ["SendReport", "send_due"]

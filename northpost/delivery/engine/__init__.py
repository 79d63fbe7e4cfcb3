"""The sender: claims, composes, hands over, settles.

desk.py keeps the ledger in the caller's thread, wire.py carries messages in one of its own; outbox.py and compose.py
turn each into bytes when a connection takes it. The two threads know each other by plain messages only.
"""

from northpost.delivery.engine.desk import SendReport, send_due

__all__ = ["SendReport", "send_due"]

"""What can be wrong with what somebody asks of this room. All of it is permanent."""

from __future__ import annotations


class DeliveryProblem(Exception):
    """Something a person can put right. ``field`` names the input; ``message`` is in the language that is active."""

    retryable = False

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class NotHere(LookupError):
    """There is no such route, sender or message in this workspace."""

    retryable = False

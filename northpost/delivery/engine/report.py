"""What a run of the sender did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class SendReport:
    """states: how many messages this run moved where (accepted, deferred, rejected, in_doubt, skipped; queued: given
    back). reasons: of the skipped. stale: results that came after the lease had run out, and changed nothing.
    alerts: what went wrong and held mail back. warnings: what somebody should look at, though the mail goes on.
    seconds: how long it took.
    """

    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    stale: int = 0
    alerts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def accepted(self) -> int:
        return self.states["accepted"]

    def count_skipped(self, skipped: Mapping[str, int]) -> None:
        """reason -> how many were skipped by the gate, when claimed or marked."""
        if skipped:
            self.reasons.update(skipped)
            self.states["skipped"] += sum(skipped.values())

    def alert(self, words: str) -> None:
        if words not in self.alerts:
            self.alerts.append(words)

    def warn(self, words: str) -> None:
        if words not in self.warnings:
            self.warnings.append(words)

"""What a measurement came to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil


@dataclass
class Outcome:
    """A figure, what was run beside it, and what it should reach.

    peers: what else was measured in the same run, name -> its figure. targets: "figure" -> the figure to reach (at
    least; at most where ``lower_is_better``), or a peer's name -> the ratio ours / theirs to reach. rows: what else was
    measured in the same run. details: what one must know to judge the figure. notes: what could not be measured, and
    why.
    """

    name: str
    figure: float
    unit: str
    scale: int
    peers: dict[str, float] = field(default_factory=dict)
    targets: dict[str, float] = field(default_factory=dict)
    lower_is_better: bool = False
    memory_mb: float = 0.0
    rows: list[Outcome] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def ratios(self) -> dict[str, float]:
        return {name: round(self.figure / theirs, 2) for name, theirs in self.peers.items() if theirs}

    @property
    def met(self) -> bool:
        own = all(self._reaches(name, goal) for name, goal in self.targets.items())
        return own and all(row.met for row in self.rows)

    def _reaches(self, name: str, goal: float) -> bool:
        reached = self.figure if name == "figure" else self.ratios[name]
        return reached <= goal if self.lower_is_better else reached >= goal

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": self.name,
            "figure": round(self.figure, 3),
            "unit": self.unit,
            "scale": self.scale,
            "peers": {name: round(figure, 3) for name, figure in self.peers.items()},
            "ratios": self.ratios,
            "targets": self.targets,
            "memory_mb": round(self.memory_mb, 1),
            "met": self.met,
        }
        if self.rows:
            found["rows"] = [row.to_json() for row in self.rows]
        return found | {name: value for name, value in (("details", self.details), ("notes", self.notes)) if value}


class Stopwatch:
    """Seconds between entering and leaving :func:`timed`."""

    seconds = 0.0


@contextmanager
def timed() -> Iterator[Stopwatch]:
    watch = Stopwatch()
    began = time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - began


def memory_mb() -> float:
    """Resident memory of this process, in MB (10^6 bytes)."""
    return psutil.Process().memory_info().rss / 1e6


def percentile(figures: list[float], share: float) -> float:
    """The smallest figure that at least ``share`` of all don't exceed (nearest rank)."""
    ranked = sorted(figures)
    return ranked[max(0, -(-int(share * 100) * len(ranked) // 100) - 1)]

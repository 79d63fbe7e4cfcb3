"""The soak's table."""

from __future__ import annotations

from collections import Counter

from tests.soak.driving import Course
from tests.soak.reckoning import Reckoning


def table(course: Course, found: Reckoning) -> str:
    rows = [
        ("seed", course.seed),
        ("seconds", round(course.seconds)),
        ("kills", f"{course.kills.total()} ({_told(course.kills)})"),
        ("restarts", f"{course.restarts.total()} ({_told(course.restarts)})"),
        ("workers stopped past their lease", course.stalls),
        ("server's faults, how often on order", _told(course.faults)),
        ("mailings", course.mailings),
        ("messages", found.messages),
        ("accepted", found.states["accepted"]),
        ("rejected", found.states["rejected"]),
        ("skipped", found.states["skipped"]),
        ("tried more than once", found.retried),
        ("left waiting", found.left),
        ("in doubt", f"{found.states['in_doubt']}, of which the server has {found.doubts_arrived}"),
        *((f"    because {why}", count) for why, count in found.doubts.most_common()),
        ("refused or skipped because", _told(found.reasons)),
        ("unexplained", found.unexplained),
        ("kept by the server and denied by the ledger", found.unaccounted),
        ("lost", found.lost),
        ("doubled", found.doubled),
    ]
    wide = max(len(name) for name, _value in rows if not name.startswith("    "))
    return "\n".join(f"{name:<{wide}}  {value}" for name, value in rows)


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"

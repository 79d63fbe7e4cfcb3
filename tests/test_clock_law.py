"""Time is an argument: no room asks the machine what time it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.floors import PACKAGE, floor_of, sources

PYTHON = re.compile(
    r"\bdatetime\.(?:now|utcnow|today)\(|\bdate\.today\(|\btimezone\.(?:now|localdate|localtime)\(\)|\btime\.time\("
    r"|auto_now(?:_add)?=True|\bfunctions\.Now\("
)
SQL = re.compile(r"(?<![%(\w])now\(\)|\bcurrent_(?:timestamp|date|time)\b|\bclock_timestamp\(", re.I)
ONLY_PLACE = PACKAGE / "core" / "clock.py"


def offences(text: str, pattern: re.Pattern[str]) -> list[str]:
    return [match.group() for match in pattern.finditer(text)]


@pytest.mark.parametrize("room", sorted(floor_of()))
def test_nobody_asks_the_machine_for_the_time(room: str):
    found: dict[str, list[str]] = {}
    for path in sources(room, ".py"):
        if path != ONLY_PLACE and (wrong := offences(path.read_text(), PYTHON)):
            found[str(path.relative_to(PACKAGE))] = wrong
    for path in sources(room, ".sql"):
        if wrong := offences(path.read_text(), SQL):
            found[str(path.relative_to(PACKAGE))] = wrong
    assert found == {}


def test_the_check_can_fail(tmp_path: Path):
    assert offences("x = datetime.now(UTC); y = timezone.now()", PYTHON) == ["datetime.now(", "timezone.now()"]
    assert offences("SELECT now(), %(now)s, CURRENT_DATE", SQL) == ["now()", "CURRENT_DATE"]
    assert offences("clock.now()", PYTHON) == []

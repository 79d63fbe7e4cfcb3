"""What the tests with real parts need of the machine; without it they are skipped, and say loudly what is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

SBIN = ("/usr/sbin", "/sbin", "/usr/lib/postfix/sbin")


def program(name: str) -> str:
    """The path of an installed program, or skip."""
    found = shutil.which(name) or next((f"{place}/{name}" for place in SBIN if Path(place, name).exists()), None)
    if found is None:
        pytest.skip(f"NOT TESTED HERE: {name} is not installed (scripts/real_parts.sh installs it where it may)")
    return found


def root() -> None:
    """Skip unless this is root."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED HERE: this test needs root")

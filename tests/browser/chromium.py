"""Finds a Chromium and starts it: the machine's own, else Playwright's (scripts/chromium.sh sees to it)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Playwright

# No sandbox, since a build machine runs as root; and nothing that would call home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The path of the machine's Chromium, or of the one that NORTHPOST_CHROMIUM names; None: Playwright's own."""
    named = os.environ.get("NORTHPOST_CHROMIUM")
    if named:
        if not Path(named).exists():
            raise FileNotFoundError(f"NORTHPOST_CHROMIUM names {named}, and nothing is there.")
        return named
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)

"""Outlasting a database that restarts, or whose disk is full."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from northpost.delivery.engine.report import SendReport

log = logging.getLogger(__name__)
T = TypeVar("T")

# So long a database that went away is waited for.
PATIENCE_SECONDS = 600.0
DISK_FULL = "53100"


class Persistence:
    """``persist(write)`` does it, and again while the database restarts. The fence keeps a repetition right."""

    def __init__(self, report: SendReport) -> None:
        self.patience = PATIENCE_SECONDS
        self._report = report

    def __call__(self, write: Callable[[], T]) -> T:
        """Raises OperationalError or InterfaceError when patience is over."""
        began, pause = time.monotonic(), 0.1
        while True:
            try:
                return write()
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() - began > self.patience:
                    raise
                full = getattr(error.__cause__, "sqlstate", None) == DISK_FULL
                words = "the database's disk is full" if full else "the database can't be reached"
                self._report.alert(words)
                log.log(logging.ERROR if full else logging.WARNING, "%s; sending waits: %s", words, error)
                connection.close()
                time.sleep(pause)
                pause = min(pause * 2, 5.0)

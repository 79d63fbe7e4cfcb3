"""Loaded before everything else (-p tests.environment): a throw-away data directory, before settings are read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_place = Path(tempfile.mkdtemp(prefix="northpost-test-"))
# PostgreSQL may run as another account (as root it must), which has to get through to its own directory.
_place.chmod(0o755)
os.environ["NORTHPOST_DATA_DIR"] = str(_place)
os.environ["NORTHPOST_TESTING"] = "1"
os.environ.setdefault("SECRET_KEY", "only for tests")
os.environ.pop("DATABASE_URL", None)
os.environ.pop("NORTHPOST_POOL", None)
# Nobody is asked about domains, except where a test brings a name server of its own.
os.environ["NORTHPOST_DNS"] = "none"

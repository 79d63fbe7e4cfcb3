"""Bears worker and sender processes on demand: it has everything imported, so that a new one costs milliseconds.

Told line by line, ``worker`` or ``sender WORKSPACE``, it answers with the process id of the child, which is the real
thing: Procrastinate's worker with all jobs, or one run of the sender.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

import django
from django.db import InterfaceError, OperationalError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "northpost.config.settings")
    django.setup()
    from northpost.delivery.engine import send_due
    from northpost.delivery.tests import rig
    from northpost.program import working

    rig.register()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead bury themselves
    for line in sys.stdin:
        kind, *given = line.split()
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(0)
        # A database that is gone ends a process; whoever watches over it bears another.
        with contextlib.suppress(OperationalError, InterfaceError):
            if kind == "worker":
                asyncio.run(working.work(concurrency=2))
            else:
                send_due(int(given[0]))
        os._exit(0)


if __name__ == "__main__":
    main()

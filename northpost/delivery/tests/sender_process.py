"""A sender in a process of its own, for tests that kill it or let it hang.

    python -m northpost.delivery.tests.sender_process WORKSPACE [--hasty] [--at MOMENT --do kill|stop]

MOMENT: claimed (messages are claimed, none marked), marked (the state sending is committed, nothing handed over) or
answered (the server's answers are here, not yet written). Prints the SendReport as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=int)
    parser.add_argument("--hasty", action="store_true")
    parser.add_argument("--at", choices=("claimed", "marked", "answered"))
    parser.add_argument("--do", choices=("kill", "stop"), default="kill")
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "northpost.config.settings"
    django.setup()
    from northpost.delivery import actions
    from northpost.delivery.engine import send_due
    from northpost.delivery.tests import rig

    rig.register()
    struck = False

    def strike() -> None:
        nonlocal struck
        if not struck:
            struck = True
            print("now", flush=True)
            os.kill(os.getpid(), signal.SIGKILL if given.do == "kill" else signal.SIGSTOP)

    def around(name: str, *, before: bool) -> None:
        real: Callable[..., Any] = getattr(actions, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if before:
                strike()
                return real(*args, **kwargs)
            result = real(*args, **kwargs)
            strike()
            return result

        setattr(actions, name, wrapped)

    if given.at:
        around(
            {"claimed": "claim", "marked": "mark_sending", "answered": "settle"}[given.at],
            before=given.at == "answered",
        )
    report = send_due(given.workspace, timeouts=rig.HASTY if given.hasty else rig.QUICK)
    print(
        json.dumps(
            {
                "states": dict(report.states),
                "reasons": dict(report.reasons),
                "stale": report.stale,
                "alerts": report.alerts,
                "seconds": report.seconds,
            }
        )
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()

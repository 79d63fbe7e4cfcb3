"""A sender in a process of its own, so that its memory is its own.

    python -m northpost.program.bench.sender WORKSPACE [LIMIT]

Prints ``ready``, waits for a line, sends what is due (at most LIMIT messages), and prints what that took as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from northpost.program import ground


def main() -> None:
    workspace_id, limit = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None
    ground.settle()
    # Only now: the rooms need Django.
    from northpost.delivery.engine import send_due
    from northpost.program.working import be_quick

    be_quick()
    print("ready", flush=True)
    sys.stdin.readline()
    began, cpu = time.perf_counter(), time.process_time()
    report = send_due(workspace_id, limit=limit)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
                "states": dict(report.states),
                "alerts": report.alerts,
                "peak_mb": peak_mb(),
            }
        )
    )


def peak_mb() -> float:
    """The most memory this process ever had resident, in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: that begins with what the parent had.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main()

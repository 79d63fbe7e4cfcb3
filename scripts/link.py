"""Puts Northpost itself into the virtual environment: the package by a .pth file, and its command.

An editable install without a build backend: nothing to download, nothing to build.
"""

from __future__ import annotations

import stat
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = """#!{python}
import sys
from northpost.program.main import main
# A child process that is spawned imports this file again.
if __name__ == "__main__":
    sys.exit(main())
"""


def link() -> None:
    """Write ``northpost.pth`` and ``bin/northpost`` into the environment that runs this."""
    Path(sysconfig.get_path("purelib"), "northpost.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = Path(sysconfig.get_path("scripts"), "northpost")
    command.write_text(COMMAND.format(python=sys.executable), encoding="utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


if __name__ == "__main__":
    link()

"""The ``northpost`` command. Each subcommand is a module of this package."""

from __future__ import annotations

import click

from northpost import __version__
from northpost.program import demo, doctor, doubt, importing, inbound, processes, suppressing, up
from northpost.program.bench.command import bench


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="northpost")
def main() -> None:
    """E-mail marketing that starts from the goal."""


main.add_command(up.up)
main.add_command(demo.demo)
main.add_command(processes.web)
main.add_command(processes.worker)
main.add_command(processes.mailbox)
main.add_command(importing.import_)
main.add_command(importing.export)
main.add_command(inbound.inbound)
main.add_command(inbound.lmtp)
main.add_command(suppressing.suppress)
main.add_command(doctor.doctor)
main.add_command(doubt.doubt)
main.add_command(bench)

if __name__ == "__main__":
    main()

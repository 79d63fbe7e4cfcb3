"""Bringing files of people (and, by kinds registered from higher rooms, of products and orders) in.

What a page or a command does, in this order:

    run = receive(kind="contacts", filename="people.csv", content=upload)     # kept, looked at, columns guessed
    run = receive(kind="contacts", path=Path("people.csv"))                    # a command: read where it lies
    run = understand(run_id=run.pk, encoding="cp1251", has_header=False)       # where the guess was wrong
    shape(run).sample_rows, kinds.get(run.kind).destinations()                 # to show, and to choose from
    run = start(run_id=run.pk, mapping={...}, options=Options(...))            # into the queue
    report = work(run_id=run.pk)                                               # or at once, in this process
    run.rows_done / run.rows_total                                             # progress; `run.state`
    run.refused_path                                                           # CSV: row, reason, the row's own cells
    undo(run_id=run.pk)                                                        # where kinds.get(run.kind).undo is there

`mapping` is column -> destination; columns left out are not imported. `Options` says what happens to people who are
here already, which consent the people in the file gave, and to which lists and tags they go.

Counts: `created_count`, `updated_count` and `unchanged_count` count people (or products, or orders and refunds),
`refused_count` rows. `rows_done` is the number of the last row dealt with, as a spreadsheet counts, and is
committed together with what the rows did: a killed run goes on after it and does nothing twice.

Everything is done inside `core.tenancy.workspace(...)`. Raises: `UnreadableFile` (core.tabular) for the file,
`ImportRefused` for a mapping or options that can't work, each with a plain `message`.
"""

from .kinds import Destination, ImportKind, ImportRefused, Job, Loader, RowRefused, Tally
from .options import Existing, Options
from .runs import delete_file, forget_old_files, receive, shape, start, understand
from .undoing import register_activity, undo
from .working import Report, work

__all__ = [
    "Destination",
    "Existing",
    "ImportKind",
    "ImportRefused",
    "Job",
    "Loader",
    "Options",
    "Report",
    "RowRefused",
    "Tally",
    "delete_file",
    "forget_old_files",
    "receive",
    "register_activity",
    "shape",
    "start",
    "understand",
    "undo",
    "work",
]

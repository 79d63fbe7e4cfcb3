"""Mail under random faults: workers, senders, PostgreSQL and the mail server are killed again and again.

    make soak                        200 kills, at most twelve minutes
    python -m tests.soak --help

Then the ledger is held against what the mail server kept.
"""

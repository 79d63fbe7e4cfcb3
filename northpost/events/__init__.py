"""The log of everything that happened (law 5): append-only, idempotent, partitioned by month; and its consumers.

Tables: events_event (with its partitions), events_receipt, events_cursor.
"""

"""Limits that hold over all workers on all machines: budgets, holds, slow-downs by mailbox provider, warm-up.

What is used of a budget is one row in the database, locked while it is asked. Without a limit nothing is asked.
"""

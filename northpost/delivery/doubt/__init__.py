"""What is known of messages in doubt: from the ledger (known.py), and from mail servers' logs (logs.py).

Settled they are by actions.doubt.
"""

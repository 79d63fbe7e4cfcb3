"""Sending domains: what the DNS says of them against what it should say, and the exact records to publish.

resolving.py asks, records.py and spf.py read (RFC 7208, 6376, 7489 and DMARCbis), check.py puts it together, words.py
says it in sentences, signing.py finds the DKIM keys that sign for a domain; actions.py keeps keys and checks.
"""

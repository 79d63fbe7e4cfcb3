"""E-mail services by their APIs: a route of kind ``esp`` hands messages over by HTTP instead of SMTP.

One service is one folder in providers/ that registers itself: what it is called and asks for (``__init__``), how a
message is handed over (sending.py), how its reports are checked and read (events.py). pool.py is to the sender what
transport.ConnectionPool is for SMTP; http.py knows what an answer, or none, means for the ledger.
"""

from northpost.delivery.esp.provider import Account, BadCredentials, CredentialField, Provider, find, providers

__all__ = ["Account", "BadCredentials", "CredentialField", "Provider", "find", "providers"]

"""What every room stands on: clock, tenancy, SQL loader, signing, the embedded PostgreSQL. No product words.

Tables: none of its own. Its first migration makes the role the program runs as, and what the walls lean on.
"""

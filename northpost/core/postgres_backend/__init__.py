"""Django's PostgreSQL backend, told who it is working for: see base.py."""

"""The local mailbox: an SMTP server on loopback that keeps what arrives and delivers nothing.

It serves demo and development, and, with faults told to it, the tests. It binds to loopback only, so that it
can't be mistaken for real sending. Tables: mailbox_mail.
"""

"""Mailboxes elsewhere, emptied by IMAP or POP3: a client for each, and looking, which uses them."""

from northpost.delivery.inbound.inboxes.looking import Checked, Looked, check, look
from northpost.delivery.inbound.inboxes.problems import WORDS, InboxProblem, Trouble

__all__ = ["WORDS", "Checked", "InboxProblem", "Looked", "Trouble", "check", "look"]

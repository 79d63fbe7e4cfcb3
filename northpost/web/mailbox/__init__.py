"""The local mailbox's pages: what a rehearsal would have sent, as its readers would see it."""

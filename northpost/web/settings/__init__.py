"""Settings of a workspace, behind its name: company, members, sending, fields, consent, suppressions, history."""

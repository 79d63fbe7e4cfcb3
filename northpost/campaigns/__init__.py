"""One-off mailings: composed, checked, sent to an audience frozen into the ledger, watched, reported.

Tables: campaigns_campaign, campaigns_content, campaigns_test, campaigns_canary.
"""

"""What came back: bounces, spam reports, replies and reports, and the mailboxes that they are fetched from."""

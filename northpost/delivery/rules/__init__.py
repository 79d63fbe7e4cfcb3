"""What is decided about messages, as pure functions: retrying, breakers, what a reply means, what a machine did."""

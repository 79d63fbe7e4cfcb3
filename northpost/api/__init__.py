"""What other programs ask for over HTTP, in JSON, each with a key of one workspace. No tables of its own."""

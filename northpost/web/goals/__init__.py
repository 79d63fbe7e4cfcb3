"""Goals: what the firm wants from each group of people, and how far it has come. No tables."""

"""Groups of people: the list, the builder with its live count, and a segment's page. No tables."""

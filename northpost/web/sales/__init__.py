"""Sales: orders with their refunds and the mailing that touched them; products and who bought them."""

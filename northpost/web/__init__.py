"""The pages of the staff, one package for each part of the product; ``frame`` is what they share."""

"""Customers: people, one person, lists, tags, and bringing files of people, products and orders in."""

"""Deliverability: how mail fares at the providers, by day, and what DMARC reports say. No tables."""

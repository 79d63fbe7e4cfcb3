"""The ledger of messages and everything that leaves or comes back: gate, sender, routes, suppression, opens, clicks.

Tables: delivery_route, delivery_sender, delivery_policy, delivery_message, delivery_link, delivery_suppression.
"""

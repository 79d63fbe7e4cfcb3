"""The ledger of messages and everything that leaves or comes back: gate, sender, routes, suppression, opens, clicks.

A message enters by actions.enqueue (the gate), is claimed, sent and settled by engine.send_due, and what becomes of
it comes back by actions.record_hits, unsubscribe and complain. What a message says is known by its source: rooms
above register theirs in sources. Tables: delivery_route, delivery_sender, delivery_policy, delivery_source,
delivery_message, delivery_waiting, delivery_claim, delivery_link, delivery_hit, delivery_suppression,
delivery_installation_suppression; of what comes back (see inbound): delivery_inbox, delivery_inbound_mail,
delivery_dmarc_report, delivery_dmarc_row; of limits:
delivery_budget, delivery_ceiling, delivery_hold, delivery_slowdown, delivery_mailhost, delivery_warmup,
delivery_warmupday; of domains: delivery_sendingdomain, delivery_dkimkey; of deliverability: delivery_day,
delivery_count; delivery_held (what waits for a first share) and delivery_route_token (permissions to sign in with).
"""

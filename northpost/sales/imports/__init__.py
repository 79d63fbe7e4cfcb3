"""The kinds of import that sales brings: "orders" and "products", registered in its AppConfig; and well-known files.

An orders file has one row per order, or one row per line of an order; lines of one order are its rows with the same
order number. A row's worth is its total, or its quantity times its unit price. A number whose rows come to less than
nothing is a credit note: each line goes back to the order it came from (sql/match_refunds.sql says how that is
found), and is refused where that order is not here.

Rows that name no customer are kept as orders of nobody: the money was earned, and the firm's figures have to agree
with its books; they count to no person. `Options.extra["anonymous"] = "refuse"` refuses them instead.

Idempotent by number: the same file twice changes nothing. A file without order numbers gets them, made of the file's
first rows and the row's number. Orders that come by import are `backfill` events: they trigger nothing.
"""

"""``northpost bench``: measures the hot paths on the machine at hand, on a throw-away database with durable commits.

Each module measures one path and returns an Outcome. Nothing here is a test: the suite asserts no speed.
"""

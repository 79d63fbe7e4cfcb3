"""How mail fares, counted per day, recipient's domain and sender's domain: figures that a page can add up at once.

A day's figures are always counted anew from the ledger, never moved by steps: so they equal it, whatever happened.
counting.py says which days changed and counts them, queries.py adds up.
"""

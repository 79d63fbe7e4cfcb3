"""Openings and clicks, answered before Django: /m/o/ and /m/c/.

door.py speaks ASGI, reading.py says what an address asks for, journal.py commits hits together and then lets them
be answered, with what replying.py has ready.
"""

from northpost.public.hits.door import HitDoor

__all__ = ["HitDoor"]

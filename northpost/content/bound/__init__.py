"""A compiled mail made ready for one mailing: what is the same for everybody stands there as bytes already.

marks.py: stand-ins for what is a message's own and always of one length; quoted.py: quoted-printable in pieces that
may be joined in any order; reading.py: what each piece of Liquid depends on; units.py: the pieces that differ by
person; parts.py: the HTML and the plain text, cut at them; mail.py: all of it, joined per person.
"""

from northpost.content.bound.mail import Binding, BoundMail
from northpost.content.bound.marks import Marks, filled

__all__ = ["Binding", "BoundMail", "Marks", "filled"]

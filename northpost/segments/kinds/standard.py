"""The kinds of condition that this room brings, in the order in which a page offers them."""

from __future__ import annotations

from northpost.segments.kinds import registry
from northpost.segments.kinds.attributes import Attribute, CustomField
from northpost.segments.kinds.happenings import Happened, Mail
from northpost.segments.kinds.orders import Ordered
from northpost.segments.kinds.standing import ConsentGiven, HasTag, InStage, OnList


def register_all() -> None:
    for kind in (Ordered, Mail, InStage, ConsentGiven, OnList, HasTag, Attribute, CustomField, Happened):
        registry.register(kind())

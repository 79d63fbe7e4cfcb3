"""What comes back to the shop is read by the product as what it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from northpost.delivery.inbound.classify import AutoReply, Complaint, Dsn, Reply, classify
from northpost.demo.readers import Deed
from northpost.demo.returns import BY_MAIL, Case, write

CASE = Case(
    at=datetime(2026, 6, 15, 9, 30, tzinfo=UTC),
    person=3,
    address="ani@mail.example",
    language="bg",
    back="bounce+00@voltline.example",
    message_id="<one@voltline.example>",
)


@pytest.mark.parametrize(
    ("deed", "kind"),
    [(Deed.LATE_BOUNCE, Dsn), (Deed.COMPLAIN, Complaint), (Deed.AWAY, AutoReply), (Deed.REPLY, Reply)],
)
def test_each_is_what_it_is(deed: Deed, kind: type) -> None:
    assert isinstance(classify(write(deed, CASE)).kind, kind)


def test_a_returned_mail_names_the_mailbox_and_the_reason() -> None:
    found = classify(write(Deed.LATE_BOUNCE, CASE)).kind
    assert isinstance(found, Dsn)
    assert [(one.address, one.action, one.enhanced) for one in found.recipients] == [
        ("ani@mail.example", "failed", "5.2.2")
    ]


def test_all_that_is_done_by_mail_is_written() -> None:
    assert all(write(deed, CASE) for deed in BY_MAIL)

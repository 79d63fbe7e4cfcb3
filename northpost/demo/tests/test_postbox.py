"""The demo's mailbox takes mail in a process of its own, refuses the dead, and hands back what it kept."""

import smtplib
from datetime import UTC, datetime, timedelta

import pytest

from northpost.demo.postbox import Postbox

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)


def mail(number: int) -> str:
    return f"Message-ID: <{number}@voltline.example>\r\nSubject: {number}\r\n\r\nHello\r\n"


def test_it_counts_keeps_the_newest_and_tells_the_time_it_was_told() -> None:
    with Postbox(now=NOW, keep=2) as box:
        with smtplib.SMTP(box.host, box.port) as smtp:
            smtp.sendmail("a@voltline.example", ["b@mail.example"], mail(1))
            box.tell_time(NOW + timedelta(days=1))
            assert box.received().count == 1
            for number in (2, 2, 3):
                smtp.sendmail("a@voltline.example", ["b@mail.example"], mail(number))
        received = box.received()
    assert (received.count, received.distinct) == (4, 3)
    assert [kept.raw.split(b"\r\n")[1] for kept in received.newest] == [b"Subject: 2", b"Subject: 3"]
    assert {kept.received_at for kept in received.newest} == {NOW + timedelta(days=1)}


def test_the_dead_are_refused_for_good_and_the_full_for_now() -> None:
    with Postbox(now=NOW, dead=["gone@mail.example"], full=["full@mail.example"]) as box:
        with smtplib.SMTP(box.host, box.port) as smtp:
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                smtp.sendmail("a@voltline.example", ["gone@mail.example"], mail(1))
            assert refused.value.recipients["gone@mail.example"][0] == 550
            with pytest.raises(smtplib.SMTPRecipientsRefused) as put_off:
                smtp.sendmail("a@voltline.example", ["full@mail.example"], mail(1))
            assert put_off.value.recipients["full@mail.example"][0] == 452
            assert smtp.sendmail("a@voltline.example", ["b@mail.example"], mail(1)) == {}
        assert box.received().count == 1


def test_it_ends_with_its_block() -> None:
    with Postbox(now=NOW) as box:
        process, port = box._process, box.port
    assert not process.is_alive()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(Postbox.host, port)


def test_megabytes_come_back_whole() -> None:
    large = mail(1) + "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 10_000
    with Postbox(now=NOW, keep=8) as box:
        with smtplib.SMTP(box.host, box.port) as smtp:
            for _number in range(8):
                smtp.sendmail("a@voltline.example", ["b@mail.example"], large)
        received = box.received()
    assert received.count == len(received.newest) == 8
    assert {len(kept.raw) for kept in received.newest} == {len(large)}

"""What follows from a mail that came in, and that only a token of ours makes anything follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from northpost.contacts.actions import erase_contact
from northpost.contacts.models import Consent
from northpost.contacts.queries import export_person
from northpost.core import clock, tenancy
from northpost.delivery import queries
from northpost.delivery.inbound.following import follow_up
from northpost.delivery.inbound.keeping import KEPT, forget_old
from northpost.delivery.inbound.taking import NotOurs, take_in
from northpost.delivery.inbound.tests import letters
from northpost.delivery.inbound.tests.conftest import mid, verp
from northpost.delivery.inbound.whose import inbox_address, workspace_of_address
from northpost.delivery.models import (
    DmarcReport,
    InboundMail,
    Message,
    Resolution,
    Route,
    Sender,
    Source,
    Suppression,
    Way,
)
from northpost.delivery.tests import rig
from northpost.events.models import Event
from northpost.mailbox.models import Mail
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

Make = Callable[..., list[Message]]


def come_in(raw: bytes, to: str = "", workspace_id: int | None = None) -> InboundMail:
    """Taken in and followed up; what was made of it."""
    workspace_id = workspace_id or tenancy.require_workspace()
    taken = take_in(raw=raw, way=Way.IMAP, envelope_recipient=to, workspace_id=workspace_id)
    follow_up()
    rows = InboundMail.objects.all()
    return rows.get(pk=taken.mail_id) if taken.mail_id else rows.get()


def nothing_followed() -> bool:
    return not (
        Suppression.objects.exists()
        or Event.objects.filter(kind__startswith="mail.").exists()
        or Message.objects.exclude(bounced_at=None, complained_at=None).exists()
        or Source.objects.filter(late_bounced_count__gt=0).exists()
    )


def test_a_hard_bounce_suppresses_the_right_person_and_the_ledger_stays_true(sent: Make):
    first, second = sent(2)
    row = come_in(letters.dsn(to=verp(second)), verp(second))
    assert (row.state, row.kind, row.blame, row.code, row.enhanced) == ("done", "bounce", "hard", 550, "5.1.1")
    assert (row.message_id, row.contact_id, row.about_key) == (second.pk, second.contact_id, "ivan@mail.example")
    suppressed = Suppression.objects.get()
    assert (suppressed.email_key, suppressed.reason, suppressed.message_id) == (second.email, "hard_bounce", second.pk)
    second.refresh_from_db()
    first.refresh_from_db()
    assert (second.state, second.bounced_at is not None, first.bounced_at) == ("accepted", True, None)
    event = Event.objects.get(kind="mail.bounced")
    assert (event.message_id, event.properties) == (second.pk, {"kind": "hard", "code": 550, "enhanced": "5.1.1"})
    source = Source.objects.get()
    assert (source.accepted_count, source.rejected_count, source.late_bounced_count) == (2, 0, 1)


def test_the_same_mail_fifty_times_is_one(message: Message):
    for _ in range(50):
        come_in(letters.dsn(to=verp(message)), verp(message))
    assert InboundMail.objects.count() == 1
    # And another server's word about the same message counts no second time, whatever it says.
    come_in(letters.dsn(to=verp(message), status="4.2.2", diagnostic="smtp; 452 4.2.2 full"), verp(message))
    come_in(letters.dsn(to=verp(message), status="5.7.1", diagnostic="smtp; 550 5.7.1 spam"), verp(message))
    assert InboundMail.objects.count() == 3
    assert Event.objects.filter(kind="mail.bounced").count() == 1
    assert Suppression.objects.count() == 1
    assert Source.objects.get().late_bounced_count == 1


@pytest.mark.parametrize("kept_kind", ["text/rfc822-headers", "message/rfc822"])
@pytest.mark.parametrize("proof", ["envelope", "delivered-to", "to", "return-path", "message-id"])
def test_whose_it_is_by_any_token(message: Message, proof: str, kept_kind: str):
    kept = {
        "return-path": letters.original(verp=verp(message)),
        "message-id": letters.original(mid=mid(message)),
    }.get(proof, "")
    raw = letters.dsn(to=verp(message) if proof == "to" else "bounces@shop.example", kept=kept, kept_kind=kept_kind)
    if proof == "delivered-to":
        raw = f"Delivered-To: {verp(message).upper()}\r\n".encode() + raw
    assert come_in(raw, verp(message) if proof == "envelope" else "").message_id == message.pk
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("template", [letters.QMAIL, letters.EXIM, letters.EXCHANGE])
def test_bounces_of_other_makes(message: Message, template: str):
    row = come_in(letters.filled(template, kept=letters.original(mid=mid(message))))
    assert (row.kind, row.message_id) == ("bounce", message.pk)


def test_without_a_true_token_nothing_follows(sent: Make, rival: Workspace):
    (message,) = sent(1)
    address = verp(message)
    place = address.index("+") + 9
    forged = address[:place] + ("0" if address[place] != "0" else "1") + address[place + 1 :]
    for raw, to in [
        (letters.dsn(to=forged), forged),
        (letters.dsn(to="bounce+0000@shop.example"), ""),
        (letters.filled(letters.ARF, kept=letters.original(mid=f"<{'A' * 40}@shop.example>"), kind="abuse"), ""),
        (letters.reply(in_reply_to="<somebody.elses@shop.example>"), ""),
        (letters.dsn(to=message.email or ""), ""),
    ]:
        row = come_in(raw, to)
        assert (row.state, row.kind, row.detail, row.message_id) == ("done", "unknown", "no_token", None)
    assert nothing_followed()
    # A true one is nothing in another workspace's hands; it goes to its own.
    with tenancy.workspace(rival.pk):
        taken = take_in(raw=letters.dsn(to="x@y.example"), way=Way.LMTP, envelope_recipient=address)
        assert taken.workspace_id == message.workspace_id
        assert not InboundMail.objects.exists()
        row = come_in(letters.dsn(to="x@y.example", kept=letters.original(mid=mid(message))))
        assert (row.workspace_id, row.detail, row.message_id) == (rival.pk, "other_workspace", None)
    assert nothing_followed()


def test_a_spam_report_suppresses_and_withdraws_once(message: Message):
    raw = letters.filled(letters.ARF, kept=letters.original(mid=mid(message)), kind="abuse")
    row = come_in(raw)
    assert (row.kind, row.diagnostic, row.contact_id) == ("complaint", "Yahoo!-Mail-Feedback/2.0", message.contact_id)
    come_in(letters.filled(letters.JMRP, kept=letters.original(mid=mid(message))))
    assert (Suppression.objects.get().reason, Consent.objects.get().state) == ("complaint", "withdrawn")
    assert Event.objects.filter(kind="mail.complained").count() == 1
    assert Source.objects.get().complained_count == 1


def test_a_reply_is_an_event_with_its_words(message: Message):
    row = come_in(letters.reply(in_reply_to=mid(message)))
    assert (row.kind, row.text, row.sender_key) == ("reply", "Thank you, the blue one please.", "ivan@mail.example")
    # The same reply by another way, with other traces on it.
    come_in(b"Received: by elsewhere\r\n" + letters.reply(in_reply_to=mid(message)), verp(message))
    event = Event.objects.get(kind="mail.replied")
    assert (event.contact_id, event.message_id, event.source) == (message.contact_id, message.pk, f"{rig.KIND}:1")
    assert event.properties == {"inbound_id": row.pk}
    assert InboundMail.objects.count() == 2
    assert not Suppression.objects.exists()


def test_an_out_of_office_note_is_nothing(message: Message):
    for raw in (
        letters.reply(in_reply_to=mid(message), Auto_Submitted="auto-replied"),
        letters.reply(in_reply_to=mid(message), subject="Автоматичен отговор: в отпуск"),
    ):
        row = come_in(raw, verp(message))
        assert (row.kind, row.message_id) == ("auto_reply", message.pk)
    assert nothing_followed()


@pytest.mark.parametrize(("action", "kind"), [("delayed", "delay"), ("delivered", "unknown"), ("relayed", "unknown")])
def test_a_delay_or_a_receipt_is_nothing(message: Message, action: str, kind: str):
    row = come_in(letters.dsn(to=verp(message), action=action, status="4.4.1"), verp(message))
    assert (row.kind, row.message_id) == (kind, message.pk)
    assert nothing_followed()


def test_soft_bounces_escalate_at_the_fifth_within_thirty_days(sent: Make):
    (first,) = sent(1)
    rest = []
    for source_id in range(2, 7):
        rig.enqueue(source_id)
        rest.append(Message.objects.get(source_id=source_id))
    Message.objects.update(state="accepted", settled_at=clock.now())
    full = {"status": "4.2.2", "diagnostic": "smtp; 452 4.2.2 mailbox full"}
    with clock.use(clock.VirtualClock(clock.now() - timedelta(days=31))):
        come_in(letters.dsn(to=verp(first), **full), verp(first))
    for message in rest[:4]:
        assert come_in(letters.dsn(to=verp(message), **full), verp(message)).blame == "soft"
    assert not Suppression.objects.exists()
    come_in(letters.dsn(to=verp(rest[4]), **full), verp(rest[4]))
    assert Suppression.objects.get().reason == "soft_bounces"


def test_what_is_the_mails_fault_suppresses_nobody_and_counts_for_the_breaker(message: Message):
    spam = {"status": "5.7.1", "diagnostic": "smtp; 550 5.7.1 looks like spam"}
    for _ in range(2):
        assert come_in(letters.dsn(to=verp(message), **spam), verp(message)).blame == "policy"
    come_in(letters.dsn(to=verp(message), **(spam | {"status": "5.7.2"})), verp(message))
    assert Source.objects.get().late_bounced_count == 1
    assert not Suppression.objects.exists()
    assert Message.objects.get().bounced_at is None


def test_late_bounces_pause_a_mailing(sent: Make):
    messages = sent(10)
    Source.objects.update(accepted_count=200)
    for message in messages[:9]:
        come_in(letters.dsn(to=verp(message)), verp(message))
    source = queries.source(rig.KIND, 1)
    assert source is not None
    assert (source.state, source.breaker) == ("active", "warn")
    come_in(letters.dsn(to=verp(messages[9])), verp(messages[9]))
    source.refresh_from_db()
    assert (source.state, source.breaker) == ("paused", "pause")


def test_our_own_fault_holds_the_route_on_the_word_of_several(sent: Make):
    route = rig.route(9)
    messages = sent(6)
    Message.objects.update(route_id=route.pk)
    fault = {"status": "5.7.26", "diagnostic": "smtp; 550-5.7.26 the sender is unauthenticated"}
    for message in messages[:4]:
        for number in range(2):
            raw = letters.dsn(to=verp(message), **fault) + b"\r\n" * number
            assert come_in(raw, verp(message)).blame == "sender"
    assert Route.objects.get(pk=route.pk).paused_at is None
    come_in(letters.dsn(to=verp(messages[4]), **fault), verp(messages[4]))
    held = Route.objects.get(pk=route.pk)
    assert held.paused_at is not None
    assert (held.paused_until, held.pause_reason) == (None, "550-5.7.26 the sender is unauthenticated")
    assert not Suppression.objects.exists()
    # Mended and let go on: the old words hold it no second time.
    Route.objects.update(paused_at=None, pause_reason="")
    come_in(letters.dsn(to=verp(messages[5]), **fault), verp(messages[5]))
    assert Route.objects.get(pk=route.pk).paused_at is None


def test_what_came_back_settles_a_doubt(sent: Make):
    bounced, answered, other = sent(3)
    Message.objects.update(state="in_doubt")
    Source.objects.update(accepted_count=0, in_doubt_count=3)
    come_in(letters.dsn(to=verp(bounced)), verp(bounced))
    come_in(letters.reply(in_reply_to=mid(answered), Auto_Submitted="auto-replied"))
    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {bounced.pk: "accepted", answered.pk: "accepted", other.pk: "in_doubt"}
    source = Source.objects.get()
    assert (source.accepted_count, source.in_doubt_count, source.late_bounced_count) == (2, 1, 1)
    found = Resolution.objects.order_by("message_id").values_list("message_id", "verdict", "evidence")
    assert list(found) == [(bounced.pk, "delivered", "return"), (answered.pk, "delivered", "return")]


def test_a_person_s_export_has_what_they_wrote(message: Message):
    come_in(letters.reply(in_reply_to=mid(message)))
    (told,) = export_person(message.contact_id)["returned"]
    assert (told["kind"], told["text"]) == ("reply", "Thank you, the blue one please.")


def test_a_bomb_is_put_aside_and_keeps_nobody_waiting(message: Message):
    bomb = b'Subject: x\nContent-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\nhello\n" * 5000
    take_in(raw=bomb, way=Way.LMTP, envelope_recipient=verp(message))
    row = come_in(letters.dsn(to=verp(message)), verp(message))
    assert row.kind == "bounce"
    refused = InboundMail.objects.get(state="refused")
    assert (refused.kind, refused.detail) == ("unknown", "too_many_parts")


def test_a_mail_that_nobody_foresaw_is_put_aside_alone(message: Message, monkeypatch: pytest.MonkeyPatch):
    from northpost.delivery.inbound import following

    real = following.classify

    def stumble(raw: bytes) -> object:
        if b"stumble" in raw:
            raise RuntimeError("unforeseen")
        return real(raw)

    monkeypatch.setattr(following, "classify", stumble)
    take_in(raw=b"Subject: stumble\n\nhello", way=Way.LMTP, envelope_recipient=verp(message))
    assert come_in(letters.dsn(to=verp(message)), verp(message)).kind == "bounce"
    refused = InboundMail.objects.get(state="refused")
    assert (refused.detail, Suppression.objects.count()) == ("failed", 1)


def test_dmarc_reports_are_stored_once_and_only_about_our_domains(workspace: Workspace):
    Sender.objects.create(name="Shop", email="news@shop.example", created_at=clock.now())
    row = come_in(letters.dmarc())
    assert (row.kind, row.detail) == ("dmarc", "")
    come_in(letters.dmarc(packed="zip"))
    report = DmarcReport.objects.get()
    assert (report.organisation, report.domain, report.published["p"]) == ("google.com", "shop.example", "none")
    rows = report.rows.order_by("pk").values_list("source_ip", "messages", "dkim_aligned", "spf_aligned", "disposition")
    assert list(rows) == [("192.0.2.1", 41, True, False, "none"), ("2001:db8::25", 2, False, False, "quarantine")]
    assert come_in(letters.dmarc(domain="other.example")).detail == "foreign_domain"
    assert come_in(letters.dmarc(content=b"<feedback>", packed="xml")).detail == "xml_broken"
    assert DmarcReport.objects.count() == 1


def test_for_whom_an_address_is(workspace: Workspace, rival: Workspace):
    address = inbox_address(workspace.pk, "shop.example")
    assert workspace_of_address(address.upper()) == workspace.pk
    assert workspace_of_address(inbox_address(rival.pk, "shop.example")) == rival.pk
    assert workspace_of_address(address.replace("inbox+0", "inbox+1")) is None
    assert workspace_of_address("news@shop.example") is None
    with pytest.raises(NotOurs):
        take_in(raw=letters.reply(), way=Way.LMTP, envelope_recipient="news@shop.example")
    with pytest.raises(NotOurs):
        take_in(raw=letters.reply(), way=Way.LMTP, envelope_recipient=inbox_address(999_999, "shop.example"))
    assert not InboundMail.objects.exists()


def test_after_a_month_the_raw_mail_goes_and_what_meant_nothing_altogether(message: Message):
    kept = come_in(letters.reply(in_reply_to=mid(message)))
    come_in(b"Subject: spam\n\nbuy")
    now = clock.now()
    assert forget_old(now + KEPT - timedelta(minutes=1)) == 0
    assert forget_old(now + KEPT + timedelta(minutes=1)) == 2
    left = InboundMail.objects.get()
    assert (left.pk, left.raw, left.text) == (kept.pk, None, "Thank you, the blue one please.")
    assert forget_old(now + KEPT + timedelta(minutes=1)) == 0


def test_an_erasure_reaches_what_came_in_and_the_local_mailbox(sent: Make):
    first, second = sent(2)
    come_in(letters.reply(in_reply_to=mid(first)))
    come_in(letters.dsn(to=verp(first)), verp(first))
    come_in(letters.reply(sender=first.email or "", subject="Hello"))
    stays = come_in(letters.reply(in_reply_to=mid(second), sender=second.email or ""))
    for to in (first.email, second.email):
        Mail.objects.create(sender="a@shop.example", recipient=to, subject="", raw=b"", size=0, received_at=clock.now())
    erase_contact(contact_id=first.contact_id)
    assert list(InboundMail.objects.values_list("pk", flat=True)) == [stays.pk]
    assert list(Mail.objects.values_list("recipient", flat=True)) == [second.email]

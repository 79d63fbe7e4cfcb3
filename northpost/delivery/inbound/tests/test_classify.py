"""What kind of mail came in: bounces of all makes, spam reports, automatic replies, replies."""

from __future__ import annotations

import pytest

from northpost.delivery.inbound.classify import AutoReply, Reply, Unknown, classify
from northpost.delivery.inbound.dsn import Dsn, Recipient
from northpost.delivery.inbound.feedback import Complaint
from northpost.delivery.inbound.tests import letters
from northpost.delivery.rules.bounces import classify_bounce
from northpost.delivery.rules.replies import Blame


def failed(raw: bytes) -> Recipient:
    kind = classify(raw).kind
    assert isinstance(kind, Dsn)
    assert kind.failed is not None
    return kind.failed


def blame(raw: bytes) -> Blame:
    found = failed(raw)
    return classify_bounce(code=found.code, enhanced=found.enhanced, text=found.text)


def test_a_notification_by_the_book():
    found = failed(letters.dsn())
    assert found == Recipient(
        "ivan@mail.example",
        "failed",
        550,
        "5.1.1",
        "550 5.1.1 <ivan@mail.example>: Recipient address rejected: User unknown",
    )
    reading = classify(letters.dsn())
    assert isinstance(reading.kind, Dsn)
    assert (reading.kind.reporter, reading.sender_key) == ("relay.example", "mailer-daemon@relay.example")
    assert reading.subject == "Undelivered Mail Returned to Sender"


@pytest.mark.parametrize(
    ("status", "diagnostic", "expected"),
    [
        ("5.1.1", "smtp; 550 5.1.1 User unknown", Blame.HARD),
        ("5.1.1", 'x-unix; unknown user: "ivan"', Blame.HARD),
        ("5.0.0", "smtp; 550 5.1.1 User unknown", Blame.HARD),
        ("5.0.0", "smtp; 550 Requested action not taken: mailbox unavailable: user unknown", Blame.HARD),
        ("5.0.0", "x-unix; user unknown", Blame.HARD),
        ("4.2.2", "smtp; 452 4.2.2 The email account that you tried to reach is over quota", Blame.SOFT),
        ("5.2.2", "smtp; 552 5.2.2 Mailbox full", Blame.SOFT),
        ("5.4.4", "X-Postfix; Host or domain name not found. Name service error", Blame.SOFT),
        ("5.7.1", "smtp; 550 5.7.1 Message rejected as spam", Blame.POLICY),
        ("5.0.0", "smtp; 554 Message blocked: listed by Spamhaus", Blame.POLICY),
        ("5.7.515", "smtp; 550 5.7.515 Access denied, sending domain does not meet the level", Blame.SENDER),
        ("5.7.26", "smtp; 550-5.7.26 This mail has been blocked because the sender is unauthenticated", Blame.SENDER),
        ("5.3.0", "smtp; 550 strange things happened", Blame.SOFT),
        ("nonsense", "nonsense", Blame.SOFT),
    ],
)
def test_whose_fault_a_notification_says_it_is(status: str, diagnostic: str, expected: Blame):
    assert blame(letters.dsn(status=status, diagnostic=diagnostic, action="failed")) is expected


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_is_no_failure(action: str):
    kind = classify(letters.dsn(action=action, status="4.4.1" if action == "delayed" else "2.0.0")).kind
    assert isinstance(kind, Dsn)
    assert kind.failed is None
    assert [one.action for one in kind.recipients] == [action]


def test_internationalised_notifications():
    raw = letters.dsn(recipient="utf-8; иван@mail.example").replace(
        b"message/delivery-status", b"message/global-delivery-status"
    )
    assert failed(raw).address == "иван@mail.example"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (letters.QMAIL, (None, "5.1.1", "ivan@mail.example", Blame.HARD)),
        (letters.EXIM, (550, "5.2.2", "ivan@mail.example", Blame.SOFT)),
        (letters.EXCHANGE, (550, "5.1.10", "ivan@firm.example", Blame.HARD)),
    ],
)
def test_programs_that_go_their_own_way(template: str, expected: tuple[int | None, str, str, Blame]):
    raw = letters.filled(template, kept=letters.original())
    found = failed(raw)
    assert (found.code, found.enhanced, found.address, blame(raw)) == expected


def test_a_warning_in_prose_is_a_delay():
    raw = letters.filled(letters.QMAIL).replace(b"failure notice", b"Warning: could not send message for past 4 hours")
    kind = classify(raw).kind
    assert isinstance(kind, Dsn)
    assert kind.failed is None
    assert kind.delayed is not None


def test_spam_reports():
    kept = letters.original()
    assert classify(letters.filled(letters.ARF, kept=kept, kind="abuse")).kind == Complaint(
        "abuse", "Yahoo!-Mail-Feedback/2.0"
    )
    assert classify(letters.filled(letters.JMRP, kept=kept)).kind == Complaint("abuse", "Microsoft JMRP")
    for harmless in ("not-spam", "auth-failure", "other", ""):
        assert classify(letters.filled(letters.ARF, kept=kept, kind=harmless)).kind == Unknown("other_feedback")


@pytest.mark.parametrize(
    "subject",
    [
        "Out of Office: back on Monday",
        "Automatic reply: News for Ivan",
        "Auto-Reply",
        "Автоматичен отговор: Новини",
        "Извън офиса до 5 март",
        "Автоответ: Новости",
        "Нет на месте: Новости",
        "В отпуске до понедельника",
        "Abwesenheitsnotiz",
    ],
)
def test_out_of_office_by_its_subject(subject: str):
    assert classify(letters.reply("I am away.", subject=subject)).kind == AutoReply()


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Auto_Submitted": "auto-generated; owner=x"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "yes"},
        {"Precedence": "auto_reply"},
    ],
)
def test_out_of_office_by_its_headers(headers: dict[str, str]):
    assert classify(letters.reply("I am away.", **headers)).kind == AutoReply()


@pytest.mark.parametrize("subject", ["Re: Out of office furniture", "Fwd: В отпуск с нами", "Question", ""])
def test_a_person_who_writes_is_no_machine(subject: str):
    assert isinstance(classify(letters.reply("Yes!", subject=subject, Auto_Submitted="no")).kind, Reply)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Yes please.\n\nOn Mon, 2 Mar 2026, Shop wrote:\n> Hello\n> there\n", "Yes please."),
        ("Да, моля.\n\nНа 2.03.2026 г. Магазин <n@s.example> написа:\n> Здравей\n", "Да, моля."),
        ("Да, пожалуйста.\n\n2 марта 2026 г., Магазин <n@s.example> написал:\n> Здравствуйте\n", "Да, пожалуйста."),
        ("Top\n\n-----Original Message-----\nFrom: Shop\nHello\n", "Top"),
        ("> quoted first\nAnswer below\n", "Answer below"),
        ("As Ivan wrote:\nI'd take the blue one.\n", "As Ivan wrote:\nI'd take the blue one."),
        ("> only a quotation\n", "> only a quotation"),
    ],
)
def test_the_persons_own_words(text: str, words: str):
    assert classify(letters.reply(text)).kind == Reply(words)


def test_words_out_of_html():
    html = (
        "<html><head><title>x</title><style>p{}</style></head><body><p>Да &amp; не</p><!-- <b> no -->"
        "<script>1<2</script>"
        "<div>Втори&nbsp;ред<br>трети</div></body></html>"
    )
    assert classify(letters.reply(html=html)).kind == Reply("Да & не\n\nВтори ред\nтрети")


def test_a_mail_without_words_is_not_a_reply():
    assert classify(letters.reply(" \n")).kind == Unknown("empty")


def test_who_wrote():
    assert classify(letters.reply()).sender_key == "ivan@mail.example"
    assert classify(letters.reply(sender="IVAN@Mail.Example")).sender_key == "ivan@mail.example"
    assert classify(b"Subject: x\r\n\r\nhello").sender_key == ""


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "expected"),
    [
        (None, None, "Sorry, no mailbox here by that name.", Blame.HARD),
        (None, None, "This user doesn't have a yahoo.com account", Blame.HARD),
        (None, None, "unrouteable address", Blame.HARD),
        (None, None, "mailbox is full", Blame.SOFT),
        (None, None, "your mail was blocked for bad reputation", Blame.POLICY),
        (None, None, "", Blame.SOFT),
        (None, "4.4.7", "delivery time expired, user unknown", Blame.SOFT),
        (421, "4.7.28", "unusual rate of unsolicited mail", Blame.SENDER),
    ],
)
def test_whose_fault_words_say_it_is(code: int | None, enhanced: str | None, text: str, expected: Blame):
    assert classify_bounce(code=code, enhanced=enhanced, text=text) is expected

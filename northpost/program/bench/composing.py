"""One message after another, from people and a compiled mailing to bytes: no database, no network."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

from northpost.content.compile import CompiledMail, compile_mail
from northpost.delivery.engine.compose import Prepared, compose, prepare, render
from northpost.delivery.sources import Mailing
from northpost.delivery.transport import Envelope
from northpost.program.bench import newsletter
from northpost.program.bench.outcome import Outcome, memory_mb

TARGET = 28_500.0
WHOLE_MESSAGES = 300
WHOLE = "each rendered as a whole and written by Python's email"
BATCH = 500
LANGUAGE = "en"
NOW = datetime(2026, 3, 5, 9, 7, tzinfo=UTC)
SHARED = {
    "company": {"name": "Bench", "address": "1 Bench Street", "site": newsletter.SITE},
    "campaign": {"name": "Bench"},
}


def measure(scale: int) -> Outcome:
    """Messages a second of one core, with the slow and obvious way beside it."""
    prepared = mailing()
    size = len(message(prepared, 0).data)
    best = 0.0
    began = time.process_time()
    for start in range(0, scale, BATCH):
        people = [person(number) for number in range(start, min(start + BATCH, scale))]
        watch = time.process_time()
        for number, who in enumerate(people, start=start):
            message(prepared, number, who)
        best = max(best, len(people) / (time.process_time() - watch))
    seconds = time.process_time() - began
    whole = time.process_time()
    for number in range(WHOLE_MESSAGES):
        written_as_a_whole(prepared, number)
    whole_rate = WHOLE_MESSAGES / (time.process_time() - whole)
    details = {"bytes a mail": size, "microseconds a message": round(1e6 / best, 1)}
    details["with making up the people, messages/s"] = round(scale / seconds)
    return Outcome(
        "compose",
        best,
        "messages/s of one core (the best batch)",
        scale,
        peers={WHOLE: whole_rate},
        targets={"figure": TARGET},
        memory_mb=memory_mb(),
        details=details,
    )


def mailing() -> Prepared:
    compiled: CompiledMail = compile_mail(
        mjml=newsletter.mjml(), subject=newsletter.SUBJECT, preheader="", text=None, language=LANGUAGE
    )
    made = Mailing(
        sender_name="Bench",
        sender_email="news@bench.example",
        reply_to="",
        contents={LANGUAGE: compiled},
        language=LANGUAGE,
        contexts=lambda contact_ids: {},
        shared=SHARED,
        list_name="Bench",
    )
    links = {link.url: number for number, link in enumerate(compiled.links, start=1)}
    return prepare(made, workspace_id=1, source_kind="campaign", source_id=1, link_ids=links)


def person(number: int) -> dict[str, object]:
    """Everybody's address is their own; names and towns come again, as they do."""
    return {
        **SHARED,
        "contact": {
            "email": f"person{number}@mail{number % 40}.example",
            "first_name": f"Firstname{number % 997}",
            "last_name": f"Lastname{number % 1009}",
            "card": f"K{number:09d}",
            "points": f"{number % 5000}",
            "city": f"City {number % 311}",
        },
    }


def message(prepared: Prepared, number: int, who: dict[str, object] | None = None) -> Envelope:
    return compose(
        prepared,
        message_id=number + 1,
        email=f"person{number}@mail{number % 40}.example",
        language=LANGUAGE,
        context=who or person(number),
        now=NOW,
    )


def written_as_a_whole(prepared: Prepared, number: int) -> bytes:
    rendered = render(prepared, message_id=number + 1, language=LANGUAGE, context=person(number))
    made = EmailMessage(policy=policy.SMTP)
    made["From"], made["To"] = prepared.sender, f"person{number}@mail.example"
    made["Subject"] = rendered.subject
    made.set_content(rendered.text, cte="quoted-printable")
    made.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    return made.as_bytes()

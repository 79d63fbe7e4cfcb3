"""A mailing, end to end: claimed, rendered, sent over SMTP to a sink in a process of its own, settled."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

from northpost.campaigns import actions
from northpost.content import actions as content
from northpost.core import clock, tenancy
from northpost.delivery.engine import send_due
from northpost.delivery.models import Message, MessageState, Route, RouteKind, Security
from northpost.demo.postbox import Postbox
from northpost.program.bench import shop
from northpost.program.bench.outcome import Outcome, memory_mb, timed

PEER_MESSAGES = 1_000
PEER = "smtplib and EmailMessage, one at a time"


def measure(scale: int) -> Outcome:
    """Messages a second, with what Python's own library manages with mail of the same size beside it."""
    workspace, _owner = shop.found()
    with tenancy.workspace(workspace.pk), Postbox(now=clock.now(), keep=1) as postbox:
        shop.fill(scale)
        route = _route(postbox.port)
        template = content.create_template(languages=["en", "bg", "ru"], kind="newsletter")
        campaign = actions.create_campaign(
            name="Bench",
            template_id=template.pk,
            default_language="en",
            route_id=route.pk,
            audience={"include": [{"everyone": True}], "exclude": []},
        )
        actions.start_campaign(campaign_id=campaign.pk)
        actions.freeze(campaign_id=campaign.pk)
        with timed() as watch:
            send_due(workspace.pk)
        accepted = Message.objects.filter(state=MessageState.ACCEPTED).count()
        if accepted != scale or postbox.received().distinct != scale:
            raise RuntimeError(f"{scale} should have been sent; accepted {accepted}")
        peer = _one_at_a_time(postbox.port, bytes(postbox.received().newest[-1].raw))
    return Outcome(
        "send",
        scale / watch.seconds,
        "messages/s",
        scale,
        peers={PEER: peer},
        targets={"figure": 20_000},
        memory_mb=memory_mb(),
    )


def _route(port: int) -> Route:
    Route.objects.update(is_default=False)
    return Route.objects.create(
        name="Sink",
        kind=RouteKind.SMTP,
        host="127.0.0.1",
        port=port,
        security=Security.NONE,
        connections=10,
        is_default=True,
        created_at=clock.now(),
    )


def _one_at_a_time(port: int, raw: bytes) -> float:
    text = raw.decode("utf-8", "replace")
    with smtplib.SMTP("127.0.0.1", port) as server, timed() as watch:
        for number in range(PEER_MESSAGES):
            message = EmailMessage()
            message["From"], message["To"] = "news@bench.example", f"person{number}@mail.example"
            message["Subject"] = "Bench"
            message.set_content(text[: len(text) // 4])
            message.add_alternative(text, subtype="html")
            server.send_message(message)
    return PEER_MESSAGES / watch.seconds

"""The main job at small scale, through the real engine and a real SMTP connection: every figure reconciles."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from northpost.analytics.models import Touch
from northpost.campaigns.models import Campaign
from northpost.contacts.models import Contact
from northpost.core import tenancy
from northpost.delivery.models import InboundMail, Message, Suppression
from northpost.demo.company import make_company
from northpost.demo.readers import Deed
from northpost.demo.run import DemoState, demo_state, run_main_job
from northpost.demo.scenario import MAILINGS
from northpost.events.models import Event
from northpost.mailbox.models import Mail
from northpost.sales.models import Order
from northpost.team.actions import found_workspace
from northpost.team.models import User
from northpost.team.queries import workspace_by_slug, workspace_ids

NOW = datetime(2026, 6, 15, 14, 30, tzinfo=UTC)
PEOPLE = 300
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def events(kind: str, *, machine: bool) -> int:
    return Event.objects.filter(kind=kind, machine=machine).count()


def test_ledger_sink_log_and_report_agree_and_a_second_run_changes_nothing() -> None:
    heard: list[str] = []
    job = run_main_job(people=PEOPLE, today=NOW, say=heard.append)
    result, expected, received = job.result, job.expected, job.received
    assert expected is not None and received is not None
    assert heard[0].startswith("Making the demo company Voltline: 300 people")
    assert demo_state() is DemoState.WHOLE

    company = make_company(now=NOW, people=PEOPLE)
    workspace = workspace_by_slug("voltline")
    assert workspace is not None
    with tenancy.workspace(workspace.pk):
        assert result.people == Contact.objects.count() == PEOPLE
        # The ledger: everybody in an audience is accounted for.
        states = Counter(Message.objects.values_list("state", flat=True))
        assert result.messages == dict(states)
        assert set(states) <= {"accepted", "rejected", "deferred", "skipped", "in_doubt"}
        assert sum(result.messages.values()) == Message.objects.count()
        assert not Message.objects.filter(state="skipped", reason="").exists()
        # The sink: each accepted message once, and those in doubt, whose last answer it kept to itself.
        assert received.count == received.distinct == states["accepted"] + states["in_doubt"]
        assert Mail.objects.count() == min(received.count, 200)
        # The dead are refused once and suppressed.
        dead = {company.people.email[n] for n in range(PEOPLE) if company.audience.is_dead(n)}
        refused = list(Message.objects.filter(state="rejected").values_list("email", flat=True))
        assert len(refused) == len(set(refused)) == Suppression.objects.filter(reason="hard_bounce").count()
        assert set(refused) <= dead
        # The log: what the readers did, each once, machines apart.
        assert events("mail.opened", machine=False) == expected[Deed.OPEN]
        assert events("mail.clicked", machine=False) == expected[Deed.CLICK]
        assert events("mail.opened", machine=True) == expected[Deed.MACHINE_OPEN]
        assert events("mail.clicked", machine=True) == expected[Deed.MACHINE_CLICK]
        assert result.unsubscribes == expected[Deed.UNSUBSCRIBE]
        opened = Message.objects.exclude(opened_at=None)
        assert result.opens == opened.count() <= expected[Deed.OPEN]
        assert result.clicks == Message.objects.exclude(clicked_at=None).count()
        # What came back by mail: read as what it was, and told whose it is.
        kinds = Counter(InboundMail.objects.exclude(message_id=None).values_list("kind", flat=True))
        wrote = {"bounce": Deed.LATE_BOUNCE, "auto_reply": Deed.AWAY, "reply": Deed.REPLY, "complaint": Deed.COMPLAIN}
        assert kinds == {kind: expected[deed] for kind, deed in wrote.items() if expected[deed]}
        assert expected[Deed.AWAY] > 0
        assert events("mail.replied", machine=False) == expected[Deed.REPLY]
        # The shop: its own orders and those that letters brought; touched ones are in the report.
        assert Order.objects.count() == len(company.orders) + expected[Deed.ORDER]
        assert Order.objects.count() == Event.objects.filter(kind="order.placed").count()
        assert result.orders == Touch.objects.count() >= expected[Deed.ORDER] > 0
        assert result.revenue > Decimal(0)
        # What goes out: sent ones, one for tomorrow, one draft.
        by_state = Counter(Campaign.objects.values_list("state", flat=True))
        assert by_state["scheduled"] == by_state["draft"] == 1
        assert by_state["sent"] + by_state["sending"] == len(MAILINGS) - 2
        scheduled = Campaign.objects.get(state="scheduled").scheduled_at
        assert scheduled is not None and scheduled.date() == (NOW + timedelta(days=1)).date()

    shown = result.to_json()
    assert list(shown) == [
        *("people", "messages", "opens", "clicks", "unsubscribes", "orders", "revenue", "goals", "seconds")
    ]
    assert shown["revenue"]["currency"] == "EUR"
    assert len(shown["goals"]) == 6
    assert all(list(goal) == ["name", "baseline", "target", "value", "on_track"] for goal in shown["goals"])

    owner = User.objects.get(email=job.owner.email)
    assert job.owner.password is not None and owner.check_password(job.owner.password)
    again = run_main_job(people=PEOPLE, today=NOW)
    assert again.result.already_there and again.owner == job.owner
    assert again.result.to_json() | {"seconds": 0, "goals": 0} == shown | {"seconds": 0, "goals": 0}


def test_what_a_broken_run_left_is_cleared_away_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert demo_state() is DemoState.ABSENT
    owner = User.objects.create_user("owner@demo.example", "a long enough password")
    broken = found_workspace(name="Voltline", slug="voltline", owner=owner)
    other = found_workspace(name="Other", owner=owner)
    assert demo_state() is DemoState.UNFINISHED
    # No partners among so few: the letter to them stays a draft.
    only_partners = tuple(planned for planned in MAILINGS if planned.letter == "partners")
    monkeypatch.setattr("northpost.demo.run.MAILINGS", only_partners)
    heard: list[str] = []
    job = run_main_job(people=40, today=NOW, say=heard.append)
    assert heard[0] == "Clearing away what an earlier run left"
    assert heard[-1] == "Nobody to send it to: Letter to partners and press"
    assert demo_state() is DemoState.WHOLE
    assert not job.result.already_there and job.result.messages == {}
    assert other.pk in workspace_ids() and broken.pk not in workspace_ids()
    # The owner had a password of their own: it is not told.
    assert job.owner.password is None
    assert not run_main_job(people=40, today=NOW, fresh=True).result.already_there
    assert len(workspace_ids()) == 3

"""DMARC reports as figures: by domain, day and server."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from northpost.core import clock, tenancy
from northpost.delivery.inbound.accounts import (
    DmarcDay,
    DmarcDomain,
    DmarcSource,
    dmarc_days,
    dmarc_domains,
    dmarc_sources,
)
from northpost.delivery.inbound.reports import store_reports
from northpost.delivery.inbound.tests import letters
from northpost.delivery.models import DmarcReport, Sender
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db
SPAN = {"since": datetime(2026, 3, 1, tzinfo=UTC), "until": datetime(2026, 4, 1, tzinfo=UTC)}
END = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)


def test_what_reports_add_up_to(workspace: Workspace, rival: Workspace):
    Sender.objects.create(name="Shop", email="news@mail.shop.example", created_at=clock.now())
    later = letters.NEW_SCHEMA.replace("1772323200", "1772409600").replace("1772409599", "1772495999")
    for xml in (letters.OLD_SCHEMA, letters.OLD_SCHEMA, later):
        assert store_reports([xml.format(domain="shop.example").encode()], mail_id=1) == ""
    assert DmarcReport.objects.count() == 2
    (domain,) = dmarc_domains(**SPAN)
    assert domain == DmarcDomain("shop.example", 2, 2, 50, 48, domain.published)
    assert domain.published["p"] == "reject"
    assert dmarc_days(domain="shop.example", **SPAN) == [
        DmarcDay(date(2026, 3, 1), 41, 2),
        DmarcDay(date(2026, 3, 2), 7, 0),
    ]
    assert dmarc_sources(domain="shop.example", **SPAN) == [
        DmarcSource("192.0.2.1", 41, 41, 0, 41, 0, END),
        DmarcSource("192.0.2.9", 7, 7, 7, 7, 0, END + timedelta(days=1)),
        DmarcSource("2001:db8::25", 2, 0, 0, 0, 2, END),
    ]
    assert dmarc_domains(since=SPAN["until"], until=SPAN["until"] + timedelta(days=30)) == []
    with tenancy.workspace(rival.pk):
        assert dmarc_domains(**SPAN) == []

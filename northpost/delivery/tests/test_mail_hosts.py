"""Which provider runs a domain's mailboxes: by its name, or by its MX records."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dns.exception
import dns.resolver
import dns.rrset
import pytest

from northpost.core import clock
from northpost.delivery.limits import hosts
from northpost.delivery.limits.providers import group_of_domain, group_of_hosts, name_of
from northpost.delivery.models import MailHost
from northpost.team.models import Workspace


@pytest.mark.parametrize(
    ("domain", "group"),
    [
        ("gmail.com", "google"),
        ("hotmail.co.uk", "microsoft"),
        ("live.nl", "microsoft"),
        ("yahoo.com.br", "yahoo"),
        ("bk.ru", "mailru"),
        ("abv.bg", "abv"),
        ("web.de", "gmx"),
        ("pm.me", "proton"),
        ("firm.example", None),
        ("live.firm.example", None),
        ("yahoo.example.com", None),
        ("hotmail", None),
    ],
)
def test_well_known_domains(domain: str, group: str | None):
    assert group_of_domain(domain) == group


@pytest.mark.parametrize(
    ("servers", "group"),
    [
        (["aspmx.l.google.com.", "alt1.aspmx.l.google.com."], "google"),
        (["firm-example.mail.protection.outlook.com."], "microsoft"),
        (["mx.yandex.net."], "yandex"),
        (["mx1.relay.example.", "mx2.relay.example."], "relay.example"),
        (["mx.host.co.uk."], "host.co.uk"),
        (["relay."], "relay"),
        ([], "firm.example"),
    ],
)
def test_who_runs_the_servers(servers: list[str], group: str):
    assert group_of_hosts("firm.example", servers) == group


def test_groups_have_names_that_people_know():
    assert (name_of("google"), name_of("relay.example")) == ("Gmail", "relay.example")


class Records:
    """A resolver that knows what it is told; an exception is raised."""

    def __init__(self, **known: Any) -> None:
        self.known = {name.replace("__", "."): found for name, found in known.items()}
        self.asked: list[str] = []

    def resolve(self, name: str, kind: str) -> Any:
        assert kind == "MX"
        self.asked.append(name)
        found = self.known[name]
        if isinstance(found, Exception):
            raise found
        return dns.rrset.from_text(f"{name}.", 60, "IN", "MX", *found)


@pytest.mark.django_db
def test_what_is_wanted_is_looked_up_once_and_again_after_a_while(workspace: Workspace):
    records = Records(
        a__example=["20 mx.other.example.", "10 aspmx.l.google.com."],
        b__example=dns.resolver.NoAnswer(),
        c__example=dns.exception.Timeout(),
    )
    hosts.want(["a.example", "b.example", "c.example", "gmail.com", "a.example"])
    assert hosts.look_up(resolver=records) == 3  # type: ignore[arg-type]
    assert sorted(records.asked) == ["a.example", "b.example", "c.example"]
    groups = dict(MailHost.objects.values_list("domain", "mx_group"))
    assert groups == {"a.example": "google", "b.example": "b.example", "c.example": ""}
    assert hosts.groups_of(groups) == {"a.example": "google", "b.example": "b.example", "c.example": "c.example"}
    assert hosts.look_up(resolver=records) == 0  # type: ignore[arg-type]
    now = clock.now()
    with clock.use(clock.VirtualClock(now + timedelta(hours=7))):
        assert hosts.look_up(resolver=records) == 1  # type: ignore[arg-type]
    assert records.asked[3:] == ["c.example"]
    with clock.use(clock.VirtualClock(now + timedelta(days=15))):
        records.known["a.example"] = dns.exception.Timeout()
        assert hosts.look_up(resolver=records) == 3  # type: ignore[arg-type]
    # What was known is kept while the DNS is silent.
    assert MailHost.objects.get(domain="a.example").mx_group == "google"

"""Which provider runs a domain's mailboxes: by its name, or by its MX records."""

from __future__ import annotations

from datetime import timedelta

import pytest

from northpost.core import clock
from northpost.delivery.domains.resolving import Resolver
from northpost.delivery.domains.tests.name_server import NameServer, name_server
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


ZONE = {
    ("a.example", "MX"): ["20 mx.other.example.", "10 aspmx.l.google.com."],
    ("b.example", "A"): ["192.0.2.1"],  # there, and without mail servers of its own
}


def look_up(server: NameServer) -> int:
    return hosts.look_up(resolver=Resolver([server.address], seconds=0.4))


@pytest.mark.django_db
def test_what_is_wanted_is_looked_up_once_and_again_after_a_while(workspace: Workspace):
    with name_server(ZONE, silent=["c.example"]) as server:
        hosts.want(["a.example", "b.example", "c.example", "gmail.com", "a.example"])
        assert look_up(server) == 3
        assert set(server.asked) == {("a.example", "MX"), ("b.example", "MX"), ("c.example", "MX")}
        groups = dict(MailHost.objects.values_list("domain", "mx_group"))
        assert groups == {"a.example": "google", "b.example": "b.example", "c.example": ""}
        assert hosts.groups_of(groups) == {"a.example": "google", "b.example": "b.example", "c.example": "c.example"}
        assert look_up(server) == 0
        now = clock.now()
        server.asked.clear()
        with clock.use(clock.VirtualClock(now + timedelta(hours=7))):
            assert look_up(server) == 1
        assert set(server.asked) == {("c.example", "MX")}
        with clock.use(clock.VirtualClock(now + timedelta(days=15))):
            server.silent.add("a.example")
            assert look_up(server) == 3
        # What was known is kept while the DNS is silent.
        assert MailHost.objects.get(domain="a.example").mx_group == "google"

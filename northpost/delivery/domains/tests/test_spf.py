"""check_host() of RFC 7208 against a real name server."""

from __future__ import annotations

import ipaddress

import pytest

from northpost.delivery.domains.resolving import CouldNotAsk, Resolver
from northpost.delivery.domains.spf import Result, check_host
from northpost.delivery.domains.tests.name_server import name_server, txt

CHAIN = {(f"c{number}.example", "TXT"): [txt(f"v=spf1 include:c{number + 1}.example -all")] for number in range(12)}
ZONE = {
    **CHAIN,
    ("c12.example", "TXT"): [txt("v=spf1 ip4:198.51.100.1 -all")],
    ("plain.example", "TXT"): [txt("v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 -all"), txt("other text")],
    ("soft.example", "TXT"): [txt("v=spf1 ?ip4:198.51.100.9 ~all")],
    ("open.example", "TXT"): [txt("v=spf1 a:www.open.example/24 mx//64 -all")],
    ("www.open.example", "A"): ["198.51.100.200"],
    ("open.example", "MX"): ["10 mx.open.example."],
    ("mx.open.example", "AAAA"): ["2001:db8::25"],
    ("outer.example", "TXT"): [txt("v=spf1 include:plain.example include:soft.example -all")],
    ("moved.example", "TXT"): [txt("v=spf1 redirect=plain.example")],
    ("nowhere.example", "TXT"): [txt("v=spf1 include:none.example -all")],
    ("two.example", "TXT"): [txt("v=spf1 -all"), txt("v=spf1 +all")],
    ("typo.example", "TXT"): [txt("v=spf1 ipv4:198.51.100.1 -all")],
    ("badnet.example", "TXT"): [txt("v=spf1 ip4:198.51.100.1/33 -all")],
    ("late.example", "TXT"): [txt("v=spf1 +all ip4:nonsense")],
    ("circle.example", "TXT"): [txt("v=spf1 include:circle.example -all")],
    ("macro.example", "TXT"): [txt("v=spf1 exists:%{ir}.%{l1r-}.%{v}._spf.%{d2} -all")],
    ("1.100.51.198.news.in-addr._spf.macro.example", "A"): ["127.0.0.2"],
    ("void.example", "TXT"): [txt("v=spf1 a:v1.example a:v2.example a:v3.example ip4:198.51.100.1 -all")],
    ("rev.example", "TXT"): [txt("v=spf1 ptr -all")],
    ("7.100.51.198.in-addr.arpa", "PTR"): ["mail.rev.example."],
    ("mail.rev.example", "A"): ["198.51.100.7"],
    ("8.100.51.198.in-addr.arpa", "PTR"): ["mail.rev.example."],
    ("long.example", "TXT"): [txt("v=spf1 " + " ".join(f"ip4:203.0.113.{n}" for n in range(60)) + " -all")],
    ("empty.example", "A"): ["198.51.100.1"],
    ("waits.example", "TXT"): [txt("v=spf1 include:silent.example -all")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("domain", "address", "result", "problem"),
    [
        ("plain.example", "198.51.100.77", "pass", ""),
        ("plain.example", "2001:db8:1::1", "pass", ""),
        ("plain.example", "203.0.113.1", "fail", ""),
        ("soft.example", "198.51.100.9", "neutral", ""),
        ("soft.example", "198.51.100.8", "softfail", ""),
        ("open.example", "198.51.100.3", "pass", ""),
        ("open.example", "2001:db8::26", "pass", ""),
        ("open.example", "2001:db8:0:1::26", "fail", ""),
        ("outer.example", "198.51.100.1", "pass", ""),
        ("outer.example", "203.0.113.1", "fail", ""),
        ("moved.example", "198.51.100.1", "pass", ""),
        ("moved.example", "203.0.113.1", "fail", ""),
        ("nowhere.example", "198.51.100.1", "permerror", "include_without_record"),
        ("two.example", "198.51.100.1", "permerror", "several_records"),
        ("typo.example", "198.51.100.1", "permerror", "syntax"),
        ("badnet.example", "198.51.100.1", "permerror", "syntax"),
        ("circle.example", "198.51.100.1", "permerror", "goes_in_circles"),
        ("c2.example", "198.51.100.1", "pass", ""),
        ("c1.example", "198.51.100.1", "permerror", "too_many_lookups"),
        ("macro.example", "198.51.100.1", "pass", ""),
        ("macro.example", "198.51.100.2", "fail", ""),
        ("void.example", "198.51.100.1", "permerror", "too_many_void"),
        ("rev.example", "198.51.100.7", "pass", ""),
        ("rev.example", "198.51.100.8", "fail", ""),
        ("long.example", "203.0.113.59", "pass", ""),
        ("empty.example", "198.51.100.1", "none", ""),
        ("absent.example", "198.51.100.1", "none", ""),
    ],
)
def test_the_verdict(domain: str, address: str, result: str, problem: str) -> None:
    with name_server(ZONE) as server:
        resolver = Resolver([server.address])
        verdict = check_host(resolver, ipaddress.ip_address(address), domain, sender=f"news-7@{domain}")
    assert (verdict.result.value, verdict.problem) == (result, problem)


def test_a_fault_behind_the_match_spoils_the_record_as_well() -> None:
    with name_server(ZONE) as server:
        verdict = check_host(Resolver([server.address]), ipaddress.ip_address("198.51.100.1"), "late.example")
    assert (verdict.result, verdict.problem) == (Result.PERMERROR, "syntax")


def test_lookups_are_counted() -> None:
    with name_server(ZONE) as server:
        resolver = Resolver([server.address])
        assert check_host(resolver, ipaddress.ip_address("198.51.100.1"), "c2.example").lookups == 10
        assert check_host(resolver, ipaddress.ip_address("198.51.100.1"), "plain.example").lookups == 0


def test_who_does_not_answer_is_no_verdict_and_is_asked_once() -> None:
    with name_server(ZONE, silent=["silent.example"], failing=["broken.example"]) as server:
        resolver = Resolver([server.address], seconds=0.3)
        verdict = check_host(resolver, ipaddress.ip_address("198.51.100.1"), "waits.example")
        assert verdict.result is Result.TEMPERROR
        asked = len(server.asked)
        with pytest.raises(CouldNotAsk):
            resolver.texts("Silent.example.")
        assert len(server.asked) == asked
        with pytest.raises(CouldNotAsk):
            resolver.texts("broken.example")


def test_nobody_listening_is_no_verdict() -> None:
    with name_server({}) as server:
        gone = server.address
    with pytest.raises(CouldNotAsk):
        Resolver([gone], seconds=0.3).texts("firm.example")


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a..example", "x." * 130 + "example"])
def test_what_is_no_name_has_no_records(name: str) -> None:
    with name_server({}) as server:
        assert Resolver([server.address]).texts(name) == ()

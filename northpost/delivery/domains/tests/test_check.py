"""What is found about a domain, asked of a real name server, and what it says should be published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from django.utils import translation

from northpost.delivery.dkim import Algorithm, key_record, new_private_key, public_key
from northpost.delivery.domains import words
from northpost.delivery.domains.check import (
    DomainCheck,
    Finding,
    Level,
    PublishedKey,
    Server,
    check_domain,
    findings_from_json,
)
from northpost.delivery.domains.records import aligned, organisational_domain, read_dmarc, tree_walk
from northpost.delivery.domains.resolving import Resolver, new_resolver
from northpost.delivery.domains.tests.name_server import name_server, txt

PUBLIC = public_key(new_private_key(Algorithm.RSA), Algorithm.RSA)
RECORD = key_record(PUBLIC, Algorithm.RSA)
KEY = PublishedKey(7, "np2611-a", "rsa", RECORD, signing=True)
RELAY = Server("Our server", "relay.firm.example")
# Globally routed numbers, of a network that is nobody's mail server.
RELAY_IP, OTHER_IP = "1.2.3.4", "1.2.3.5"
GOOD: dict[tuple[str, str], list[str]] = {
    ("firm.example", "TXT"): [txt("v=spf1 mx ip4:1.2.3.4 -all")],
    ("firm.example", "MX"): ["10 relay.firm.example."],
    ("relay.firm.example", "A"): [RELAY_IP],
    ("4.3.2.1.in-addr.arpa", "PTR"): ["relay.firm.example."],
    ("_dmarc.firm.example", "TXT"): [txt("v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:reports@firm.example")],
    ("np2611-a._domainkey.firm.example", "TXT"): [txt(RECORD)],
}


def check(
    changes: Mapping[tuple[str, str], list[str]] | None = None,
    *,
    domain: str = "firm.example",
    servers: Sequence[Server] = (RELAY,),
    keys: Sequence[PublishedKey] = (KEY,),
    silent: Sequence[str] = (),
    helo: str = "",
) -> DomainCheck:
    zone = {key: data for key, data in {**GOOD, **(changes or {})}.items() if data}
    with name_server(zone, silent=silent) as server:
        resolver = Resolver([server.address], seconds=0.4)
        return check_domain(resolver, domain, servers=servers, keys=keys, helo=helo)


def codes(found: DomainCheck, key: str = "") -> list[str]:
    return [f"{one.key} {one.code} {one.level.value}" for one in found.findings if key in ("", one.key)]


def only(found: DomainCheck, key: str) -> Finding:
    [finding] = [one for one in found.findings if one.key == key]
    return finding


def test_all_as_it_should_be() -> None:
    found = check()
    assert codes(found) == [
        "spf covers good",
        "dkim published good",
        "dmarc protects good",
        "mx there good",
        "ptr there good",
    ]
    assert (found.complete, found.seen_keys) == (True, (7,))
    assert findings_from_json(found.to_json()) == found.findings


def test_nothing_at_all() -> None:
    found = check({key: [] for key in GOOD}, servers=(), keys=())
    assert codes(found) == ["spf missing_unsaid bad", "dkim no_key doubt", "dmarc missing bad", "mx nowhere bad"]
    # Nobody is known who sends: a record that lets nobody would do harm.
    assert only(found, "spf").value == ""
    dmarc = only(found, "dmarc")
    assert (dmarc.name, dmarc.value) == (
        "_dmarc.firm.example",
        "v=DMARC1; p=none; rua=mailto:postmaster@firm.example",
    )


def test_spf_that_is_missing_is_proposed_with_the_server_in_it() -> None:
    finding = only(check({("firm.example", "TXT"): []}), "spf")
    assert (finding.code, finding.name, finding.kind, finding.value) == (
        "missing",
        "firm.example",
        "TXT",
        "v=spf1 ip4:1.2.3.4 ~all",
    )


def test_spf_that_leaves_the_server_out_is_proposed_with_it() -> None:
    finding = only(check({("firm.example", "TXT"): [txt("v=spf1 include:_spf.a.example -all")],
                          ("_spf.a.example", "TXT"): [txt("v=spf1 ip4:1.2.3.5 -all")]}), "spf")  # fmt: skip
    assert (finding.code, finding.level) == ("not_covered", Level.BAD)
    assert finding.value == "v=spf1 include:_spf.a.example ip4:1.2.3.4 -all"
    assert finding.published == "v=spf1 include:_spf.a.example -all"


def test_spf_that_is_proposed_passes() -> None:
    proposed = only(check({("firm.example", "TXT"): [txt("v=spf1 redirect=_spf.a.example")]}), "spf")
    assert proposed.code == "broken"
    left_out = only(check({("firm.example", "TXT"): [txt("v=spf1 ip4:1.2.3.5 ~all")]}), "spf")
    mended = check({("firm.example", "TXT"): [txt(left_out.value)]})
    assert codes(mended, "spf") == ["spf covers good"]


def test_a_relay_with_senders_of_its_own_is_included_by_its_domain() -> None:
    servers = [Server("Provider", "email-smtp.eu-west-1.amazonaws.com")]
    finding = only(check({("firm.example", "TXT"): [txt("v=spf1 -all")]}, servers=servers), "spf")
    assert finding.value == "v=spf1 include:amazonses.com -all"
    included = check(
        {
            ("firm.example", "TXT"): [txt("v=spf1 include:amazonses.com -all")],
            ("amazonses.com", "TXT"): [txt("v=spf1 ip4:1.2.3.9 -all")],
        },
        servers=servers,
    )
    assert codes(included, "spf") == ["spf covers good"]
    assert codes(included, "ptr") == []


@pytest.mark.parametrize(
    ("texts", "code", "problem"),
    [
        ([txt("v=spf1 -all"), txt("v=spf1 ~all")], "several", None),
        ([txt("v=spf1 ipv4:1.2.3.4 -all")], "broken", "syntax"),
        ([txt("v=spf1 include:firm.example -all")], "broken", "goes_in_circles"),
    ],
)
def test_spf_that_is_void(texts: list[str], code: str, problem: str | None) -> None:
    finding = only(check({("firm.example", "TXT"): texts}), "spf")
    assert (finding.code, finding.level, finding.params.get("problem")) == (code, Level.BAD, problem)


def test_a_server_on_a_private_network_is_known_by_the_machines_own_name() -> None:
    servers = [Server("Relay", "127.0.0.1")]
    assert codes(check(servers=servers), "spf") == ["spf server_unknown doubt"]
    found = check(servers=servers, helo="relay.firm.example")
    assert codes(found, "spf") == ["spf covers good"]
    assert codes(found, "ptr") == ["ptr there good"]


@pytest.mark.parametrize(
    ("texts", "code", "level"),
    [
        ([], "not_published", Level.BAD),
        ([txt("v=DKIM1; k=rsa; p=")], "revoked", Level.BAD),
        ([txt("v=DKIM1; k=rsa; p=MIIB")], "another_key", Level.BAD),
        ([txt(RECORD), txt("v=DKIM1; p=MIIB")], "several", Level.BAD),
        ([txt(RECORD.replace("p=M", "p= M"))], "published", Level.GOOD),
        ([txt("k=rsa;p=" + PUBLIC)], "published", Level.GOOD),
    ],
)
def test_dkim(texts: list[str], code: str, level: Level) -> None:
    found = check({("np2611-a._domainkey.firm.example", "TXT"): texts})
    finding = only(found, "dkim")
    assert (finding.code, finding.level) == (code, level)
    assert found.seen_keys == ((7,) if code == "published" else ())
    if level is Level.BAD:
        assert (finding.name, finding.value) == ("np2611-a._domainkey.firm.example", RECORD)


def test_a_key_that_waits_is_only_doubtful() -> None:
    waiting = PublishedKey(8, "np2611-b", "rsa", RECORD, signing=False)
    assert codes(check(keys=[waiting]), "dkim") == ["dkim not_published doubt"]


@pytest.mark.parametrize(
    ("record", "code", "level"),
    [
        ("v=DMARC1; p=none", "only_watches", Level.GOOD),
        ("v=DMARC1; p=quarantine", "protects", Level.GOOD),
        ("v=DMARC1; p=whatever", "only_watches", Level.GOOD),
    ],
)
def test_dmarc(record: str, code: str, level: Level) -> None:
    finding = only(check({("_dmarc.firm.example", "TXT"): [txt(record)]}), "dmarc")
    assert (finding.code, finding.level) == (code, level)


def test_dmarc_without_anything_that_passes_loses_the_mail() -> None:
    found = check({("firm.example", "TXT"): [txt("v=spf1 -all")]}, keys=())
    assert codes(found, "dmarc") == ["dmarc nothing_passes bad"]
    watching = check(
        {("firm.example", "TXT"): [txt("v=spf1 -all")], ("_dmarc.firm.example", "TXT"): [txt("v=DMARC1; p=none")]},
        keys=(),
    )
    assert codes(watching, "dmarc") == ["dmarc nothing_passes doubt"]


def test_dmarc_of_the_organisation_counts_for_a_domain_below_it() -> None:
    finding = only(
        check(
            {
                ("_dmarc.firm.example", "TXT"): [txt("v=DMARC1; p=reject; sp=quarantine")],
                ("news.firm.example", "TXT"): [txt("v=spf1 ip4:1.2.3.4 -all")],
                ("news.firm.example", "MX"): ["10 relay.firm.example."],
            },
            domain="news.firm.example",
            keys=(),
        ),
        "dmarc",
    )
    assert (finding.code, finding.params["at"], finding.params["policy"]) == ("protects", "firm.example", "quarantine")


def test_two_dmarc_records_are_none() -> None:
    found = check({("_dmarc.firm.example", "TXT"): [txt("v=DMARC1; p=none"), txt("v=DMARC1; p=reject")]})
    assert codes(found, "dmarc") == ["dmarc several bad"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({("firm.example", "MX"): ["0 ."]}, "mx takes_no_mail bad"),
        ({("firm.example", "MX"): []}, "mx nowhere bad"),
        ({("firm.example", "MX"): [], ("firm.example", "A"): ["1.2.3.6"]}, "mx no_mx doubt"),
        ({("firm.example", "MX"): ["10 gone.firm.example."]}, "mx leads_nowhere bad"),
    ],
)
def test_mx(changes: dict[tuple[str, str], list[str]], expected: str) -> None:
    assert codes(check(changes), "mx") == [expected]


def test_ptr() -> None:
    missing = only(check({("4.3.2.1.in-addr.arpa", "PTR"): []}), "ptr")
    assert (missing.code, missing.name, missing.kind, missing.value) == (
        "missing",
        "4.3.2.1.in-addr.arpa",
        "PTR",
        "relay.firm.example.",
    )
    elsewhere = check({("4.3.2.1.in-addr.arpa", "PTR"): ["other.firm.example."],
                       ("other.firm.example", "A"): [OTHER_IP]})  # fmt: skip
    assert codes(elsewhere, "ptr") == ["ptr not_confirmed bad"]


@pytest.mark.parametrize(
    ("silent", "key"),
    [
        ("firm.example", "spf"),
        ("np2611-a._domainkey.firm.example", "dkim"),
        ("_dmarc.firm.example", "dmarc"),
        ("4.3.2.1.in-addr.arpa", "ptr"),
    ],
)
def test_who_does_not_answer_is_never_called_wrong(silent: str, key: str) -> None:
    found = check(silent=[silent])
    assert [one.level for one in found.findings if one.key == key] == [Level.UNKNOWN]
    assert Level.BAD not in {one.level for one in found.findings}
    assert not found.complete
    assert found.seen_keys == (() if key == "dkim" else (7,))


def test_an_installation_that_asks_nobody_says_so() -> None:
    found = check_domain(new_resolver(), "firm.example", servers=[RELAY], keys=[KEY])
    assert {one.level for one in found.findings} == {Level.UNKNOWN}


def test_every_finding_has_its_words() -> None:
    said = set()
    for (key, code), make in words._SENTENCES.items():
        params = dict.fromkeys(
            ["domain", "host", "address", "name", "hosts", "selector", "count", "why", "policy", "at", "what"], "X"
        )
        for language in ("en", "bg", "ru"):
            with translation.override(language):
                text = words.say(Finding(key, code, Level.BAD, params))
                assert "%" not in text
                said.add(text)
                assert make()
    assert len(said) == 3 * len(words._SENTENCES)


def test_the_tree_is_walked_upwards_at_most_eight_steps() -> None:
    assert list(tree_walk("a.b.example")) == ["a.b.example", "b.example", "example"]
    deep = ".".join("abcdefghijkl")
    walked = list(tree_walk(deep))
    assert walked[0] == deep
    assert (len(walked), walked[1], walked[-1]) == (8, "f.g.h.i.j.k.l", "l")


def test_the_organisational_domain_and_alignment() -> None:
    def dmarc(domain: str, psd: str) -> object:
        return read_dmarc(domain, [f"v=DMARC1; p=none; psd={psd}"])

    assert organisational_domain("a.firm.example", []) == "a.firm.example"
    assert organisational_domain("a.firm.example", [dmarc("firm.example", "u")]) == "firm.example"  # type: ignore[list-item]
    assert organisational_domain("a.firm.bank", [dmarc("bank", "y")]) == "firm.bank"  # type: ignore[list-item]
    assert organisational_domain("a.b.example", [dmarc("a.b.example", "n"), dmarc("b.example", "u")]) == "a.b.example"  # type: ignore[list-item]
    assert aligned("a.firm.example", "firm.example", strict=False, organisational="firm.example")
    assert not aligned("a.firm.example", "firm.example", strict=True, organisational="firm.example")
    assert not aligned("a.firm.example", "xfirm.example", strict=False, organisational="firm.example")

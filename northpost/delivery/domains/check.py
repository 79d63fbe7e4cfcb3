"""Everything that is looked up about a sending domain, as findings. Asks the DNS; no database."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from northpost.delivery.domains.providers import include_for
from northpost.delivery.domains.records import (
    Dmarc,
    count_dmarc,
    organisational_domain,
    read_dmarc,
    read_tags,
    spf_records,
    tree_walk,
)
from northpost.delivery.domains.resolving import Address, CouldNotAsk, Resolver
from northpost.delivery.domains.spf import MOST_LOOKUPS, Result, Verdict, check_host

SELECTORS_DOMAIN = "_domainkey"


class Level(StrEnum):
    """``unknown``: it could not be asked, which says nothing about the domain."""

    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One thing found out. ``key``: spf, dkim, dmarc, mx or ptr. ``code`` names what it is, ``params`` its particulars:
    words.py makes sentences of them. ``name``, ``kind`` and ``value``: the record to publish, where one would help;
    ``published``: what stands there now."""

    key: str
    code: str
    level: Level
    params: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    kind: str = ""
    value: str = ""
    published: str = ""


@dataclass(frozen=True)
class Server:
    """A way out: the name that we connect to."""

    route: str
    host: str


@dataclass(frozen=True)
class PublishedKey:
    """A key of ours and the record that should stand in the DNS. ``signing``: it signs already."""

    id: int
    selector: str
    algorithm: str
    record: str
    signing: bool


@dataclass(frozen=True)
class DomainCheck:
    """``findings`` in the order they are shown; ``seen_keys``: ids of keys found published as they should be."""

    domain: str
    findings: tuple[Finding, ...]
    seen_keys: tuple[int, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the DNS answered everything."""
        return all(finding.level is not Level.UNKNOWN for finding in self.findings)

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(finding) for finding in self.findings]


def findings_from_json(stored: Sequence[dict[str, Any]]) -> tuple[Finding, ...]:
    """The findings of :meth:`DomainCheck.to_json`."""
    return tuple(Finding(**one | {"level": Level(one["level"])}) for one in stored)


def check_domain(
    resolver: Resolver,
    domain: str,
    *,
    servers: Sequence[Server] = (),
    keys: Sequence[PublishedKey] = (),
    helo: str = "",
) -> DomainCheck:
    """Look up all about a domain (ASCII). ``servers``: those that its mail leaves by; ``helo``: what this machine calls
    itself, the name looked at where a server stands on a private network. Never raises for the network's sake."""
    known, findings = [], []
    for server in servers:
        try:
            known.append((server, _outside_addresses(resolver, server.host, helo)))
        except CouldNotAsk:
            params = {"host": server.host, "route": server.route}
            findings.append(Finding("ptr", "could_not_ask", Level.UNKNOWN, params))
    dkim, seen = _check_dkim(resolver, domain, keys)
    signs = any(key.signing for key in keys) or bool(seen)
    spf = list(_check_spf(resolver, domain, known))
    found = (
        *spf,
        *dkim,
        *_check_dmarc(resolver, domain, signs=signs, spf_passes=any(one.code == "covers" for one in spf)),
        *_check_mx(resolver, domain),
        *_check_ptr(resolver, known),
        *findings,
    )
    return DomainCheck(domain, found, tuple(seen))


Known = Sequence[tuple[Server, tuple[Address, ...]]]


def _outside_addresses(resolver: Resolver, host: str, helo: str) -> tuple[Address, ...]:
    """The addresses that the world sees a server by, as far as they can be told; none for one on a private network
    whose public name is not known."""
    for name in (host, helo):
        found = _addresses_of(resolver, name) if name else ()
        outside = tuple(address for address in found if address.is_global)
        if outside:
            return outside
    return ()


def _addresses_of(resolver: Resolver, host: str) -> tuple[Address, ...]:
    try:
        return (ipaddress.ip_address(host.strip("[]")),)
    except ValueError:
        return resolver.addresses(host) if "." in host else ()


# --- SPF -----------------------------------------------------------------------------------------


def _check_spf(resolver: Resolver, domain: str, known: Known) -> Iterator[Finding]:
    try:
        records = spf_records(resolver.texts(domain))
    except CouldNotAsk:
        yield Finding("spf", "could_not_ask", Level.UNKNOWN, {"domain": domain})
        return
    if not records:
        proposed = _new_spf(known)
        if proposed == NOBODY:
            # Published as it is, it would call every mail a forgery.
            yield Finding("spf", "missing_unsaid", Level.BAD, {"domain": domain})
        else:
            yield Finding("spf", "missing", Level.BAD, {"domain": domain}, domain, "TXT", proposed)
        return
    if len(records) > 1:
        params = {"domain": domain, "count": len(records)}
        yield Finding("spf", "several", Level.BAD, params, published="\n".join(records))
        return
    if not known:
        yield _judge_record(resolver, domain, records[0])
    for server, addresses in known:
        yield _judge_server(resolver, domain, records[0], server, addresses)


def _judge_record(resolver: Resolver, domain: str, record: str) -> Finding:
    """Without a server to ask for: whether the record is sound at all."""
    nobody = ipaddress.ip_address("192.0.2.1")
    verdict = check_host(resolver, nobody, domain)
    return _broken(domain, record, verdict) or Finding("spf", "there", Level.GOOD, {"domain": domain}, published=record)


def _judge_server(
    resolver: Resolver, domain: str, record: str, server: Server, addresses: tuple[Address, ...]
) -> Finding:
    params: dict[str, Any] = {"domain": domain, "host": server.host, "route": server.route}
    include = include_for(server.host)
    if not addresses and not include:
        return _broken(domain, record, check_host(resolver, ipaddress.ip_address("192.0.2.1"), domain)) or Finding(
            "spf", "server_unknown", Level.DOUBT, params, published=record
        )
    verdicts = [check_host(resolver, address, domain) for address in addresses]
    for verdict in verdicts:
        if broken := _broken(domain, record, verdict):
            return broken
    lookups = max((verdict.lookups for verdict in verdicts), default=0)
    if include:
        # Such a relay hands mail on from other machines than the one that we talk to.
        if f"include:{include}" in record.lower().split() or any(v.result is Result.PASS for v in verdicts):
            return Finding("spf", "covers", Level.GOOD, params | {"lookups": lookups}, published=record)
        mended = _with_term(record, f"include:{include}")
        return Finding("spf", "not_covered", Level.BAD, params, domain, "TXT", mended, record)
    missing = [
        address for address, verdict in zip(addresses, verdicts, strict=True) if verdict.result is not Result.PASS
    ]
    if not missing:
        return Finding("spf", "covers", Level.GOOD, params | {"lookups": lookups}, published=record)
    mended = record
    for address in missing:
        mended = _with_term(mended, f"ip{address.version}:{address}")
    params["addresses"] = ", ".join(map(str, missing))
    return Finding("spf", "not_covered", Level.BAD, params, domain, "TXT", mended, record)


def _broken(domain: str, record: str, verdict: Verdict) -> Finding | None:
    if verdict.result is Result.TEMPERROR:
        return Finding("spf", "could_not_ask", Level.UNKNOWN, {"domain": domain}, published=record)
    if verdict.result is Result.PERMERROR:
        params = {"domain": domain, "problem": verdict.problem, "most": MOST_LOOKUPS}
        return Finding("spf", "broken", Level.BAD, params, published=record)
    return None


NOBODY = "v=spf1 ~all"


def _new_spf(known: Known) -> str:
    record = NOBODY
    for server, addresses in known:
        include = include_for(server.host)
        for term in [f"include:{include}"] if include else [f"ip{each.version}:{each}" for each in addresses]:
            record = _with_term(record, term)
    return record


def _with_term(record: str, term: str) -> str:
    """The record with one more term, before the one that ends it."""
    terms = record.split()
    if term in terms:
        return record
    ends = ("all", "redirect=")
    place = next((n for n, each in enumerate(terms) if each.lstrip("+-~?").lower().startswith(ends)), len(terms))
    return " ".join([*terms[:place], term, *terms[place:]])


# --- DKIM ----------------------------------------------------------------------------------------


def _check_dkim(resolver: Resolver, domain: str, keys: Sequence[PublishedKey]) -> tuple[list[Finding], list[int]]:
    if not keys:
        return [Finding("dkim", "no_key", Level.DOUBT, {"domain": domain})], []
    found, seen = [], []
    for key in keys:
        finding = _check_key(resolver, domain, key)
        found.append(finding)
        if finding.code == "published":
            seen.append(key.id)
    return found, seen


def _check_key(resolver: Resolver, domain: str, key: PublishedKey) -> Finding:
    name = f"{key.selector}.{SELECTORS_DOMAIN}.{domain}"
    params = {"domain": domain, "selector": key.selector, "algorithm": key.algorithm, "signing": key.signing}
    wanted = read_tags(key.record)["p"]
    try:
        texts = resolver.texts(name)
    except CouldNotAsk:
        return Finding("dkim", "could_not_ask", Level.UNKNOWN, params, name, "TXT", key.record)
    records = [text for text in texts if "p" in read_tags(text)]
    if not records:
        level = Level.BAD if key.signing else Level.DOUBT
        return Finding("dkim", "not_published", level, params, name, "TXT", key.record)
    published = "\n".join(records)
    if len(records) > 1:
        return Finding("dkim", "several", Level.BAD, params, name, "TXT", key.record, published)
    standing = "".join(read_tags(records[0])["p"].split())
    if standing != wanted:
        code = "another_key" if standing else "revoked"
        return Finding("dkim", code, Level.BAD, params, name, "TXT", key.record, published)
    return Finding("dkim", "published", Level.GOOD, params, published=published)


# --- DMARC ---------------------------------------------------------------------------------------


def _check_dmarc(resolver: Resolver, domain: str, *, signs: bool, spf_passes: bool) -> Iterator[Finding]:
    name = f"_dmarc.{domain}"
    start = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    try:
        own = resolver.texts(name)
        found = [record for step in tree_walk(domain) if (record := read_dmarc(step, resolver.texts(f"_dmarc.{step}")))]
    except CouldNotAsk:
        yield Finding("dmarc", "could_not_ask", Level.UNKNOWN, {"domain": domain})
        return
    if count_dmarc(own) > 1:
        yield Finding("dmarc", "several", Level.BAD, {"domain": domain}, published="\n".join(own))
        return
    if not found:
        yield Finding("dmarc", "missing", Level.BAD, {"domain": domain}, name, "TXT", start)
        return
    yield _judge_dmarc(domain, found, signs=signs, spf_passes=spf_passes)


def _judge_dmarc(domain: str, found: Sequence[Dmarc], *, signs: bool, spf_passes: bool) -> Finding:
    organisational = organisational_domain(domain, found)
    record = (
        found[0]
        if found[0].domain == domain
        else next((each for each in found if each.domain == organisational), found[-1])
    )
    policy = record.policy if record.domain == domain else record.subdomain_policy
    params = {
        "domain": domain,
        "at": record.domain,
        "policy": policy,
        "organisational": organisational,
        "strict_dkim": record.strict_dkim,
        "strict_spf": record.strict_spf,
        "reports": ", ".join(record.reports),
    }
    # Return path and signature are of the very domain in From, so that both are aligned, strict or relaxed.
    if not signs and not spf_passes:
        level = Level.BAD if policy in ("quarantine", "reject") else Level.DOUBT
        return Finding("dmarc", "nothing_passes", level, params, published=record.text)
    if policy == "none":
        value = record.text.replace("p=none", "p=quarantine") if record.domain == domain else ""
        name = f"_dmarc.{domain}" if value else ""
        return Finding("dmarc", "only_watches", Level.GOOD, params, name, "TXT" if name else "", value, record.text)
    return Finding("dmarc", "protects", Level.GOOD, params, published=record.text)


# --- MX and PTR ----------------------------------------------------------------------------------


def _check_mx(resolver: Resolver, domain: str) -> Iterator[Finding]:
    """The return path is at the domain itself: bounces must find their way there (RFC 5321, 5.1)."""
    params: dict[str, Any] = {"domain": domain}
    try:
        hosts = resolver.mail_servers(domain)
        if hosts == (".",):
            yield Finding("mx", "takes_no_mail", Level.BAD, params)
        elif not hosts:
            there = resolver.addresses(domain)
            yield Finding("mx", "no_mx" if there else "nowhere", Level.DOUBT if there else Level.BAD, params)
        elif not any(resolver.addresses(host) for host in hosts):
            yield Finding("mx", "leads_nowhere", Level.BAD, params | {"hosts": ", ".join(hosts)})
        else:
            yield Finding("mx", "there", Level.GOOD, params | {"hosts": ", ".join(hosts)})
    except CouldNotAsk:
        yield Finding("mx", "could_not_ask", Level.UNKNOWN, params)


def _check_ptr(resolver: Resolver, known: Known) -> Iterator[Finding]:
    """Each server's name, forwards and back again (as Gmail asks); not for a relay that sends from other machines."""
    for server, addresses in known:
        if include_for(server.host):
            continue
        for address in addresses:
            params: dict[str, Any] = {"host": server.host, "route": server.route, "address": str(address)}
            try:
                yield _judge_ptr(resolver, address, params)
            except CouldNotAsk:
                yield Finding("ptr", "could_not_ask", Level.UNKNOWN, params)


def _judge_ptr(resolver: Resolver, address: Address, params: dict[str, Any]) -> Finding:
    names = resolver.names(address)
    if not names:
        return Finding("ptr", "missing", Level.BAD, params, address.reverse_pointer, "PTR", f"{params['host']}.")
    confirmed = [name for name in names if address in resolver.addresses(name)]
    if not confirmed:
        return Finding("ptr", "not_confirmed", Level.BAD, params | {"name": names[0]})
    return Finding("ptr", "there", Level.GOOD, params | {"name": confirmed[0]})

"""Whether a server may send for a domain: check_host() of RFC 7208, with its limits."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum

from northpost.delivery.domains.records import spf_records
from northpost.delivery.domains.resolving import Address, CouldNotAsk, Resolver

MOST_LOOKUPS = 10  # 4.6.4: terms that ask the DNS
MOST_VOID = 2  # 4.6.4: questions with an empty answer
MOST_NAMES = 10  # 4.6.4: names of an mx or ptr


class Result(StrEnum):
    """RFC 7208, 2.6. ``temperror``: the DNS could not be asked."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass
class Verdict:
    """``lookups``: how many of the ten were used. ``problem``: what is wrong with the record, for a permerror."""

    result: Result
    lookups: int = 0
    problem: str = ""


_QUALIFIERS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}
_TERM = re.compile(r"([+\-~?]?)([A-Za-z][A-Za-z0-9_.-]*)(?:([:=])(.*?))?((?:/\d+)?(?://\d+)?)\Z", re.DOTALL)
_MACRO = re.compile(r"%(?:\{([slodiphcrtvSLODIPHCRTV])(\d*)(r?)([.\-+,/_=]*)\}|([%_-]))")


class _Permanent(Exception):
    """The record can't be evaluated (permerror)."""


@dataclass
class _State:
    resolver: Resolver
    address: Address
    sender: str
    helo: str
    lookups: int = 0
    void: int = 0
    trail: list[str] = field(default_factory=list)

    def count(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Permanent("too_many_lookups")

    def note(self, found: tuple[object, ...]) -> None:
        if not found:
            self.void += 1
            if self.void > MOST_VOID:
                raise _Permanent("too_many_void")


def check_host(resolver: Resolver, address: Address, domain: str, *, sender: str = "", helo: str = "") -> Verdict:
    """May ``address`` send mail whose return path is at ``domain``? ``sender``: the whole return path, for macros."""
    state = _State(resolver, address, sender or f"postmaster@{domain}", helo or domain)
    try:
        return Verdict(_check(state, domain), state.lookups)
    except CouldNotAsk:
        return Verdict(Result.TEMPERROR, state.lookups)
    except _Permanent as error:
        return Verdict(Result.PERMERROR, state.lookups, str(error))


def _check(state: _State, domain: str) -> Result:
    records = spf_records(state.resolver.texts(domain))
    if not records:
        return Result.NONE
    if len(records) > 1:
        raise _Permanent("several_records")
    if domain in state.trail:
        raise _Permanent("goes_in_circles")
    state.trail.append(domain)
    try:
        return _evaluate(state, domain, records[0].split()[1:])
    finally:
        state.trail.pop()


def _evaluate(state: _State, domain: str, terms: list[str]) -> Result:
    read = [_read(term) for term in terms]  # a fault anywhere spoils all of it (4.6)
    redirects = [argument for _sign, name, mark, argument, _cidr in read if mark == "=" and name == "redirect"]
    if len(redirects) > 1:
        raise _Permanent("syntax")
    for sign, name, mark, argument, cidr in read:
        if mark != "=" and _matches(state, domain, name, argument, cidr):
            return _QUALIFIERS[sign or "+"]
    if not redirects or any(name == "all" for _sign, name, *_rest in read):
        return Result.NEUTRAL
    state.count()
    result = _check(state, _expand(state, domain, redirects[0]))
    if result is Result.NONE:
        raise _Permanent("include_without_record")
    return result


def _read(term: str) -> tuple[str, str, str, str, str]:
    found = _TERM.match(term)
    if found is None:
        raise _Permanent("syntax")
    sign, name, mark, argument, cidr = (part or "" for part in found.groups())
    name = name.lower()
    if mark == "=":
        return sign, name, mark, argument + cidr, ""
    if name not in ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"):
        raise _Permanent("syntax")
    if name in ("include", "exists", "ip4", "ip6") and not argument:
        raise _Permanent("syntax")
    if name == "all" and (argument or cidr):
        raise _Permanent("syntax")
    if name in ("ip4", "ip6"):
        argument, cidr = argument + cidr, ""
        _network(argument, 4 if name == "ip4" else 6)
    _prefix(cidr, 4)
    _prefix(cidr, 6)
    return sign, name, mark, argument, cidr


def _matches(state: _State, domain: str, name: str, argument: str, cidr: str) -> bool:
    if name == "all":
        return True
    if name in ("ip4", "ip6"):
        network = _network(argument, 4 if name == "ip4" else 6)
        return network.version == state.address.version and state.address in network
    state.count()
    target = _expand(state, domain, argument) if argument else domain
    if name == "include":
        result = _check(state, target)
        if result is Result.NONE:
            raise _Permanent("include_without_record")
        return result is Result.PASS
    if name == "exists":
        found = state.resolver.addresses_v4(target)
        state.note(found)
        return bool(found)
    if name == "ptr":
        return _by_name(state, target)
    hosts = (target,) if name == "a" else state.resolver.mail_servers(target)
    if name == "mx":
        state.note(hosts)
        if len(hosts) > MOST_NAMES:
            raise _Permanent("too_many_names")
    return any(_host_has(state, host, cidr, count_void=name == "a") for host in hosts)


def _host_has(state: _State, host: str, cidr: str, *, count_void: bool) -> bool:
    version = state.address.version
    found = state.resolver.addresses_v4(host) if version == 4 else state.resolver.addresses_v6(host)
    if count_void:
        state.note(found)
    length = _prefix(cidr, version)
    return any(state.address in ipaddress.ip_network(f"{address}/{length}", strict=False) for address in found)


def _prefix(cidr: str, version: int) -> int:
    four, _slashes, six = cidr.partition("//") if not cidr.startswith("//") else ("", "//", cidr[2:])
    text = four.lstrip("/") if version == 4 else six
    most = 32 if version == 4 else 128
    length = int(text) if text else most
    if length > most:
        raise _Permanent("syntax")
    return length


def _network(text: str, version: int) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise _Permanent("syntax") from error
    if network.version != version:
        raise _Permanent("syntax")
    return network


def _by_name(state: _State, target: str) -> bool:
    try:
        names = state.resolver.names(state.address)[:MOST_NAMES]
    except CouldNotAsk:
        return False  # 5.5: then ptr does not match
    state.note(names)
    for name in names:
        lowered = name.lower()
        if (lowered == target.lower() or lowered.endswith("." + target.lower())) and state.address in _forward(
            state, name
        ):
            return True
    return False


def _forward(state: _State, name: str) -> tuple[Address, ...]:
    try:
        return state.resolver.addresses(name)
    except CouldNotAsk:
        return ()


def _expand(state: _State, domain: str, text: str) -> str:
    """Section 7: macros in a name."""

    def letter(found: re.Match[str]) -> str:
        if found[5]:
            return {"%": "%", "_": " ", "-": "%20"}[found[5]]
        value = _macro_value(state, domain, found[1].lower())
        parts = re.split(f"[{re.escape(found[4] or '.')}]", value)
        if found[3]:
            parts.reverse()
        if found[2]:
            if int(found[2]) == 0:
                raise _Permanent("syntax")
            parts = parts[-int(found[2]) :]
        return ".".join(parts)

    if "%" in _MACRO.sub("", text):
        raise _Permanent("syntax")
    name = _MACRO.sub(letter, text).rstrip(".")
    while len(name) > 253 and "." in name:
        name = name.partition(".")[2]
    return name


def _macro_value(state: _State, domain: str, letter: str) -> str:
    local, _at, host = state.sender.rpartition("@")
    if letter in ("i", "c"):
        if state.address.version == 4 or letter == "c":
            return str(state.address)
        return ".".join(state.address.exploded.replace(":", ""))
    values = {
        "s": state.sender,
        "l": local or "postmaster",
        "o": host,
        "d": domain,
        "p": "unknown",
        "v": "in-addr" if state.address.version == 4 else "ip6",
        "h": state.helo,
    }
    if letter not in values:
        raise _Permanent("syntax")  # r and t belong into explanations only
    return values[letter]

"""Asking the DNS, so that "there is none" and "nobody answered" are never taken for each other."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Sequence
from typing import Any

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename
from django.conf import settings

SECONDS = 3.0  # for one question, all name servers together
PATIENCE = 15.0  # for all questions of a check, unless told otherwise: after that nothing more is asked
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class CouldNotAsk(Exception):
    """No answer: a time-out, a server's failure, no network. Says nothing about the domain. Retryable."""

    retryable = True


class Resolver:
    """Questions and their answers, each asked once: make a new one for each check.

    ``name_servers``: (address, port) pairs; none: those of this machine. Every method returns what there is, an empty
    sequence where the DNS says that there is nothing, and raises CouldNotAsk.
    """

    def __init__(
        self,
        name_servers: Sequence[tuple[str, int]] | None = None,
        *,
        seconds: float = SECONDS,
        patience: float = PATIENCE,
    ) -> None:
        self._name_servers = name_servers
        self._seconds = seconds
        self._until = time.monotonic() + patience
        self._known: dict[tuple[str, str], tuple[str, ...] | CouldNotAsk] = {}
        self._asking: dns.resolver.Resolver | None = None

    def texts(self, name: str) -> tuple[str, ...]:
        """TXT records, the strings of each joined."""
        return self._ask(name, "TXT")

    def mail_servers(self, name: str) -> tuple[str, ...]:
        """The hosts of the MX records, best first; a null MX (RFC 7505) is the host "."."""
        return self._ask(name, "MX")

    def addresses(self, name: str) -> tuple[Address, ...]:
        """A and AAAA records."""
        return (*self.addresses_v4(name), *self.addresses_v6(name))

    def addresses_v4(self, name: str) -> tuple[Address, ...]:
        return tuple(ipaddress.ip_address(text) for text in self._ask(name, "A"))

    def addresses_v6(self, name: str) -> tuple[Address, ...]:
        return tuple(ipaddress.ip_address(text) for text in self._ask(name, "AAAA"))

    def names(self, address: Address) -> tuple[str, ...]:
        """PTR records, without the final dot."""
        return self._ask(dns.reversename.from_address(str(address)).to_text(), "PTR")

    def _ask(self, name: str, kind: str) -> tuple[str, ...]:
        key = (name.lower().rstrip("."), kind)
        if key not in self._known:
            try:
                self._known[key] = self._look_up(*key)
            except CouldNotAsk as error:
                # Not asked again in this check: a dead name server would cost the same seconds each time.
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, CouldNotAsk):
            raise CouldNotAsk(*found.args)
        return found

    def _look_up(self, name: str, kind: str) -> tuple[str, ...]:
        if time.monotonic() > self._until:
            raise CouldNotAsk("the name servers take too long")
        try:
            answer = self._resolver().resolve(name + ".", kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.name.LabelTooLong, dns.name.EmptyLabel, dns.name.NameTooLong, UnicodeError):
            return ()  # nothing can be published under what is no name
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise CouldNotAsk(f"{kind} {name}: {type(error).__name__}") from error
        return tuple(_READ[kind](record) for record in sorted(answer, key=_by_preference))

    def _resolver(self) -> dns.resolver.Resolver:
        if self._asking is None:
            if self._name_servers is None:
                made = dns.resolver.Resolver()
            else:
                made = dns.resolver.Resolver(configure=False)
                made.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in self._name_servers]
            made.lifetime = self._seconds
            made.timeout = self._seconds / 2
            self._asking = made
        return self._asking


def _by_preference(record: dns.rdata.Rdata) -> int:
    return int(getattr(record, "preference", 0))


_READ: dict[str, Callable[[Any], str]] = {
    "TXT": lambda record: b"".join(record.strings).decode("utf-8", "replace"),
    "MX": lambda record: record.exchange.to_text(omit_final_dot=True) or ".",
    "A": lambda record: record.address,
    "AAAA": lambda record: record.address,
    "PTR": lambda record: record.target.to_text(omit_final_dot=True),
}


class _Silent(Resolver):
    def _look_up(self, name: str, kind: str) -> tuple[str, ...]:
        raise CouldNotAsk("this installation asks no name servers")


def new_resolver(*, patience: float = PATIENCE) -> Resolver:
    """A resolver as the installation is set up (NORTHPOST_DNS)."""
    servers = settings.NORTHPOST_DNS
    if servers is None:
        return Resolver(patience=patience)
    return Resolver(servers, patience=patience) if servers else _Silent([])

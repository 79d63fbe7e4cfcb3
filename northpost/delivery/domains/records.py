"""Reading the records that say who may send: tags, SPF, DMARC, DKIM. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


def read_tags(text: str) -> dict[str, str]:
    """``a=1; b=2`` as DKIM and DMARC write it; names in lower case, the first of a name counts."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    return tags


def spf_records(texts: Sequence[str]) -> list[str]:
    """Those that are SPF (RFC 7208, 4.5): the version, alone or followed by a space."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


@dataclass(frozen=True)
class Dmarc:
    """A DMARC record. ``policy`` none, quarantine or reject; ``strict_*``: alignment; ``reports``: rua addresses;
    ``domain``: where it was found; ``psd``: the tag psd (y, n or u)."""

    domain: str
    text: str
    policy: str
    subdomain_policy: str
    strict_dkim: bool
    strict_spf: bool
    reports: tuple[str, ...]
    psd: str = "u"


def read_dmarc(domain: str, texts: Sequence[str]) -> Dmarc | None:
    """The record of a domain; None where there is none, or more than one (which makes all of them void: RFC 7489,
    6.6.3). An unknown policy counts as none, as receivers take it."""
    found = [text for text in texts if read_tags(text).get("v") == "DMARC1" and text.lstrip().lower().startswith("v")]
    if len(found) != 1:
        return None
    tags = read_tags(found[0])
    policy = tags.get("p", "none").lower()
    if policy not in ("none", "quarantine", "reject"):
        policy = "none"
    return Dmarc(
        domain=domain,
        text=found[0],
        policy=policy,
        subdomain_policy=tags.get("sp", policy).lower(),
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        strict_spf=tags.get("aspf", "r").lower() == "s",
        reports=tuple(part.strip() for part in tags.get("rua", "").split(",") if part.strip()),
        psd=tags.get("psd", "u").lower(),
    )


def count_dmarc(texts: Sequence[str]) -> int:
    return sum(read_tags(text).get("v") == "DMARC1" for text in texts)


# How far up the names are asked: DMARCbis, 4.10 (the tree walk that replaces the public suffix list).
MOST_STEPS = 8


def tree_walk(domain: str) -> Iterator[str]:
    """The names at which a DMARC record may stand for a domain, from itself upwards; at most eight."""
    labels = domain.split(".")
    yield domain
    rest = labels[1:]
    if len(labels) > MOST_STEPS:
        rest = labels[-(MOST_STEPS - 1) :]
    while rest:
        yield ".".join(rest)
        rest = rest[1:]


def organisational_domain(domain: str, found: Sequence[Dmarc]) -> str:
    """The domain that alignment is measured by, from the records met on the tree walk (DMARCbis, 4.10.2).

    Without any record it is the domain itself. No list of public suffixes is used: where a registry publishes no
    psd=y, a record at its level would be taken for the firm's; none of them publishes such.
    """
    candidate = domain
    for record in found:
        if record.psd == "n":
            return record.domain
        if record.psd == "y" and record.domain != domain:
            below = len(record.domain.split(".")) + 1
            return ".".join(domain.split(".")[-below:])
        candidate = record.domain
    return candidate


def aligned(from_domain: str, other: str, *, strict: bool, organisational: str) -> bool:
    """Whether a domain that passed counts for the one in From (RFC 7489, 3.1)."""
    if from_domain == other:
        return True
    return not strict and (other == organisational or other.endswith("." + organisational))

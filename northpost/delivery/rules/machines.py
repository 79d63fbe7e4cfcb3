"""Which openings and clicks were probably a machine's (law 8): stored, marked, and left out of every figure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# A person needs longer than this from the server's 250 to a click; gateways scan at once.
AFTER_DELIVERY = timedelta(seconds=5)
# All of a mail's links within this time: somebody checks them, nobody reads.
BURST = timedelta(seconds=10)
BURST_LINKS = 3
HIDDEN_LINK = 0

# Proxies that fetch pictures whether or not anybody looks, gateways that follow links, and programs that are no
# browser. Apple's Mail Privacy Protection says no more than a bare "Mozilla/5.0" of itself.
_PROXIES = re.compile(r"googleimageproxy|ggpht\.com|yahoomailproxy|yahoo! ?slurp", re.IGNORECASE)
_APPLE_PRIVACY = re.compile(r"\s*mozilla/5\.0\s*\Z", re.IGNORECASE)
_SCANNERS = re.compile(
    r"barracuda|mimecast|proofpoint|urldefense|symantec|messagelabs|forcepoint|websense|trend ?micro|sophos|ironport"
    r"|fireeye|zscaler|safelinks|microsoft office existence discovery|bitdefender|kaspersky|dr\.?web|virustotal"
    r"|bot\b|crawl|spider|preview|slurp|facebookexternalhit|headless|phantomjs|python|curl/|wget|okhttp|java/|libwww"
    r"|go-http-client|apache-httpclient|axios|node-fetch|ruby|perl|scan",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Seen:
    """One hit: ``link_id`` None for an opening, 0 for the hidden link."""

    key: str
    at: datetime
    method: str
    agent: str
    link_id: int | None


def machine_agent(agent: str, *, opening: bool) -> bool:
    """Whether a User-Agent is a scanner's, a proxy's or none. A picture proxy tells of openings nobody made."""
    if not agent.strip() or _SCANNERS.search(agent):
        return True
    return bool(_PROXIES.search(agent) or _APPLE_PRIVACY.match(agent)) if opening else False


def machine_hits(hits: Sequence[Seen], *, links: int, sent_at: datetime | None) -> frozenset[str]:
    """The keys of those hits, all of one message, that a machine probably made.

    ``links``: how many links the message has; ``sent_at``: when the server took it.
    """
    marked = {
        hit.key
        for hit in hits
        if hit.method != "GET"
        or machine_agent(hit.agent, opening=hit.link_id is None)
        or hit.link_id == HIDDEN_LINK
        or (hit.link_id is not None and sent_at is not None and hit.at < sent_at + AFTER_DELIVERY)
    }
    marked |= _around_hidden_link(hits)
    return frozenset(marked | _bursts(hits, links))


def _around_hidden_link(hits: Sequence[Seen]) -> set[str]:
    """Who follows the link that nobody sees followed the others beside it too."""
    traps = [hit.at for hit in hits if hit.link_id == HIDDEN_LINK]
    return {hit.key for hit in hits if hit.link_id is not None and any(abs(hit.at - trap) <= BURST for trap in traps)}


def _bursts(hits: Sequence[Seen], links: int) -> set[str]:
    wanted = max(BURST_LINKS, links)
    clicks = sorted((hit for hit in hits if hit.link_id), key=lambda hit: hit.at)
    marked: set[str] = set()
    for first, start in enumerate(clicks):
        group = [hit for hit in clicks[first:] if hit.at <= start.at + BURST]
        if len({hit.link_id for hit in group}) >= wanted:
            marked.update(hit.key for hit in group)
    return marked

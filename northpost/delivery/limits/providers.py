"""Mailbox providers by the domains and mail servers that are theirs: the group that a limit of theirs holds for."""

from __future__ import annotations

import re
from collections.abc import Iterable

NAMES = {
    "google": "Gmail",
    "microsoft": "Microsoft",
    "yahoo": "Yahoo",
    "apple": "Apple iCloud",
    "mailru": "Mail.ru",
    "yandex": "Yandex",
    "rambler": "Rambler",
    "abv": "ABV.bg",
    "dirbg": "Dir.bg",
    "gmx": "GMX and WEB.DE",
    "telekom": "T-Online",
    "proton": "Proton",
    "zoho": "Zoho",
    "ukrnet": "Ukr.net",
    "orange": "Orange",
    "free": "Free",
    "laposte": "La Poste",
    "libero": "Libero",
    "wp": "WP",
    "onet": "Onet",
    "seznam": "Seznam",
    "comcast": "Comcast",
    "fastmail": "Fastmail",
    "qq": "QQ",
    "netease": "NetEase",
}

_DOMAINS = {
    "google": "gmail.com googlemail.com google.com",
    "microsoft": "outlook.com hotmail.com live.com msn.com passport.com windowslive.com",
    "yahoo": "yahoo.com ymail.com rocketmail.com myyahoo.com aol.com aim.com verizon.net att.net sbcglobal.net sky.com",
    "apple": "icloud.com me.com mac.com",
    "mailru": "mail.ru inbox.ru list.ru bk.ru internet.ru vk.com xmail.ru",
    "yandex": "yandex.ru ya.ru yandex.com yandex.by yandex.kz yandex.ua yandex.com.tr narod.ru",
    "rambler": "rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru",
    "abv": "abv.bg gyuvetch.bg",
    "dirbg": "dir.bg",
    "gmx": "gmx.net gmx.de gmx.at gmx.ch gmx.com gmx.info gmx.org web.de email.de mail.com",
    "telekom": "t-online.de magenta.de",
    "proton": "proton.me protonmail.com protonmail.ch pm.me",
    "zoho": "zoho.com zohomail.com zohomail.eu",
    "ukrnet": "ukr.net",
    "orange": "orange.fr wanadoo.fr",
    "free": "free.fr",
    "laposte": "laposte.net",
    "libero": "libero.it virgilio.it inwind.it iol.it blu.it giallo.it",
    "wp": "wp.pl o2.pl tlen.pl",
    "onet": "onet.pl op.pl vp.pl poczta.onet.pl",
    "seznam": "seznam.cz email.cz post.cz",
    "comcast": "comcast.net xfinity.com",
    "fastmail": "fastmail.com fastmail.fm",
    "qq": "qq.com foxmail.com",
    "netease": "163.com 126.com yeah.net",
}
_BY_DOMAIN = {domain: group for group, domains in _DOMAINS.items() for domain in domains.split()}
# National domains of one name: hotmail.co.uk, yahoo.fr, live.nl.
_NATIONAL = re.compile(r"[a-z]{2,3}|(?:co|com|ne)\.[a-z]{2}")
_BY_FIRST_LABEL = {"hotmail": "microsoft", "outlook": "microsoft", "live": "microsoft", "yahoo": "yahoo"}

_HOSTS = {
    "google": "google.com googlemail.com",
    "microsoft": "protection.outlook.com mx.microsoft olc.protection.outlook.com outlook.com",
    "yahoo": "yahoodns.net",
    "apple": "mail.icloud.com apple.com",
    "mailru": "mail.ru",
    "yandex": "yandex.net yandex.ru",
    "rambler": "rambler.ru",
    "abv": "abv.bg",
    "gmx": "gmx.net web.de kundenserver.de",
    "proton": "protonmail.ch",
    "zoho": "zoho.com zoho.eu zohomail.com",
    "fastmail": "messagingengine.com",
    "comcast": "comcast.net",
    "qq": "qq.com",
    "netease": "netease.com",
}
_BY_HOST = {host: group for group, hosts in _HOSTS.items() for host in hosts.split()}


def group_of_domain(domain: str) -> str | None:
    """The provider of a well-known domain (ASCII, lower case); None: its MX records have to be asked."""
    known = _BY_DOMAIN.get(domain)
    if known is not None:
        return known
    first, _dot, rest = domain.partition(".")
    return _BY_FIRST_LABEL.get(first) if _NATIONAL.fullmatch(rest) else None


def group_of_hosts(domain: str, hosts: Iterable[str]) -> str:
    """The group of a domain whose mail goes to these hosts, best first: a provider, or who runs the first of them.

    A host's own registered domain can't be told without a list of public suffixes; so two labels are taken, or three
    where the second is short (co.uk). Without any host the domain is a group of its own.
    """
    first = ""
    for host in hosts:
        name = host.rstrip(".").lower()
        labels = name.split(".")
        for start in range(len(labels) - 1):
            known = _BY_HOST.get(".".join(labels[start:]))
            if known is not None:
                return known
        first = first or name
    if not first:
        return domain
    labels = first.split(".")
    size = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    return ".".join(labels[-size:])


def name_of(group: str) -> str:
    """A group as people know it: a provider's name, or the domain."""
    return NAMES.get(group, group)

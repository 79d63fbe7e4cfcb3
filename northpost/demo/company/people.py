"""The people of the demo company: who they are, how they came, what they agreed to, what makes them tick."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np

from northpost.demo.company.moments import DAY, Bools, Floats, Times, from_aware, to_aware
from northpost.demo.company.names import FIRM_DOMAINS, FIRMS, PROVIDERS, TONGUES

CUSTOMER_TYPES = ("private", "business", "school")
ROLES = ("supplier", "journalist", "partner")
LISTS = ("Newsletter", "Offers", "Partners")
TAGS = ("loyalty card", "student", "trade fair", "reviewer", "newsletter gift")
CONSENT_VERSIONS = ("2023-05", "2025-01")
CONSENT_TEXTS = {
    "en": "Yes, send me news and offers from Voltline by e-mail. I can stop this at any time.",
    "bg": "Да, изпращайте ми новини и оферти от Voltline по имейл. Мога да се откажа по всяко време.",
    "ru": "Да, присылайте мне новости и предложения Voltline по электронной почте. Отказаться можно в любой момент.",
}

SHARE_CONSENTED = 0.85
SHARE_DEAD = 0.010
SHARE_FULL = 0.006
SHARE_PARTNERS = 0.0075


@dataclass(frozen=True)
class People:
    """Columns, one entry per person; the position is the person's number everywhere in the demo.

    Known to the shop: `email` .. `consent_form` (`role` is "" for customers, `consent_at` None if none).
    Hidden, what a simulation knows and a shop does not: `dead`, `full`, `prefetches`, `scanned`, `keenness`
    (mean 1: how readily they open).
    """

    email: list[str]
    first_name: list[str]
    last_name: list[str]
    language: list[str]
    time_zone: list[str]
    city: list[str]
    birthday: list[date | None]
    customer_type: list[str]
    role: list[str]
    firm: list[str]
    loyalty_points: list[int]
    questionnaire: list[bool]
    tags: list[tuple[str, ...]]
    lists: list[tuple[str, ...]]
    signed_up_at: list[datetime]
    consent_at: list[datetime | None]
    consent_version: list[str]
    consent_ip: list[str]
    consent_form: list[str]
    signed_up: Times = field(repr=False)
    dead: Bools = field(repr=False)
    full: Bools = field(repr=False)
    prefetches: Bools = field(repr=False)
    scanned: Bools = field(repr=False)
    keenness: Floats = field(repr=False)

    def __len__(self) -> int:
        return len(self.email)

    def is_partner(self, person: int) -> bool:
        return self.role[person] != ""

    def signed_up_between(self, start: datetime, end: datetime) -> list[int]:
        """Numbers of those who signed up in [start, end), oldest number first."""
        chosen = (self.signed_up >= from_aware(start)) & (self.signed_up < from_aware(end))
        return [int(number) for number in np.flatnonzero(chosen)]


def make_people(rng: np.random.Generator, count: int, now: np.datetime64) -> People:
    """`count` people who signed up over the three years before `now`, more of them lately."""
    partner = np.zeros(count, bool)
    partner[: round(count * SHARE_PARTNERS)] = True
    rng.shuffle(partner)
    tongue = _pick(rng, [t.share for t in TONGUES], count)
    woman = rng.random(count) < 0.48
    provider = _pick(rng, [p.share for p in PROVIDERS], count)
    signed_up = (
        now - (3 * 365 * DAY * (1 - np.sqrt(rng.random(count)))).astype("timedelta64[s]") - np.timedelta64(60, "s")
    )

    firsts, lasts, emails, cities, zones, firms = _who(rng, tongue, woman, provider, partner)
    kind = np.where(partner, 1, _pick(rng, [0.86, 0.11, 0.03], count))
    consented = (rng.random(count) < SHARE_CONSENTED) | partner
    consent_at = np.where(
        consented, signed_up + rng.integers(20, 600, count).astype("timedelta64[s]"), np.datetime64("NaT")
    )
    version = (signed_up >= np.datetime64("2025-01-15")).astype(int).tolist()
    networks = ("192.0.2.", "198.51.100.", "203.0.113.")
    ip = [
        f"{networks[net]}{host}"
        for net, host in zip(rng.integers(0, 3, count).tolist(), rng.integers(1, 255, count).tolist(), strict=True)
    ]
    form = np.where(
        partner,
        "by hand",
        np.array(["shop checkout", "footer form", "price alert", "in the shop"])[
            _pick(rng, [0.55, 0.25, 0.12, 0.08], count)
        ],
    )
    tagged = rng.random((count, len(TAGS))) < np.array([0.22, 0.08, 0.05, 0.06, 0.10])
    wants_offers = rng.random(count) < 0.62
    has = consented.tolist()
    born = np.datetime64("1950-01-01") + (rng.beta(2.4, 2.0, count) * 56 * 365).astype("timedelta64[D]")
    tells_birthday = rng.random(count) < 0.7
    return People(
        email=emails,
        first_name=firsts,
        last_name=lasts,
        language=[TONGUES[t].code for t in tongue.tolist()],
        time_zone=zones,
        city=cities,
        birthday=[
            d if told else None for d, told in zip(born.tolist(), (tells_birthday & ~partner).tolist(), strict=True)
        ],
        customer_type=[CUSTOMER_TYPES[k] for k in kind.tolist()],
        role=[
            ROLES[r] if p else ""
            for r, p in zip(_pick(rng, [0.4, 0.3, 0.3], count).tolist(), partner.tolist(), strict=True)
        ],
        firm=firms,
        loyalty_points=np.where(tagged[:, 0] & ~partner, rng.integers(1, 90, count) * 10, 0).tolist(),
        questionnaire=((rng.random(count) < 0.18) & consented & ~partner).tolist(),
        tags=[
            () if p else tuple(t for t, on in zip(TAGS, row, strict=True) if on)
            for row, p in zip(tagged.tolist(), partner.tolist(), strict=True)
        ],
        lists=[
            ("Partners",) if p else (("Newsletter", "Offers") if o else ("Newsletter",)) if c else ()
            for p, o, c in zip(partner.tolist(), wants_offers.tolist(), has, strict=True)
        ],
        signed_up_at=[moment for moment in to_aware(signed_up) if moment is not None],
        consent_at=to_aware(consent_at),
        consent_version=[CONSENT_VERSIONS[v] if c else "" for v, c in zip(version, has, strict=True)],
        consent_ip=[address if c else "" for address, c in zip(ip, has, strict=True)],
        consent_form=[f if c else "" for f, c in zip(form.tolist(), has, strict=True)],
        signed_up=signed_up,
        **_hidden(rng, count, provider, partner),
    )


def _pick(rng: np.random.Generator, weights: Sequence[float], count: int) -> np.ndarray:
    share = np.asarray(weights, float)
    return rng.choice(len(share), size=count, p=share / share.sum())


def _hidden(rng: np.random.Generator, count: int, provider: np.ndarray, partner: Bools) -> dict[str, np.ndarray]:
    fate = rng.random(count)
    prefetch = np.array([p.prefetch for p in PROVIDERS])[provider]
    scans = np.array([p.scans for p in PROVIDERS])[provider]
    return {
        "dead": fate < SHARE_DEAD,
        "full": (fate >= SHARE_DEAD) & (fate < SHARE_DEAD + SHARE_FULL),
        "prefetches": (rng.random(count) < prefetch) & ~partner,
        "scanned": (rng.random(count) < scans) & ~partner,
        "keenness": rng.gamma(2.0, 0.5, count),
    }


def _who(
    rng: np.random.Generator, tongue: np.ndarray, woman: Bools, provider: np.ndarray, partner: Bools
) -> tuple[list[str], list[str], list[str], list[str], list[str], list[str]]:
    """Names, addresses, places and firms. Where addresses clash, the person's number goes in."""
    count = len(tongue)
    first, last, place = (rng.random(count).tolist() for _ in range(3))
    figures = rng.integers(1, 100, count).tolist()
    firm_of = rng.integers(0, len(FIRMS), count).tolist()
    shares = [np.cumsum([city[2] for city in t.cities]) / sum(city[2] for city in t.cities) for t in TONGUES]
    city_of = np.zeros(count, int)
    for number, share in enumerate(shares):
        mine = tongue == number
        city_of[mine] = np.searchsorted(share, np.asarray(place)[mine], side="right")
    firsts, lasts, emails, cities, zones, firms = [], [], [], [], [], []
    latin_of = [[[t.surname_latin(n, woman=w) for n in range(len(t.surnames))] for w in (False, True)] for t in TONGUES]
    native_of = [[[t.surname(n, woman=w) for n in range(len(t.surnames))] for w in (False, True)] for t in TONGUES]
    taken: set[str] = set()
    rows = zip(tongue.tolist(), woman.tolist(), provider.tolist(), partner.tolist(), city_of.tolist(), strict=True)
    for number, (t, is_woman, p, is_partner, city) in enumerate(rows):
        spoken = TONGUES[t]
        given = spoken.women if is_woman else spoken.men
        name, latin = given[int(first[number] * len(given))]
        surname = int(last[number] * len(spoken.surnames))
        local = f"{latin}.{latin_of[t][is_woman][surname]}"
        domain = FIRM_DOMAINS[firm_of[number]] if is_partner else PROVIDERS[p].domain
        address = f"{local}@{domain}" if is_partner else f"{local}{figures[number]}@{domain}"
        if address in taken:
            address = f"{local}.{number}@{domain}"
        taken.add(address)
        firsts.append(name)
        lasts.append(native_of[t][is_woman][surname])
        emails.append(address)
        cities.append(spoken.cities[city][0])
        zones.append(spoken.cities[city][1])
        firms.append(FIRMS[firm_of[number]] if is_partner else "")
    return firsts, lasts, emails, cities, zones, firms

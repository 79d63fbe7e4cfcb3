"""Every address of the staff pages, out of Django's own resolver, and a firm that has one of everything."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter

from northpost.campaigns.models import Campaign, CampaignContent, CampaignState
from northpost.contacts.models import Contact, ContactList, Field, ImportRun, Purpose, Tag
from northpost.content.actions import create_template
from northpost.content.models import MediaFile, Template, TemplateVersion
from northpost.core import clock, sql
from northpost.delivery.models import DkimKey, InboundMail, Inbox, ProviderLimit, Route, Sender, WarmUp
from northpost.goals.models import Goal
from northpost.mailbox.models import Mail
from northpost.sales.models import Order, Product
from northpost.segments.models import Segment
from northpost.team.models import ApiKey, Invitation, Membership, User

# The number that each thing of a furnished firm has: whatever an address asks for by number is there once.
NUMBER = 700_001
WORDS = {"group": "new", "kind": "newsletter", "provider": "mailgun"}


@dataclass(frozen=True)
class Address:
    """A staff address. ``route`` is as written in the urls; ``numbers`` the names of its whole-number arguments."""

    name: str
    route: str
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    view: Any

    def path(self, slug: str, number: int = NUMBER) -> str:
        path = self.route.replace("<slug:slug>", slug)
        for each in self.numbers:
            path = path.replace(f"<int:{each}>", str(number))
        for each in self.words:
            path = path.replace(f"<slug:{each}>", WORDS[each])
        assert "<" not in path, f"{self.route}: say in WORDS what stands for its arguments"
        return f"/{path}"


@lru_cache
def staff_addresses() -> list[Address]:
    """All that begin with /w/<workspace>/."""
    found = [each for each in _walk(get_resolver().url_patterns, "") if each.route.startswith("w/")]
    assert len(found) > 100
    return found


def _walk(patterns: list[Any], before: str) -> Iterator[Address]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            kinds = pattern.pattern.converters
            named = {name: converter for name, converter in kinds.items() if f"<int:{name}>" in str(pattern.pattern)}
            assert all(isinstance(converter, IntConverter) for converter in named.values())
            words = [name for name in kinds if name not in named and name != "slug"]
            yield Address(pattern.name or "", route, tuple(named), tuple(words), pattern.callback)


def furnish(word: str = "") -> None:
    """One of everything that an address can ask for, in the current workspace, all with the same number.

    ``word`` stands in everything that a person or a file of theirs could have named.
    """
    now, day = clock.now(), date(2026, 1, 1)
    same: dict[str, Any] = {"pk": NUMBER}
    dated: dict[str, Any] = {"pk": NUMBER, "created_at": now}
    changed: dict[str, Any] = {**dated, "updated_at": now}
    Contact.objects.create(
        **changed,
        email="p@people.example",
        email_key="p@people.example",
        first_name=word,
        last_name=word,
        phone=word[:40],
        external_id=word,
        language="en",
        attributes={"colour": word},
    )
    ContactList.objects.create(**dated, name=f"List{word}")
    Tag.objects.create(**same, name=f"Tag{word}")
    Field.objects.create(**same, key="colour", label=f"Colour{word}", kind="text")
    Purpose.objects.create(**same, key="news", label=f"News{word}")
    ImportRun.objects.create(
        **dated,
        kind="contacts",
        filename=f"a.csv{word}",
        path="",
        state="failed",
        refused_count=1,
        refused_path=__file__,
    )
    made = create_template(languages=["en"], kind="newsletter")
    Template.objects.create(**changed, name=f"Letter{word}")
    TemplateVersion.objects.filter(template=made).update(template_id=NUMBER)
    MediaFile.objects.create(
        **dated, name=f"a.png{word}", path=f"{NUMBER}/a.png", content_type="image/png", size=1, sha256="a" * 64
    )
    state = CampaignState.SENT
    Campaign.objects.create(**changed, name=f"Mailing{word}", state=state, template_id=NUMBER, default_language="en")
    version = TemplateVersion.objects.get(template_id=NUMBER)
    CampaignContent.objects.create(campaign_id=NUMBER, language="en", version_id=version.pk)
    Segment.objects.create(**changed, name=f"Segment{word}", rule={"kind": "role", "is": "customer"})
    Goal.objects.create(
        **dated, name=f"Goal{word}", group="new", kind="commercial", kpi="orders", baseline=1, baseline_from=day,
        baseline_until=day, target=2, starts_on=day, deadline=date(2026, 12, 31),
    )  # fmt: skip
    Product.objects.create(**changed, sku=f"1{word}", category=word, name=f"Product{word}")
    Order.objects.create(**dated, number=f"1{word}", contact_id=NUMBER, placed_at=now, total=5, currency="EUR")
    Mail.objects.create(
        pk=NUMBER, sender="a@a.example", recipient="b@b.example", subject=f"Hello{word}", size=1, received_at=now,
        raw=zlib.compress(b"Subject: Hello\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>"),
    )  # fmt: skip
    InboundMail.objects.create(
        pk=NUMBER, digest=b"d" * 32, raw=zlib.compress(b"Subject: Hello\r\n\r\nHello"), size=1, way="imap",
        received_at=now, state="done", kind="reply", contact_id=NUMBER, subject=f"Hello{word}", text=f"Hello{word}",
        diagnostic=f"Hello{word}", sender_key="p@people.example", about_key="p@people.example",
    )  # fmt: skip
    Inbox.objects.create(**dated, name=f"Bounces{word}", host="127.0.0.1", port=9, security="none", username="post")
    Route.objects.create(**dated, name=f"Relay{word}", kind="smtp", host="127.0.0.1", port=9)
    Sender.objects.create(**dated, name=f"Firm{word}", email="news@firm.example")
    ProviderLimit.objects.create(**same, route_id=NUMBER, mx_group="abv", per_day=5, changed_at=now)
    WarmUp.objects.create(
        **dated, route_id=NUMBER, domain="firm.example", starts_on=day, first_day=50, factor=2, end_volume=50_000
    )
    DkimKey.objects.create(
        **dated, domain="firm.example", selector="np", algorithm="ed25519", private_sealed="", public=f"p{word}"
    )
    Invitation.objects.create(**dated, email="new@firm.example", role="marketer", expires_at=now)
    ApiKey.objects.create(**dated, name=f"Shop{word}", secret_hash=b"x" * 32)
    colleague = User.objects.create_user("colleague@firm.example", "a long enough password")
    Membership.objects.create(pk=NUMBER, user=colleague, role="marketer", since=now)


def fingerprint() -> dict[str, tuple[int, int]]:
    """Table -> (rows, their sum), for all but the sessions: two that are alike, and nothing was written between."""
    tables = sql.fetch_all(
        "SELECT c.relname AS name FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND c.relnamespace = 'public'::regnamespace AND c.relname NOT IN ('django_session', 'django_migrations')"
        " AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
    )
    union = " UNION ALL ".join(
        f"SELECT '{row['name']}' AS name, count(*) AS rows, coalesce(sum(hashtext(t::text)), 0) AS total"
        f" FROM {row['name']} t"
        for row in tables
    )
    return {row["name"]: (row["rows"], row["total"]) for row in sql.fetch_all(union)}

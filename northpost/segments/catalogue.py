"""What rules can speak of in a workspace: its fields, purposes, lists, tags, products and mailings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from northpost.contacts.models import ContactList, Field, Purpose, Tag
from northpost.core import sql, tenancy
from northpost.team.models import Workspace

MOST_PRODUCTS = 1000
MOST_MAILINGS = 200


@dataclass(frozen=True)
class FieldInfo:
    """A custom attribute: ``kind`` is contacts' FieldKind, ``choices`` its values for kind ``choice``."""

    key: str
    label: str
    kind: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """Names by key or id (as text, the way rules write them). Pure data; :func:`load` reads it."""

    workspace_id: int = 0
    time_zone: str = "UTC"
    currency: str = "EUR"
    fields: Mapping[str, FieldInfo] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    categories: Sequence[str] = ()
    products: Mapping[str, str] = field(default_factory=dict)
    mailings: Mapping[str, str] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


# Mailings live on higher floors: (source, e.g. "campaign:12") -> name, newest first. Registered by those rooms.
Mailings = Callable[[], Mapping[str, str]]
_mailings: dict[str, Mailings] = {}


def register_mailings(kind: str, read: Mailings) -> None:
    """Let rules name the mailings of one source kind: ``read()`` gives source -> name, newest first, of the
    current workspace. It is read each time that a catalogue is loaded, so it should be one quick query."""
    _mailings[kind] = read


def load() -> Catalogue:
    """The current workspace's catalogue: a handful of small queries."""
    workspace_id = tenancy.require_workspace()
    workspace = Workspace.objects.get(pk=workspace_id)
    fields = Field.objects.filter(archived_at=None).order_by("position", "label")
    lists = ContactList.objects.filter(archived_at=None).order_by("name")
    return Catalogue(
        workspace_id=workspace_id,
        time_zone=workspace.time_zone,
        currency=workspace.currency,
        fields={each.key: FieldInfo(each.key, each.label, each.kind, tuple(map(str, each.choices))) for each in fields},
        purposes=dict(Purpose.objects.order_by("pk").values_list("key", "label")),
        lists={str(pk): name for pk, name in lists.values_list("pk", "name")},
        tags=list(Tag.objects.order_by("name").values_list("name", flat=True)),
        categories=_categories(),
        products=_products(),
        mailings={source: name for read in _mailings.values() for source, name in read().items()},
    )


def _categories() -> list[str]:
    rows = sql.fetch_all(
        "SELECT DISTINCT category FROM sales_product WHERE workspace_id = %(workspace_id)s AND category <> ''"
        " ORDER BY category LIMIT 500",
        {"workspace_id": tenancy.require_workspace()},
    )
    return [row["category"] for row in rows]


def _products() -> dict[str, str]:
    rows = sql.fetch_all(
        "SELECT sku, name FROM sales_product WHERE workspace_id = %(workspace_id)s ORDER BY name, sku LIMIT %(most)s",
        {"workspace_id": tenancy.require_workspace(), "most": MOST_PRODUCTS},
    )
    return {row["sku"]: row["name"] for row in rows}

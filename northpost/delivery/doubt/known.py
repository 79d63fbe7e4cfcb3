"""Reading messages in doubt, with all that is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db.models import Count, Exists, OuterRef, QuerySet

from northpost.core import signing, tenancy
from northpost.delivery import addresses
from northpost.delivery.actions.doubt import Finding
from northpost.delivery.doubt.logs import Entry, LogReader, log_lines
from northpost.delivery.models import Doubt as Place
from northpost.delivery.models import Evidence, Message, MessageState, Resolution, Route, RouteKind, Verdict

VERP = "bounce+"


@dataclass(frozen=True)
class Doubt:
    """A message in doubt. ``message_id`` and ``verp``: what to look for in a log, without the domain after the @.

    server: the host and port that it was handed to. left: somebody decided to leave it so. stopped: our own process
    ended before it could write the answer down; else ``told`` is how the connection broke: in the transport's words
    (``closed``: the server ended it, ``silent``: it gave no answer in time), or in those of the network or the server.
    """

    message: Message
    route: str
    server: str
    message_id: str
    verp: str
    left: bool
    stopped: bool
    told: str

    @property
    def closed(self) -> bool:
        return self.told == CLOSED

    @property
    def silent(self) -> bool:
        return self.told.startswith(SILENT)

    @property
    def since(self) -> datetime | None:
        return self.message.sending_at


def find(
    *, source: tuple[str, int] | None = None, route_id: int | None = None, left: bool = False
) -> QuerySet[Message]:
    """Messages in doubt, the latest first; ``left``: those that somebody decided to leave so, instead of the others."""
    places = Place.objects.all()
    if source is not None:
        places = places.filter(source_kind=source[0], source_id=source[1])
    rows = Message.objects.filter(pk__in=places.values("message_id"), state=MessageState.IN_DOUBT)
    if route_id is not None:
        rows = rows.filter(route_id=route_id)
    decided = Resolution.objects.filter(message_id=OuterRef("pk"), verdict=Verdict.LEFT)
    return rows.filter(Exists(decided) if left else ~Exists(decided)).order_by("-sending_at", "-pk")


def settled(*, source: tuple[str, int] | None = None) -> list[tuple[Evidence, int]]:
    """How many that were in doubt have been settled since, by what that rests on, the most first."""
    rows = Resolution.objects.exclude(verdict=Verdict.LEFT)
    if source is not None:
        own = Message.objects.filter(source_kind=source[0], source_id=source[1])
        rows = rows.filter(message_id__in=own.values("pk"))
    counts = rows.values_list("evidence").annotate(count=Count("message_id", distinct=True))
    return sorted(((Evidence(key), count) for key, count in counts), key=lambda one: (-one[1], one[0]))


def describe(rows: Sequence[Message]) -> list[Doubt]:
    """What is known of each."""
    routes = {route.pk: route for route in Route.objects.filter(pk__in={row.route_id for row in rows})}
    left = set(
        Resolution.objects.filter(message_id__in=[row.pk for row in rows], verdict=Verdict.LEFT).values_list(
            "message_id", flat=True
        )
    )
    return [_describe(row, routes.get(row.route_id or 0), row.pk in left) for row in rows]


def _describe(row: Message, route: Route | None, left: bool) -> Doubt:
    stopped = row.reply_text == STOPPED
    return Doubt(
        message=row,
        route=route.name if route else "",
        server=_server(route),
        message_id=addresses.message_id_header(row.workspace_id, row.pk, "").strip("<>@"),
        verp=addresses.return_path(row.workspace_id, row.pk, "").rstrip("@"),
        left=left,
        stopped=stopped,
        told="" if stopped else row.reply_text,
    )


# What the transport says (transport.connection), and what recovery writes (sql/recover_leases.sql).
CLOSED = "the server closed the connection"
SILENT = "no answer in time"
STOPPED = "the sending process ended before the server's answer was recorded"


def _server(route: Route | None) -> str:
    if route is None or route.kind == RouteKind.MAILBOX:
        return ""
    return f"{route.host}:{route.port}" if route.host else ""


def read_logs(paths: Iterable[Path]) -> list[Finding]:
    """What mail servers' logs, the oldest first, tell of the current workspace's messages in doubt. Raises OSError."""
    open_ones = frozenset(Place.objects.values_list("message_id", flat=True).iterator(chunk_size=10_000))
    workspace_id = tenancy.require_workspace()

    def ours(local_part: str) -> int | None:
        try:
            if local_part.startswith(VERP):
                found = addresses.read_message(addresses.BOUNCE, local_part.removeprefix(VERP))
            else:
                found = addresses.read_message(addresses.MESSAGE_ID, local_part)
        except signing.BadToken:
            return None
        return found[1] if found[0] == workspace_id and found[1] in open_ones else None

    reader = LogReader(ours)
    for path in paths:
        reader.read(log_lines(path))
    return [_finding(entry) for entry in reader.entries.values()]


def _finding(entry: Entry) -> Finding:
    verdict = Verdict.REFUSED if entry.fate == "refused" else Verdict.DELIVERED
    return Finding(entry.message_id, verdict, entry.code, entry.enhanced, entry.text)

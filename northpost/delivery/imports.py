"""The kind of import "suppressions": one row, one address that gets nothing. And their way out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext_lazy as _

from northpost.contacts.exports import ExportFormat, write_table
from northpost.contacts.imports import Destination, ImportKind, ImportRefused, Job, Options, RowRefused, Tally
from northpost.core import addresses
from northpost.core.tabular import FileShape, Kind, Row, restore
from northpost.delivery.actions.suppression import suppress_addresses
from northpost.delivery.models import Suppression, SuppressionReason

DESTINATIONS = (
    Destination(
        "email",
        Kind.EMAIL,
        ("e-mail", "email address", "address", "recipient", "имейл", "е-поща", "адрес", "почта", "эл. почта"),
        _("E-mail address"),
    ),
    Destination(
        "reason",
        Kind.TEXT,
        ("type", "kind", "cause", "bounce type", "причина", "вид", "тип"),
        _("Reason"),
        by_content=False,
    ),
)
# What other programs call it; whatever else a cell says, somebody has decided it.
_REASONS = {
    **{reason.value: reason for reason in SuppressionReason if reason is not SuppressionReason.ERASED},
    **dict.fromkeys(
        ("bounce", "bounced", "hard", "hard bounce", "permanent", "invalid"), SuppressionReason.HARD_BOUNCE
    ),
    **dict.fromkeys(("soft", "soft bounce", "blocked", "transient"), SuppressionReason.SOFT_BOUNCES),
    **dict.fromkeys(("complained", "spam", "abuse", "spamreport", "spam report"), SuppressionReason.COMPLAINT),
    **dict.fromkeys(("unsubscribe", "unsub", "opt-out", "optout", "opted out"), SuppressionReason.UNSUBSCRIBED),
}


@dataclass(frozen=True, slots=True)
class NewSuppression:
    key: str
    reason: SuppressionReason


def check(_shape: FileShape, mapping: Mapping[str, str], _options: Options) -> None:
    """A row needs its address."""
    if "email" not in mapping.values():
        raise ImportRefused(_("Choose the column with the e-mail addresses."))


class SuppressionLoader:
    """Reads rows into addresses. Those that are suppressed already stay as they are, with their reason."""

    def __init__(self, job: Job) -> None:
        self._columns = [(job.shape.columns.index(column), to) for column, to in job.mapping.items()]

    def read(self, row: Row) -> NewSuppression:
        """Raises AddressError, RowRefused."""
        said = {to: restore(row.values[place].strip()) for place, to in self._columns if place < len(row.values)}
        if not said.get("email"):
            raise RowRefused(_("there is no e-mail address"))
        word = said.get("reason", "").strip().lower().replace("_", " ")
        reason = _REASONS.get(word.replace(" ", "_")) or _REASONS.get(word) or SuppressionReason.MANUAL
        return NewSuppression(addresses.normalise(said["email"]).key, reason)

    def group(self, _thing: Any) -> None:
        return None

    def store(self, batch: Sequence[NewSuppression]) -> Tally:
        # The first row of an address has the first word, as the first suppression has.
        reasons: dict[str, SuppressionReason] = {}
        for one in batch:
            reasons.setdefault(one.key, one.reason)
        created = 0
        for reason in SuppressionReason:
            keys: list[tuple[str, int | None]] = [(key, None) for key, own in sorted(reasons.items()) if own is reason]
            created += suppress_addresses(keys, reason=reason)
        return Tally(created=created, unchanged=len(batch) - created)

    def refresh(self) -> None:
        return

    def finish(self) -> None:
        return


def _open(job: Job) -> Any:
    return SuppressionLoader(job)


KIND = ImportKind("suppressions", _("Addresses that get nothing"), lambda: DESTINATIONS, check, _open)


def export_suppressions(target: Path | IO[Any], *, file_format: ExportFormat) -> int:
    """Write the workspace's suppressed addresses, and return how many. Of erased people there is none to write.

    The columns are those that the import knows: address, reason, since.
    """
    return write_table(target, ("email", "reason", "since"), _rows(), file_format=file_format)


def _rows() -> Iterator[Sequence[Any]]:
    rows = Suppression.objects.exclude(email_key=None).order_by("email_key")
    yield from rows.values_list("email_key", "reason", "since").iterator(chunk_size=2000)

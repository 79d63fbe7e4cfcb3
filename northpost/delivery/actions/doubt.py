"""Messages in doubt: settled by what a log, a provider or a reader shows, or by somebody's decision, and never else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F

from northpost.core import clock, sql, tenancy
from northpost.delivery.actions.bounces import record_bounces
from northpost.delivery.actions.routing import check_breakers
from northpost.delivery.models import Evidence, Message, MessageState, Resolution, Source, SourceState, Verdict
from northpost.delivery.rules.replies import Blame, classify_reply
from northpost.team.actions import record
from northpost.team.models import User

AT_ONCE = 5000


@dataclass(frozen=True)
class Finding:
    """What became of a message that was in doubt. ``code``, ``enhanced``, ``text``: the server's words, if known."""

    message_id: int
    verdict: Verdict
    code: int | None = None
    enhanced: str | None = None
    text: str = ""

    @property
    def blame(self) -> Blame | None:
        if self.verdict is not Verdict.REFUSED:
            return None
        return classify_reply(code=self.code, enhanced=self.enhanced, text=self.text, phase="final")

    @property
    def bounced(self) -> bool:
        return self.blame in (Blame.HARD, Blame.SOFT)


@dataclass(frozen=True)
class Resolved:
    """How many messages got each verdict; ``untouched`` were no longer in doubt, or belong to a cancelled mailing."""

    verdicts: dict[Verdict, int] = field(default_factory=dict)
    untouched: int = 0

    @property
    def settled(self) -> int:
        return sum(self.verdicts.values())


def resolve(findings: Sequence[Finding], *, evidence: Evidence, user: User | None = None) -> Resolved:
    """Settle messages of the current workspace that are in doubt; others are left as they are.

    With the verdict ``again`` a message goes back into the queue: the gate's questions are asked again when it is
    claimed. Have it sent with tasks.defer_sending. The counts of the mailing follow in the same transaction.
    """
    verdicts: Counter[Verdict] = Counter()
    ordered = sorted({finding.message_id: finding for finding in findings}.values(), key=lambda one: one.message_id)
    for start in range(0, len(ordered), AT_ONCE):
        verdicts += _resolve(ordered[start : start + AT_ONCE], evidence, user)
    return Resolved(dict(verdicts), len(ordered) - verdicts.total())


def _resolve(findings: Sequence[Finding], evidence: Evidence, user: User | None) -> Counter[Verdict]:
    told = {finding.message_id: finding for finding in findings}
    now = clock.now()
    with transaction.atomic():
        moved = _move([finding for finding in findings if finding.verdict is not Verdict.LEFT])
        left = _leave([finding.message_id for finding in findings if finding.verdict is Verdict.LEFT])
        done = [row["id"] for row in moved] + left
        Resolution.objects.bulk_create(
            Resolution(
                message_id=message_id,
                verdict=told[message_id].verdict,
                evidence=evidence,
                told=told[message_id].text[:300],
                user_id=user.pk if user else None,
                at=now,
            )
            for message_id in done
        )
        _count(moved)
        bounced = [(row, told[row["id"]]) for row in moved if told[row["id"]].bounced]
        record_bounces(bounced, now=now)
        verdicts = Counter(told[message_id].verdict for message_id in done)
        if user is not None:
            for verdict, messages in sorted(verdicts.items()):
                record(user=user, verb=f"settled_{verdict.value}", noun="doubt", detail={"mails": messages})
    check_breakers((row["source_kind"], row["source_id"]) for row in moved)
    return verdicts


def _move(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    if not findings:
        return []
    return sql.fetch_all(
        sql.load("northpost.delivery", "resolve_doubts"),
        {
            "workspace_id": tenancy.require_workspace(),
            "now": clock.now(),
            "ids": [one.message_id for one in findings],
            "verdicts": [one.verdict.value for one in findings],
            "codes": [one.code for one in findings],
            "enhanceds": [(one.enhanced or "")[:12] for one in findings],
            "texts": [one.text.replace("\0", " ")[:500] for one in findings],
            "bounced": [one.bounced for one in findings],
        },
    )


def _leave(message_ids: Sequence[int]) -> list[int]:
    still = Message.objects.select_for_update().filter(pk__in=message_ids, state=MessageState.IN_DOUBT)
    return list(still.order_by("pk").values_list("pk", flat=True))


def _count(rows: Iterable[dict[str, Any]]) -> None:
    counts: dict[tuple[str, int], Counter[str]] = {}
    for row in rows:
        counts.setdefault((row["source_kind"], row["source_id"]), Counter())[row["state"]] += 1
    for (kind, source_id), states in sorted(counts.items()):
        own = Source.objects.filter(source_kind=kind, source_id=source_id)
        own.update(
            accepted_count=F("accepted_count") + states[MessageState.ACCEPTED],
            rejected_count=F("rejected_count") + states[MessageState.REJECTED],
            in_doubt_count=F("in_doubt_count") - states.total(),
        )
        if states[MessageState.QUEUED]:
            # enqueued_times: whoever is just about to call it finished sees that it isn't.
            own.update(enqueued_times=F("enqueued_times") + 1)
            own.filter(state=SourceState.FINISHED).update(state=SourceState.ACTIVE, changed_at=clock.now())

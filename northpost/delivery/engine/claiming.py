"""Taking up what is due, with what its mails say of each person."""

from __future__ import annotations

import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from northpost.content.errors import ContentError
from northpost.core import clock, statistics
from northpost.delivery import actions, queries, sources
from northpost.delivery.actions.ledger import Claimed, SourceKey
from northpost.delivery.domains.actions import note_sender_domain
from northpost.delivery.domains.signing import signer_for
from northpost.delivery.engine.compose import Prepared, prepare
from northpost.delivery.engine.hand import Hand
from northpost.delivery.engine.handing import Handing
from northpost.delivery.engine.links import link_rows
from northpost.delivery.engine.outbox import Draft
from northpost.delivery.engine.persisting import Persistence
from northpost.delivery.engine.report import SendReport
from northpost.delivery.engine.settling import Settling
from northpost.delivery.models import MessageState, SkipReason

log = logging.getLogger(__name__)
# Another worker's claim hides what it looked at from ours for a moment: so often we look again, so long apart.
LOOKS = 5
LOOK_SECONDS = 0.02


class Claiming:
    """``exhausted``: nothing more is to be had, or wanted. ``urgency``, ``until``: see actions.claim."""

    def __init__(
        self,
        workspace_id: int,
        run: uuid.UUID,
        handing: Handing,
        hand: Hand,
        settling: Settling,
        persist: Persistence,
        report: SendReport,
        *,
        until: datetime | None,
        limit: int | None,
        batch: int,
        urgency: int | None,
    ) -> None:
        self._workspace_id = workspace_id
        self._run = run
        self._handing = handing
        self._hand = hand
        self._settling = settling
        self._persist = persist
        self._report = report
        self._until = until
        self._left = limit
        self._batch = batch
        self._urgency = urgency
        self._looks = 0
        self._prepared: dict[SourceKey, Prepared | None] = {}
        self._fresh = False
        self.exhausted = False

    @property
    def wants_more(self) -> bool:
        """Half a batch is left besides what is being sent: more would only lie in memory."""
        return not self.exhausted and self._left != 0 and self._hand.unsent < max(1, self._batch // 2)

    def claim(self) -> None:
        if not self._fresh:
            self._fresh = True
            self._persist(statistics.keep_fresh)
        size = self._batch if self._left is None else min(self._batch, self._left)
        since = time.monotonic()
        claimed = self._persist(
            lambda: actions.claim(
                run=self._run,
                batch=size,
                until=self._until,
                urgency=self._urgency,
                exact=self._left is not None,
            )
        )
        if not claimed:
            self._look_again()
            return
        self._looks = 0
        if self._left is not None:
            self._left -= len(claimed)
        self._hand.take(claimed, since=since)
        by_source: dict[SourceKey, list[Claimed]] = defaultdict(list)
        for message in claimed:
            by_source[message.source].append(message)
        for source, messages in by_source.items():
            self._draft(source, messages)

    def _look_again(self) -> None:
        self._looks += 1
        until = self._until or clock.now()
        if self._looks > LOOKS or not self._persist(lambda: queries.is_due(until, urgency=self._urgency)):
            self.exhausted = True
        else:
            time.sleep(LOOK_SECONDS)

    def _draft(self, source: SourceKey, messages: Sequence[Claimed]) -> None:
        prepared = self._prepare(source)
        if prepared is None:
            self._settling.give_back(messages)
            return
        try:
            contexts = self._persist(lambda: prepared.mailing.contexts([message.contact_id for message in messages]))
        except (ContentError, LookupError, ValueError, TypeError) as error:
            self._hold(source, error)
            self._settling.give_back(messages)
            return
        now = clock.now()
        drafts: dict[int, list[Draft]] = defaultdict(list)
        for message in messages:
            own = contexts.get(message.contact_id)
            if own is None:
                self._settling.settle(message, MessageState.SKIPPED, reason=SkipReason.ERASED)
                continue
            context = dict(own) | dict(message.context) if message.context else own
            drafts[message.route_id].append(
                Draft(message.id, message.email, message.language, message.variant, prepared, context, now)
            )
        for route_id, ready in drafts.items():
            self._handing.put(route_id, ready)

    def _prepare(self, source: SourceKey) -> Prepared | None:
        """The source's mailing, worked out once; None, and the source held, if it can't be made."""
        if source not in self._prepared:
            kind, source_id = source
            try:
                self._prepared[source] = self._persist(lambda: self._load(kind, source_id))
                self._settling.touched.add(source)
            except (ContentError, LookupError, ValueError, TypeError) as error:
                self._hold(source, error)
        return self._prepared[source]

    def _hold(self, source: SourceKey, error: Exception) -> None:
        kind, source_id = source
        self._prepared[source] = None
        self._settling.touched.discard(source)
        words = f"the mail could not be made: {error}"
        self._report.alert(words)
        log.error("%s %s is paused: %s", kind, source_id, words)
        self._persist(lambda: actions.pause_source(kind=kind, source_id=source_id, reason=words))

    def _load(self, kind: str, source_id: int) -> Prepared:
        mailing = sources.load(kind, source_id)
        prepared = prepare(
            mailing,
            workspace_id=self._workspace_id,
            source_kind=kind,
            source_id=source_id,
            link_ids=link_rows(mailing, source_kind=kind, source_id=source_id),
        )
        self._hand.domains[kind, source_id] = prepared.domain
        note_sender_domain(kind=kind, source_id=source_id, domain=prepared.domain)
        return replace(prepared, signer=signer_for(prepared.domain))

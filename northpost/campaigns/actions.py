"""Everything that is done to a mailing. Each moves it atomically from a state that allows it, or says why not."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from northpost.campaigns import canary, preflight
from northpost.campaigns.audience import compile_audience
from northpost.campaigns.models import Campaign, CampaignContent
from northpost.campaigns.models import CampaignState as State
from northpost.campaigns.rules import EDITABLE, Audience, parse_audience, states_before
from northpost.contacts.models import Purpose
from northpost.content import queries as content
from northpost.content.actions import use_version
from northpost.core import clock, sql, tenancy
from northpost.delivery import actions as delivery
from northpost.delivery.models import Route, Sender
from northpost.team.models import Workspace

SOURCE = canary.SOURCE
PRIORITY = 50  # chains go before, transactional mail before those
LIFE = timedelta(days=3)  # after which what could not be sent is given up


class CampaignError(Exception):
    """What was asked can't be done to this mailing; permanent, and the message says why."""


class NotReady(CampaignError):
    """The check before sending found something that must be mended first."""

    def __init__(self, problems: list[preflight.Check]) -> None:
        super().__init__("; ".join(str(problem.sentence) for problem in problems))
        self.problems = problems


def create_campaign(*, name: str, created_by_id: int | None = None, **choices: Any) -> Campaign:
    """A new draft; ``choices`` as for :func:`update_campaign`."""
    name = _checked_name(name)
    now = clock.now()
    campaign = Campaign.objects.create(
        name=name,
        audience=Audience().to_json(),
        purpose_id=_first(Purpose.objects.order_by("pk")),
        sender_id=_first(Sender.objects.filter(archived_at=None).order_by("-is_default", "pk")),
        route_id=_first(Route.objects.filter(archived_at=None).order_by("-is_default", "pk")),
        created_by_id=created_by_id,
        created_at=now,
        updated_at=now,
    )
    return update_campaign(campaign_id=campaign.pk, **choices) if choices else campaign


def _first(candidates: QuerySet[Any]) -> int | None:
    return candidates.values_list("pk", flat=True).first()


_CHOICES = frozenset(
    {"name", "audience", "purpose_id", "template_id", "default_language", "sender_id", "route_id", "goal_id", "canary"}
)


def update_campaign(*, campaign_id: int, **choices: Any) -> Campaign:
    """Change a draft or a scheduled mailing. ``audience`` is JSON (see rules.parse_audience).

    Raises :class:`CampaignError` once sending has begun: what is being sent stays as it was checked.
    """
    unknown = set(choices) - _CHOICES
    if unknown:
        raise TypeError(f"unknown choices: {sorted(unknown)}")
    if "audience" in choices:
        choices["audience"] = parse_audience(choices["audience"]).to_json()
    if "name" in choices:
        choices["name"] = _checked_name(choices["name"])
    if choices.get("template_id") is not None:
        choices["default_language"] = _written_language(campaign_id, choices)
    changed = Campaign.objects.filter(pk=campaign_id, state__in=EDITABLE).update(**choices, updated_at=clock.now())
    if not changed:
        raise CampaignError(_("This mailing can't be changed any more."))
    return Campaign.objects.get(pk=campaign_id)


def _written_language(campaign_id: int, choices: dict[str, Any]) -> str:
    """The language for whoever reads none that the template is written in: as chosen where the template has it,
    else the workspace's own, else its first."""
    written = content.newest_versions(template_id=choices["template_id"])
    before = Campaign.objects.filter(pk=campaign_id).values_list("default_language", flat=True).first()
    own = Workspace.objects.values_list("language", flat=True).get(pk=tenancy.require_workspace())
    wanted = (choices.get("default_language", ""), before, own, *written)
    return next((language for language in wanted if language in written), "")


def duplicate_campaign(*, campaign_id: int, created_by_id: int | None = None) -> Campaign:
    """A draft that is chosen like another mailing."""
    original = Campaign.objects.get(pk=campaign_id)
    return create_campaign(
        name=_("%(name)s (copy)") % {"name": original.name[:140]},
        created_by_id=created_by_id,
        **{choice: getattr(original, choice) for choice in _CHOICES - {"name"}},
    )


def schedule_campaign(*, campaign_id: int, at: datetime) -> None:
    """Send at a time to come; it is checked now, and again then."""
    if at <= clock.now():
        raise CampaignError(_("That time has passed. Choose a later one, or send now."))
    _require_ready(campaign_id)
    _move(campaign_id, State.SCHEDULED, scheduled_at=at)


def unschedule_campaign(*, campaign_id: int) -> None:
    """Back to a draft."""
    _move(campaign_id, State.DRAFT, scheduled_at=None)


def start_campaign(*, campaign_id: int) -> None:
    """Begin sending: pin the content, then let the audience be frozen into the ledger (see :func:`freeze`).

    Raises :class:`NotReady`, changing nothing, if something must be mended first.
    """
    _require_ready(campaign_id)
    with transaction.atomic():
        _move(campaign_id, State.FREEZING, started_at=clock.now())
        _pin_content(Campaign.objects.get(pk=campaign_id))


def freeze(*, campaign_id: int) -> int:
    """Put the audience into the ledger, each person once, and start sending. Repeating it adds nobody.

    Returns how many messages wait to be sent. All of it is one transaction: a crash leaves the mailing as it was,
    choosing people, and the next try does it whole.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(pk=campaign_id, state=State.FREEZING).first()
        if campaign is None:
            return 0
        now = clock.now()
        languages = list(CampaignContent.objects.filter(campaign=campaign).values_list("language", flat=True))
        enqueued = delivery.enqueue(
            source_kind=SOURCE,
            source_id=campaign.pk,
            audience=compile_audience(parse_audience(campaign.audience), now=now),
            purpose_id=campaign.purpose_id,
            priority=PRIORITY,
            due_at=now,
            expires_at=now + LIFE,
            route_id=campaign.route_id,
            languages=languages,
            language=campaign.default_language or languages[0],
        )
        canary.begin(campaign, queued=enqueued.queued)
        _move(campaign_id, State.SENDING)
    return enqueued.queued


def pause_campaign(
    *, campaign_id: int, reason: str = "", code: str = "", params: Mapping[str, Any] | None = None
) -> None:
    """Stop handing out messages; what is on the wire is finished. ``reason``: a person's words; ``code`` and
    ``params``: the program's (see words.say_pause)."""
    with transaction.atomic():
        _move(campaign_id, State.PAUSED, pause_reason=reason[:300], pause_code=code, pause_params=dict(params or {}))
        delivery.pause_source(kind=SOURCE, source_id=campaign_id, reason=reason or code)


def resume_campaign(*, campaign_id: int) -> None:
    """Go on where it was paused. Paused because of its first share, it goes to all the others now."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(pk=campaign_id).first()
        _move(campaign_id, State.SENDING, pause_reason="", pause_code="", pause_params={})
        delivery.resume_source(kind=SOURCE, source_id=campaign_id)
        if campaign is not None and campaign.pause_code.startswith("canary_"):
            canary.go_on(campaign_id)


def cancel_campaign(*, campaign_id: int) -> int:
    """End it: what has not been sent is skipped. Returns how many messages that were. There is no way back."""
    with transaction.atomic():
        _move(campaign_id, State.CANCELLED, finished_at=clock.now())
        return delivery.cancel_source(kind=SOURCE, source_id=campaign_id)


def warn(*, campaign_id: int, code: str, params: Mapping[str, Any]) -> None:
    """Put a warning on the mailing's page; it goes on."""
    Campaign.objects.filter(pk=campaign_id).update(pause_code=code, pause_params=dict(params))


def archive_campaign(*, campaign_id: int) -> None:
    """Out of the list; the ledger and the report stay."""
    Campaign.objects.filter(pk=campaign_id).update(archived_at=clock.now())


def unarchive_campaign(*, campaign_id: int) -> None:
    Campaign.objects.filter(pk=campaign_id).update(archived_at=None)


def start_due() -> list[int]:
    """Start the current workspace's scheduled mailings whose time has come; returns their ids.

    One that is no longer ready becomes a draft again, with the reason on its page.
    """
    due = Campaign.objects.filter(state=State.SCHEDULED, scheduled_at__lte=clock.now()).order_by("scheduled_at")
    started = []
    for campaign in due:
        # Another scheduler, or a person, may be quicker with this one; the others are still due.
        with contextlib.suppress(CampaignError):
            try:
                start_campaign(campaign_id=campaign.pk)
                started.append(campaign.pk)
            except NotReady as error:
                _move(campaign.pk, State.DRAFT, pause_reason=str(error)[:300])
    return started


def finish_done() -> int:
    """Mark the current workspace's mailings as sent that have nothing left to send; returns how many."""
    return sql.run(
        sql.load("northpost.campaigns", "finish_campaigns"),
        {"workspace_id": tenancy.require_workspace(), "now": clock.now(), "source_kind": SOURCE},
    )


def _move(campaign_id: int, state: State, **changes: Any) -> None:
    """The one place where a mailing changes state: in one statement, from a state that allows it."""
    changes |= {"state": state, "updated_at": clock.now()}
    if not Campaign.objects.filter(pk=campaign_id, state__in=states_before(state)).update(**changes):
        current = Campaign.objects.filter(pk=campaign_id).first()
        if current is None:
            raise CampaignError(_("This mailing is not there."))
        raise CampaignError(
            _("This mailing is “%(state)s” now; that can't be done to it.") % {"state": current.get_state_display()}
        )


def _require_ready(campaign_id: int) -> None:
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    if campaign is None:
        raise CampaignError(_("This mailing is not there."))
    problems = [check for check in preflight.check(campaign) if check.level is preflight.Level.MISSING]
    if problems:
        raise NotReady(problems)


def _pin_content(campaign: Campaign) -> None:
    """From here on the mailing says what its template says now (law 7)."""
    CampaignContent.objects.filter(campaign=campaign).delete()
    versions = content.newest_versions(template_id=campaign.template_id or 0)
    CampaignContent.objects.bulk_create(
        CampaignContent(campaign=campaign, language=language, version_id=version.pk)
        for language, version in versions.items()
    )
    for version in versions.values():
        use_version(version_id=version.pk)


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise CampaignError(_("Give the mailing a name, so that you find it again."))
    return name[:160]

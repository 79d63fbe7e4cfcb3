"""The marketer's desk: templates, segments and mailings of the demo, made by the product's own actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from northpost.campaigns import actions as campaigns
from northpost.campaigns.models import Campaign
from northpost.contacts.models import ContactList
from northpost.content import actions as content
from northpost.content.models import Template
from northpost.delivery.models import Message, MessageState
from northpost.demo.letters import LANGUAGES, LETTERS, Letter, drafts
from northpost.demo.scenario import SEGMENTS, PlannedMailing
from northpost.demo.warming import SentBy
from northpost.goals.models import Goal
from northpost.segments.actions import save_segment
from northpost.segments.models import Segment
from northpost.team.models import User


@dataclass
class Desk:
    """What the marketer has made so far, by the scenario's names. ``second_server``: once there is one."""

    owner: User
    templates: dict[str, Template] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    second_server: SentBy | None = None

    def write_letters(self) -> None:
        """Every letter of the shop as a template in three languages."""
        for key, letter in LETTERS.items():
            self.templates[key] = self._write(letter)

    def _write(self, letter: Letter) -> Template:
        template = content.create_template(
            languages=LANGUAGES, name=letter.name, kind=letter.library_kind, by=self.owner
        )
        for draft in drafts(letter):
            content.save_version(
                template_id=template.pk,
                language=draft.language,
                subject=draft.subject,
                preheader=draft.preheader,
                mjml=draft.mjml,
                by=self.owner,
            )
        return template

    def save_segments(self) -> None:
        for name, rule in SEGMENTS.items():
            self.segments[name] = save_segment(name=name, rule=rule, by=self.owner)

    def plan(self, mailing: PlannedMailing) -> Campaign:
        """The mailing as a draft."""
        sent_by: dict[str, Any] = dict(self.second_server or {}) if mailing.warming else {}
        return campaigns.create_campaign(
            name=mailing.name,
            created_by_id=self.owner.pk,
            template_id=self.templates[mailing.letter].pk,
            default_language="bg",
            goal_id=Goal.objects.values_list("pk", flat=True).filter(group=mailing.goal).first(),
            audience={
                "include": [self._part(mailing.to)],
                "exclude": [self._part(part) for part in mailing.but],
            },
            **sent_by,
        )

    def _part(self, said: str) -> dict[str, object]:
        kind, _, name = said.partition(":")
        if kind == "everyone":
            return {"everyone": True}
        if kind == "list":
            return {"list": ContactList.objects.get(name=name).pk}
        return {"segment": self.segments[name].pk}


def arrived_since(campaign: Campaign, moment: datetime) -> list[tuple[int, int, str, datetime]]:
    """Messages of the mailing that came to the mailbox at `moment` or later: id, contact, language, when.

    Those in doubt too: the demo's mailbox keeps a mail before it breaks the connection off.
    """
    rows = Message.objects.filter(
        source_kind=campaigns.SOURCE,
        source_id=campaign.pk,
        state__in=(MessageState.ACCEPTED, MessageState.IN_DOUBT),
        settled_at__gte=moment,
    ).order_by("pk")
    return [
        (message_id, contact_id, language, settled_at)
        for message_id, contact_id, language, settled_at in rows.values_list(
            "pk", "contact_id", "language", "settled_at"
        )
        if settled_at is not None
    ]

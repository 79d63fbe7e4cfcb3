"""How a mailing becomes mail: what delivery asks for when it renders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from northpost.campaigns.models import Campaign, CampaignContent
from northpost.campaigns.preflight import company
from northpost.contacts.queries import context_for
from northpost.content.compile import CompiledMail
from northpost.content.models import TemplateVersion
from northpost.content.queries import compiled
from northpost.delivery.models import Sender
from northpost.delivery.sources import Contexts, Mailing
from northpost.team.models import Workspace


def load_mailing(campaign_id: int) -> Mailing:
    """A mailing as pinned when it was started, in every language that it is written in."""
    campaign = Campaign.objects.get(pk=campaign_id)
    pinned = CampaignContent.objects.filter(campaign=campaign).values_list("version_id", flat=True)
    versions = TemplateVersion.objects.filter(pk__in=list(pinned))
    contents = {version.language: compiled(version) for version in versions}
    return make_mailing(campaign, contents)


def make_mailing(campaign: Campaign, contents: Mapping[str, CompiledMail], *, test: bool = False) -> Mailing:
    """A mailing from compiled contents. A test is not counted and not tracked."""
    workspace = Workspace.objects.get(pk=campaign.workspace_id)
    sender = Sender.objects.get(pk=campaign.sender_id or 0)
    shared = {"company": company(workspace), "campaign": {"name": campaign.name}}
    language = campaign.default_language if campaign.default_language in contents else next(iter(contents))
    return Mailing(
        sender_name=sender.name,
        sender_email=sender.email,
        reply_to=sender.reply_to,
        contents=contents,
        language=language,
        contexts=_contexts(shared),
        shared=shared,
        list_name=workspace.name,
        mail_type="test" if test else "campaign",
        track_opens=not test,
        track_clicks=not test,
    )


def _contexts(shared: Mapping[str, object]) -> Contexts:
    def contexts(contact_ids: Sequence[int]) -> Mapping[int, Mapping[str, object]]:
        return {key: {**shared, "contact": person} for key, person in context_for(contact_ids).items()}

    return contexts

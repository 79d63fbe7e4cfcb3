"""The mail as a chosen person gets it, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from northpost.campaigns import audience as audiences
from northpost.campaigns.models import Campaign, CampaignContent
from northpost.campaigns.preflight import company, sample_addresses
from northpost.campaigns.rules import BadAudience, parse_audience
from northpost.contacts.models import Contact
from northpost.contacts.queries import context_for
from northpost.content.compile import ContentError, LinkUrl, RenderedMail
from northpost.content.liquid import LiquidText, plain_data
from northpost.content.models import TemplateVersion
from northpost.content.queries import compiled, newest_versions
from northpost.content.sample import sample_context
from northpost.core import clock
from northpost.team.models import Workspace


def people_to_show(campaign: Campaign, *, size: int) -> list[Contact]:
    """A few people of the audience to look at the mail as."""
    try:
        audience = parse_audience(campaign.audience)
        ids = audiences.sample_audience(audience, now=clock.now(), size=size)
    except BadAudience:
        return []
    return list(Contact.objects.filter(pk__in=ids).order_by("pk"))


def languages(campaign: Campaign) -> list[tuple[str, str]]:
    """The languages that its template is written in, with their names."""
    if campaign.template_id is None:
        return []
    return [
        (language, str(get_language_info(language)["name_translated"]))
        for language in newest_versions(template_id=campaign.template_id)
    ]


def show(campaign: Campaign, *, contact_id: int | None, language: str = "") -> RenderedMail | None:
    """The mail as this person gets it (None: an invented one), in their language unless another is asked for.

    None if there is no template yet; raises ContentError where it can't be rendered.
    """
    versions = newest_versions(template_id=campaign.template_id) if campaign.template_id else {}
    if not versions:
        return None
    person = context_for([contact_id]).get(contact_id) if contact_id is not None else None
    wanted = [language, str((person or {}).get("language") or ""), campaign.default_language, *versions]
    chosen = next(each for each in wanted if each in versions)
    return _render(campaign, versions[chosen], person)


def sent_languages(campaign: Campaign) -> list[tuple[str, str]]:
    """The languages that it was sent in, with their names."""
    pinned = CampaignContent.objects.filter(campaign=campaign).order_by("language").values_list("language", flat=True)
    return [(language, str(get_language_info(language)["name_translated"])) for language in pinned]


def show_sent(campaign: Campaign, *, language: str = "", link_url: LinkUrl | None = None) -> RenderedMail:
    """The mail as it was pinned, for an invented person; raises ContentError where there is none.

    ``link_url`` as for CompiledMail.render.
    """
    pinned = CampaignContent.objects.filter(campaign=campaign)
    versions = {each.language: each for each in TemplateVersion.objects.filter(pk__in=pinned.values("version_id"))}
    if not versions:
        raise ContentError(None, _("Nothing was sent."), "mjml")
    chosen = next(each for each in (language, campaign.default_language, *versions) if each in versions)
    return _render(campaign, versions[chosen], None, link_url)


def say_label(campaign: Campaign, text: str) -> str:
    """A link's words with the firm's own values in them; blank where they are different for each person."""
    workspace = Workspace.objects.get(pk=campaign.workspace_id)
    context = {"company": company(workspace), "campaign": {"name": campaign.name}}
    try:
        return LiquidText(text, language=campaign.default_language or "en").render(plain_data(context)).strip()
    except ContentError:
        return ""


def _render(
    campaign: Campaign,
    version: TemplateVersion,
    person: Mapping[str, object] | None,
    link_url: LinkUrl | None = None,
) -> RenderedMail:
    workspace = Workspace.objects.get(pk=campaign.workspace_id)
    context: dict[str, object] = {**sample_context(version.language), **sample_addresses()}
    context |= {"company": company(workspace), "campaign": {"name": campaign.name}}
    if person is not None:
        context["contact"] = person
    return compiled(version).render(context, link_url=link_url, pixel_url=None)

"""Test mails: a draft as one person would get it, sent to a colleague. They pass the gate like everything else."""

from __future__ import annotations

from django.utils.translation import gettext as _

from northpost.campaigns import audience as audiences
from northpost.campaigns.actions import CampaignError
from northpost.campaigns.mailing import make_mailing
from northpost.campaigns.models import Campaign, CampaignTest
from northpost.campaigns.rules import BadAudience, parse_audience
from northpost.contacts.models import Contact
from northpost.content.compile import ContentError
from northpost.content.models import TemplateVersion
from northpost.content.queries import compiled, newest_versions
from northpost.core import clock
from northpost.core.addresses import AddressError, normalise
from northpost.core.sql import Fragment
from northpost.delivery import actions as delivery
from northpost.delivery.sources import Mailing
from northpost.delivery.tasks import defer_sending

SOURCE = "test"
PRIORITY = 10  # somebody waits for it


def send_test(*, campaign: Campaign, to: str, contact_id: int | None = None, language: str = "") -> CampaignTest:
    """Send the draft as ``contact_id`` would get it (None: somebody of its audience) to the address ``to``.

    Raises CampaignError where there is nothing to send yet, or nobody to send it as.
    """
    try:
        address = normalise(to).envelope
    except AddressError as error:
        raise CampaignError(str(error)) from error
    version = _version(campaign, language)
    if campaign.sender_id is None:
        raise CampaignError(_("Choose whom it comes from first."))
    try:
        compiled(version)
    except ContentError as error:
        raise CampaignError(str(error)) from error
    test = CampaignTest.objects.create(
        campaign=campaign, version_id=version.pk, to=address, contact_id=_person(campaign, contact_id), at=clock.now()
    )
    delivery.enqueue(
        source_kind=SOURCE,
        source_id=test.pk,
        audience=Fragment("SELECT %(person)s::bigint", {"person": test.contact_id}),
        priority=PRIORITY,
        route_id=campaign.route_id,
        languages=[version.language],
        language=version.language,
        transactional=True,
        send_to=address,
    )
    defer_sending(campaign.workspace_id)
    return test


def load_test(test_id: int) -> Mailing:
    """What delivery renders for a test."""
    test = CampaignTest.objects.select_related("campaign").get(pk=test_id)
    version = TemplateVersion.objects.get(pk=test.version_id)
    return make_mailing(test.campaign, {version.language: compiled(version)}, test=True)


def _version(campaign: Campaign, language: str) -> TemplateVersion:
    versions = newest_versions(template_id=campaign.template_id) if campaign.template_id else {}
    if not versions:
        raise CampaignError(_("Choose a template first: there is nothing to send yet."))
    return next(versions[each] for each in (language, campaign.default_language, *versions) if each in versions)


def _person(campaign: Campaign, contact_id: int | None) -> int:
    if contact_id is not None and Contact.objects.filter(pk=contact_id).exists():
        return contact_id
    try:
        chosen = audiences.sample_audience(parse_audience(campaign.audience), now=clock.now(), size=1)
    except BadAudience:
        chosen = []
    anybody = chosen[0] if chosen else Contact.objects.exclude(email=None).values_list("pk", flat=True).first()
    if anybody is None:
        raise CampaignError(_("There is nobody yet to send it as. Add or import people first."))
    return anybody

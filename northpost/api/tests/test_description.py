"""The API against its own description: made-up requests, good and bad, get an answer of the form that it says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from northpost.campaigns.models import Campaign, CampaignState
from northpost.core import clock
from northpost.team.actions import make_key
from northpost.team.models import User, Workspace

EXAMPLES = 60
ADDRESSES = {"GET /api/v1/campaigns", "GET /api/v1/campaigns/{campaign_id}"}


@pytest.fixture
def headers(workspace: Workspace, owner: User, settings: Any) -> dict[str, str]:
    """Of a program that may read, and ask as often as it likes."""
    settings.NORTHPOST_API_PER_MINUTE = 1_000_000
    now = clock.now()
    for number, state in enumerate((CampaignState.SENT, CampaignState.SENDING, CampaignState.DRAFT)):
        Campaign.objects.create(
            name=f"Mailing {number}", state=state, created_at=now, updated_at=now, started_at=now - timedelta(days=1)
        )
    return {"Authorization": f"Bearer {make_key(name='Shop', sees_money=True, by=owner)[1]}"}


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.django_db(transaction=True)
def test_every_answer_is_of_the_form_that_the_description_says(headers: dict[str, str], mode: GenerationMode):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())
    # The key is given, and not made up: what becomes of wrong ones is tried elsewhere.
    schema.config.generation.update(with_security_parameters=False)
    schema.config.update(headers=headers)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert {operation.label for operation in operations} == ADDRESSES
    seen: set[int] = set()
    for operation in operations:

        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            answer = case.call()
            case.validate_response(answer)
            seen.add(answer.status_code)

        ask()
    assert seen <= {200, 404, 405, 422}
    assert seen & ({200} if mode is GenerationMode.POSITIVE else {422})

"""What a person does on the pages between bringing a file in and reading the report, as commands for a test.

    python -m tests.real_shop found SLUG CURRENCY PORT   # an owner, a workspace, a sender, a route to 127.0.0.1:PORT
    python -m tests.real_shop send SLUG                  # a mailing to "Bought twice or more", begun
    python -m tests.real_shop tell SLUG                  # how it stands

Each works on the installation that NORTHPOST_DATA_DIR names and prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from northpost.program import ground

PASSWORD = "a long enough password"


def found(slug: str, currency: str, port: str) -> dict[str, Any]:
    from northpost.core import tenancy
    from northpost.delivery.actions.routes import create_route, create_sender, set_default_route
    from northpost.team.actions import found_workspace, make_key
    from northpost.team.models import User

    owner = User.objects.create_user(f"owner@{slug}.example", PASSWORD, name="Vera")
    workspace = found_workspace(
        name=slug.title(),
        slug=slug,
        owner=owner,
        currency=currency,
        company_name="Shop Ltd",
        postal_address="1 Harbour Street, Varna",
        site=f"https://{slug}.example",
    )
    with tenancy.workspace(workspace.pk):
        create_sender(name="Shop", email=f"news@{slug}.example", by=owner)
        route = create_route(
            name="Server", kind="smtp", host="127.0.0.1", port=int(port), security="none", connections=10, by=owner
        )
        set_default_route(route_id=route.pk, by=owner)
        _made, key = make_key(name="Reports", sees_money=True, by=owner)
    return {"workspace": workspace.slug, "key": key}


def send(slug: str) -> dict[str, Any]:
    from northpost.campaigns import actions, tasks
    from northpost.content.actions import create_template
    from northpost.core import tenancy
    from northpost.segments import catalogue, presets
    from northpost.segments.actions import save_segment

    workspace_id = _workspace(slug)
    with tenancy.workspace(workspace_id):
        twice = next(each for each in presets.presets(catalogue.load()) if each.key == "bought_twice")
        segment = save_segment(name=twice.name, rule=twice.rule, by=None)
        campaign = actions.create_campaign(
            name="To those who come back",
            template_id=create_template(languages=["en"], kind="newsletter").pk,
            default_language="en",
            audience={"include": [{"segment": segment.pk}], "exclude": []},
            # To all at once: a large mailing else goes to a few first, and waits for most of an hour.
            canary=False,
        )
        actions.start_campaign(campaign_id=campaign.pk)
    # From here on it is the worker's, as it is after the button "Send to ... people".
    tasks.begin.defer(workspace_id=workspace_id)
    return {"campaign": campaign.pk}


def tell(slug: str) -> dict[str, Any]:
    """The rows themselves, counted without the product's own queries, beside what its report says."""
    from django.db.models import Sum

    from northpost.analytics.reports import report
    from northpost.campaigns.models import Campaign
    from northpost.contacts.models import Consent, ConsentRecord, Contact
    from northpost.core import tenancy
    from northpost.delivery.models import Message
    from northpost.events.models import Event
    from northpost.sales.models import Order

    with tenancy.workspace(_workspace(slug)):
        campaign = Campaign.objects.get()
        people = dict(Contact.objects.values_list("pk", "external_id"))
        ledger = list(Message.objects.values_list("contact_id", "state", "email"))
        counts = report(campaign).counts
        return {
            "state": campaign.state,
            "people": len(people),
            "orders": Order.objects.count(),
            "money": str(Order.objects.aggregate(sum=Sum("total"))["sum"]),
            "consents": Consent.objects.filter(state="granted").count(),
            "proofs": ConsentRecord.objects.exclude(source="").exclude(text="").count(),
            "live_events": Event.objects.filter(backfill=False).count(),
            "states": dict(Counter(state for _contact, state, _email in ledger)),
            "in_ledger": [people[contact] for contact, _state, _email in ledger],
            "written_to": [email for _contact, _state, email in ledger],
            "chosen": counts.chosen,
            "sent": counts.accepted,
            "delivered": counts.delivered,
        }


def _workspace(slug: str) -> int:
    from northpost.team.queries import workspace_by_slug

    workspace = workspace_by_slug(slug)
    assert workspace is not None
    return workspace.pk


if __name__ == "__main__":
    ground.settle()
    with ground.database():
        verb, *words = sys.argv[1:]
        print(json.dumps({"found": found, "send": send, "tell": tell}[verb](*words)))

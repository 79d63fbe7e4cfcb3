"""What a test with several machines does inside one of them: a process that is told line by line.

    found PEOPLE HOST PORT     make a workspace with a route, people and a frozen mailing
    send WORKSPACE             have workers send what is due
    look                       once what the program does each minute
    hold WORKSPACE             lock a message of the mailing

Each line is answered with one line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from northpost.program import ground


def found(people: int, host: str, port: int) -> dict[str, int]:
    from northpost.campaigns import actions
    from northpost.core import clock, tenancy
    from northpost.delivery.models import Route, RouteKind, Security
    from northpost.program.bench import newsletter, shop

    workspace, _owner = shop.found()
    with tenancy.workspace(workspace.pk), tempfile.TemporaryDirectory() as place:
        path = Path(place) / "people.csv"
        template = newsletter.template()
        newsletter.write_people(path, people)
        shop.bring_in("contacts", path, newsletter.COLUMNS)
        Route.objects.update(is_default=False)
        route = Route.objects.create(
            name="Relay",
            kind=RouteKind.SMTP,
            host=host,
            port=port,
            security=Security.NONE,
            connections=4,
            is_default=True,
            created_at=clock.now(),
        )
        campaign = actions.create_campaign(
            name="News",
            template_id=template.pk,
            route_id=route.pk,
            audience={"include": [{"everyone": True}], "exclude": []},
            canary=False,
        )
        actions.start_campaign(campaign_id=campaign.pk)
        queued = actions.freeze(campaign_id=campaign.pk)
    return {"workspace": workspace.pk, "campaign": campaign.pk, "queued": queued}


def send(workspace_id: int) -> bool:
    from northpost.core import tenancy
    from northpost.delivery.tasks import defer_sending

    with tenancy.workspace(workspace_id):
        return defer_sending(workspace_id)


def look() -> int:
    from northpost.delivery.tasks import look_after_mail

    return look_after_mail()


def hold(workspace_id: int) -> int:
    """Begin a transaction that locks a message, and leave it open: as a worker does that is lost in the middle."""
    from django.db import transaction

    from northpost.core import tenancy
    from northpost.delivery.models import Message

    with tenancy.workspace(workspace_id):
        transaction.set_autocommit(False)
        return Message.objects.select_for_update().order_by("-pk")[0].pk


def do(verb: str, given: list[str]) -> object:
    if verb == "found":
        with ground.database():
            return found(int(given[0]), given[1], int(given[2]))
    if verb == "send":
        return send(int(given[0]))
    if verb == "hold":
        return hold(int(given[0]))
    return look()


def main() -> None:
    ground.settle()
    for line in sys.stdin:
        verb, *given = line.split()
        print(json.dumps(do(verb, given)), flush=True)


if __name__ == "__main__":
    main()

"""Looking at every sending domain once a day, and at one when somebody asks."""

from __future__ import annotations

import logging

from django.conf import settings
from procrastinate.contrib.django import app

from northpost.core import tenancy
from northpost.delivery.domains.actions import keep_check
from northpost.delivery.domains.check import DomainCheck
from northpost.delivery.domains.queries import look_up, sending_domains
from northpost.team.queries import workspace_ids

log = logging.getLogger(__name__)


@app.periodic(cron="17 4 * * *")
@app.task(queue="default", name="northpost.delivery.check_domains", queueing_lock="check_domains")
def check_domains_task(timestamp: int) -> None:
    check_all()


def check_all() -> int:
    """Check the sending domains of every workspace; returns how many that were."""
    if settings.NORTHPOST_DNS == []:
        return 0
    checked = 0
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            for domain in sending_domains():
                check_and_keep(domain)
                checked += 1
    return checked


def check_and_keep(domain: str) -> DomainCheck:
    """Ask the DNS about a domain of the current workspace, and write down what it says."""
    found = look_up(domain)
    keep_check(found)
    return found

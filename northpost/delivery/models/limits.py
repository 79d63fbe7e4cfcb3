"""How much may leave: what was used of each budget, who is held up, who slows us down, how a domain is warmed up."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from northpost.core.tenancy import TenantModel


class Ceiling(TenantModel):
    """How much a workspace sends at most, over all its routes. No row, or null: as much as the routes take."""

    per_hour = models.IntegerField(_("messages an hour at most"), null=True)
    per_day = models.IntegerField(_("messages in 24 hours at most"), null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id"], name="delivery_ceiling_once")]


class Budget(TenantModel):
    """What has been used of one limit, shared by all workers: ``route:5:hour``, ``workspace:day``, ``group:5:google``.

    slots: messages in each of the window's slots, the newest last; at: the number of that newest slot since 1970. The
    arithmetic is in rules.throttling. A row is less than a kilobyte, and written once for every few hundred messages.
    """

    key = models.CharField(max_length=120)
    at = models.BigIntegerField(default=0)
    slots = ArrayField(models.IntegerField(), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "key"], name="delivery_budget_once")]


class BudgetMove(TenantModel):
    """The last that a run of the sender took out of budgets or gave back: number ``number`` of its moves, and how many
    messages that was. Should the answer to the commit be lost, the run asks once more, and this tells that it is done.
    """

    run = models.UUIDField()
    number = models.BigIntegerField()
    messages = models.IntegerField()
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "delivery_budget_move"
        constraints = [models.UniqueConstraint(fields=["run"], name="delivery_budget_move_once")]


class HoldReason(models.TextChoices):
    HOUR = "hour", _("the hour's messages are used up")
    DAY = "day", _("the messages of 24 hours are used up")
    MINUTE = "minute", _("the minute's messages are used up")
    WARM_UP = "warm_up", _("today's step of the warm-up is used up")


class Hold(TenantModel):
    """Nothing is claimed for it before ``until``: a route, a source on a route, or with neither the workspace.

    It ends by itself; the claim reads it, so that what can't go is not taken up again and again.
    """

    route_id = models.BigIntegerField(null=True)
    source_kind = models.CharField(max_length=20, null=True)
    source_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=10, choices=HoldReason.choices)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "route_id", "source_kind", "source_id"],
                name="delivery_hold_once",
                nulls_distinct=False,
            )
        ]


class Slowdown(TenantModel):
    """A group of mailboxes that puts our mail off, and so gets less of it by a route: ``connections`` of ``full``.

    per_minute: the messages a minute that ``full`` connections stand for, measured when the first burst of refusals
    came. changed_at: when it was halved last; it grows back from then on by one connection per quiet period, which
    rules.throttling.grown works out when it is looked at. backlog_at: until when messages given back are spread.
    """

    route_id = models.BigIntegerField()
    mx_group = models.CharField(max_length=255)
    connections = models.SmallIntegerField()
    full = models.SmallIntegerField()
    per_minute = models.IntegerField()
    since = models.DateTimeField()
    changed_at = models.DateTimeField()
    backlog_at = models.DateTimeField()
    reply = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "route_id", "mx_group"], name="delivery_slowdown_once")
        ]


class MailHost(TenantModel):
    """Who runs a domain's mailboxes, as its MX records say; ``mx_group`` is empty until it was looked up."""

    domain = models.CharField(max_length=255)
    mx_group = models.CharField(max_length=255, blank=True, default="")
    looked_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "domain"], name="delivery_mailhost_once")]


class WarmUp(TenantModel):
    """Daily ceilings that grow, for a sender's ``domain`` on a route. Days are those of the workspace's time zone.

    steps: ceilings of the first days, if they were written down; otherwise ``first_day`` times ``factor`` for each day
    after. It is over when a day's ceiling would reach ``end_volume``. kept_on: since that day it stays at its ceiling;
    kept_days: how many days it has stayed before.
    """

    route_id = models.BigIntegerField()
    domain = models.CharField(max_length=255)
    starts_on = models.DateField(_("first day"))
    first_day = models.IntegerField(_("messages on the first day"))
    factor = models.DecimalField(_("times each day"), max_digits=4, decimal_places=2)
    steps = ArrayField(models.IntegerField(), default=list, blank=True)
    end_volume = models.IntegerField(_("until so many a day"))
    kept_on = models.DateField(null=True)
    kept_days = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "route_id", "domain"],
                name="delivery_warmup_once",
                condition=models.Q(ended_at=None),
            )
        ]


class WarmUpDay(TenantModel):
    """What a day of a warm-up allowed at last, and how much of it was used."""

    warm_up_id = models.BigIntegerField()
    day = models.DateField()
    ceiling = models.IntegerField()
    used = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "warm_up_id", "day"], name="delivery_warmupday_once")
        ]

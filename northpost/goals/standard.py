"""The figures that this room brings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from northpost.goals.kpis import Kpi, Unit, from_file, register
from northpost.goals.models import Group

CUSTOMERS = (Group.NEW, Group.ACTIVE, Group.AT_RISK, Group.LAPSED, Group.EVERYONE)
BUYERS = (Group.NEW, Group.ACTIVE, Group.AT_RISK, Group.EVERYONE)
ALL = tuple(Group.values)

STANDARD = (
    Kpi(
        key="first_purchases",
        label=_("First purchases"),
        named=_("First purchases by %(group)s"),
        formula=_("People who had not ordered anything before the period and placed their first order in it."),
        unit=Unit.COUNT,
        series=from_file("first_purchases"),
        groups=(Group.PROSPECTS, Group.EVERYONE),
    ),
    Kpi(
        key="orders",
        label=_("Orders"),
        named=_("Orders by %(group)s"),
        formula=_("Orders placed in the period by the people who were in the group when it began."),
        unit=Unit.COUNT,
        series=from_file("orders"),
        groups=(Group.PROSPECTS, *CUSTOMERS),
    ),
    Kpi(
        key="revenue",
        label=_("Revenue"),
        named=_("Revenue from %(group)s"),
        formula=_("Totals of the orders placed in the period, less refunds; orders in other currencies are left out."),
        unit=Unit.MONEY,
        series=from_file("revenue"),
        groups=(Group.PROSPECTS, *CUSTOMERS),
    ),
    Kpi(
        key="buyers",
        label=_("Buyers"),
        named=_("Buyers among %(group)s"),
        formula=_("People of the group who ordered at least once in the period, each counted once."),
        unit=Unit.COUNT,
        series=from_file("buyers"),
        groups=(Group.PROSPECTS, *CUSTOMERS),
    ),
    Kpi(
        key="average_order",
        label=_("Average order"),
        named=_("Average order of %(group)s"),
        formula=_("Revenue of the period less refunds, divided by its orders; other currencies are left out."),
        unit=Unit.MONEY,
        series=from_file("revenue"),
        divides=True,
        grows=False,
        groups=BUYERS,
    ),
    Kpi(
        key="orders_per_person",
        label=_("Orders per person"),
        named=_("Orders per person of %(group)s"),
        formula=_("Orders of the period divided by the people who were in the group when it began."),
        unit=Unit.RATIO,
        series=from_file("orders_per_person"),
        divides=True,
        groups=(Group.NEW, Group.ACTIVE),
    ),
    Kpi(
        key="repeat_rate",
        label=_("Share who order again"),
        named=_("Share who order again among %(group)s"),
        formula=_("Of the people who ordered in the period, the share who ordered at least twice in it."),
        unit=Unit.RATE,
        series=from_file("repeat_rate"),
        divides=True,
        groups=BUYERS,
    ),
    Kpi(
        key="reactivated",
        label=_("Customers won back"),
        named=_("Customers won back among %(group)s"),
        formula=_("People who ordered in the period after so long a pause that they had lapsed, each counted once."),
        unit=Unit.COUNT,
        series=from_file("reactivated"),
        groups=(Group.LAPSED, Group.EVERYONE),
    ),
    Kpi(
        key="churn",
        label=_("Churn"),
        named=_("Churn of %(group)s"),
        formula=_("Of the people who had not lapsed when the period began, the share who lapsed in it."),
        unit=Unit.RATE,
        series=from_file("churn"),
        higher_is_better=False,
        divides=True,
        groups=(Group.AT_RISK, Group.EVERYONE),
    ),
    Kpi(
        key="slipping",
        label=_("Share who slip away"),
        named=_("Share who slip away among %(group)s"),
        formula=_("Of the people who were not at risk when the period began, the share who came to be at risk in it."),
        unit=Unit.RATE,
        series=from_file("slipping"),
        higher_is_better=False,
        divides=True,
        groups=(Group.NEW, Group.ACTIVE, Group.EVERYONE),
    ),
    Kpi(
        key="new_consents",
        label=_("New subscribers"),
        named=_("New subscribers among %(group)s"),
        formula=_("People who agreed to mail in the period and still do, each counted once."),
        unit=Unit.COUNT,
        series=from_file("new_consents"),
        groups=(Group.PROSPECTS, Group.PARTNERS, Group.EVERYONE),
    ),
    Kpi(
        key="click_rate",
        label=_("Click rate"),
        named=_("Click rate of %(group)s"),
        formula=_("Of the mails delivered in the period, the share in which a person clicked; machines are left out."),
        unit=Unit.RATE,
        series=from_file("click_rate"),
        divides=True,
        grows=False,
        groups=ALL,
    ),
    Kpi(
        key="contact_rate",
        label=_("Share who reacted"),
        named=_("Share who reacted among %(group)s"),
        formula=_("Share of the group who clicked in a mail or replied at least once; machines are left out."),
        unit=Unit.RATE,
        series=from_file("contact_rate"),
        divides=True,
        groups=ALL,
    ),
    Kpi(
        key="unsubscribe_rate",
        label=_("Unsubscribe rate"),
        named=_("Unsubscribe rate of %(group)s"),
        formula=_("Of the mails delivered in the period, the share after which the person unsubscribed."),
        unit=Unit.RATE,
        series=from_file("unsubscribe_rate"),
        higher_is_better=False,
        divides=True,
        grows=False,
        groups=ALL,
    ),
    Kpi(
        key="complaint_rate",
        label=_("Spam complaints"),
        named=_("Spam complaints by %(group)s"),
        formula=_("Of the mails delivered in the period, the share that was reported as spam."),
        unit=Unit.RATE,
        series=from_file("complaint_rate"),
        higher_is_better=False,
        divides=True,
        grows=False,
        groups=ALL,
    ),
)


def register_all() -> None:
    for kpi in STANDARD:
        register(kpi)

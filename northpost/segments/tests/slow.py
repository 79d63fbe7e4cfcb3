"""The slow, obvious reading of a rule: one person after the other, in Python."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from northpost.segments.rules import All, Condition, Node, Not, Some
from northpost.segments.tests.population import NOW, Person

ZONE = ZoneInfo("Europe/Sofia")
TODAY = NOW.astimezone(ZONE).date()


def fits(node: Node, person: Person, lists: dict[str, str]) -> bool:
    match node:
        case All(nodes):
            return all(fits(each, person, lists) for each in nodes)
        case Some(nodes):
            return any(fits(each, person, lists) for each in nodes)
        case Not(inner):
            return not fits(inner, person, lists)
        case Condition(kind, values):
            return condition(kind, dict(values), person, lists)


def condition(kind: str, v: dict[str, Any], person: Person, lists: dict[str, str]) -> bool:
    match kind:
        case "attribute":
            if v["attribute"] == "role":
                return person.role in v["roles"]
            if v["attribute"] == "created":
                return moment(v, person.created_at)
            email = (person.email or "").lower()
            return text(
                v,
                {
                    "email": email,
                    "email_domain": email.partition("@")[2],
                    "first_name": person.first_name,
                    "last_name": person.last_name,
                    "language": person.language,
                    "time_zone": person.time_zone,
                    "external_id": "",
                }[v["attribute"]],
            )
        case "field":
            return own_field(v, person.attributes.get(v["field"]))
        case "consent":
            state, since = person.consents.get(v["purpose"], ("none", NOW))
            return state == v["state"] and (state == "none" or long_enough(v, since))
        case "list":
            return (lists[v["list"]] in person.lists) == (v["is"] == "on")
        case "tag":
            return (v["tag"] in person.tags) == (v["is"] == "on")
        case "stage":
            return person.stage is not None and person.stage[0] in v["stages"] and long_enough(v, person.stage[1])
        case "orders":
            return ordered(v, person)
        case "mail":
            return mail(v, person)
        case "event":
            moments = [each.at for each in person.happenings if each.kind == v["event"] and not each.machine]
            if v["measure"] == "last":
                return bool(moments) and moment(v, max(moments))
            return compare(v, sum(1 for each in moments if inside(v, each)))
    raise AssertionError(kind)


def text(v: dict[str, Any], value: str | None) -> bool:
    have, want = (value or "").lower(), v.get("text", "").lower()
    return {
        "is": have == want,
        "is_not": have != want,
        "contains": want in have,
        "starts": have.startswith(want),
        "empty": have == "",
        "filled": have != "",
    }[v["test"]]


def own_field(v: dict[str, Any], value: Any) -> bool:
    if "answer" in v:
        return {"yes": value is True, "no": value is False, "empty": value is None}[v["answer"]]
    if "any_of" in v:
        return value in v["any_of"]
    if v["field"] == "score":
        if v["test"] in ("empty", "filled"):
            return (value is None) == (v["test"] == "empty")
        if value is None:
            return False
        low, number = v["number"], Decimal(str(value))
        return {
            "at_least": number >= low,
            "at_most": number <= low,
            "exactly": number == low,
            "between": low <= number <= v.get("number_to", low),
        }[v["test"]]
    if v["field"] == "birthday" and v["test"] not in ("empty", "filled"):
        return value is not None and day(v, date.fromisoformat(value))
    return text(v, value)


def day(v: dict[str, Any], value: date) -> bool:
    match v["test"]:
        case "in_last":
            return TODAY - timedelta(days=v["days"]) <= value <= TODAY
        case "in_next":
            return TODAY <= value <= TODAY + timedelta(days=v["days"])
        case "before_last":
            return value < TODAY - timedelta(days=v["days"])
        case "before":
            return value < v["day"]
        case "after":
            return value > v["day"]
        case "between":
            return bool(v["from"] <= value <= v["until"])
    for ahead in range(v["days"] + 1):
        each = TODAY + timedelta(days=ahead)
        leap = each.year % 4 == 0
        kept = (2, 28) if (value.month, value.day) == (2, 29) and not leap else (value.month, value.day)
        if (each.month, each.day) == kept:
            return True
    return False


def local(value: datetime) -> date:
    return value.astimezone(ZONE).date()


def moment(v: dict[str, Any], value: datetime, name: str = "test") -> bool:
    match v[name]:
        case "in_last":
            return NOW - timedelta(days=v["days"]) <= value <= NOW
        case "before_last":
            return value < NOW - timedelta(days=v["days"])
        case "before":
            return local(value) < v["day"]
        case "after":
            return local(value) > v["day"]
    return bool(v["from"] <= local(value) <= v["until"])


def long_enough(v: dict[str, Any], since: datetime) -> bool:
    return v["since"] == "any" or moment(v, since, "since")


def inside(v: dict[str, Any], value: datetime) -> bool:
    if v["within"] == "last_days":
        return NOW - timedelta(days=v["days"]) <= value <= NOW
    return v["within"] == "ever" or v["from"] <= local(value) <= v["until"]


def compare(v: dict[str, Any], value: Decimal | int) -> bool:
    low = v.get("count", v.get("amount", 0))
    high = v.get("count_to", v.get("amount_to", 0))
    return {
        "never": value == 0,
        "at_least": value >= low,
        "at_most": value <= low,
        "exactly": value == low,
        "between": low <= value <= high,
    }[v["compare"]]


def ordered(v: dict[str, Any], person: Person) -> bool:
    found: list[tuple[datetime, Decimal]] = []
    for placed in person.orders:
        if v["measure"] in ("sum", "average") and placed.currency != "EUR":
            continue
        if "within" in v and not inside(v, placed.at):
            continue
        if v["about"] == "anything":
            found.append((placed.at, placed.total - placed.refunded))
            continue
        place = 0 if v["about"] == "category" else 1
        lines = [line[2] for line in placed.lines if line[place] == v[v["about"]]]
        if lines:
            found.append((placed.at, sum(lines, Decimal(0))))
    moments, amounts = [at for at, _amount in found], [amount for _at, amount in found]
    match v["measure"]:
        case "count":
            return compare(v, len(found))
        case "sum":
            return compare(v, sum(amounts, Decimal(0)))
        case "average":
            return bool(found) and compare(v, sum(amounts, Decimal(0)) / len(found))
        case "first":
            return bool(found) and moment(v, min(moments))
    return bool(found) and moment(v, max(moments))


def mail(v: dict[str, Any], person: Person) -> bool:
    source = v.get("mailing")
    if v["what"] == "received":
        return compare(
            v,
            sum(
                1
                for each in person.mails
                if each.state == "accepted"
                and not each.bounced
                and source in (None, each.source)
                and each.at is not None
                and inside(v, each.at)
            ),
        )
    messages = {
        each.message
        for each in person.happenings
        if each.kind == f"mail.{v['what']}"
        and not each.machine
        and source in (None, each.source)
        and inside(v, each.at)
    }
    return compare(v, len(messages))

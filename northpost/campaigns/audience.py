"""From a mailing's audience to one statement that selects its people."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from northpost.campaigns.rules import Audience, BadAudience, Part
from northpost.contacts.models import ContactList
from northpost.core import sql
from northpost.core.sql import Fragment
from northpost.segments.compile import compile_rule
from northpost.segments.models import Segment
from northpost.segments.rules import RuleError

EVERYONE = Fragment("SELECT id FROM contacts_contact")
ON_LIST = "SELECT contact_id FROM contacts_list_member WHERE contact_list_id = %(list)s"


def compile_audience(audience: Audience, *, now: datetime) -> Fragment:
    """A statement that selects the ids of the audience's people; nobody for an audience without parts.

    Raises :class:`BadAudience` for a segment or list that is not in this workspace.
    """
    if not audience.include:
        return Fragment("SELECT id FROM contacts_contact WHERE false")
    included = [_compile_part(part, now).prefixed(f"in{number}_") for number, part in enumerate(audience.include)]
    excluded = [_compile_part(part, now).prefixed(f"out{number}_") for number, part in enumerate(audience.exclude)]
    wanted = " UNION ".join(f"({part.text})" for part in included)
    unwanted = "".join(f" EXCEPT ({part.text})" for part in excluded)
    params = {name: value for part in (*included, *excluded) for name, value in part.params.items()}
    return Fragment(f"SELECT chosen.id FROM (({wanted}){unwanted}) AS chosen (id)", params)


def count_audience(audience: Audience, *, now: datetime) -> int:
    """How many people the audience holds now, before the gate looks at each."""
    chosen = compile_audience(audience, now=now)
    return sql.fetch_value(f"SELECT count(*) FROM ({chosen.text}) AS people", chosen.params)


def count_languages(audience: Audience, *, now: datetime) -> dict[str, int]:
    """How many of its people read which language (blank: not known)."""
    chosen = compile_audience(audience, now=now)
    rows = sql.fetch_all(
        "SELECT language, count(*) AS people FROM contacts_contact"
        f" WHERE id IN ({chosen.text}) GROUP BY language ORDER BY people DESC, language",
        chosen.params,
    )
    return {row["language"]: row["people"] for row in rows}


def sample_audience(audience: Audience, *, now: datetime, size: int) -> list[int]:
    """The ids of a few of its people that can be mailed, the same few each time."""
    chosen = compile_audience(audience, now=now)
    rows = sql.fetch_all(
        f"SELECT id FROM contacts_contact WHERE id IN ({chosen.text}) AND email IS NOT NULL"
        " ORDER BY id LIMIT %(sample_size)s",
        {**chosen.params, "sample_size": size},
    )
    return [row["id"] for row in rows]


def _compile_part(part: Part, now: datetime) -> Fragment:
    if part.kind == "everyone":
        return EVERYONE
    if part.kind == "list":
        if not ContactList.objects.filter(pk=part.id).exists():
            raise BadAudience(_("That list is not there any more."))
        return Fragment(ON_LIST, {"list": part.id})
    segment = Segment.objects.filter(pk=part.id).first()
    if segment is None:
        raise BadAudience(_("That segment is not there any more."))
    try:
        return compile_rule(segment.rule, now=now)
    except RuleError as error:
        raise BadAudience(f"{segment.name}: {error}") from error


def describe_audience(audience: Audience) -> tuple[list[str], list[str]]:
    """Names of what is included and what is left out, for sentences."""
    return [_name(part) for part in audience.include], [_name(part) for part in audience.exclude]


def _name(part: Part) -> str:
    if part.kind == "everyone":
        return _("Everyone")
    model = ContactList if part.kind == "list" else Segment
    found = model._default_manager.filter(pk=part.id).first()
    return str(found) if found is not None else _("(not there any more)")

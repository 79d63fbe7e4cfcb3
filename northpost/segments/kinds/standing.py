"""Conditions on where a person stands: consent, lists, tags, life cycle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.segments.asking import Ask
from northpost.segments.catalogue import Catalogue
from northpost.segments.kinds import phrases
from northpost.segments.kinds.registry import ConditionKind
from northpost.segments.kinds.windows import ask_since, say_since, since_sql
from northpost.segments.models import Stage
from northpost.segments.statement import Statement

STANDING = gettext_lazy("Where they stand")
CONSENT_STATES = (
    ("granted", gettext_lazy("has agreed")),
    ("pending", gettext_lazy("has not confirmed yet")),
    ("withdrawn", gettext_lazy("has withdrawn")),
    ("none", gettext_lazy("was never asked")),
)
ON = (("on", gettext_lazy("is on the list")), ("off", gettext_lazy("is not on the list")))
HAS = (("on", gettext_lazy("has the tag")), ("off", gettext_lazy("does not have the tag")))


class ConsentGiven(ConditionKind):
    """``purpose`` (its key), ``state``, and since when."""

    key = "consent"
    label = gettext_lazy("Consent")
    group = STANDING

    def shape(self, ask: Ask) -> None:
        ask.choice("purpose", gettext_lazy("To what"), list(ask.catalogue.purposes.items()))
        if ask.choice("state", gettext_lazy("Consent"), CONSENT_STATES, reshapes=True) != "none":
            ask_since(ask)

    def compile(self, values: Mapping[str, Any], statement: Statement) -> str:
        select = (
            "SELECT contact_id FROM contacts_consent"
            f" WHERE workspace_id = {statement.workspace} AND purpose_id ="
            f" (SELECT id FROM contacts_purpose WHERE workspace_id = {statement.workspace}"
            f" AND key = {statement.param(values['purpose'])}::text)"
        )
        if values["state"] == "none":
            return statement.not_among(select)
        state = f" AND state = {statement.param(values['state'])}::text"
        return statement.among(select + state + since_sql(values, "since", statement))

    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str:
        said = {
            "granted": _("have agreed to %(purpose)s"),
            "pending": _("have not yet confirmed their consent to %(purpose)s"),
            "withdrawn": _("have withdrawn their consent to %(purpose)s"),
            "none": _("were never asked for their consent to %(purpose)s"),
        }[values["state"]] % {"purpose": phrases.quoted(catalogue.purposes[values["purpose"]])}
        return said if values["state"] == "none" else phrases.sentence(said, say_since(values))


class OnList(ConditionKind):
    """``list`` (its id as text), ``on`` or off."""

    key = "list"
    label = gettext_lazy("List")
    group = STANDING

    def shape(self, ask: Ask) -> None:
        ask.choice("is", gettext_lazy("Person"), ON)
        ask.choice("list", gettext_lazy("List"), list(ask.catalogue.lists.items()))

    def compile(self, values: Mapping[str, Any], statement: Statement) -> str:
        select = (
            f"SELECT contact_id FROM contacts_list_member WHERE workspace_id = {statement.workspace}"
            f" AND contact_list_id = {statement.param(int(values['list']))}::bigint"
        )
        return statement.among(select) if values["is"] == "on" else statement.not_among(select)

    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str:
        named = {"name": phrases.quoted(catalogue.lists[values["list"]])}
        return (_("are on the list %(name)s") if values["is"] == "on" else _("are not on the list %(name)s")) % named


class HasTag(ConditionKind):
    """``tag`` (its name), ``on`` or off."""

    key = "tag"
    label = gettext_lazy("Tag")
    group = STANDING

    def shape(self, ask: Ask) -> None:
        ask.choice("is", gettext_lazy("Person"), HAS)
        ask.choice("tag", gettext_lazy("Tag"), [(name, name) for name in ask.catalogue.tags])

    def compile(self, values: Mapping[str, Any], statement: Statement) -> str:
        select = (
            f"SELECT contact_id FROM contacts_tagged WHERE workspace_id = {statement.workspace} AND tag_id ="
            f" (SELECT id FROM contacts_tag WHERE workspace_id = {statement.workspace}"
            f" AND name = {statement.param(values['tag'])}::text)"
        )
        return statement.among(select) if values["is"] == "on" else statement.not_among(select)

    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str:
        named = {"name": phrases.quoted(values["tag"])}
        return (_("have the tag %(name)s") if values["is"] == "on" else _("do not have the tag %(name)s")) % named


class InStage(ConditionKind):
    """``stages`` of the life cycle, any of them, and since when."""

    key = "stage"
    label = gettext_lazy("Life cycle")
    group = STANDING

    def shape(self, ask: Ask) -> None:
        ask.several("stages", gettext_lazy("Stage"), Stage.choices)
        ask_since(ask)

    def compile(self, values: Mapping[str, Any], statement: Statement) -> str:
        return statement.among(
            f"SELECT contact_id FROM segments_lifecycle WHERE workspace_id = {statement.workspace}"
            f" AND stage = ANY({statement.param(list(values['stages']))}::text[])"
            f"{since_sql(values, 'since', statement)}"
        )

    def explain(self, values: Mapping[str, Any], catalogue: Catalogue) -> str:
        labels = dict(Stage.choices)
        stages = phrases.either(phrases.quoted(labels[each]) for each in values["stages"])
        said = _("are at the stage %(stages)s of the life cycle") % {"stages": stages}
        return phrases.sentence(said, say_since(values))

"""Whatever stands in a text of a rule is just text."""

from __future__ import annotations

import re

import pytest

from northpost.contacts.models import Contact, Field
from northpost.core import clock, sql, tenancy
from northpost.segments import queries
from northpost.segments.compile import compile_rule
from northpost.segments.rules import RuleError
from northpost.segments.tests.population import NOW
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

ATTACKS = [
    "' OR '1'='1",
    "'; DROP TABLE contacts_contact; --",
    "%(rule_9)s",
    "%s %d %%",
    "\\'; SELECT pg_sleep(10); --",
    "$$; SELECT 1; $$",
    '"; --',
    "/* */ UNION SELECT id FROM contacts_contact",
    "{standing}",
    "a' || (SELECT current_user) || '",
]


def contact(first_name: str, **attributes: str) -> Contact:
    return Contact.objects.create(
        first_name=first_name, attributes=attributes, created_at=clock.now(), updated_at=clock.now()
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_text_finds_whoever_is_called_so_and_nobody_else(workspace: Workspace, attack: str):
    Field.objects.create(key="note", label="Note", kind="text")
    contact("Ann", note="quiet")
    called = contact(attack, note=attack)
    for rule in (
        {"kind": "attribute", "attribute": "first_name", "test": "is", "text": attack},
        {"kind": "attribute", "attribute": "first_name", "test": "contains", "text": attack},
        {"kind": "attribute", "attribute": "first_name", "test": "starts", "text": attack},
        {"kind": "field", "field": "note", "test": "is", "text": attack},
    ):
        compiled = compile_rule(rule, now=NOW)
        assert attack not in compiled.text
        assert attack in compiled.params.values()
        assert [row["id"] for row in sql.fetch_all(compiled.text, compiled.params)] == [called.pk]
    for about in ("category", "product"):
        rule = {
            "kind": "orders",
            "measure": "count",
            "compare": "at_least",
            "count": 1,
            "about": about,
            about: attack,
            "within": "ever",
        }
        assert attack not in compile_rule(rule, now=NOW).text
        assert queries.count(rule, now=NOW) == 0
    assert Contact.objects.count() == 2


def test_a_field_that_does_not_exist_is_never_asked_for(workspace: Workspace):
    with pytest.raises(RuleError):
        compile_rule({"kind": "field", "field": "x' OR true --", "test": "is", "text": "x"}, now=NOW)


def test_a_statement_is_made_of_our_own_words_only(workspace: Workspace):
    rule = {"all": [{"kind": "attribute", "attribute": "email_domain", "test": "is", "text": "secret.example"}]}
    compiled = compile_rule(rule, now=NOW, prefix="who_")
    assert set(re.findall(r"%\((\w+)\)s", compiled.text)) == set(compiled.params) == {"who_1", "who_2"}
    assert compiled.params == {"who_1": workspace.pk, "who_2": "secret.example"}


def test_a_rule_sees_its_own_workspace_only(workspace: Workspace, rival: Workspace):
    contact("Ann")
    everyone = {"all": []}
    assert queries.count(everyone, now=NOW) == 1
    compiled = compile_rule(everyone, now=NOW)
    with tenancy.workspace(rival.pk):
        assert queries.count(everyone, now=NOW) == 0
        # Even a statement that was compiled next door.
        assert sql.fetch_all(compiled.text, compiled.params) == []

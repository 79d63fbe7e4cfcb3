"""The bench of composing makes the messages that it counts, and says what it measured."""

from __future__ import annotations

import email
import email.policy

import pytest

from northpost.program.bench import composing


def test_it_measures_whole_messages_of_the_size_that_it_names(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(composing, "WHOLE_MESSAGES", 2)
    outcome = composing.measure(30)
    assert (outcome.name, outcome.scale) == ("compose", 30)
    assert outcome.figure > 0
    assert set(outcome.peers) == {composing.WHOLE}
    raw = composing.message(composing.mailing(), 7).data
    assert outcome.details["bytes a mail"] == pytest.approx(len(raw), abs=20)
    assert 25_000 < len(raw) < 35_000
    message = email.message_from_bytes(raw, policy=email.policy.default)
    html = message.get_body(("html",)).get_content()
    for value in ("Firstname7", "Lastname7", "K000000007", " 7 points", "City 7", "person7@mail7.example"):
        assert value in html
    assert html.count("/m/c/") == 11  # ten links and the hidden one

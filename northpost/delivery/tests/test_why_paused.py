"""Why a server is paused: written down by a worker, read in one's own language."""

from __future__ import annotations

import pytest
from django.utils import translation

from northpost.delivery.queries import why_paused
from northpost.delivery.transport import Endpoint, RouteUnavailable
from northpost.delivery.transport.errors import ADVICE

DETAIL = "535 5.7.8 no: (really)"


@pytest.mark.parametrize("cause", ADVICE)
def test_every_reason_is_said_in_the_readers_language(cause: str) -> None:
    error = RouteUnavailable(Endpoint("smtp.firm.example", 587, "starttls", "", "", "here"), cause, DETAIL)  # type: ignore[arg-type]
    written = str(error)
    assert why_paused(written) == written
    for language in ("bg", "ru"):
        with translation.override(language):
            said = why_paused(written)
        assert said != written
        assert all(part in said for part in ("smtp.firm.example", "587", DETAIL))


def test_what_nobody_foresaw_is_said_as_it_was_written() -> None:
    with translation.override("ru"):
        assert why_paused("the route is gone") == "the route is gone"
        assert why_paused("") == ""

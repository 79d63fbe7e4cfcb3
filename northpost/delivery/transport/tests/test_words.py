"""Why a route can't be used is said in the reader's language."""

from pathlib import Path
from typing import get_args

import pytest
from babel.messages.pofile import read_po

from northpost.delivery import transport
from northpost.delivery.transport import Cause, RouteUnavailable

from .rig import endpoint

CATALOGUES = Path(transport.__path__[0]).parent / "locale"


@pytest.mark.parametrize("language", ["bg", "ru"])
def test_every_cause_is_translated_and_keeps_its_details(language):
    with (CATALOGUES / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    for cause in get_args(Cause):
        error = RouteUnavailable(endpoint(2525), cause, "535 5.7.8 no")
        entry = catalogue.get(error.msgid)
        assert entry is not None, cause
        words = entry.string % error.params
        assert words != str(error)
        for text in (words, str(error)):
            assert all(detail in text for detail in ("127.0.0.1", "2525", "535 5.7.8 no"))

"""What a person chooses for themselves."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from northpost.team.errors import TeamProblem
from northpost.team.models import User

THEMES = ("", "light", "dark")


def choose_language(*, user: User, language: str) -> None:
    """Remember the language in which a person reads the pages; ``language`` is one of settings.LANGUAGES."""
    user.language = language
    user.save(update_fields=["language"])


def update_profile(*, user: User, name: str, language: str, theme: str) -> None:
    """Change a person's own name, language of the pages and theme; blank language and theme follow the browser."""
    name = name.strip()
    if len(name) > 120:
        raise TeamProblem("name", _("This is longer than %(longest)d characters.") % {"longest": 120})
    if language and language not in dict(settings.LANGUAGES):
        raise TeamProblem("language", _("Choose one of the languages."))
    if theme not in THEMES:
        raise TeamProblem("theme", _("Choose light, dark, or as the device is set."))
    user.name, user.language, user.theme = name, language, theme
    user.save(update_fields=["name", "language", "theme"])

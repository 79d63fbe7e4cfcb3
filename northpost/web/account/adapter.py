"""How allauth is bent to this house: the first owner signs up, everyone else comes by invitation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from northpost.team.models import User


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return not User.objects.exists()

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "")
        user.language = get_language() or ""
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of a reset mail goes to the configured host, whatever host the request named."""
        path = urlsplit(super().get_reset_password_from_key_url(key)).path
        return f"{settings.NORTHPOST_URL}{path}"

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        remember_theme(request, answer, user.theme)
        return answer


def remember_theme(request: HttpRequest, answer: HttpResponse, theme: str) -> None:
    """A person's theme goes with them to the browser at hand; the pages' script reads and writes this cookie."""
    if theme:
        answer.set_cookie("theme", theme, max_age=365 * 24 * 3600, secure=request.is_secure(), samesite="Lax")

"""What recipients meet. No cookie is asked for or set; the token in the address says who and what."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from northpost.core import signing, tenancy
from northpost.delivery import actions, addresses
from northpost.delivery.engine.web_version import web_version as mail_as_page
from northpost.public.reader import Reader, read_reader
from northpost.public.style import style_urls

# A mail's HTML is somebody's content: it may show pictures, and run, send or embed nothing (it has no origin, too).
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; default-src 'none'; "
    "img-src http: https: data:; style-src 'unsafe-inline'; font-src http: https:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@contextmanager
def _told_by(purpose: str, token: str) -> Iterator[tuple[int, int]]:
    """The (workspace, message) of a token, with that workspace entered; 404 for any other text."""
    try:
        workspace_id, message_id = addresses.read_message(purpose, token)
    except signing.BadToken as error:
        raise Http404 from error
    with tenancy.workspace(workspace_id):
        yield workspace_id, message_id


@csrf_exempt  # RFC 8058: the POST of a mailbox provider comes without a cookie; the token is what proves it
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """GET and HEAD show one button and change nothing: scanners follow links. POST unsubscribes, repeatably."""
    with _told_by(addresses.LEAVE, token) as (_workspace_id, message_id):
        if request.method == "POST":
            try:
                actions.unsubscribe(message_id=message_id, ip=_ip(request))
            except actions.NoSuchMessage as error:
                raise Http404 from error
        return _page(request, token, message_id)


@csrf_exempt
@require_POST
def stay(request: HttpRequest, token: str) -> HttpResponse:
    """Takes an unsubscription back."""
    with _told_by(addresses.LEAVE, token) as (_workspace_id, message_id):
        try:
            actions.stay(message_id=message_id, ip=_ip(request))
        except actions.NoSuchMessage as error:
            raise Http404 from error
        return _page(request, token, message_id, stayed=True)


@require_http_methods(["GET", "HEAD"])
def web_version(request: HttpRequest, token: str) -> HttpResponse:
    """The mail in a browser, in a sandbox."""
    with _told_by(addresses.VIEW, token) as (_workspace_id, message_id):
        html = mail_as_page(message_id)
    if html is None:
        raise Http404
    answer = HttpResponse(html)
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    answer.headers["Cache-Control"] = "no-store, private"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _page(request: HttpRequest, token: str, message_id: int, *, stayed: bool = False) -> HttpResponse:
    reader: Reader | None = read_reader(message_id)
    if reader is None:
        raise Http404
    with translation.override(reader.language):
        answer = render(
            request,
            "public/leave.html",
            {"reader": reader, "token": token, "stayed": stayed, "style_urls": style_urls()},
        )
    answer.headers["Cache-Control"] = "no-store, private"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Content-Language"] = reader.language
    return answer


def _ip(request: HttpRequest) -> str | None:
    try:
        return str(ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None

"""What recipients meet. No cookie is asked for or set; the token in the address says who and what."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from northpost.core import clock, signing, tenancy
from northpost.delivery import actions, tasks
from northpost.delivery.engine import addresses
from northpost.delivery.engine.web_version import web_version as mail_as_page
from northpost.delivery.models import HitKind, Link
from northpost.public.reader import Reader, read_reader
from northpost.public.style import style_urls

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
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


@require_http_methods(["GET", "HEAD"])
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of one transparent pixel."""
    with _told_by(addresses.OPEN, token) as (workspace_id, message_id):
        _record(request, workspace_id, actions.NewHit(HitKind.OPEN, message_id, clock.now()))
    answer = HttpResponse(PIXEL, content_type="image/gif")
    answer.headers["Cache-Control"] = "no-store, private"
    return answer


@require_http_methods(["GET", "HEAD"])
def clicked(request: HttpRequest, link: str, person: str) -> HttpResponse:
    """On to where the link leads. The target comes from the database or out of the signature, never from the query."""
    try:
        click = addresses.read_click(link, person)
    except signing.BadToken as error:
        raise Http404 from error
    with tenancy.workspace(click.workspace_id):
        hit = actions.NewHit(HitKind.CLICK, click.message_id, clock.now(), link_id=click.link_id, url=click.url)
        if click.link_id == 0:
            # The hidden link: whoever follows it is no person, and there is nothing behind it.
            _record(request, click.workspace_id, hit)
            return HttpResponse(status=204)
        url = click.url or Link.objects.filter(pk=click.link_id).values_list("url", flat=True).first()
        if not url:
            raise Http404
        _record(request, click.workspace_id, hit)
    answer = HttpResponseRedirect(url)
    answer.headers["Cache-Control"] = "no-store, private"
    return answer


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


def _record(request: HttpRequest, workspace_id: int, hit: actions.NewHit) -> None:
    agent = request.headers.get("User-Agent", "")
    actions.record_hits(
        [
            actions.NewHit(
                hit.kind, hit.message_id, hit.at, hit.link_id, hit.url, method=request.method or "", agent=agent
            )
        ]
    )
    tasks.defer_classifying(workspace_id)


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

"""Where e-mail services report what became of messages: checked, kept, answered; applied a moment later."""

from __future__ import annotations

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from northpost.core import signing, tenancy
from northpost.delivery.esp.reading import Forged, Unreadable, read_address
from northpost.delivery.models import Route, RouteKind
from northpost.delivery.routes import RouteUnusable, account_of
from northpost.delivery.webhooks import applying, tasks


@csrf_exempt  # the service's signature, or the password that it was given, is what proves it
@require_http_methods(["GET", "HEAD", "POST"])
def receive(request: HttpRequest, token: str, provider: str) -> HttpResponse:
    """2xx once it is kept. 404: no such address. 403: not from the service. 400: in no words that it has."""
    try:
        workspace_id, route_id = read_address(token)
    except signing.BadToken as error:
        raise Http404 from error
    with tenancy.workspace(workspace_id):
        route = Route.objects.filter(pk=route_id, kind=RouteKind.ESP, provider=provider).first()
        if route is None:
            raise Http404
        if request.method != "POST":
            # Some look whether anybody is there before they begin.
            return HttpResponse()
        try:
            account = account_of(route)
            reports = account.provider.make_reader(account).read(request)
            with transaction.atomic():
                new = applying.take_in(reports, route_id=route_id)
                if new:
                    tasks.defer_applying(workspace_id)
        except (Forged, RouteUnusable):
            return HttpResponse(status=403)
        except Unreadable:
            return HttpResponse(status=400)
    return HttpResponse()

"""What the route for openings and clicks is measured against: the same work as an async Django view."""

from __future__ import annotations

import base64
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "northpost.config.settings")
application = get_asgi_application()

# Rooms can be imported only once Django is set up.
from django.conf import settings  # noqa: E402
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect  # noqa: E402
from django.urls import path  # noqa: E402
from psycopg_pool import AsyncConnectionPool  # noqa: E402

from northpost.core import clock  # noqa: E402
from northpost.delivery import actions, addresses  # noqa: E402
from northpost.delivery.actions.hits import insert_parameters, insert_statement  # noqa: E402
from northpost.delivery.models import HitKind  # noqa: E402
from northpost.public.hits.door import connection_parameters  # noqa: E402
from northpost.public.hits.journal import ENTER  # noqa: E402

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


async def opened(request: HttpRequest, token: str) -> HttpResponse:
    workspace_id, message_id = addresses.read_message(addresses.OPEN, token)
    agent = request.headers.get("User-Agent", "")
    await _keep(workspace_id, actions.NewHit(HitKind.OPEN, message_id, clock.now(), agent=agent))
    return HttpResponse(PIXEL, content_type="image/gif")


async def clicked(request: HttpRequest, link: str, person: str) -> HttpResponse:
    click = addresses.read_click(link, person)
    agent = request.headers.get("User-Agent", "")
    hit = actions.NewHit(HitKind.CLICK, click.message_id, clock.now(), link_id=click.link_id, agent=agent)
    return HttpResponseRedirect(await _keep(click.workspace_id, hit))


_pool: list[AsyncConnectionPool] = []


async def _keep(workspace_id: int, hit: actions.NewHit) -> str:
    """One transaction; where the link leads."""
    if not _pool:
        made = AsyncConnectionPool(open=False, min_size=2, max_size=16, kwargs=connection_parameters())
        _pool.append(made)
        await made.open()
    async with _pool[0].connection() as connection, connection.transaction():
        await connection.execute(ENTER, [str(workspace_id)])
        cursor = await connection.execute(insert_statement(), insert_parameters(workspace_id, [hit]))
        row = await cursor.fetchone()
    return row[1] if row else ""


urlpatterns = [path("m/o/<str:token>.gif", opened), path("m/c/<str:link>/<str:person>", clicked)]
settings.ROOT_URLCONF = __name__
# Nothing between the server and the view: it makes the peer faster, not slower.
settings.MIDDLEWARE = []

"""Pictures and files of mails, at addresses that whoever got the mail may open."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from northpost.content import queries
from northpost.content.errors import NotHere
from northpost.core import tenancy

# The address is made from the content, so what stands there never changes.
_FOR_GOOD = "public, max-age=31536000, immutable"


@require_safe
def media_file(request: HttpRequest, sha256: str, workspace_id: int, suffix: str) -> HttpResponse:
    """A picture to be shown, or any other file as a download: nothing that is uploaded runs on this site."""
    if workspace_id >= 2**63:
        raise Http404
    with tenancy.workspace(workspace_id):
        try:
            file = queries.media_by_hash(sha256=sha256)
            if file.path.rpartition(".")[2] != suffix:
                raise Http404
            response = _unchanged(request, sha256) or HttpResponse(
                queries.media_path(file).read_bytes(), content_type=file.content_type
            )
        except (NotHere, FileNotFoundError) as error:
            raise Http404 from error
    shown = content_disposition_header(as_attachment=not queries.shows_inline(file), filename=file.name)
    response["Content-Disposition"] = shown or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = _FOR_GOOD
    response["ETag"] = f'"{sha256}"'
    return response


def _unchanged(request: HttpRequest, sha256: str) -> HttpResponse | None:
    asked = request.headers.get("If-None-Match", "")
    return HttpResponseNotModified() if f'"{sha256}"' in asked else None

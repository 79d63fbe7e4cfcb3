"""The media library: what mails show."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from northpost.content import actions, queries
from northpost.content.errors import FileInUse, FileProblem, NotHere
from northpost.content.models import MediaFile
from northpost.content.pictures import FILE_LIMIT
from northpost.team.models import User
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs

PER_PAGE = 48
AT_ONCE = 20  # files
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """A file as the page shows it. ``path``: its public address on this host; ``url``: the one for mails."""

    pk: int
    name: str
    path: str
    size: int
    width: int | None
    height: int | None
    created_at: object
    shows: bool

    @property
    def url(self) -> str:
        return f"{settings.NORTHPOST_URL}{self.path}"

    @property
    def snippet(self) -> str:
        return f'<mj-image src="{self.url}" alt="{escape(self.name.rpartition(".")[0] or self.name)}" />'


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Ability.SEE)
def media(request: StaffRequest) -> HttpResponseBase:
    """The grid; POST adds files. Those that can be kept are, and each that can't is named with the reason."""
    refused: list[tuple[str, str]] = []
    may_edit = may(request.membership.role, Ability.EDIT)
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied
        refused = _take(request)
        if not refused:
            return redirect(address(request, "media"))
    page = Paginator(queries.list_media(), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "files": [_shown(file) for file in page],
        "refused": refused,
        "may_edit": may_edit,
        "limit": FILE_LIMIT // MEGABYTE,
    }
    return render(request, "web/letters/media.html", context, status=422 if refused else 200)


def _take(request: StaffRequest) -> list[tuple[str, str]]:
    """Keep what can be kept; gives what can't, with why."""
    files = request.FILES.getlist("files")
    if not files:
        return [(_("Files"), _("Choose at least one file."))]
    refused: list[tuple[str, str]] = []
    kept = 0
    for file in files[:AT_ONCE]:
        try:
            _keep(file, by=request.member)
        except FileProblem as problem:
            refused.append((file.name or _("File"), problem.message))
        else:
            kept += 1
    refused += [(file.name or _("File"), _("Too many at once.")) for file in files[AT_ONCE:]]
    if kept:
        messages.success(request, ngettext("%(n)d file is here.", "%(n)d files are here.", kept) % {"n": kept})
    return refused


def _keep(file: UploadedFile, *, by: User) -> None:
    # Its size is known before its bytes are held in memory.
    if (file.size or 0) > FILE_LIMIT:
        raise FileProblem(_("The file is too big: %(limit)d MB are possible.") % {"limit": FILE_LIMIT // MEGABYTE})
    actions.store_media(name=file.name or "", content=file.read(), by=by)


def _shown(file: MediaFile) -> Shown:
    suffix = file.path.rpartition(".")[2]
    return Shown(
        pk=file.pk,
        name=file.name,
        path=reverse("media_file", args=[file.sha256, file.workspace_id, suffix]),
        size=file.size,
        width=file.width,
        height=file.height,
        created_at=file.created_at,
        shows=queries.shows_inline(file),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Ability.EDIT)
def delete(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Asked first, with the templates that show the file; if any do, its name has to be typed."""
    try:
        file = queries.media(media_id=min(pk, 2**63 - 1))
        used_in = queries.templates_showing(file)
        wrong = False
        if request.method == "POST":
            wrong = bool(used_in) and request.POST.get("typed", "").strip() != file.name
            if not wrong:
                actions.delete_media(media_id=file.pk, even_if_shown=bool(used_in), by=request.member)
                messages.success(request, _("“%(name)s” is deleted.") % {"name": file.name})
                return redirect(address(request, "media"))
    except NotHere as error:
        raise Http404 from error
    except FileInUse as error:  # since just now
        used_in = error.templates
    context = {"file": file, "used_in": used_in, "wrong": wrong}
    return render(request, "web/letters/media_delete.html", context, status=422 if wrong else 200)

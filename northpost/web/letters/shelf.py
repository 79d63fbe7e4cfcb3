"""The list of templates: pictures of them, making, copying, renaming, putting away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from northpost.content import actions, library, queries
from northpost.content.compile import ContentError, compile_mail
from northpost.content.errors import ContentProblem, NotHere
from northpost.content.library import LibraryTemplate
from northpost.content.models import Template
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.framed import framed_mail, framed_words
from northpost.web.letters import showing
from northpost.web.letters.forms import NewTemplateForm

PER_PAGE = 24
FEW = 8  # so many are found by looking


@dataclass(frozen=True, slots=True)
class Kind:
    """A template of the library as one chooses it; ``key`` empty: a blank sheet."""

    key: str
    name: str
    chosen: bool

    @property
    def picture(self) -> str:
        return self.key or library.BLANK


@require_safe
@needs(Ability.SEE)
def templates(request: StaffRequest) -> HttpResponseBase:
    """Those in use, or those put away (``shown=archived``); ``q`` finds by name."""
    archived = request.GET.get("shown") == "archived"
    search = request.GET.get("q", "").strip()[:200]
    rows = queries.list_templates(archived=archived)
    other = Template.objects.filter(archived_at__isnull=archived).count()
    found = [row for row in rows if search.casefold() in row.template.name.casefold()]
    here = address(request, "templates")
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "q": search,
        "archived": archived,
        "any": bool(rows or other),
        "many": len(rows) > FEW or search,
        "here": "archived" if archived else "",
        "tabs": [
            {"key": "", "label": _("In use"), "url": here, "count": other if archived else len(rows)},
            {
                "key": "archived",
                "label": _("Those put away"),
                "url": f"{here}?shown=archived",
                "count": len(rows) if archived else other,
            },
        ],
        "may_edit": may(request.membership.role, Ability.EDIT),
    }
    return render(request, "web/letters/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Ability.EDIT)
def template_create(request: StaffRequest) -> HttpResponseBase:
    """Choose a kind, a name and languages; the pictures are in the first language chosen."""
    preferred = _language(request.workspace.language)
    form = NewTemplateForm(request.POST if request.method == "POST" else None, initial={"languages": [preferred]})
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_template(
                languages=form.cleaned_data["languages"],
                name=form.cleaned_data["name"],
                kind=form.cleaned_data["kind"],
                by=request.member,
            )
        except ContentProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        else:
            messages.success(request, _("“%(name)s” is made. Now give it your own words.") % {"name": made.name})
            return redirect(address(request, "template", made.pk))
    spoken = _language(get_language() or "")
    chosen = request.POST.get("kind", request.GET.get("kind", library.kinds()[0]))
    kinds = [Kind(kind, library.load(kind, spoken).name, kind == chosen) for kind in library.kinds()]
    kinds.append(Kind("", library.load(library.BLANK, spoken).name, chosen == ""))
    context = {"form": form, "kinds": kinds, "pictures_in": (form["languages"].value() or [preferred])[0]}
    return render(request, "web/letters/create.html", context, status=422 if form.errors else 200)


@require_safe
@needs(Ability.SEE)
def picture(request: StaffRequest, pk: int) -> HttpResponseBase:
    """A template's newest words as a mail, for a small frame."""
    versions = queries.newest_versions(template_id=found_template(pk).pk)
    wanted = [request.GET.get("language", ""), request.workspace.language, *versions]
    language = next((each for each in wanted if each in versions), None)
    if language is None:
        return framed_words(_("Nothing is written here yet."))
    try:
        html = showing.html_for(queries.compiled(versions[language]), workspace=request.workspace)
    except ContentError as error:
        return framed_words(showing.error_words(error))
    return framed_mail(html, theme="light")


@require_safe
@needs(Ability.SEE)
def library_picture(request: StaffRequest, kind: str) -> HttpResponseBase:
    """A template of the library as a mail, small or whole."""
    if kind not in (*library.kinds(), library.BLANK):
        raise Http404
    source = library.load(kind, _language(request.GET.get("language", "")))
    answer = framed_mail(showing.html_for(_compiled(source), workspace=request.workspace), theme="light")
    answer["Cache-Control"] = "private, max-age=600"
    return answer


def _compiled(source: LibraryTemplate) -> queries.CompiledMail:
    return compile_mail(
        mjml=source.mjml, subject=source.subject, preheader=source.preheader, text=None, language=source.language
    )


@require_POST
@needs(Ability.EDIT)
def rename(request: StaffRequest, pk: int) -> HttpResponseBase:
    def deed() -> Template:
        return actions.rename_template(template_id=pk, name=request.POST.get("name", ""), by=request.member)

    return _do(request, pk, deed, _("It is now called “%(name)s”."))


@require_POST
@needs(Ability.EDIT)
def copy(request: StaffRequest, pk: int) -> HttpResponseBase:
    def deed() -> Template:
        return actions.duplicate_template(template_id=pk, by=request.member)

    return _do(request, pk, deed, _("Copied. This is “%(name)s”."))


@require_POST
@needs(Ability.EDIT)
def archive(request: StaffRequest, pk: int) -> HttpResponseBase:
    def deed() -> Template:
        return actions.archive_template(template_id=pk, by=request.member)

    said = _("“%(name)s” is put away. Mailings that use it go on, and it can be brought back.")
    return _do(request, pk, deed, said, back="templates")


@require_POST
@needs(Ability.EDIT)
def restore(request: StaffRequest, pk: int) -> HttpResponseBase:
    def deed() -> Template:
        return actions.restore_template(template_id=pk, by=request.member)

    return _do(request, pk, deed, _("“%(name)s” is back among those in use."))


def _do(
    request: StaffRequest, pk: int, deed: Callable[[], Template], said: str, *, back: str = "template"
) -> HttpResponse:
    try:
        done = deed()
    except NotHere as error:
        raise Http404 from error
    except ContentProblem as problem:
        messages.error(request, problem.message)
        return redirect(address(request, "template", pk))
    messages.success(request, said % {"name": done.name})
    return redirect(address(request, back) if back == "templates" else address(request, back, done.pk))


def found_template(pk: int) -> Template:
    """The template, or 404: of another workspace there is nothing to see."""
    try:
        return queries.template(template_id=min(pk, 2**63 - 1))
    except NotHere as error:
        raise Http404 from error


def _language(code: str) -> str:
    return code if code in library.languages() else "en"

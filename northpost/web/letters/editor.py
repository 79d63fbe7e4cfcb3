"""A template's page: its code beside the mail, as it is being written."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from northpost.content import actions, library, queries
from northpost.content.compile import CompiledMail, ContentError, RenderedMail, compile_mail
from northpost.content.errors import ContentProblem
from northpost.content.models import Template, TemplateVersion
from northpost.team.models import User
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.framed import DARK, framed_mail, framed_words, has_dark_colours
from northpost.web.letters import showing
from northpost.web.letters.forms import LetterForm, words_of
from northpost.web.letters.shelf import found_template

PEOPLE_OFFERED = 12
HISTORY_SHOWN = 30
# Gmail cuts a longer mail off and hides the rest, the link to unsubscribe with it.
CUT_OFF = 102 * 1024


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Ability.SEE)
def template(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The editor in one language; POST saves it. ``version`` shows an older one, to read or to save anew."""
    found = found_template(pk)
    if request.method == "POST":
        if not may(request.membership.role, Ability.EDIT):
            raise PermissionDenied
        return _save(request, found)
    versions = queries.newest_versions(template_id=pk)
    language = _chosen_language(request.GET.get("language", ""), request.workspace.language, versions)
    shown = _older(request.GET.get("version", ""), found, language) or versions.get(language)
    form = LetterForm(initial=words_of(shown) if shown else _beginning(found, language, versions))
    return _page(request, found, language, form, versions, shown=shown)


def _save(request: StaffRequest, found: Template) -> HttpResponse:
    language = request.POST.get("language", "")
    if language not in library.languages():
        raise Http404
    versions = queries.newest_versions(template_id=found.pk)
    newest = versions.get(language)
    form = LetterForm(request.POST)
    if form.is_valid() and request.POST.get("based_on", "") != _stamp(newest):
        said = _("Somebody else has saved this meanwhile. Your text stands here unchanged: save again to put it over.")
        form.add_error(None, said)
    if form.is_valid():
        try:
            saved = actions.save_version(
                template_id=found.pk, language=language, by=request.member, **form.cleaned_data
            )
        except ContentError as error:
            _show_error(form, error)
        except ContentProblem as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        else:
            messages.success(request, _said_saved(newest, saved))
            return redirect(f"{address(request, 'template', found.pk)}?language={language}")
    return _page(request, found, language, form, versions, shown=newest, status=422)


def _said_saved(before: TemplateVersion | None, saved: TemplateVersion) -> str:
    if before is not None and saved.number != before.number:
        words = {"new": saved.number, "old": before.number}
        return _("Saved as version %(new)d. Version %(old)d stays as mailings have sent it.") % words
    return _("Saved.")


def _show_error(form: LetterForm, error: ContentError) -> None:
    """At the field, with the line; the editor marks it."""
    field = error.source if error.source in form.fields else "mjml"
    form.add_error(field, showing.say_error(error) if field == "mjml" or error.line else error.message)
    if field == "mjml" and error.line is not None:
        form.mark_line(error.line, error.message)


def _page(
    request: StaffRequest,
    found: Template,
    language: str,
    form: LetterForm,
    versions: dict[str, TemplateVersion],
    *,
    shown: TemplateVersion | None,
    status: int = 200,
) -> HttpResponse:
    newest = versions.get(language)
    editable = may(request.membership.role, Ability.EDIT) and found.archived_at is None
    if not editable:
        form.only_to_read()
    here = address(request, "template", found.pk)
    offered = library.languages() if editable else tuple(versions)
    context = {
        "letter": found,
        "form": form,
        "language": language,
        "language_name": showing.language_name(language),
        "here": language,
        "tabs": [
            {"key": code, "label": showing.language_title(code), "url": f"{here}?language={code}", "count": None}
            for code in offered
        ],
        "newest": newest,
        "older": shown if shown and newest and shown.pk != newest.pk else None,
        "history": _history(found, language),
        "based_on": _stamp(newest),
        "editable": editable,
        "may_edit": may(request.membership.role, Ability.EDIT),
        "variables": showing.variables(),
        "people": showing.newest_people(PEOPLE_OFFERED) if editable else [],
    }
    return render(request, "web/letters/editor.html", context, status=status)


@dataclass(frozen=True, slots=True)
class Past:
    """A line of the history."""

    version: TemplateVersion
    by: User | None


def _history(found: Template, language: str) -> list[Past]:
    versions = list(queries.history(template_id=found.pk, language=language)[:HISTORY_SHOWN])
    people = User.objects.in_bulk([version.created_by_id for version in versions if version.created_by_id])
    return [Past(version, people.get(version.created_by_id or 0)) for version in versions]


def _chosen_language(asked: str, own: str, versions: dict[str, TemplateVersion]) -> str:
    """One that was asked for may not be written yet; else the workspace's, or the first there is."""
    if asked in library.languages():
        return asked
    return next((each for each in (own, *versions) if each in versions), "en")


def _older(asked: str, found: Template, language: str) -> TemplateVersion | None:
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 9):
        return None
    version = queries.history(template_id=found.pk, language=language).filter(number=int(asked)).first()
    if version is None:
        raise Http404
    return version


def _beginning(found: Template, language: str, versions: dict[str, TemplateVersion]) -> dict[str, str]:
    """What a new language starts from: the library's words in it, or those of a language that is there."""
    if found.kind in library.kinds() or not versions:
        source = library.load(found.kind if found.kind in library.kinds() else library.BLANK, language)
        return {"subject": source.subject, "preheader": source.preheader, "mjml": source.mjml, "text": ""}
    return words_of(next(iter(versions.values())))


def _stamp(version: TemplateVersion | None) -> str:
    """Names a state of a version: an unused one is replaced, under the same number."""
    return f"{version.pk}-{version.created_at.isoformat()}" if version else ""


# --- the mail beside it ---


@require_POST
@needs(Ability.EDIT)
def preview(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The source that is posted, as a mail, for the frame. Nothing is kept."""
    found_template(pk)
    contact = showing.person_by_email(request.POST.get("person", ""))
    try:
        html = showing.html_for(_compile(request), workspace=request.workspace, contact=contact)
    except ContentError as error:
        answer = framed_words(showing.error_words(error))
        answer.status_code = 422
        return answer
    return framed_mail(html, theme=DARK if request.POST.get("theme") == DARK else "light")


@require_POST
@needs(Ability.EDIT)
def check(request: StaffRequest, pk: int) -> HttpResponseBase:
    """What there is to say of the source that is posted: its first error with the line, or how it will arrive."""
    found_template(pk)
    person = request.POST.get("person", "").strip()
    contact = showing.person_by_email(person)
    context: dict[str, object] = {"nobody": person if person and contact is None else ""}
    try:
        mail = _compile(request)
        shown = showing.context(request.workspace, mail.language, contact)
        rendered = mail.render(shown, link_url=None, pixel_url=None)
    except ContentError as error:
        line = error.line if error.source in ("mjml", "liquid") else None
        context |= {"error": showing.say_error(error), "line": line or 0, "message": error.message}
    else:
        missing = sorted(mail.missing_variables(shown))
        dark = request.POST.get("theme") == DARK
        context |= {"mail": rendered, "doubts": list(_doubts(mail, rendered, missing, dark=dark)), "size": mail.size}
        context |= {"own_text": bool(request.POST.get("text", "").strip()), "links": len(mail.links)}
    return render(request, "web/letters/findings.html", context)


def _compile(request: StaffRequest) -> CompiledMail:
    """Raises ContentError."""
    words = {
        name: request.POST.get(name, "").replace("\r\n", "\n") for name in ("subject", "preheader", "mjml", "text")
    }
    language = request.POST.get("language", "")
    return compile_mail(
        mjml=words["mjml"],
        subject=words["subject"],
        preheader=words["preheader"],
        text=words["text"] or None,
        language=language if language in library.languages() else "en",
    )


def _doubts(mail: CompiledMail, rendered: RenderedMail, missing: list[str], *, dark: bool) -> list[str]:
    """Sentences on what may not be as it is meant."""
    said = []
    if not rendered.subject:
        said.append(_("The subject is empty."))
    if "unsubscribe_url" not in mail.variables:
        said.append(_("There is no link to unsubscribe: put {{ unsubscribe_url }} into one."))
    if missing:
        said.append(_("Empty for this person: %(names)s.") % {"names": ", ".join(missing)})
    if len(rendered.html.encode()) > CUT_OFF:
        said.append(_("It is longer than 102 KB: Gmail will cut it off and hide the rest."))
    if dark and not has_dark_colours(rendered.html):
        said.append(_("This mail has no dark colours of its own; some mail programs will turn its colours around."))
    return said

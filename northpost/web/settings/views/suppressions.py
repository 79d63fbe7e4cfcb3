"""Addresses that get nothing, whatever anybody agreed to."""

from __future__ import annotations

from pathlib import Path

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from northpost.contacts.exports import ExportFormat
from northpost.core.addresses import AddressError
from northpost.delivery.actions import lift_suppression, suppress
from northpost.delivery.imports import export_suppressions
from northpost.delivery.models import Suppression, SuppressionReason
from northpost.team.actions import record
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.frame.files import Download, download
from northpost.web.settings.frame import show

SIZE = 50


@needs(Ability.EDIT)
def suppressions(request: StaffRequest) -> HttpResponse:
    return _show(request)


def _show(request: StaffRequest, *, refused: str = "", problem: str = "", status: int = 200) -> HttpResponse:
    words = request.GET.get("q", "").strip().lower()[:254]
    reason = request.GET.get("reason", "")
    rows = Suppression.objects.order_by("-since", "-pk")
    if words:
        rows = rows.filter(email_key__gte=words, email_key__lt=words + "\U0010ffff")
    if reason in SuppressionReason.values:
        rows = rows.filter(reason=reason)
    context = {
        "page": Paginator(rows, SIZE).get_page(request.GET.get("page")),
        "words": words,
        "reason": reason,
        "reasons": SuppressionReason.choices,
        "anybody": bool(words or reason) or Suppression.objects.exists(),
        "refused": refused,
        "problem": problem,
        "may_export": may(request.membership.role, Ability.EXPORT),
    }
    return show(request, "web/settings/suppressions.html", here="suppressions", context=context, status=status)


@require_POST
@needs(Ability.EDIT)
def suppression_add(request: StaffRequest) -> HttpResponse:
    email = request.POST.get("email", "")
    try:
        new = suppress(email=email, user=request.member)
    except AddressError as problem:
        return _show(request, refused=email[:254], problem=problem.message, status=422)
    if new:
        messages.success(request, _("%(email)s gets nothing any more.") % {"email": email.strip()})
    else:
        messages.info(request, _("%(email)s was here already.") % {"email": email.strip()})
    return redirect(address(request, "suppressions"))


@require_POST
@needs(Ability.EXPORT)
def suppression_export(request: StaffRequest) -> Download:
    """All of them, as CSV or XLSX; the trail says that they were taken out."""
    file_format = ExportFormat.XLSX if request.POST.get("format") == "xlsx" else ExportFormat.CSV

    def write(path: Path) -> None:
        count = export_suppressions(path, file_format=file_format)
        record(user=request.member, verb="exported", noun="suppressions", detail={"addresses": count})

    return download(f"suppressed.{file_format.value}", write)


@require_POST
@needs(Ability.EDIT)
def suppression_lift(request: StaffRequest) -> HttpResponse:
    """Only owners, and only with a reason: it goes into the history."""
    if not may(request.membership.role, Ability.MANAGE):
        raise PermissionDenied
    email, why = request.POST.get("email", ""), request.POST.get("why", "").strip()[:300]
    if not why:
        messages.error(request, _("Nothing was changed: say why this address may get mail again."))
        return redirect(address(request, "suppressions"))
    try:
        lifted = lift_suppression(email=email, user=request.member, why=why)
    except AddressError as problem:
        messages.error(request, problem.message)
        return redirect(address(request, "suppressions"))
    if lifted:
        said = _("%(email)s can get mail again, where its person agreed to it.")
    else:
        said = _("%(email)s is not suppressed.")
    messages.success(request, said % {"email": email.strip()})
    return redirect(address(request, "suppressions"))

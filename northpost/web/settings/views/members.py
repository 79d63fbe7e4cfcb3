"""Members, their roles, and invitations."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from northpost.team import actions, queries
from northpost.team.errors import NoSuchMember, TeamProblem
from northpost.team.models import Invitation, Role
from northpost.team.rules import Ability
from northpost.web.frame.access import StaffRequest, address, needs
from northpost.web.settings.frame import show

log = logging.getLogger(__name__)

# What each role is for, in the words of the page.
ROLES = {
    Role.OWNER: gettext_lazy("Everything, and the settings and members as well."),
    Role.MARKETER: gettext_lazy("Everything but settings and members: writes, sends, exports."),
    Role.PROJECT_MANAGER: gettext_lazy("Plans and edits, sees money, doesn't send."),
    Role.ANALYST: gettext_lazy("Sees everything and exports, changes nothing."),
    Role.CONSULTANT: gettext_lazy("Edits, and sees no money; doesn't send or export."),
    Role.AGENCY: gettext_lazy("Edits and sends, sees money; doesn't export."),
}


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.MARKETER)


@needs(Ability.SEE)
def members(request: StaffRequest) -> HttpResponse:
    return _show(request, InviteForm())


def _show(request: StaffRequest, form: InviteForm, status: int = 200) -> HttpResponse:
    context = {
        "members": queries.members(),
        "invitations": [(row, link(row)) for row in queries.open_invitations()],
        "form": form,
        "roles": Role.choices,
        "explained": [(Role(role).label, words) for role, words in ROLES.items()],
    }
    return show(request, "web/settings/members.html", here="members", context=context, status=status)


def link(invitation: Invitation) -> str:
    """The address that an invited person opens: on the configured host."""
    return f"{settings.NORTHPOST_URL}{reverse('invitation', args=[actions.invitation_token(invitation)])}"


@require_POST
@needs(Ability.MANAGE)
def member_invite(request: StaffRequest) -> HttpResponse:
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    try:
        invitation = actions.invite(by=request.member, **form.cleaned_data)
    except TeamProblem as problem:
        form.add_error(problem.field, problem.message)
        return _show(request, form, status=422)
    if _send(request, invitation):
        messages.success(request, _("%(email)s is invited: the link is on its way.") % {"email": invitation.email})
    else:
        messages.warning(
            request,
            _("%(email)s is invited, but the mail could not be sent: copy the link and pass it on.")
            % {"email": invitation.email},
        )
    return redirect(address(request, "members"))


def _send(request: StaffRequest, invitation: Invitation) -> bool:
    context = {"who": str(request.member), "workspace": request.workspace.name, "link": link(invitation)}
    with translation.override(request.workspace.language):
        subject = _("Join %(workspace)s in Northpost") % context
        body = render_to_string("web/settings/invitation_mail.txt", context)
    try:
        send_mail(" ".join(subject.split()), body, None, [invitation.email])
    except (OSError, SMTPException):
        log.warning("an invitation could not be mailed", exc_info=True)
        return False
    return True


@require_POST
@needs(Ability.MANAGE)
def invitation_withdraw(request: StaffRequest, invitation_id: int) -> HttpResponse:
    try:
        actions.withdraw_invitation(invitation_id=invitation_id, by=request.member)
    except NoSuchMember as error:
        raise Http404 from error
    messages.success(request, _("The invitation was withdrawn: its link opens nothing any more."))
    return redirect(address(request, "members"))


@require_POST
@needs(Ability.MANAGE)
def member_role(request: StaffRequest, membership_id: int) -> HttpResponse:
    try:
        changed = actions.change_role(membership_id=membership_id, role=request.POST.get("role", ""), by=request.member)
    except NoSuchMember as error:
        raise Http404 from error
    except TeamProblem as problem:
        messages.error(request, problem.message)
    else:
        said = {"who": changed.user, "role": changed.get_role_display()}
        messages.success(request, _("%(who)s is now: %(role)s.") % said)
    return redirect(address(request, "members"))


@require_POST
@needs(Ability.MANAGE)
def member_remove(request: StaffRequest, membership_id: int) -> HttpResponse:
    leaving = membership_id == request.membership.pk
    try:
        actions.remove_member(membership_id=membership_id, by=request.member)
    except NoSuchMember as error:
        raise Http404 from error
    except TeamProblem as problem:
        messages.error(request, problem.message)
        return redirect(address(request, "members"))
    messages.success(request, _("Removed. This workspace is closed to them now."))
    return redirect("start" if leaving else address(request, "members"))

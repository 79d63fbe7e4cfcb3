from __future__ import annotations

from django.urls import path

from northpost.web.settings.views import company, fields, history, members, purposes

urlpatterns = [
    path("", company.company, name="settings"),
    path("members/", members.members, name="members"),
    path("members/invite/", members.member_invite, name="member_invite"),
    path("members/<int:membership_id>/role/", members.member_role, name="member_role"),
    path("members/<int:membership_id>/remove/", members.member_remove, name="member_remove"),
    path("invitations/<int:invitation_id>/withdraw/", members.invitation_withdraw, name="invitation_withdraw"),
    path("fields/", fields.fields, name="fields"),
    path("fields/new/", fields.field_create, name="field_create"),
    path("fields/<int:field_id>/", fields.field, name="field"),
    path("fields/<int:field_id>/archive/", fields.field_archive, name="field_archive"),
    path("fields/<int:field_id>/restore/", fields.field_restore, name="field_restore"),
    path("consent/", purposes.purposes, name="purposes"),
    path("consent/new/", purposes.purpose_create, name="purpose_create"),
    path("consent/<int:purpose_id>/", purposes.purpose, name="purpose"),
    path("history/", history.history, name="history"),
]

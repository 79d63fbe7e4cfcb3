from __future__ import annotations

from django.urls import path

from northpost.web.settings.views import company, fields, history, keys, members, purposes, sending, suppressions

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
    path("sending/", sending.sending, name="sending"),
    path("sending/policy/", sending.policy_set, name="policy_set"),
    path("sending/routes/new/", sending.route_create, name="route_create"),
    path("sending/routes/<int:route_id>/", sending.route, name="route"),
    path("sending/routes/<int:route_id>/do/", sending.route_do, name="route_do"),
    path("sending/senders/new/", sending.sender_create, name="sender_create"),
    path("sending/senders/<int:sender_id>/", sending.sender, name="sender"),
    path("sending/senders/<int:sender_id>/do/", sending.sender_do, name="sender_do"),
    path("suppressions/", suppressions.suppressions, name="suppressions"),
    path("suppressions/add/", suppressions.suppression_add, name="suppression_add"),
    path("suppressions/export/", suppressions.suppression_export, name="suppression_export"),
    path("suppressions/lift/", suppressions.suppression_lift, name="suppression_lift"),
    path("keys/", keys.keys, name="keys"),
    path("keys/new/", keys.key_make, name="key_make"),
    path("keys/<int:key_id>/revoke/", keys.key_revoke, name="key_revoke"),
    path("history/", history.history, name="history"),
]

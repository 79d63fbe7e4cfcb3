from __future__ import annotations

from django.urls import path

from northpost.web.inbound import inboxes, views

urlpatterns = [
    path("returns/", views.returns, name="returns"),
    path("returns/<int:mail_id>/", views.returned_mail, name="returned_mail"),
    path("returns/<int:mail_id>/raw/", views.returned_raw, name="returned_raw"),
    path("settings/mailboxes/", inboxes.inboxes, name="inboxes"),
    path("settings/mailboxes/new/", inboxes.inbox_create, name="inbox_create"),
    path("settings/mailboxes/<int:inbox_id>/", inboxes.inbox, name="inbox"),
    path("settings/mailboxes/<int:inbox_id>/do/", inboxes.inbox_do, name="inbox_do"),
    path("settings/mailboxes/<int:inbox_id>/permission/", inboxes.inbox_permission, name="inbox_permission"),
    path(
        "settings/mailboxes/<int:inbox_id>/permission/end/", inboxes.inbox_permission_end, name="inbox_permission_end"
    ),
]

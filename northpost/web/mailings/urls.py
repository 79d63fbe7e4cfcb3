from __future__ import annotations

from django.urls import path

from northpost.web.mailings import compose, first_share, preview, sending, views

urlpatterns = [
    path("", views.mailings, name="mailings"),
    path("new/", views.mailing_create, name="mailing_create"),
    path("first-share/", first_share.first_share, name="canary_settings"),
    path("<int:pk>/", views.mailing, name="mailing"),
    path("<int:pk>/who/", compose.who, name="mailing_who"),
    path("<int:pk>/what/", compose.what, name="mailing_what"),
    path("<int:pk>/way/", compose.way, name="mailing_way"),
    path("<int:pk>/rename/", compose.rename, name="mailing_rename"),
    path("<int:pk>/check/", compose.check, name="mailing_check"),
    path("<int:pk>/as-person/", preview.as_person, name="mailing_as_person"),
    path("<int:pk>/preview/", preview.frame, name="mailing_preview"),
    path("<int:pk>/test/", sending.send_test, name="mailing_test"),
    path("<int:pk>/send/", sending.send, name="mailing_send"),
    path("<int:pk>/schedule/", sending.schedule, name="mailing_schedule"),
    path("<int:pk>/unschedule/", sending.unschedule, name="mailing_unschedule"),
    path("<int:pk>/pause/", sending.pause, name="mailing_pause"),
    path("<int:pk>/resume/", sending.resume, name="mailing_resume"),
    path("<int:pk>/cancel/", sending.cancel, name="mailing_cancel"),
    path("<int:pk>/progress/", sending.progress, name="mailing_progress"),
    path("<int:pk>/duplicate/", views.duplicate, name="mailing_duplicate"),
    path("<int:pk>/archive/", views.archive, name="mailing_archive"),
]

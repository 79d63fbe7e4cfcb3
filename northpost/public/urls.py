"""Addresses under /m/, each with a token that carries and proves what it is for.

/m/o/ (openings) and /m/c/ (clicks) are answered before Django: see hits/.
"""

from __future__ import annotations

from django.urls import path

from northpost.public import media, reports, views

urlpatterns = [
    path("u/<str:token>", views.leave, name="mail_leave"),
    path("u/<str:token>/stay", views.stay, name="mail_stay"),
    path("v/<str:token>", views.web_version, name="mail_web_version"),
    path("w/<str:token>/<slug:provider>", reports.receive, name="service_reports"),
    path("f/<slug:sha256>-<int:workspace_id>.<slug:suffix>", media.media_file, name="media_file"),
]

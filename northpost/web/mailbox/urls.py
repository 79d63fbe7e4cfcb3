from __future__ import annotations

from django.urls import path

from northpost.web.mailbox import views

urlpatterns = [
    path("", views.mailbox, name="mailbox"),
    path("empty/", views.empty, name="mailbox_empty"),
    path("<int:pk>/", views.mail, name="mailbox_mail"),
    path("<int:pk>/html/", views.html, name="mailbox_html"),
    path("<int:pk>/raw/", views.raw, name="mailbox_raw"),
]

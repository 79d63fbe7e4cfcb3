from __future__ import annotations

from django.urls import path

from northpost.web.doubt import views

urlpatterns = [
    path("doubt/", views.desk, name="doubt"),
    path("doubt/decide/", views.decide, name="doubt_decide"),
    path("mailings/<int:pk>/doubt/", views.of_mailing, name="mailing_doubt"),
]

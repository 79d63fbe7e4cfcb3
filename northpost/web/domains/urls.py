from __future__ import annotations

from django.urls import path

from northpost.web.domains import views

urlpatterns = [
    path("", views.domains, name="domains"),
    path("check/", views.domain_check, name="domain_check"),
    path("key/", views.key_create, name="dkim_key_create"),
    path("keys/<int:key_id>/retire/", views.key_retire, name="dkim_key_retire"),
]

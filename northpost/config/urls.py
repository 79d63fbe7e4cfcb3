"""All addresses. Staff pages stand under /w/<workspace>/, what recipients meet under /m/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("m/", include("northpost.public.urls")),
    path("", include("northpost.web.urls")),
]

"""All addresses: staff pages under /w/<workspace>/, what recipients meet under /m/, what programs ask under /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from northpost.api.door import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("m/", include("northpost.public.urls")),
    path("", include("northpost.web.urls")),
]

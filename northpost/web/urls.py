"""Staff pages: each part's addresses are in its own package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("northpost.web.frame.urls")),
    path("", include("northpost.web.account.urls")),
    path("w/<slug:slug>/goals/", include("northpost.web.goals.urls")),
    path("w/<slug:slug>/segments/", include("northpost.web.segments.urls")),
    path("w/<slug:slug>/sales/", include("northpost.web.sales.urls")),
    path("w/<slug:slug>/mailings/", include("northpost.web.mailings.urls")),
    path("w/<slug:slug>/", include("northpost.web.analysis.urls")),
    path("w/<slug:slug>/", include("northpost.web.doubt.urls")),
    path("w/<slug:slug>/deliverability/", include("northpost.web.deliverability.urls")),
    path("w/<slug:slug>/people/", include("northpost.web.people.urls")),
    path("w/<slug:slug>/settings/limits/", include("northpost.web.limits.urls")),
    path("w/<slug:slug>/settings/domains/", include("northpost.web.domains.urls")),
    path("w/<slug:slug>/", include("northpost.web.inbound.urls")),
    path("w/<slug:slug>/settings/", include("northpost.web.settings.urls")),
    path("w/<slug:slug>/mailbox/", include("northpost.web.mailbox.urls")),
    path("w/<slug:slug>/", include("northpost.web.letters.urls")),
]

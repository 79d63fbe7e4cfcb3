from __future__ import annotations

from django.urls import path

from northpost.web.frame import search, views

urlpatterns = [
    path("", views.start, name="start"),
    path("language/", views.language, name="language"),
    path("w/<slug:slug>/", views.home, name="home"),
    path("w/<slug:slug>/search/", search.search, name="search"),
]

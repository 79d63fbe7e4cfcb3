from __future__ import annotations

from django.urls import path

from northpost.web.segments import building, views

urlpatterns = [
    path("", views.segments, name="segments"),
    path("new/", building.create, name="segment_create"),
    path("build/", building.build, name="segment_build"),
    path("preview/", building.preview, name="segment_preview"),
    path("<int:pk>/", views.segment, name="segment"),
    path("<int:pk>/edit/", building.edit, name="segment_edit"),
    path("<int:pk>/rename/", views.rename, name="segment_rename"),
    path("<int:pk>/archive/", views.archive, name="segment_archive"),
    path("<int:pk>/bring-back/", views.bring_back, name="segment_bring_back"),
]

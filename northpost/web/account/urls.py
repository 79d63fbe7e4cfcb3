from __future__ import annotations

from django.urls import path

from northpost.web.account import views

urlpatterns = [
    path("account/", views.profile, name="account"),
    path("workspaces/new/", views.workspace_create, name="workspace_create"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
]

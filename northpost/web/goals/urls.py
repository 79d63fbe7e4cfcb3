from __future__ import annotations

from django.urls import path

from northpost.web.goals import stating, views

urlpatterns = [
    path("", views.goals, name="goals"),
    path("end-goal/<slug:group>/", views.end_goal, name="end_goal"),
    path("new/", stating.create, name="goal_create"),
    path("baseline/", stating.baseline, name="goal_baseline"),
    path("<int:pk>/", views.goal, name="goal"),
    path("<int:pk>/edit/", stating.edit, name="goal_edit"),
    path("<int:pk>/close/", views.close, name="goal_close"),
    path("<int:pk>/reopen/", views.reopen, name="goal_reopen"),
]

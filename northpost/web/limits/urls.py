from __future__ import annotations

from django.urls import path

from northpost.web.limits import providers, views

urlpatterns = [
    path("", views.limits, name="limits"),
    path("ceiling/", views.ceiling_set, name="ceiling_set"),
    path("full-speed/", views.slowdown_forget, name="slowdown_forget"),
    path("providers/new/", providers.provider_limit_create, name="provider_limit_create"),
    path("providers/<int:limit_id>/", providers.provider_limit, name="provider_limit"),
    path("providers/<int:limit_id>/remove/", providers.provider_limit_remove, name="provider_limit_remove"),
    path("warm-ups/new/", views.warm_up_create, name="warm_up_create"),
    path("warm-ups/<int:warm_up_id>/", views.warm_up, name="warm_up"),
    path("warm-ups/<int:warm_up_id>/change/", views.warm_up_change, name="warm_up_change"),
    path("warm-ups/<int:warm_up_id>/do/", views.warm_up_do, name="warm_up_do"),
    path("warm-ups/<int:warm_up_id>/end/", views.warm_up_end, name="warm_up_end"),
]

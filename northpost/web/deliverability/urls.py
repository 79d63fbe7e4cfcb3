from __future__ import annotations

from django.urls import path

from northpost.web.deliverability import views

urlpatterns = [path("", views.deliverability_page, name="deliverability")]

from __future__ import annotations

from django.urls import path

from northpost.web.analysis import report, views

urlpatterns = [
    path("analysis/", views.analysis, name="analysis"),
    path("mailings/<int:pk>/report/", report.mailing_report, name="mailing_report"),
    path("mailings/<int:pk>/report/mail/", report.mail, name="mailing_report_mail"),
    path("mailings/<int:pk>/report/people/", report.people, name="mailing_report_people"),
]

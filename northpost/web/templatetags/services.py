"""Servers and e-mail services, as templates name them."""

from django import template

from northpost.delivery.esp.provider import label_of
from northpost.delivery.queries import why_paused

register = template.Library()
register.filter("service_name", label_of)
register.filter("why_paused", why_paused)

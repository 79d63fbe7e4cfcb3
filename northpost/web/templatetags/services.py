"""E-mail services, as templates name them."""

from django import template

from northpost.delivery.esp.provider import label_of

register = template.Library()
register.filter("service_name", label_of)

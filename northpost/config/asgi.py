"""The ASGI application that granian serves: openings and clicks first, Django for the rest."""

from __future__ import annotations

import gc
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "northpost.config.settings")
django_application = get_asgi_application()

# Rooms can be imported only once Django is set up.
from northpost.public.hits import HitDoor  # noqa: E402

application = HitDoor(django_application)

# What is loaded by now stays: the collector need not go through it again and again while requests are answered.
gc.collect()
gc.freeze()

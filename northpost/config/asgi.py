"""The ASGI application that granian serves: openings and clicks first, Django for the rest.

Before Django stand the proxies that are trusted, and a limit for what is uploaded.
"""

from __future__ import annotations

import gc
import os

from django.core.asgi import get_asgi_application
from granian.utils.proxies import wrap_asgi_with_proxy_headers

from northpost.config import environment
from northpost.config.uploads import limit_uploads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "northpost.config.settings")
django_application = wrap_asgi_with_proxy_headers(
    limit_uploads(get_asgi_application(), environment.max_upload_bytes()),  # type: ignore[arg-type]
    environment.trusted_proxies(),
)

# Rooms can be imported only once Django is set up.
from northpost.public.hits import HitDoor  # noqa: E402

application = HitDoor(django_application)

# What is loaded by now stays: the collector need not go through it again and again while requests are answered.
gc.collect()
gc.freeze()
# Hundreds of requests are under way at once, and none of what they hold is garbage: by the usual threshold (700) it
# would be gone through time and again.
gc.set_threshold(20_000, 20, 20)

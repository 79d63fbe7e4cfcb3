"""The built stylesheet, without the scripts of the staff pages."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

ENTRY = "frontend/main.ts"


@cache
def style_urls() -> tuple[str, ...]:
    """Addresses of the stylesheets that Vite built; none where nothing has been built (the page still works)."""
    vite = settings.DJANGO_VITE["default"]
    try:
        manifest = json.loads(Path(str(vite["manifest_path"])).read_text())
    except (OSError, ValueError):
        return ()
    prefix = vite["static_url_prefix"]
    return tuple(static(f"{prefix}/{file}") for file in manifest.get(ENTRY, {}).get("css", ()))

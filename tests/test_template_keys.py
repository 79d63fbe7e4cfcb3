"""Keys stand in pages as they are: written as a number for people, the thousandth would be 1,000."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "northpost"
BARE = re.compile(r"\{\{ *[a-z_.]+\.pk *\}\}")


def test_no_template_writes_a_key_as_a_number():
    templates = sorted(ROOT.rglob("templates/**/*.html"))
    assert len(templates) > 50
    assert [(path.name, found) for path in templates for found in BARE.findall(path.read_text("utf-8"))] == []

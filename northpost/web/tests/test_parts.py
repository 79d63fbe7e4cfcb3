"""The shared parts: icons that exist, charts with their table, one title for heading and window."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Engine, Template
from django.utils import timezone, translation

from northpost.web.templatetags import northpost as tags

ROOT = Path(tags.__file__).parents[3]
TEMPLATES = [path for path in (ROOT / "northpost").rglob("templates/**/*.html") if "emails" not in path.parts]


def known_icons() -> set[str]:
    return set(re.findall(r"^  (\w+): \"", (ROOT / "frontend" / "icons.ts").read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_icon_that_a_template_names_exists(path: Path) -> None:
    text = path.read_text()
    named = set(re.findall(r"{% icon \"(\w+)\"", text)) | set(re.findall(r"icon_name=\"(\w+)\"", text))
    assert named <= known_icons()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_needs_an_inline_script(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\son[a-z]+=\"", text)
    assert "hx-on" not in text
    assert "js:" not in text
    assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", text)


def test_only_the_tokens_name_a_colour() -> None:
    styles = ROOT / "frontend" / "styles"
    for path in [*styles.glob("*.css"), *styles.glob("*.scss")]:
        if path.name != "tokens.css":
            assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(|\boklch\(", path.read_text()), path.name


def test_the_window_s_title_is_the_heading_s_words() -> None:
    frame = "{% load northpost %}<title>{% window_title %}</title><h1>{% block title %}{% endblock %}</h1>"
    engine = Engine(
        loaders=[("django.template.loaders.locmem.Loader", {"frame": frame})],
        libraries={"northpost": "northpost.web.templatetags.northpost"},
    )
    page = engine.from_string(
        '{% extends "frame" %}{% block title %}\n  {{ name }} <b>&amp; more</b>{% endblock %}'
    ).render(Context({"name": "<Ann>"}))
    assert "<title>&lt;Ann&gt; &amp; more · Northpost</title>" in page
    assert "&lt;Ann&gt; <b>&amp; more</b></h1>" in page


def test_a_chart_carries_its_data_and_the_same_as_a_table() -> None:
    spec = {
        "kind": "line",
        "unit": "EUR",
        "x": [date(2026, 1, 1), date(2026, 1, 2)],
        "series": [{"name": "Revenue <x>", "values": [Decimal("1200.50"), None]}],
        "target": {"name": "Needed", "values": [1000, 2000]},
    }
    with translation.override("en"):
        shown = Template("{% load northpost %}{% chart spec 'So far' %}").render(Context({"spec": spec}))
    data = json.loads(unescape(re.search(r'data-chart="([^"]*)"', shown)[1]))
    assert data["x"] == ["2026-01-01", "2026-01-02"]
    assert data["series"] == [{"name": "Revenue <x>", "values": [1200.5, None]}]
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", shown)
    assert cells == [
        "Time", "Revenue &lt;x&gt;", "Needed",
        "1 Jan 2026", "1,200.5\u00a0EUR", "1,000\u00a0EUR",
        "2 Jan 2026", "–", "2,000\u00a0EUR",
    ]  # fmt: skip


def test_hours_of_a_chart_are_those_of_the_workspace() -> None:
    spec = {"kind": "days", "x": ["2026-06-30T21:00:00+00:00"], "series": [{"name": "Clicked", "values": [4]}]}
    with translation.override("en"), timezone.override(ZoneInfo("Europe/Sofia")):
        shown = Template("{% load northpost %}{% chart spec %}").render(Context({"spec": spec}))
    assert "2026-07-01T00:00" in shown
    assert '<th scope="row">1 Jul 2026, 00:00</th>' in shown


def test_a_heat_chart_s_table_has_a_row_for_each_group() -> None:
    with translation.override("en"):
        columns, rows = tags.chart_table(
            {"kind": "heat", "unit": "%", "rows": ["January"], "columns": ["0", "1"], "values": [[1, None]]}
        )
    assert columns == ["Group", "0", "1"]
    assert rows == [["January", "100%", "–"]]


def test_an_icon_is_silent_beside_a_word_and_speaks_alone() -> None:
    assert 'aria-hidden="true"' in tags.icon("goal")
    assert 'role="img" aria-label="Close &amp; go"' in tags.icon("close", label="Close & go")

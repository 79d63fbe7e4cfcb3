"""The mailing that senders are measured with: 30 KB on the wire, six variables, ten tracked links."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

from northpost.contacts.actions import define_field
from northpost.content import actions as content
from northpost.content.models import Template
from northpost.core import clock

SUBJECT = "{{ contact.first_name }}, this week in the shop"
SITE = "https://shop.bench.example"
LINKS = 10
FIELDS = ("city", "card", "points")
COLUMNS = {
    "email": "email",
    "external_id": "external_id",
    "first_name": "first_name",
    "last_name": "last_name",
    "language": "language",
    "consented_at": "consented_at",
    **{name: f"attributes.{name}" for name in FIELDS},
}
_WORDS = (
    "Good tools are a quiet pleasure: they lie well in the hand, they do what they should, years later they still do. "
    "This week we put new ones on the shelves, and brought back a few that many of you have asked for. Each has been "
    "tried in our own workshop, by people who use such things every day and are not easily pleased. "
    "Come in and try them yourself, any day. "
)
_SECTION = """
    <mj-section background-color="#ffffff" padding="24px 16px">
      <mj-column>
        <mj-text font-size="20px" font-weight="bold" color="#1a1a1a">{title}</mj-text>
        <mj-text font-size="15px" line-height="24px" color="#333333">{words}
          <a href="{site}/stories/{number}?from=newsletter">Read how it is made</a>.</mj-text>
        <mj-button href="{site}/offers/{number}?from=newsletter" background-color="#0b5d3b">Have a look</mj-button>
      </mj-column>
    </mj-section>"""
_FRAME = """<mjml><mj-body background-color="#f3f3f0">
    <mj-section background-color="#ffffff" padding="24px 16px">
      <mj-column>
        <mj-text font-size="22px">Dear {{{{ contact.first_name }}}} {{{{ contact.last_name }}}},</mj-text>
        <mj-text>Your card {{{{ contact.card }}}} holds {{{{ contact.points }}}} points. The shop nearest
          to {{{{ contact.city }}}} is open until eight.</mj-text>
      </mj-column>
    </mj-section>
{sections}
    <mj-section padding="16px">
      <mj-column>
        <mj-text font-size="12px" color="#777777">Sent to {{{{ contact.email }}}} by {{{{ company.name }}}},
          {{{{ company.address }}}}. <a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a> or
          <a href="{{{{ web_version_url }}}}">read it in the browser</a>.</mj-text>
      </mj-column>
    </mj-section>
</mj-body></mjml>"""


def mjml() -> str:
    """The source. Its length is chosen so that a mail has some 30 KB, both parts and headers together."""
    sections = "".join(
        _SECTION.format(title=f"Offer {number}", words=_WORDS * 2, site=SITE, number=number)
        for number in range(1, LINKS // 2 + 1)
    )
    return _FRAME.format(sections=sections)


def template() -> Template:
    """The mailing as a template of the current workspace, with the fields that it asks for."""
    for name in FIELDS:
        define_field(label=name, kind="text", key=name)
    made = content.create_template(languages=["en"], name="Bench")
    content.save_version(template_id=made.pk, language="en", subject=SUBJECT, preheader="", mjml=mjml())
    return made


def write_people(path: Path, count: int, *, start: int = 0) -> None:
    """A CSV of people with a value of their own for each variable."""
    when = (clock.now() - timedelta(days=30)).isoformat()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(
            (
                *(f"person{n}@mail{n % 40}.example", f"C{n}", f"Firstname{n % 997}", f"Lastname{n % 1009}", "en", when),
                *(f"City{n % 311}", f"K{n:09d}", f"{n % 5000}"),
            )
            for n in range(start, start + count)
        )

"""Voltline's letters: the library's templates with a shelf of the shop's own products put in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from babel.numbers import format_currency

from northpost.content import library
from northpost.demo.company import CATEGORIES, PRODUCTS, Product
from northpost.demo.company.reactions import Kind

LANGUAGES = ("en", "bg", "ru")
_BLOCK = re.compile(r"[ ]*\{% if products\.size > 0 %\}.*?\{% endif %\}\n", re.DOTALL)
_CATEGORY = {category.slug: category for category in CATEGORIES}


@dataclass(frozen=True)
class Letter:
    """What is sent: a kind of the library, what the readers take it for, and what is on its shelf (skus)."""

    name: str
    library_kind: str
    kind: Kind
    skus: tuple[str, ...] = ()

    @property
    def products(self) -> tuple[Product, ...]:
        return tuple(product for sku in self.skus for product in PRODUCTS if product.sku == sku)

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(product.category.slug for product in self.products))


LETTERS: dict[str, Letter] = {
    "newsletter": Letter(
        "Newsletter of the month",
        "newsletter",
        "newsletter",
        ("VL-PHO-05", "VL-AUD-02", "VL-HEA-04", "VL-CAM-03"),
    ),
    "win_back": Letter("We miss you", "win_back", "winback", ("VL-CHA-03", "VL-HEA-02", "VL-DIS-01")),
    "offer": Letter("Accessories week", "offer", "offer", ("VL-BAG-03", "VL-MIC-04", "VL-HEA-06", "VL-DIS-02")),
    "partners": Letter("Letter to partners", "partner_letter", "partner"),
    "welcome": Letter("Welcome", "welcome", "welcome"),
    "review": Letter("How do you like it?", "review_request", "review"),
}


@dataclass(frozen=True)
class Draft:
    """One language of a letter, ready to be stored as a template's version."""

    language: str
    subject: str
    preheader: str
    mjml: str


def drafts(letter: Letter) -> list[Draft]:
    """The letter in every language."""
    return [_draft(letter, language) for language in LANGUAGES]


def _draft(letter: Letter, language: str) -> Draft:
    source = library.load(letter.library_kind, language)
    shelf = _shelf(letter.products, language) if letter.products else ""
    mjml = _BLOCK.sub(lambda found: shelf, source.mjml)
    return Draft(language, source.subject, source.preheader, mjml)


_TITLES = {"en": "From our shelves", "bg": "От нашите рафтове", "ru": "С наших полок"}


def _shelf(products: tuple[Product, ...], language: str) -> str:
    rows = "\n".join(_row(product, language) for product in products)
    return f"""\
    <mj-section mj-class="soft" css-class="pad soft">
      <mj-column>
        <mj-text mj-class="heading" padding="0 0 20px" css-class="ink">{_TITLES[language]}</mj-text>
        <mj-table font-size="17px" line-height="1.5" color="#24302f" padding="0 0 14px" css-class="ink">
{rows}
        </mj-table>
      </mj-column>
    </mj-section>
"""


def _row(product: Product, language: str) -> str:
    name = escape(product.name(language))
    price = format_currency(product.price, "EUR", locale=language)
    return f"""\
          <tr>
            <td style="padding: 0 16px 14px 0;"><a href="{product.url}">{name}</a></td>
            <td style="padding: 0 0 14px; text-align: right; white-space: nowrap;">{price}</td>
          </tr>"""

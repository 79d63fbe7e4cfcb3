"""A made-up person and firm for previews: clearly generic, in the language of the mail."""

from __future__ import annotations

import copy
import datetime as dt
from decimal import Decimal
from typing import Any

_WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "first_name": "Maria",
        "last_name": "Example",
        "company": "Example Shop",
        "address": "1 Sample Street, 1000 Sampleton",
        "campaign": "Sample mailing",
        "products": ("Laptop bag, 15 inch", "Wireless mouse", "USB-C travel adapter"),
    },
    "bg": {
        "first_name": "Мария",
        "last_name": "Примерова",
        "company": "Магазин Пример",
        "address": "ул. Примерна 1, 1000 София",
        "campaign": "Примерно писмо",
        "products": ("Чанта за лаптоп, 15 инча", "Безжична мишка", "USB-C адаптер за път"),
    },
    "ru": {
        "first_name": "Мария",
        "last_name": "Примерова",
        "company": "Магазин «Пример»",
        "address": "ул. Примерная, д. 1, 101000 Москва",
        "campaign": "Пример рассылки",
        "products": ("Сумка для ноутбука, 15 дюймов", "Беспроводная мышь", "Дорожный адаптер USB-C"),
    },
}
_CURRENCIES = {"en": "EUR", "bg": "EUR", "ru": "RUB"}
_PRICES = {"EUR": ("39.90", "24.50", "18.00"), "RUB": ("3490.00", "2150.00", "1590.00")}
SITE = "https://shop.example"


def sample_context(language: str) -> dict[str, Any]:
    """A fresh context with everything that compile.py names; unknown languages get English."""
    language = language if language in _WORDS else "en"
    words = _WORDS[language]
    currency = _CURRENCIES[language]
    prices = [Decimal(price) for price in _PRICES[currency]]
    products = [
        {
            "name": name,
            "url": f"{SITE}/products/{number}",
            "price": price,
            "currency": currency,
            "image_url": "",
            "description": "",
        }
        for number, (name, price) in enumerate(zip(words["products"], prices, strict=True), start=1)
    ]
    lines = [
        {"name": product["name"], "quantity": 1, "price": product["price"]} for product in copy.deepcopy(products[:2])
    ]
    return {
        "contact": {
            "email": "maria@example.com",
            "first_name": words["first_name"],
            "last_name": words["last_name"],
            "language": language,
        },
        "company": {"name": words["company"], "address": words["address"], "site": SITE, "logo_url": ""},
        "campaign": {"name": words["campaign"]},
        "unsubscribe_url": f"{SITE}/sample/unsubscribe",
        "preferences_url": f"{SITE}/sample/preferences",
        "web_version_url": f"{SITE}/sample/view",
        "products": products,
        "order": {
            "number": "10042",
            "date": dt.date(2026, 3, 5),
            "total": sum((line["price"] for line in lines), Decimal(0)),
            "currency": currency,
            "lines": lines,
        },
    }

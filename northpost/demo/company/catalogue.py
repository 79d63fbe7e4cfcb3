"""What Voltline sells: categories in three languages, and products with invented model names.

The catalogue is fixed, not drawn: a price that changed with the seed would make two demos hard to compare.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property


@dataclass(frozen=True)
class Category:
    """One shelf of the shop. `weight`: share of first picks; `accessory_of`: big categories."""

    slug: str
    en: str
    bg: str
    ru: str
    nouns: tuple[str, str, str]
    weight: float
    margin: float
    big: bool = False
    accessory_of: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        return {"bg": self.bg, "ru": self.ru}.get(language, self.en)


@dataclass(frozen=True)
class Product:
    """One article. `price` is in EUR, VAT included; `margin` is the shop's share of it (0..1)."""

    sku: str
    category: Category
    model: str
    price: Decimal

    def name(self, language: str) -> str:
        noun = self.category.nouns[{"bg": 1, "ru": 2}.get(language, 0)]
        return f"{noun} {self.model}"

    @property
    def margin(self) -> float:
        return self.category.margin

    @cached_property
    def cents(self) -> int:
        return int(self.price * 100)

    @property
    def url(self) -> str:
        return f"https://voltline.example/p/{self.sku.lower()}"


_COMPUTERS = ("laptops", "tablets")

CATEGORIES: tuple[Category, ...] = (
    Category("laptops", "Laptops", "Лаптопи", "Ноутбуки", ("Laptop", "Лаптоп", "Ноутбук"), 10.0, 0.11, big=True),
    Category(
        "tv",
        "TV sets",
        "Телевизори",
        "Телевизоры",
        ("TV set", "Телевизор", "Телевизор"),
        7.0,
        0.13,
        big=True,
    ),
    Category("phones", "Phones", "Телефони", "Телефоны", ("Phone", "Телефон", "Телефон"), 14.0, 0.12, big=True),
    Category("tablets", "Tablets", "Таблети", "Планшеты", ("Tablet", "Таблет", "Планшет"), 6.0, 0.14, big=True),
    Category(
        "cameras",
        "Cameras",
        "Фотоапарати",
        "Фотоаппараты",
        ("Camera", "Фотоапарат", "Фотоаппарат"),
        3.5,
        0.16,
    ),
    Category("audio", "Audio", "Аудио", "Аудио", ("Speaker", "Тонколона", "Колонка"), 8.0, 0.22),
    Category(
        "headsets",
        "Headsets",
        "Слушалки",
        "Наушники",
        ("Headset", "Слушалки", "Наушники"),
        8.0,
        0.28,
        accessory_of=("laptops", "phones", "tablets"),
    ),
    Category("mice", "Mice", "Мишки", "Мыши", ("Mouse", "Мишка", "Мышь"), 5.0, 0.32, accessory_of=("laptops",)),
    Category(
        "keyboards",
        "Keyboards",
        "Клавиатури",
        "Клавиатуры",
        ("Keyboard", "Клавиатура", "Клавиатура"),
        4.0,
        0.3,
        accessory_of=_COMPUTERS,
    ),
    Category("bags", "Bags", "Чанти", "Сумки", ("Bag", "Чанта", "Сумка"), 3.5, 0.4, accessory_of=("laptops",)),
    Category(
        "chargers",
        "Chargers",
        "Зарядни",
        "Зарядные устройства",
        ("Charger", "Зарядно", "Зарядное устройство"),
        6.0,
        0.42,
        accessory_of=("laptops", "phones", "tablets"),
    ),
    Category(
        "disks",
        "External disks",
        "Външни дискове",
        "Внешние диски",
        ("External disk", "Външен диск", "Внешний диск"),
        4.5,
        0.2,
        accessory_of=("laptops",),
    ),
    Category(
        "cables",
        "Cables",
        "Кабели",
        "Кабели",
        ("Cable", "Кабел", "Кабель"),
        6.0,
        0.55,
        accessory_of=("tv", "laptops", "phones"),
    ),
    Category(
        "cases",
        "Cases",
        "Калъфи",
        "Чехлы",
        ("Case", "Калъф", "Чехол"),
        5.0,
        0.5,
        accessory_of=("phones", "tablets"),
    ),
    Category(
        "mounts",
        "TV mounts",
        "Стойки за телевизор",
        "Кронштейны для телевизора",
        ("TV mount", "Стойка за телевизор", "Кронштейн"),
        1.5,
        0.45,
        accessory_of=("tv",),
    ),
    Category(
        "soundbars",
        "Soundbars",
        "Саундбари",
        "Саундбары",
        ("Soundbar", "Саундбар", "Саундбар"),
        2.0,
        0.24,
        accessory_of=("tv",),
    ),
    Category(
        "software",
        "Software",
        "Софтуер",
        "Программы",
        ("Licence", "Лиценз", "Лицензия"),
        3.0,
        0.35,
        accessory_of=("laptops",),
    ),
    Category(
        "services",
        "Services",
        "Услуги",
        "Услуги",
        ("Service", "Услуга", "Услуга"),
        1.0,
        0.6,
        accessory_of=("laptops", "tv", "phones"),
    ),
)

# Model names are the shop's own invention; each line is "model: price" and keeps the order of popularity.
_SHELVES: dict[str, str] = {
    "laptops": "Arden 14: 649; Arden 15: 729; Arden 15 Plus: 899; Brisk 13: 999; Brisk 14 Pro: 1349; "
    "Cairn 16 Studio: 1899; Dune 14 School: 449; Dune 15 School: 499; Ember 17 Play: 1599; Ember 15 "
    "Play: 1249; "
    "Fjord 13 Air: 1099; Arden 14 Office: 799",
    "tv": "Vista 43: 329; Vista 50: 419; Vista 55: 499; Vista 65: 699; Lumen 55: 899; Lumen 65: 1199; "
    "Lumen 77: 2199; Vista 32 Kitchen: 219",
    "phones": "Kite 5: 199; Kite 7: 279; Kite 9: 369; Lark 3: 449; Lark 3 Pro: 599; Merlin X: 799; "
    "Merlin X Max: 999; Kite Senior: 129; Lark Fold: 1299; Kite 5 Duo: 219; Merlin Mini: 649",
    "tablets": "Slate 8: 149; Slate 10: 219; Slate 11 Pro: 449; Slate 12 Pen: 599; Slate Kids: 129; Slate 10 LTE: 289",
    "cameras": "Iris C1: 399; Iris C5: 749; Iris Travel: 329; Iris Action: 249; Iris Instant: 99",
    "audio": "Tone Mini: 39; Tone Room: 89; Tone Garden: 129; Tone Tower: 249; Tone Radio: 69; Tone Party: 189",
    "headsets": "Hush One: 29; Hush Sport: 49; Hush Office: 69; Hush Quiet: 149; Hush Studio: 199; Hush "
    "Play: 89; "
    "Hush Buds: 59",
    "mice": "Nib: 14.90; Nib Silent: 19.90; Nib Pro: 49; Nib Play: 39; Nib Travel: 24.90; Nib Vertical: 44.90",
    "keyboards": "Keys Compact: 34.90; Keys Office: 24.90; Keys Play: 89; Keys Fold: 49",
    "bags": "Carry 14: 29; Carry 15: 34; Carry Pack: 59; Carry Sleeve: 19; Carry City: 79",
    "chargers": "Volt 20 W: 17.90; Volt 45 W: 29.90; Volt 65 W: 39.90; Volt 100 W: 59.90; Volt Car: 19.90; "
    "Volt Pad: 27.90; Volt Bank 10: 24.90; Volt Bank 20: 39.90",
    "disks": "Vault 1 TB: 64.90; Vault 2 TB: 84.90; Vault 4 TB: 119; Vault Swift 1 TB: 99; Vault Swift 2 TB: 169",
    "cables": "Link C-C 1 m: 9.90; Link C-C 2 m: 12.90; Link HDMI 2 m: 11.90; Link HDMI 5 m: 19.90; "
    "Link Optical: 9.90; Link Network 3 m: 6.90; Link Hub 7: 39.90",
    "cases": "Shell Clear: 12.90; Shell Book: 19.90; Shell Tough: 24.90; Shell Slate 10: 24.90; Shell "
    "Slate 11: 29.90; "
    "Shell Leather: 34.90",
    "mounts": "Hold Flat 55: 24.90; Hold Tilt 65: 34.90; Hold Arm 65: 69; Hold Stand: 89",
    "soundbars": "Tone Bar 2: 99; Tone Bar 3: 179; Tone Bar 5: 349",
    "software": "Guard Antivirus, 1 year: 24.90; Guard Antivirus, family: 39.90; Desk Office Suite, 1 "
    "year: 59; "
    "Desk Office Suite, for good: 139; Keep Backup, 1 year: 34.90",
    "services": "Longer warranty, laptop: 79; Longer warranty, TV: 69; Longer warranty, phone: 49; "
    "Set-up at home: 39; Old data moved: 29",
}


def _products() -> tuple[Product, ...]:
    made = []
    for category in CATEGORIES:
        prefix = category.slug[:3].upper()
        for number, line in enumerate(_SHELVES[category.slug].split("; "), start=1):
            model, price = line.rsplit(": ", 1)
            made.append(Product(f"VL-{prefix}-{number:02}", category, model, Decimal(price).quantize(Decimal("0.01"))))
    return tuple(made)


PRODUCTS: tuple[Product, ...] = _products()

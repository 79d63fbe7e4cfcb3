"""Small word lists that invented people are put together from. Any likeness to a real person is chance."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tongue:
    """Names, cities and providers of those who read one language. `share` is its part of all people."""

    code: str
    share: float
    men: tuple[tuple[str, str], ...]
    women: tuple[tuple[str, str], ...]
    surnames: tuple[tuple[str, str], ...]
    cities: tuple[tuple[str, str, float], ...]

    def surname(self, number: int, *, woman: bool) -> str:
        name = self.surnames[number][0]
        if not woman or self.code == "en":
            return name
        return f"{name[:-2]}ая" if name.endswith("ий") else f"{name}а"

    def surname_latin(self, number: int, *, woman: bool) -> str:
        name = self.surnames[number][1]
        if not woman or self.code == "en":
            return name
        return f"{name[:-1]}aya" if name.endswith("iy") else f"{name}a"


def _same(words: str) -> tuple[tuple[str, str], ...]:
    return tuple((word, word.lower()) for word in words.split())


_LETTERS = "a b v g d e zh z i y k l m n o p r s t u f h ts ch sh sht a y _ e yu ya"
_LATIN = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюя",
        _LETTERS.split(),
        strict=True,
    )
)


def _cyrillic(words: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (word, "".join(_LATIN.get(letter, letter) for letter in word.lower()).replace("_", ""))
        for word in words.split()
    )


TONGUES: tuple[Tongue, ...] = (
    Tongue(
        "en",
        0.30,
        _same(
            "Adam Alan Ben Callum Daniel David Edward Finn George Harry Ian Jack James Joe Kevin Liam "
            "Luke Mark "
            "Martin Nathan Neil Owen Patrick Paul Peter Robert Ryan Sam Simon Tom"
        ),
        _same(
            "Alice Amy Anna Beth Claire Emma Eve Fiona Grace Hannah Helen Holly Isla Jane Joan Kate "
            "Laura Lily Lucy "
            "Maeve Mary Megan Nina Olivia Rachel Rose Ruth Sarah Sophie Zoe"
        ),
        _same(
            "Ashby Barlow Birch Calder Carver Dale Dawson Ellis Fenn Field Garland Hale Hartley Heath "
            "Holt Kemp Lane "
            "Lister Marsh Mercer Nash Norwood Oakes Parr Penn Quill Reeve Rowan Rudd Sayer Sefton Shaw "
            "Stone Tate "
            "Thorn Vance Wade Ward Wells Yates"
        ),
        (
            ("London", "Europe/London", 6),
            ("Manchester", "Europe/London", 3),
            ("Leeds", "Europe/London", 2),
            ("Dublin", "Europe/Dublin", 4),
            ("Cork", "Europe/Dublin", 2),
            ("Valletta", "Europe/Malta", 1),
            ("Berlin", "Europe/Berlin", 1),
            ("Nicosia", "Asia/Nicosia", 1),
        ),
    ),
    Tongue(
        "bg",
        0.45,
        _cyrillic(
            "Александър Антон Асен Богдан Борис Валентин Васил Виктор Георги Димитър Емил Живко Иван "
            "Ивайло Калин "
            "Кирил Константин Красимир Любомир Мартин Милен Никола Огнян Петър Пламен Румен Светослав "
            "Стефан Тодор "
            "Христо"
        ),
        _cyrillic(
            "Албена Анелия Боряна Весела Виолета Галина Гергана Даниела Десислава Диана Елена Емилия "
            "Жана Ивелина "
            "Калина Красимира Лидия Мария Милена Надежда Нели Петя Радостина Ралица Росица Силвия "
            "Станислава Теодора "
            "Цветана Яна"
        ),
        _cyrillic(
            "Ангелов Антонов Атанасов Борисов Василев Владимиров Георгиев Данаилов Димитров Добрев "
            "Ефтимов Желев "
            "Захариев Иванов Илиев Йорданов Калчев Кирилов Колев Костов Кръстев Лазаров Маринов Минков "
            "Митев Найденов "
            "Николов Павлов Пенчев Петков Петров Радев Русев Савов Симеонов Славов Стоянов Тодоров "
            "Христов Янев"
        ),
        (
            ("София", "Europe/Sofia", 9),
            ("Пловдив", "Europe/Sofia", 4),
            ("Варна", "Europe/Sofia", 4),
            ("Бургас", "Europe/Sofia", 3),
            ("Русе", "Europe/Sofia", 2),
            ("Стара Загора", "Europe/Sofia", 2),
            ("Плевен", "Europe/Sofia", 1),
            ("Велико Търново", "Europe/Sofia", 1),
        ),
    ),
    Tongue(
        "ru",
        0.25,
        _cyrillic(
            "Алексей Андрей Антон Артур Борис Вадим Василий Виктор Глеб Григорий Данил Денис Дмитрий "
            "Егор Иван Игорь "
            "Илья Кирилл Леонид Максим Михаил Никита Олег Павел Роман Сергей Степан Тимур Юрий Ярослав"
        ),
        _cyrillic(
            "Алина Алла Анна Валерия Вера Виктория Галина Дарья Диана Евгения Екатерина Елена Жанна Зоя "
            "Инна Ирина "
            "Кира Ксения Лариса Любовь Марина Мария Надежда Оксана Ольга Полина Светлана Софья Татьяна Юлия"
        ),
        _cyrillic(
            "Абрамов Белов Беляев Богданов Быков Волков Воронин Громов Гусев Денисов Ершов Жуков Зайцев "
            "Зимин Исаев "
            "Калинин Ковалев Комаров Крылов Лаптев Лебедев Макаров Морозов Никитин Орлов Панин Поляков "
            "Рогов Сафонов "
            "Седов Соколов Сомов Титов Уваров Фомин Чернов Шаров Щукин Дубравский Полянский"
        ),
        (
            ("Москва", "Europe/Moscow", 6),
            ("Санкт-Петербург", "Europe/Moscow", 4),
            ("Казань", "Europe/Moscow", 2),
            ("Калининград", "Europe/Kaliningrad", 1),
            ("Самара", "Europe/Samara", 1),
            ("Екатеринбург", "Asia/Yekaterinburg", 2),
            ("Новосибирск", "Asia/Novosibirsk", 2),
            ("Рига", "Europe/Riga", 1),
        ),
    ),
)


@dataclass(frozen=True)
class Provider:
    """A mailbox provider. `prefetch`: it loads pictures itself; `scans`: it follows every link on arrival."""

    domain: str
    share: float
    prefetch: float = 0.0
    scans: float = 0.0


PROVIDERS: tuple[Provider, ...] = (
    Provider("mail.example", 0.30),
    Provider("post.example", 0.22),
    Provider("inbox.example", 0.14),
    Provider("example.com", 0.08),
    Provider("example.org", 0.05),
    Provider("example.net", 0.04),
    Provider("privacy-relay.test", 0.12, prefetch=0.9),
    Provider("office-guard.test", 0.05, prefetch=0.3, scans=0.6),
)

# Partners write from firms of their own.
FIRMS: tuple[str, ...] = (
    "Arden Import",
    "North Freight",
    "Cable Works",
    "Screen Supply",
    "Bright Parts",
    "Pixel Press",
    "Gadget Week",
    "Daily Volt",
    "Tech Evening",
    "Shop Journal",
    "Copper and Co",
    "Paper Tape",
    "Blue Antenna",
    "Radio Hill",
    "Signal Agency",
)
FIRM_DOMAINS: tuple[str, ...] = tuple(f"{firm.lower().replace(' ', '-')}.example" for firm in FIRMS)

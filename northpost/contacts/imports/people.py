"""The kind "contacts": one row, one person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from northpost.contacts.models import ContactRole, Field, FieldKind
from northpost.core import clock, statistics
from northpost.core.addresses import normalise
from northpost.core.tabular import FileShape, Kind, Row, restore
from northpost.core.tabular.values import (
    DateOrder,
    DecimalMark,
    decide_dates,
    decide_decimals,
    parse_date,
    parse_decimal,
    parse_moment,
    parse_yes_no,
)

from .kinds import Destination, ImportKind, ImportRefused, Job, RowRefused, Tally
from .options import Options
from .storing import Person, settle_options, store_people
from .undoing import remove_people

ATTRIBUTE = "attributes."  # a custom field's destination is this and its key

EMAIL = Destination(
    "email",
    Kind.EMAIL,
    (
        *("e-mail", "mail", "email address", "customer", "client", "buyer"),
        *("имейл", "мейл", "е-мейл", "поща", "почта", "эл. почта", "электронная почта", "клиент", "покупатель"),
    ),
    _("E-mail address"),
)
EXTERNAL_ID = Destination(
    "external_id",
    Kind.TEXT,
    (
        *("customer id", "customer number", "customer no", "client id", "customerid", "user id", "id"),
        *("customer", "client", "buyer", "клиент", "покупатель"),
        *("клиентски номер", "номер на клиент", "клиент №", "номер клиента", "код клиента", "ид"),
    ),
    _("Customer number"),
)
_FIXED = (
    EMAIL,
    EXTERNAL_ID,
    Destination("first_name", Kind.TEXT, ("name", "given name", "име", "собствено име", "имя"), _("First name")),
    Destination("last_name", Kind.TEXT, ("surname", "family name", "фамилия", "фамилно име"), _("Last name")),
    Destination("phone", Kind.PHONE, ("telephone", "mobile", "телефон", "тел", "мобилен", "мобильный"), _("Phone")),
    Destination("language", Kind.TEXT, ("lang", "locale", "език", "язык"), _("Language")),
    Destination("time_zone", Kind.TEXT, ("timezone", "часова зона", "часовой пояс"), _("Time zone")),
    Destination("role", Kind.TEXT, ("роля", "роль"), _("Role: customer, supplier, journalist or partner")),
    Destination(
        "consented_at",
        Kind.DATE,
        ("subscribed", "subscribed at", "consent date", "opt in", "дата на съгласие", "дата согласия", "дата подписки"),
        by_content=False,
        label=_("Day on which consent was given"),
    ),
)
_FIELD_KINDS = {FieldKind.NUMBER: Kind.NUMBER, FieldKind.DATE: Kind.DATE, FieldKind.BOOLEAN: Kind.YES_NO}
_LIMITS = {"external_id": 120, "first_name": 120, "last_name": 120, "phone": 40}
_ATTRIBUTE_LIMIT = 2_000
_LANGUAGES = {
    "english": "en", "английски": "en", "английский": "en", "bulgarian": "bg", "български": "bg", "болгарский": "bg",
    "russian": "ru", "руски": "ru", "русский": "ru",
}  # fmt: skip


def destinations() -> list[Destination]:
    """What a column can be for: the fixed parts of a person, then the workspace's own fields."""
    own = Field.objects.filter(archived_at=None).order_by("position", "pk")
    return [
        *_FIXED,
        *(
            Destination(
                ATTRIBUTE + item.key,
                _FIELD_KINDS.get(FieldKind(item.kind), Kind.TEXT),
                (item.label, item.key),
                item.label,
            )
            for item in own
        ),
    ]


def check(_shape: FileShape, mapping: Mapping[str, str], options: Options) -> None:
    """A person needs an e-mail address or a customer number; options must name what is there."""
    if not {"email", "external_id"} & {*mapping.values(), *options.constants}:
        raise ImportRefused(_("Choose the column with the e-mail addresses, or the one with the customer numbers."))
    settle_options(options)


def open_loader(job: Job) -> PeopleLoader:
    return PeopleLoader(job)


Reader = Callable[[str, "Person"], None]


class PeopleLoader:
    """Reads rows into Persons, folds those of one batch that are the same person, and stores them."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._settled = settle_options(job.options)
        fields = {ATTRIBUTE + item.key: item for item in Field.objects.filter(archived_at=None)}
        self._readers = [
            (job.shape.columns.index(column), self._reader(to, fields)) for column, to in job.mapping.items()
        ]
        self._constants = [(text, self._reader(to, fields)) for to, text in job.options.constants.items()]

    def read(self, row: Row) -> Person:
        person = Person()
        values = row.values
        for text, put in self._constants:
            put(text, person)
        for place, put in self._readers:
            text = values[place].strip()
            if text:
                put(restore(text), person)
        if person.email is None and person.external_id is None:
            raise RowRefused(_("there is neither an e-mail address nor a customer number"))
        return person

    def group(self, _thing: Any) -> None:
        return None

    def store(self, batch: Sequence[Person]) -> Tally:
        return store_people(batch, run_id=self._job.run_id, existing=self._job.options.existing, settled=self._settled)

    def refresh(self) -> None:
        statistics.refresh_after_import()

    def finish(self) -> None:
        return

    def _reader(self, to: str, fields: Mapping[str, Field]) -> Reader:
        if to in fields:
            return self._attribute_reader(fields[to], to)
        if to == "consented_at":
            order = self._date_order(to)
            zone = ZoneInfo(self._settled.time_zone)
            return lambda text, person: setattr(person, "consented_at", _past(parse_moment(text, order, zone)))
        return _READERS.get(to) or _text_reader(to)

    def _attribute_reader(self, item: Field, to: str) -> Reader:
        key, parse = item.key, self._value_parser(item, to)

        def put(text: str, person: Person) -> None:
            person.attributes[key] = parse(text)

        return put

    def _value_parser(self, item: Field, to: str) -> Callable[[str], Any]:
        if item.kind == FieldKind.NUMBER:
            mark = self._decimal_mark(to)
            return lambda text: _plain_number(parse_decimal(text, mark))
        if item.kind == FieldKind.DATE:
            order = self._date_order(to)
            return lambda text: parse_date(text, order).isoformat()
        if item.kind == FieldKind.BOOLEAN:
            return parse_yes_no
        if item.kind == FieldKind.CHOICE:
            choices = {str(choice).casefold(): choice for choice in item.choices}
            return lambda text: _chosen(text, choices, item.label)
        return lambda text: limited(text, _ATTRIBUTE_LIMIT, item.label)

    def _date_order(self, to: str) -> DateOrder:
        chosen = self._job.options.date_order
        return DateOrder(chosen) if chosen else decide_dates(self._job.sample(to))

    def _decimal_mark(self, to: str) -> DecimalMark:
        chosen = self._job.options.decimal
        return DecimalMark(chosen) if chosen else decide_decimals(self._job.sample(to))


def read_email(text: str, person: Person) -> None:
    """Raises AddressError."""
    address = normalise(text)
    person.email, person.email_key = address.envelope, address.key


def read_external_id(text: str, person: Person) -> None:
    """Raises RowRefused. Numbers that a spreadsheet made 17850.0 of are 17850 again."""
    whole, _point, tail = text.partition(".")
    if tail == "0" and whole.isdigit():
        text = whole
    person.external_id = limited(text, _LIMITS["external_id"], EXTERNAL_ID.label)


def _read_language(text: str, person: Person) -> None:
    word = text.casefold()
    code = _LANGUAGES.get(word) or word.replace("_", "-").partition("-")[0]
    if not (2 <= len(code) <= 3 and code.isascii() and code.isalpha()):
        raise RowRefused(_("“%(text)s” is not a language") % {"text": text[:60]})
    person.language = code


def _read_time_zone(text: str, person: Person) -> None:
    if text not in _time_zones:
        raise RowRefused(_("“%(text)s” is not a time zone, such as Europe/Sofia") % {"text": text[:60]})
    person.time_zone = text


_time_zones = available_timezones()
_roles: dict[str, str] = {role.value: role.value for role in ContactRole} | {
    "клиент": "customer", "доставчик": "supplier", "поставщик": "supplier", "журналист": "journalist",
    "партньор": "partner", "партнер": "partner", "партнёр": "partner",
}  # fmt: skip


def _read_role(text: str, person: Person) -> None:
    role = _roles.get(text.casefold())
    if role is None:
        raise RowRefused(_("“%(text)s” is not a role: customer, supplier, journalist or partner") % {"text": text[:60]})
    person.role = role


_READERS: dict[str, Reader] = {
    "email": read_email,
    "external_id": read_external_id,
    "language": _read_language,
    "time_zone": _read_time_zone,
    "role": _read_role,
}


def _text_reader(to: str) -> Reader:
    label = next(item.label for item in _FIXED if item.name == to)
    limit = _LIMITS[to]

    def put(text: str, person: Person) -> None:
        setattr(person, to, limited(text, limit, label))

    return put


def limited(text: str, limit: int, label: str | Promise) -> str:
    if len(text) > limit:
        raise RowRefused(_("%(label)s is longer than %(limit)s characters") % {"label": label, "limit": limit})
    if not text.isprintable() and any(ord(character) < 32 for character in text):
        return " ".join("".join(character if ord(character) >= 32 else " " for character in text).split())
    return text


def _past(moment: datetime) -> datetime:
    if moment > clock.now():
        raise RowRefused(_("the day of consent lies in the future"))
    if moment.year < 1971:
        raise RowRefused(_("the day of consent lies before e-mail"))
    return moment


def _chosen(text: str, choices: Mapping[str, str], label: str) -> str:
    found = choices.get(text.casefold())
    if found is None:
        raise RowRefused(_("“%(text)s” is none of the choices of %(label)s") % {"text": text[:60], "label": label})
    return found


def _plain_number(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


KIND = ImportKind("contacts", _("People"), destinations, check, open_loader, remove_people)

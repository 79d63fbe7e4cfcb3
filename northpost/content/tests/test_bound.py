"""A bound mail gives each person byte for byte what rendering it as a whole gives, in a shape that SMTP can take."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from collections.abc import Mapping
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from northpost.content import library
from northpost.content.bound import Binding, BoundMail, Marks
from northpost.content.bound.marks import filled
from northpost.content.bound.quoted import piece, quoted
from northpost.content.compile import CompiledMail, RenderedMail, compile_mail
from northpost.content.errors import ContentError
from northpost.content.links import Link
from northpost.content.mime import frame
from northpost.content.sample import sample_context

FRAME = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
NAMES = ("click", "leave", "open")
TOKENS = tuple(f"{name:-<40}".encode() for name in NAMES)
SHARED = {
    "company": {
        "name": "Кафе & Co. “Ж”",
        "address": "1 Main Street,\r\nSofia",
        "site": "https://shop.example/?a=1&b=2",
    },
    "campaign": {"name": "Spring"},
}
OWN_BASE = "https://n.example/m/u/"


def binding(shared: Mapping[str, object] | None = None) -> Binding:
    marks = Marks(NAMES)

    def link_url(link: Link, url: str) -> str:
        path = f"{link.position}" if url == link.url else f"{link.position}-{url.encode().hex()}"
        return f"https://n.example/m/c/{path}/{marks['click']}"

    return Binding(
        marks=marks,
        shared=SHARED if shared is None else shared,
        own={"unsubscribe_url": f"{OWN_BASE}{marks['leave']}", "web_version_url": f"{OWN_BASE}{marks['leave']}"},
        link_url=link_url,
        pixel_url=f"https://n.example/m/o/{marks['open']}.gif",
        trap_url=f"https://n.example/m/c/0/{marks['click']}",
    )


def reference(compiled: CompiledMail, bound: Binding, context: Mapping[str, object]) -> RenderedMail:
    """Rendered without any of what a bound mail does: real addresses from the start."""
    click, leave, opened = (token.decode() for token in TOKENS)

    def link_url(link: Link, url: str) -> str:
        assert bound.link_url is not None
        return bound.link_url(link, url).replace(bound.marks["click"], click)

    own = {"unsubscribe_url": OWN_BASE + leave, "web_version_url": OWN_BASE + leave}
    return compiled.render(
        dict(context) | own,
        link_url=link_url,
        pixel_url=f"https://n.example/m/o/{opened}.gif",
        trap_url=f"https://n.example/m/c/0/{click}",
    )


def crlf(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    return text.encode("utf-8", "replace").decode()


def check(raw: bytes, rendered: RenderedMail) -> EmailMessage:
    """The bytes are fit for DATA, and Python's own reader finds in them what was rendered."""
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert raw.replace(b"\r\n", b"").count(b"\n") == 0 == raw.replace(b"\r\n", b"").count(b"\r")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part, wanted in ((text, rendered.text), (html, rendered.html)):
        assert part.defects == []
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
        decoded = part.get_payload(decode=True)
        assert isinstance(decoded, bytes)
        assert decoded.decode() == crlf(wanted)
    # Compared as rendered: runs of blanks and control characters in a subject are the header parser's to fold.
    assert " ".join(str(message["Subject"]).split()) == " ".join(crlf(rendered.subject).split())
    return message


def head(subject: bytes) -> bytes:
    return b"From: a@a.example\r\n" + subject


def compare(
    compiled: CompiledMail, *contexts: Mapping[str, object], shared: Mapping[str, object] | None = None
) -> None:
    """For each person, twice: what was remembered is as good as what was worked out."""
    bound = binding(shared)
    mail = BoundMail(compiled, bound, frame("x"))
    for context in (*contexts, *contexts):
        try:
            wanted = reference(compiled, bound, context)
        except (ContentError, TypeError) as error:
            with pytest.raises(type(error)) as caught:
                mail.message(head, context, TOKENS)
            assert str(caught.value) == str(error)
            continue
        raw = mail.message(head, context, TOKENS)
        check(raw, wanted)
        assert bound.marks.prefix.encode() not in raw


def mail_of(body: str, **changes: str | None) -> CompiledMail:
    given_values: dict[str, Any] = {"subject": "Hi", "preheader": "", "text": None, "language": "en"}
    return compile_mail(mjml=FRAME.format(body), **(given_values | changes))


def person(**contact: object) -> dict[str, object]:
    return dict(SHARED) | {"contact": contact}


PEOPLE: list[dict[str, object]] = [
    {"first_name": "Ann", "last_name": "Lee", "email": "ann@mail.example"},
    {"first_name": "Ann", "last_name": "", "email": "ann2@mail.example"},
    {"first_name": "", "last_name": None, "email": "b@mail.example"},
    {"email": "c@mail.example"},
    {"first_name": "Мария-Антоанета", "last_name": '<b>O\'Neil & "Co"</b>', "email": "d@mail.example"},
    {"first_name": "👩‍👩‍👧", "last_name": "e\u0301", "email": "e@mail.example"},
    {"first_name": ".", "last_name": "..dots", "email": ".e@mail.example"},
    {"first_name": "From me", "last_name": "\nFrom you", "email": "f@mail.example"},
    {"first_name": "x" * 10_000, "last_name": "дълга" * 3_000, "email": "g@mail.example"},
    {"first_name": "a\r\nb", "last_name": "c\rd\r", "email": "\nh@mail.example\r"},
    {"first_name": " padded ", "last_name": "\t tab\t\n\n\n ", "email": "i@mail.example"},
    {"first_name": "=3D=", "last_name": "=?utf-8?B?eA==?=", "email": "--=_j@mail.example"},
    {"first_name": 7, "last_name": True, "email": Decimal("1.50")},
    {"first_name": Decimal("1.5"), "last_name": 1, "email": dt.date(2026, 3, 5)},
    {"first_name": 1.0, "last_name": False, "email": dt.datetime(2026, 3, 5, 9, 7, tzinfo=dt.UTC)},
    {"first_name": ["a", "<b>"], "last_name": {"a": 1}, "email": [{"x": 1}]},
    {"first_name": "\x00\x07", "last_name": "\u2028\u2029\u00a0", "email": "\ufeff"},
]


@pytest.mark.parametrize("language", library.languages())
@pytest.mark.parametrize("kind", library.kinds())
def test_every_shipped_template_in_every_language(kind: str, language: str) -> None:
    source = library.load(kind, language)
    compiled = compile_mail(
        mjml=source.mjml, subject=source.subject, preheader=source.preheader, text=None, language=language
    )
    sample = sample_context(language)
    made: list[dict[str, object]] = [sample]
    for number, who in enumerate(PEOPLE):
        context = dict(SHARED) | {"contact": who}
        if number % 3 == 1:
            context |= {"products": sample["products"], "order": sample["order"]}
        made.append(context)
    compare(compiled, *made)


BODIES = [
    "Hi {{ contact.first_name }}, {{ contact.last_name }}!",
    "{{ contact.first_name }}",
    "{{ contact.first_name }}{{ contact.last_name }}{{ contact.email }}",
    "Hello{% if contact.first_name %} {{ contact.first_name }}{% endif %},<br>{{ contact.last_name | default: 'you' }}",
    "{% if contact.first_name == 'Ann' %}<p>One</p>{% elsif contact.last_name %}<p>Two</p>{% else %}{% endif %}x",
    "{% unless contact.email %}nobody{% endunless %} {{ contact.first_name | upcase | append: contact.email }}",
    "<a href='https://shop.example/a?b=1&amp;c=2'>a</a> <a href='https://shop.example/{{ contact.email }}'>b</a>",
    "<a href='{{ company.site }}'>a</a> <a href='{{ unsubscribe_url }}'>u</a> {{ unsubscribe_url }}",
    "{{ unsubscribe_url | append: '?x=1' }} {% if unsubscribe_url %}yes{% endif %} {{ web_version_url | upcase }}",
    "<a href='https://shop.example/?back={{ unsubscribe_url | url_encode }}'>a</a> {{ contact.first_name }}",
    "<a href='https://shop.example/{{ web_version_url }}'>a</a> {{ contact.first_name }}",
    "{% capture u %}{{ unsubscribe_url }}{% endcapture %}{{ u | upcase }}",
    "{% assign n = contact.first_name %}{{ n }}{{ contact.last_name }}{% assign contact = company %}{{ contact.name }}",
    "{% cycle 'a', 'b' %}{{ contact.first_name }}{% cycle 'a', 'b' %}{% increment k %}{% increment k %}{{ k }}",
    "{% for c in contact.first_name %}{{ forloop.index }}{{ c }};{% else %}{{ contact.last_name }}{% endfor %}",
    "{% for contact in nothing %}x{% else %}{{ contact.first_name }}{% endfor %}",
    "{% for i in (1..6) limit: 2 %}{{ i }}{% endfor %}{% for i in (1..6) offset: continue %}{{ i }}{% endfor %}",
    "{% for i in (1..6) limit: contact.size %}{{ i }}{% endfor %}{% for i in (1..6) offset: continue %}.{% endfor %}",
    "{% case contact.last_name %}{% when 'Lee', contact.first_name %}L{% else %}{{ contact.email }}{% endcase %}",
    "{{ contact.first_name.size }} {{ contact.size }} {{ contact.first_name.first }} {{ contact[contact.first_name] }}",
    "{{ partial }} {{ now }} {{ contact.first_name | upcase }} {{ forloop.index }}",
    "{{ contact.email | divided_by: contact.last_name }}",
    "{{ contact.first_name | money: 'EUR' }} {{ contact.email | date }} {{ contact.last_name | escape }}",
    "{% if company.site %}{{ company.address }}{% else %}{{ contact.first_name }}{% endif %} {{ company.nothing }}",
    "{% break %}",
    "{% for i in (1..2) %}{% ifchanged %}{{ contact.first_name }}{% endifchanged %}{% endfor %}{{ contact.email }}",
    "{% ifchanged %}{{ contact.last_name }}{% endifchanged %}{% ifchanged %}{{ contact.last_name }}{% endifchanged %}",
    "{{ 'a b' | split: ' ' | join: contact.first_name }}{% echo contact.first_name %}{% raw %}{{ x }}{% endraw %}",
    "{% if contact.first_name %}https://b.example/a <a href='https://a.example'>b</a>{% endif %}{{ contact.email }}",
    "{% for i in (1..3) %}{% for c in contact.email %}{{ contact.first_name }}{% endfor %}{% endfor %}",
    "<b title='{{ contact.first_name }}'>.</b><p>\n.{{ contact.first_name }}\n..\nFrom {{ contact.last_name }} \n</p>",
    "Дълъг ред, който не свършва: " + "Съединението прави силата. " * 30 + "{{ contact.first_name }}",
]


@pytest.mark.parametrize("body", BODIES)
def test_every_way_of_using_a_value(body: str) -> None:
    compiled = mail_of(
        f"<mj-text>{body}</mj-text>",
        subject="For {{ contact.first_name }} {{ company.name }}",
        preheader="{{ campaign.name }}",
    )
    compare(compiled, *[dict(SHARED) | {"contact": who} for who in PEOPLE])


MUCH = "Сега има много повече за четене. <b>И още</b>.\n.Точка. " * 12
BRANCHES = [
    "{% if contact.first_name %}M {{ contact.email }} <a href='https://a.example'>a</a>M{% endif %}x",
    "{% if contact.first_name == 'Ann' %}M{{ contact.email }}{% elsif contact.last_name %}M{{ contact.email }}"
    "{% else %}{{ unsubscribe_url }} {{ company.address }} {{ contact.first_name | upcase }}{% endif %}",
    "{% unless contact.first_name %}M{{ contact.email }}{% elsif contact.last_name == 'Lee' %}M2{% endunless %}",
    "{% if contact.last_name %}M{% if contact.first_name %}{{ contact.first_name }}M{% else %}M{{ company.name }}"
    "{% endif %}{{ contact.email }}{% endif %}{{ contact.last_name }}",
    "{% if contact[contact.first_name] %}M{% else %}M {{ contact.last_name }}\n{% endif %}",
    "{% if contact.first_name %}M{% cycle 'a', 'b' %}{% endif %}{% cycle 'a', 'b' %}",
    "{% for i in (1..2) %}{% if contact.first_name %}M{{ i }}{{ contact.first_name }}{% endif %}{% endfor %}",
    "{% if contact.first_name contains 'n' and contact.last_name %} {{ contact.email | divided_by: 0 }}M{% endif %}",
    "{% if contact.nobody %}M{{ 1 | divided_by: 0 }}{% endif %}{{ contact.email }}",
]


@pytest.mark.parametrize("text", [None, "as in the HTML"])
@pytest.mark.parametrize("body", BRANCHES)
def test_long_branches_are_cut_in_turn(body: str, text: str | None) -> None:
    body = body.replace("M", MUCH)
    compiled = mail_of(f"<mj-text>{body}</mj-text>", text=re.sub("<.*?>", " ", body) if text else None)
    compare(compiled, *[dict(SHARED) | {"contact": who} for who in PEOPLE])


@pytest.mark.parametrize(
    "text",
    [
        "{{ contact.first_name }}\n\n{{ contact.last_name }}\n",
        "  {{ contact.first_name }}  \n \n\n{% if contact.last_name %}\n\n{{ contact.last_name }}\n{% endif %}\n\n\nE",
        "{{ contact.first_name }}",
        "\n\n a \n\n\n b{{ contact.first_name }}\n\n\n{{ contact.last_name }} \n c \u00a0{{ contact.email }}\u00a0",
        "{{ contact.first_name }} https://shop.example/a {{ unsubscribe_url }}. https://b.example/{{ contact.email }}",
        "{% if contact.nobody %}x{% endif %}",
        "{{ company.address }}{{ contact.first_name }}",
    ],
)
def test_a_text_of_ones_own_is_tidied_to_the_byte(text: str) -> None:
    compiled = mail_of("<mj-text>x</mj-text>", text=text, subject="{{ contact.last_name | upcase }}")
    compare(compiled, *[dict(SHARED) | {"contact": who} for who in PEOPLE])


def test_a_person_whose_context_says_something_else_of_what_is_shared() -> None:
    compiled = mail_of("<mj-text>{{ company.name }} {{ contact.first_name }}</mj-text>", subject="{{ company.name }}")
    changed = person(first_name="Ann") | {"company": {"name": "Another"}}
    compare(compiled, person(first_name="Ann"), changed, {"contact": {"first_name": "Bo"}})


def test_people_follow_each_other_without_a_trace() -> None:
    compiled = mail_of("<mj-text>{{ contact.a }}|{{ contact.a.b }}|{{ contact.a.b.c }}|{{ contact.a.size }}</mj-text>")
    values: list[object] = ["x", None, 1, True, "1", 1.0, Decimal("1.0"), Decimal("1.00"), [], {}, ["b"]]
    values += [{"b": "x"}, {"b": {"c": "x"}}, {"b": 1}, {"size": "x"}, {"b": ""}, "", {"b": None}]
    compare(compiled, *[person(a=value) for value in values], person(), {}, {"contact": "x"}, {"contact": None})


class Trap:
    def __str__(self) -> str:
        return "trap"


class ClaimsSafe(str):
    def __html__(self) -> str:
        return str(self)


def test_nothing_but_plain_data_is_shown() -> None:
    compiled = mail_of("<mj-text>{{ contact.x.secret }}{{ contact.x }}</mj-text>")
    compare(compiled, person(x=ClaimsSafe("<i>")), person(x=Trap()), person(x=[Trap()]))


def test_a_message_too_big_to_be_one_is_refused() -> None:
    compiled = mail_of("<mj-text>{% for i in (1..40) %}{{ contact.x }}{% endfor %}{{ contact.x }}</mj-text>")
    compare(compiled, person(x="x" * 48_000), person(x="x" * 49_000), person(x="y" * 2_100_000))


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("northpost.content.liquid.RENDER_SECONDS", -1.0)
    mail = BoundMail(mail_of("<mj-text>{{ contact.x | upcase }}</mj-text>"), binding(), frame("x"))
    with pytest.raises(ContentError):
        mail.message(head, person(x="a"), TOKENS)


@pytest.mark.parametrize("kind", library.kinds())
def test_nobody_usual_is_rendered_as_a_whole(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = library.load(kind, "bg")
    compiled = compile_mail(
        mjml=source.mjml, subject=source.subject, preheader=source.preheader, text=None, language="bg"
    )
    mail = BoundMail(compiled, binding(), frame("x"))
    sample = sample_context("bg")
    monkeypatch.setattr(CompiledMail, "render", None)
    for who in ({}, {"first_name": "Мария"}, {"first_name": ""}, {"email": "a@b.example", "first_name": 7}):
        mail.message(head, person(**who), TOKENS)
        mail.message(head, person(**who) | {"products": sample["products"], "order": sample["order"]}, TOKENS)


def test_without_tracking_nothing_is_tracked() -> None:
    compiled = mail_of("<mj-text><a href='https://shop.example/a'>a</a> {{ contact.first_name }}</mj-text>")
    mail = BoundMail(compiled, Binding(marks=Marks(NAMES)), frame("x"))
    message = check(
        mail.message(head, person(first_name="Ann"), TOKENS),
        compiled.render(person(first_name="Ann"), link_url=None, pixel_url=None),
    )
    assert 'href="https://shop.example/a"' in message.get_body(("html",)).get_content()  # type: ignore[union-attr]


def test_much_that_is_different_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("northpost.content.bound.units.ROOM", 5_000)
    monkeypatch.setattr("northpost.content.bound.units.Memory._left", 5_000)
    monkeypatch.setattr("northpost.content.bound.units._SEEN", 3)
    compiled = mail_of("<mj-text>{{ contact.email }} {{ contact.first_name | upcase }}</mj-text>")
    compare(compiled, *[person(email=f"{n}@mail.example", first_name=f"n{n}") for n in range(60)])


WORDS = st.one_of(
    st.sampled_from(
        ["", "Ann", "Мария", "🎁", ".", "..", "From ", " ", "\n", "\r\n", "\r", "\t\n", "=3D", "<b>&'\"", "--=_"]
    ),
    st.text(max_size=12),
    st.text(alphabet="ab .\n\r\té=-", max_size=120),
)
VALUES = st.recursive(
    st.one_of(WORDS, st.none(), st.booleans(), st.integers(-5, 5), st.decimals(-9, 9, places=2), st.just({})),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "size"]), inner, max_size=2),
    max_leaves=4,
)
PATHS = st.sampled_from(
    ["contact.a", "contact.b", "contact.a.b", "contact.c", "company.name", "x", "contact", "unsubscribe_url"]
)
FILTERS = st.sampled_from(
    ["", "", " | upcase", " | default: 'none'", " | escape", " | append: contact.b", " | size", " | join: ', '"]
)
FIXED = st.sampled_from(
    ["", " ", "\n", ".", "text", "Текст ", " \n\n\n", "From ", "<br>", "x" * 90, "<p>a</p>", "&amp;", "ж" * 40]
)


@st.composite
def liquid(draw: st.DrawFn, depth: int = 0) -> str:
    value = f"{{{{ {draw(PATHS)}{draw(FILTERS)} }}}}"
    kinds = ["value", "fixed", "link"] + (["if", "for", "assign", "capture", "case"] if depth < 2 else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "value":
        return value
    if kind == "fixed":
        return draw(FIXED)
    if kind == "link":
        return f'<a href="https://shop.example/{draw(st.sampled_from(["a", "b?c=1&amp;d=2", value]))}">l</a>'
    inner = "".join(draw(st.lists(liquid(depth + 1), max_size=3)))
    if kind == "if":
        test = draw(
            st.sampled_from(["contact.a", "contact.a == contact.b", "contact.c and x", "company.name contains 'a'"])
        )
        return f"{{% if {test} %}}{inner}{{% else %}}{value}{{% endif %}}"
    if kind == "for":
        name = draw(st.sampled_from(["i", "x", "contact"]))
        return f"{{% for {name} in contact.a limit: 3 %}}{inner}{{{{ {name} }}}}{{% else %}}{value}{{% endfor %}}"
    if kind == "assign":
        return f"{{% assign {draw(st.sampled_from(['x', 'y', 'company']))} = {draw(PATHS)} %}}{{{{ x }}}}"
    if kind == "case":
        return f"{{% case contact.a %}}{{% when 'Ann', contact.b %}}{inner}{{% else %}}{value}{{% endcase %}}"
    return f"{{% capture x %}}{inner}{{% endcapture %}}{{{{ x }}}}"


@settings(max_examples=100, deadline=None)
@given(
    body=st.lists(liquid(), max_size=6).map("".join),
    subject=st.sampled_from(
        ["Hi", "{{ contact.a }}", "Тема {{ contact.b | upcase }} {{ company.name }}", "{{ contact }}"]
    ),
    text=st.one_of(st.none(), st.lists(liquid(), min_size=1, max_size=5).map("".join)),
    people=st.lists(st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2), min_size=1, max_size=3),
    x=st.one_of(st.none(), VALUES),
    many=st.sampled_from([0, 400]),
)
def test_any_template_for_anybody(
    body: str, subject: str, text: str | None, people: list[dict[str, object]], x: object, many: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("northpost.content.bound.parts._MANY_WORDS", many)
        hold_against_each_other(body, subject, text, people, x)


def hold_against_each_other(
    body: str, subject: str, text: str | None, people: list[dict[str, object]], x: object
) -> None:
    try:
        compiled = mail_of(f"<mj-text>{body}</mj-text>", subject=subject, text=text)
    except ContentError:
        return
    compare(compiled, *[dict(SHARED) | {"contact": who} | ({} if x is None else {"x": x}) for who in people])


@given(st.lists(WORDS | st.sampled_from(["click", "leave"]), max_size=8), st.booleans())
def test_pieces_read_back_in_any_order(words: list[str], last: bool) -> None:
    marks = Marks(NAMES)
    texts = [marks[word] if word in NAMES else word for word in words]
    plate = quoted("".join(texts), marks, last=last)
    raw = b"".join([b"before=\r\n", filled(plate, TOKENS), b"after"])
    wanted = "".join(f"{word:-<40}" if word in NAMES else word for word in words)
    body = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    if not last:
        quick = piece("".join(texts), marks)
        quick = quick if isinstance(quick, bytes) else filled(quick, TOKENS)
        read = email.message_from_bytes(body + b"before=\r\n" + quick + b"after").get_payload(decode=True)
        assert read == f"before{crlf(wanted)}after".encode()
        assert all(len(line) <= 76 for line in quick.split(b"\r\n"))
        assert not re.search(rb"(^|\r\n)(\.|From )|[ \t]\r\n", quick)
        read = email.message_from_bytes(body + raw).get_payload(decode=True)
        assert read == f"before{crlf(wanted)}after".encode()
    assert all(len(line) <= 76 for line in filled(plate, TOKENS).split(b"\r\n"))
    assert not re.search(rb"(^|\r\n)(\.|From )|[ \t]\r\n", filled(plate, TOKENS))

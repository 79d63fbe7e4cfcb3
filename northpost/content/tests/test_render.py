"""One compiled source, many people: values escaped, links and pixel put in, text made, limits held."""

from __future__ import annotations

import datetime as dt
import pickle
import time
from decimal import Decimal

import pytest

from northpost.content.compile import CompiledMail, RenderedMail, compile_mail
from northpost.content.errors import ContentError
from northpost.content.links import Link
from northpost.content.liquid import environment

FRAME = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"


def compiled(body: str, **changes: str | None) -> CompiledMail:
    given_values: dict = {"subject": "Hi", "preheader": "", "text": None, "language": "en"}
    return compile_mail(mjml=FRAME.format(body), **(given_values | changes))


def rendered(body: str, context: dict | None = None, **changes: str | None) -> RenderedMail:
    return compiled(body, **changes).render(context or {}, link_url=None, pixel_url=None)


def in_text_block(html: str) -> str:
    """What stands in the one mj-text of the document."""
    return html.split('color:#000000;">')[1].split("</div>")[0]


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("Hi {{ contact.first_name }}", "Hi Ann &amp; &lt;b&gt;"),
        ('Hi {{ contact.nobody | default: "friend" }}!', "Hi friend!"),
        ("{% if n < 3 and n > 1 %}two{% else %}other{% endif %}", "two"),
        ('{% if n &lt; 3 %}{{ "a" | append: &quot;b&quot; }}{% endif %}', "ab"),
        ("a<br>b<hr>c", "a<br />b<hr />c"),
        ("Tom & Jerry&nbsp;&copy;&unknown;", "Tom &amp; Jerry&#160;&#169;&amp;unknown;"),
        ("1 < 2", "1 &lt; 2"),
        ("{% raw %}{{ kept }}{% endraw %}", "{{ kept }}"),
        ("{% comment %}<p>{{ gone }}{% endcomment %}x", "x"),
        ("<b title='say \"hi\"'>x</b>", '<b title="say &quot;hi&quot;">x</b>'),
        ("{% for i in list %}{{ i }};{% endfor %}", "a;b;"),
        ("{{ contact }}{{ nothing.at.all }}", ""),
        ("np0x0q {{ n }}", "np0x0q 2"),
    ],
)
def test_values_and_markup(source: str, html: str) -> None:
    mail = rendered(
        f"<mj-text>{source}</mj-text>", {"contact": {"first_name": "Ann & <b>"}, "n": 2, "list": ["a", "b"]}
    )
    assert in_text_block(mail.html) == html


@pytest.mark.parametrize(
    ("source", "language", "shown"),
    [
        ('{{ price | money: "EUR" }}', "en", "€1,234.50"),
        ('{{ price | money: "EUR" }}', "bg", "1\u00a0234,50\u00a0€"),
        ('{{ price | money: "RUB" }}', "ru", "1\u00a0234,50\u00a0₽"),
        ("{{ price | money }}", "en", "1,234.50"),
        ('{{ word | money: "EUR" }}', "en", "much"),
        ('{{ nothing | money: "EUR" }}', "en", ""),
        ("{{ day | date }}", "en", "March 5, 2026"),
        ("{{ day | date: 'long' }}", "bg", "5 март 2026\u202fг."),
        ("{{ day }}", "ru", "5 марта 2026\u202fг."),
        ("{{ day | date: '%d.%m.%Y' }}", "bg", "05.03.2026"),
        ('{{ day | date: "%-d of %B \'%y" }}', "en", "5 of March '26"),
        ("{{ moment | date: '%H:%M' }}", "en", "09:07"),
        ("{{ iso | date: 'short' }}", "en", "3/5/26"),
        ("{{ word | date }}", "en", "much"),
        ("{{ 'now' | date: '%Y' }}", "en", "now"),
        ("{{ now }}{{ today }}", "en", ""),
    ],
)
def test_money_and_dates_in_the_language_of_the_mail(source: str, language: str, shown: str) -> None:
    context = {
        "price": Decimal("1234.5"),
        "day": dt.date(2026, 3, 5),
        "moment": dt.datetime(2026, 3, 5, 9, 7, tzinfo=dt.UTC),
        "iso": "2026-03-05",
        "word": "much",
    }
    mail = rendered("<mj-text>x</mj-text>", context, subject=source, language=language)
    assert mail.subject == shown


def test_links_are_found_tracked_and_rewritten() -> None:
    mail = compiled(
        '<mj-text><a href="https://shop.example/?a=1&b=2">First <b>one</b></a>'
        ' <a href="{{ product.url }}">{{ product.name }}</a>'
        ' <a href="mailto:a@example.com">m</a> <a href="tel:+359">t</a> <a href="#top">h</a>'
        ' <a href="{{ unsubscribe_url }}">u</a> <a href="{{ preferences_url }}">p</a>'
        ' <a href="{{ web_version_url }}">w</a></mj-text>'
        '<mj-button href="https://shop.example/{{ contact.email | url_encode }}">Go</mj-button>'
    )
    assert mail.links == (
        Link(0, "https://shop.example/?a=1&b=2", "First one"),
        Link(1, "{{ product.url }}", "{{ product.name }}"),
        Link(2, "https://shop.example/{{ contact.email | url_encode }}", "Go"),
    )
    asked: list[tuple[int, str]] = []

    def link_url(link: Link, url: str) -> str:
        asked.append((link.position, url))
        return f"https://t.example/{link.position}?x=1&y=2"

    context = {
        "product": {"url": "https://shop.example/p?c=3&d=4", "name": "A<B"},
        "contact": {"email": "a+b@example.com"},
        "unsubscribe_url": "https://n.example/u?x&y",
        "preferences_url": "https://n.example/p",
        "web_version_url": "https://n.example/w",
    }
    person = mail.render(context, link_url=link_url, pixel_url="https://n.example/o?a&b")
    resolved = [
        (0, "https://shop.example/?a=1&b=2"),
        (1, "https://shop.example/p?c=3&d=4"),
        (2, "https://shop.example/a%2Bb%40example.com"),
    ]
    assert asked == resolved * 2  # in HTML, then in text
    for position in (0, 1, 2):
        assert f'href="https://t.example/{position}?x=1&amp;y=2"' in person.html
        assert f"<https://t.example/{position}?x=1&y=2>" in person.text
    for url in (
        "mailto:a@example.com",
        "tel:+359",
        "#top",
        "https://n.example/u?x&amp;y",
        "https://n.example/w",
    ):
        assert f'href="{url}"' in person.html
    assert person.html.index('<img src="https://n.example/o?a&amp;b" width="1"') < person.html.index("</body>")

    plain = mail.render(context, link_url=None, pixel_url=None)
    assert 'href="https://shop.example/p?c=3&amp;d=4"' in plain.html
    assert 'width="1"' not in plain.html


@pytest.mark.parametrize(
    ("value", "href"),
    [
        ("javascript:alert(1)", "#"),
        (" JaVaScRiPt:alert(1)", "#"),
        ("data:text/html,x", "#"),
        ("", "#"),
        ("example.com", "#"),
        ('https://example.com/"><script>', "https://example.com/%22%3E%3Cscript%3E"),
        ("https://example.com/a b\n", "https://example.com/a%20b"),
        ("https://example.com/път?а=1&b=2", "https://example.com/път?а=1&amp;b=2"),
    ],
)
def test_an_address_from_data_can_t_leave_its_attribute(value: str, href: str) -> None:
    mail = rendered('<mj-text><a href="{{ x }}">x</a></mj-text>', {"x": value})
    assert in_text_block(mail.html) == f'<a href="{href}">x</a>'


def test_links_in_a_loop_share_one_position_and_resolve_each() -> None:
    mail = compiled('<mj-text>{% for p in products %}<a href="{{ p.url }}">{{ p.name }}</a>{% endfor %}</mj-text>')
    asked: list[str] = []

    def link_url(link: Link, url: str) -> str:
        asked.append(url)
        return f"https://t.example/{len(asked)}"

    products = [{"url": f"https://shop.example/{n}", "name": str(n)} for n in (1, 2)]
    person = mail.render({"products": products}, link_url=link_url, pixel_url=None)
    assert len(mail.links) == 1
    assert asked == ["https://shop.example/1", "https://shop.example/2"] * 2
    assert '<a href="https://t.example/1">1</a><a href="https://t.example/2">2</a>' in person.html


def test_conditions_may_stand_around_sections_columns_and_content() -> None:
    mail = compile_mail(
        mjml="<mjml><mj-body>{% if a %}<mj-section><mj-column><mj-text>sect</mj-text></mj-column></mj-"
        "section>{% endif %}"
        "<mj-wrapper>{% if a %}<mj-section>{% if b %}<mj-column>{% if c %}<mj-text>deep</mj-text>{% else %}"
        "<mj-text>shallow</mj-text>{% endif %}</mj-column>{% endif %}</mj-section>{% endif %}</mj"
        "-wrapper></mj-body></mjml>",
        subject="s",
        preheader="",
        text=None,
        language="en",
    )

    def text(**context: bool) -> str:
        return mail.render(context, link_url=None, pixel_url=None).text

    assert text(a=True, b=True, c=True) == "sect\n\ndeep\n"
    assert text(a=True, b=True, c=False) == "sect\n\nshallow\n"
    assert text(a=True, b=False, c=True) == "sect\n"
    assert text(a=False) == "\n"


def test_text_is_made_from_the_html() -> None:
    body = (
        "<mj-text><h1>Title</h1><p>Hi {% if contact.first_name %}{{ contact.first_name }}{% else "
        "%}you{% endif %},<br>all\n  well?</p>"
        "<ul>{% for p in products %}<li>{{ p.name }}</li>{% endfor %}</ul></mj-text>"
        "<mj-divider /><mj-image src='https://shop.example/a.png' alt='A lamp' href='https://shop"
        ".example/' />"
        "<mj-table>{% for p in products %}<tr><td>{{ p.name }}</td><td>{{ p.price }}</td></tr>{% "
        "endfor %}</mj-table>"
        "<mj-button href='https://shop.example/'>Buy</mj-button><mj-spacer height='10px' />"
        "<mj-text><div style='display:none'>hidden</div><a href='https://shop.example/'>https://s"
        "hop.example/</a></mj-text>"
    )
    products = [{"name": "A&B", "price": 2}, {"name": "C", "price": 3}]
    mail = rendered(body, {"products": products}, preheader="Preview")
    assert mail.text == (
        "Title\n\nHi you,\nall well?\n\n- A&B\n- C\n\nA lamp <https://shop.example/>\n\n"
        "A&B  2\nC  3\n\nBuy <https://shop.example/>\n\nhttps://shop.example/\n"
    )


def test_a_text_of_one_s_own_is_kept_and_its_links_are_tracked() -> None:
    mail = compiled(
        '<mj-text><a href="https://shop.example/a">a</a></mj-text>',
        text="Hi {{ contact.first_name }}: https://shop.example/a, https://shop.example/b.\n{{ unsubscribe_url }}",
    )
    assert [link.url for link in mail.links] == ["https://shop.example/a", "https://shop.example/b"]
    person = mail.render(
        {"contact": {"first_name": "<Ann>"}, "unsubscribe_url": "https://n.example/u"},
        link_url=lambda link, url: f"https://t.example/{link.position}",
        pixel_url=None,
    )
    assert person.text == "Hi <Ann>: https://t.example/0, https://t.example/1.\nhttps://n.example/u\n"


def test_subject_and_preheader_are_one_unescaped_line() -> None:
    mail = rendered(
        "<mj-text>x</mj-text>",
        {"contact": {"first_name": "Ann\r\nBcc: a@example.com\0 & <b>"}},
        subject="Hi {{ contact.first_name }} & co",
        preheader="{{ contact.first_name }} < 3",
    )
    assert mail.subject == "Hi Ann Bcc: a@example.com  & <b> & co"
    assert mail.preheader == "Ann Bcc: a@example.com  & <b> < 3"
    assert "&amp; &lt;b&gt; &lt; 3&#847;" in mail.html
    assert "<title>Hi Ann\nBcc: a@example.com\0 &amp; &lt;b&gt; &amp; co</title>" in mail.html


def test_language_stands_in_the_document() -> None:
    assert '<html lang="bg" ' in rendered("<mj-text>x</mj-text>", language="bg").html


def test_inline_styles_reach_their_elements_and_keep_liquid_in_tables() -> None:
    mail = compile_mail(
        mjml="<mjml><mj-head><mj-style inline='inline'>.a { color: {{ colour }} }</mj-style>"
        "<mj-style>.b > p { color: blue }</mj-style></mj-head><mj-body><mj-section><mj-column><mj-table>"
        "{% for n in list %}<tr><td class='a'>{{ n }}</td></tr>{% endfor %}</mj-table></mj-column"
        "></mj-section></mj-body></mjml>",
        subject="s",
        preheader="",
        text=None,
        language="en",
    )
    html = mail.render({"list": [1, 2], "colour": "red"}, link_url=None, pixel_url=None).html
    assert '<tr><td class="a" style="color: red;">1</td></tr><tr><td class="a" style="color: red;">2</td></tr>' in html
    assert ".b > p { color: blue }" in html


def test_variables_and_what_is_missing_for_a_person() -> None:
    mail = compiled(
        "<mj-text>{{ contact.first_name }} {{ contact.fields.city | default: 'x' }} {{ contact.last_name }}"
        "{% if vip %}{{ code }}{% endif %}{% for p in products %}{{ p.name }}{% endfor %}</mj-text>",
        subject="{{ campaign.name }}",
    )
    assert mail.variables == {
        "contact.first_name", "contact.fields.city", "contact.last_name", "vip", "code",
        "products", "campaign.name",
    }  # fmt: skip
    assert mail.missing_variables({}) == {"contact.first_name", "contact.last_name", "campaign.name"}
    context = {
        "contact": {"first_name": "A", "last_name": ""},
        "vip": True,
        "campaign": {"name": "c"},
        "products": [{}],
    }
    assert mail.missing_variables(context) == {"contact.last_name", "code", "p.name"}


def test_a_way_out_is_looked_for_in_both_parts() -> None:
    way_out = '<mj-text><a href="{{ unsubscribe_url }}">u</a></mj-text>'
    assert compiled(way_out).parts_without_unsubscribe() == ()
    assert compiled(way_out, text="none here").parts_without_unsubscribe() == ("text",)
    assert compiled("<mj-text>x</mj-text>").parts_without_unsubscribe() == ("html", "text")
    assert compiled("<mj-text>x</mj-text>", text="{{ unsubscribe_url }}").parts_without_unsubscribe() == ("html",)


def test_a_compiled_mail_survives_pickling() -> None:
    mail = compiled(
        '<mj-text><a href="https://a.example/{{ x }}">{{ x }}</a></mj-text>',
        subject="{{ x }}",
        preheader="{{ x }}",
    )
    again = pickle.loads(pickle.dumps(mail))
    context = {"x": "<1>"}
    assert again.links == mail.links
    assert again.size == mail.size == len(mail.html.text.encode())
    assert again.render(context, link_url=None, pixel_url="https://a.example/o") == mail.render(
        context, link_url=None, pixel_url="https://a.example/o"
    )


class Trap:
    secret = "s3cret"

    def __str__(self) -> str:
        return "trap"


class ClaimsSafe(str):
    def __html__(self) -> str:
        return str(self)


def test_only_plain_data_is_taken() -> None:
    mail = compiled("<mj-text>{{ x.secret }}{{ x }}</mj-text>")
    with pytest.raises(TypeError):
        mail.render({"x": Trap()}, link_url=None, pixel_url=None)
    person = mail.render({"x": ClaimsSafe("<i>")}, link_url=None, pixel_url=None)
    assert in_text_block(person.html) == "&lt;i&gt;"


@pytest.mark.parametrize("path", ["x.__class__", "x.append", "x['__class__']", "x.items", "x.size.real"])
def test_no_attribute_is_reached(path: str) -> None:
    assert in_text_block(rendered(f"<mj-text>[{{{{ {path} }}}}]</mj-text>", {"x": {"a": 1}}).html) == "[]"


@pytest.mark.parametrize("name", sorted(environment("en", html=True, internal=False).filters))
def test_no_filter_lets_markup_through(name: str) -> None:
    evil = "<script>alert('1')</script>&lt;script>"
    for arguments in ("", ": x", ": 'a', x", ": x, x"):
        for value in ("x", "list", "''"):
            try:
                mail = rendered(
                    f"<mj-text>{{{{ {value} | {name}{arguments} }}}}</mj-text>",
                    {"x": evil, "list": [evil, evil]},
                )
            except ContentError:
                continue
            assert "<script" not in mail.html


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% for i in (1..100) %}{% for j in (1..100) %}x{% endfor %}{% endfor %}",
        "{% assign x = 'aaaaaaaaaa' %}{% for i in (1..60) %}{% assign x = x | append: x %}{% endfor %}{{ x }}",
        "{{ 'aaaaaaaaaa' " + "| replace: 'a', 'aaaaaaaaaa' " * 9 + "}}",
        "{{ (1..1000000000) | join: ',' }}",
        "{{ (1..1000000000) | sort }}",
        "{% assign x = 9 %}{% for i in (1..90) %}{% assign x = x | times: x %}{% endfor %}{{ x }}",
        "{% for i in (1..4000) %}{{ long }}{% endfor %}",
        "{% capture x %}{% for i in (1..4000) %}{{ long }}{% endfor %}{% endcapture %}",
        "{% break %}",
        "{{ 1 | divided_by: 0 }}",
        "{{ x | slice: 99999999999999999999 }}{{ 'a' | truncate: 'z' }}",
        "{{ " + "[" * 900 + "a" + "]" * 900 + " }}",
        "{% if " + "a and " * 600 + "a %}x{% endif %}{{ 1 | divided_by: 0 }}",
    ],
)
def test_a_template_can_t_run_away(source: str) -> None:
    started = time.monotonic()
    with pytest.raises(ContentError):
        rendered(f"<mj-text>{source}</mj-text>", {"long": "x" * 1000})
    assert time.monotonic() - started < 20  # minutes or all the memory, without the limits


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("northpost.content.liquid.RENDER_SECONDS", -1.0)
    with pytest.raises(ContentError):
        rendered("<mj-text>{{ x }}</mj-text>")

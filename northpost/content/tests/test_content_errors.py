"""What is wrong in a template is named with its line, in MJML as in Liquid, and nothing else ever escapes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from northpost.content.compile import CompiledMail, compile_mail
from northpost.content.errors import ContentError

HEAD = "<mjml>\n<mj-body>\n<mj-section>\n<mj-column>\n"  # what follows stands in line 5
TAIL = "\n</mj-column>\n</mj-section>\n</mj-body>\n</mjml>"


def compiled(body: str, **changes: str | None) -> CompiledMail:
    given_values: dict = {"subject": "Hi", "preheader": "", "text": None, "language": "en"}
    return compile_mail(mjml=HEAD + body + TAIL, **(given_values | changes))


@pytest.mark.parametrize(
    ("body", "line", "source"),
    [
        ("<mj-text>\n<p>never closed\n</mj-text>", 6, "mjml"),
        ("<mj-text>one</mj-text>\n<mj-text>two", 6, "mjml"),
        ("<mj-text>one</mj-text>\n\n<mj-texx>two</mj-texx>", 7, "mjml"),
        ("<mj-text>a</mj-text>\n</mj-text>", 6, "mjml"),
        ("\n<mj-include path='/etc/passwd' />", 6, "mjml"),
        ("\n<mj-section></mj-section>", 6, "mjml"),
        ("<mj-text>x</mj-text>\n\nbare words", 7, "mjml"),
        ("\n<p>html</p>", 6, "mjml"),
        ("<mj-text>\n<a href='x.example'>x</a></mj-text>", 6, "mjml"),
        ("<mj-text>\n<a href='javascript:alert(1)'>x</a></mj-text>", 6, "mjml"),
        ("<mj-text>\n<script>alert(1)</script></mj-text>", 6, "mjml"),
        ("<mj-text>\n<img src='https://example.com/a.png' onerror='x()'></mj-text>", 6, "mjml"),
        ("\n<mj-text align='left' align='right'>x</mj-text>", 6, "mjml"),
        ("\n<mj-text align='left>x</mj-text>", 6, "mjml"),
        ("\n<!-- never closed", 6, "mjml"),
        ("\n<![CDATA[ x ]]>", 6, "mjml"),
        ("<mj-text>{{ a\n}}</mj-text>\n<mj-texx />", 7, "mjml"),
        ("<mj-text>\n{{ contact.first_name | shout }}</mj-text>", 6, "liquid"),
        ("<mj-text>\n{{ contact.first_name | default: 'a' | shout: 1 }}</mj-text>", 6, "liquid"),
        ("<mj-text>a</mj-text>\n{% if contact.first_name %}\n<mj-text>b</mj-text>", 6, "liquid"),
        ("<mj-text>\n{% if a %}{% for b in c %}\n{% endif %}</mj-text>", 7, "liquid"),
        ("<mj-text>\n{% endif %}</mj-text>", 6, "liquid"),
        ("<mj-text>\n{% include 'settings' %}</mj-text>", 6, "liquid"),
        ("<mj-text>\n{% render 'settings' %}</mj-text>", 6, "liquid"),
        ("<mj-text>\n{% nplink 0 %}x{% endnplink %}</mj-text>", 6, "liquid"),
        ("<mj-text>\n{% nppixel %}</mj-text>", 6, "liquid"),
        ("<mj-text>\n{{ contact.first_name | </mj-text>", 6, "liquid"),
        ("<mj-text>\n{{ contact..first_name }}</mj-text>", 6, "liquid"),
        ("<mj-text>\n{% raw %}</mj-text>", 6, "liquid"),
        ("<mj-text>\n{% if %}x{% endif %}</mj-text>", 6, "liquid"),
        ("\n{{ contact.first_name }}", 6, "liquid"),
        ("<mj-text>\n<a {% if x %}href='https://example.com'{% endif %}>x</a></mj-text>", 6, "liquid"),
        ("<mj-text>\n" + "{% if x %}" * 40 + "{% endif %}" * 40 + "</mj-text>", 6, "liquid"),
        ("<mj-text>\n{{ " + "[" * 30 + "a" + "]" * 30 + " }}</mj-text>", 6, "liquid"),
        ("<mj-text>\n" + "{{ a }}" * 5001 + "</mj-text>", 6, "liquid"),
        ("<mj-text>\n" + "<b>" * 90 + "</b>" * 90 + "</mj-text>", 6, "mjml"),
    ],
)
def test_the_line_is_named(body: str, line: int, source: str) -> None:
    with pytest.raises(ContentError) as caught:
        compiled(body)
    assert (caught.value.line, caught.value.source) == (line, source)
    assert caught.value.message


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("", 1),
        ("\n\nhello", 3),
        ("<p>hello</p>", 1),
        ('<?xml version="1.0"?>\n<!DOCTYPE mjml [<!ENTITY a "aaaa">]>\n<mjml><mj-body></mj-body></mjml>', 2),
        ("<mjml><mj-body></mj-body></mjml>\n<mjml></mjml>", 2),
        ("<mjml>\n<mj-body>\n\x07</mj-body></mjml>", 3),
        ("<mjml>\n{% assign a = 1 %}<mj-body></mj-body></mjml>", 2),
    ],
)
def test_the_line_is_named_in_the_frame_too(source: str, line: int) -> None:
    with pytest.raises(ContentError) as caught:
        compile_mail(mjml=source, subject="a", preheader="", text=None, language="en")
    assert caught.value.line == line


@pytest.mark.parametrize(
    "subject", ["a\nBcc: x@example.com", "a\rb", "a\0b", "{{ a", "{% if %}", "{{ a | shout }}", "x" * 251]
)
def test_a_subject_is_one_line_of_valid_liquid(subject: str) -> None:
    with pytest.raises(ContentError) as caught:
        compiled("<mj-text>x</mj-text>", subject=subject)
    assert caught.value.source == "subject"


def test_errors_in_preheader_and_text_say_where() -> None:
    with pytest.raises(ContentError) as caught:
        compiled("<mj-text>x</mj-text>", preheader="{{ a")
    assert caught.value.source == "preheader"
    with pytest.raises(ContentError) as caught:
        compiled("<mj-text>x</mj-text>", text="one\n{{ a | shout }}")
    assert (caught.value.source, caught.value.line) == ("text", 2)


def test_an_error_that_only_a_person_s_data_brings_names_the_line() -> None:
    mail = compiled("<mj-text>a</mj-text>\n<mj-text>\n{{ contact.n | divided_by: contact.zero }}</mj-text>")
    with pytest.raises(ContentError) as caught:
        mail.render({"contact": {"n": 1, "zero": 0}}, link_url=None, pixel_url=None)
    assert (caught.value.line, caught.value.source) == (7, "liquid")


def test_too_long_a_source_is_refused() -> None:
    with pytest.raises(ContentError):
        compiled("x" * 400_001)


FRAGMENTS = st.sampled_from(
    [
        "<mjml>", "</mjml>", "<mj-body>", "</mj-body>", "<mj-section>", "<mj-column>", "<mj-text>",
        "</mj-text>", "<mj-raw>",
        "<mj-style inline='inline'>", "</mj-style>", "<a href=", "'{{ x }}'",
        '"https://example.com/?a&b"', "<br>", "<!--", "-->",
        "{{", "}}", "{%", "%}", "{% if a < 3 %}", "{% endif %}", "{% for a in (1..9) %}",
        "{% endfor %}", "{{ a | default: 'b' }}",
        "{% raw %}", "{% comment %}", "&nbsp;", "&", "<", ">", '"', "'", "<![CDATA[", "<?xml",
        "np0x0q", "<mj-table>", "<mj-image src='", "\n", "Ж",
    ]
)  # fmt: skip


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(parts=st.lists(st.one_of(FRAGMENTS, st.text(max_size=8)), max_size=14), framed=st.booleans())
def test_any_text_compiles_or_is_a_content_error(parts: list[str], framed: bool) -> None:
    body = "".join(parts)
    source = f"{HEAD}<mj-text>{body}</mj-text>{TAIL}" if framed else body
    try:
        mail = compile_mail(mjml=source, subject="{{ a }}", preheader="", text=None, language="bg")
        mail.render(
            {"a": "x", "x": "<b>"},
            link_url=lambda link, url: "https://t.example/",
            pixel_url="https://t.example/o",
        )
    except ContentError as error:
        assert error.message
        assert error.line is None or 1 <= error.line <= source.replace("\r", "\n").count("\n") + 1

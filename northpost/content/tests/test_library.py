"""The templates that come with the product are whole, in three languages, for people we know little of too."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from northpost.content import library
from northpost.content.compile import CompiledMail, compile_mail
from northpost.content.sample import sample_context

ALL = [(kind, language) for kind in library.kinds() for language in library.languages()]


def compiled(kind: str, language: str) -> CompiledMail:
    template = library.load(kind, language)
    return compile_mail(
        mjml=template.mjml,
        subject=template.subject,
        preheader=template.preheader,
        text=None,
        language=language,
    )


def test_there_are_eight_kinds_in_three_languages() -> None:
    assert library.kinds() == (
        "welcome", "newsletter", "offer", "post_purchase",
        "win_back", "questionnaire", "review_request", "partner_letter",
    )  # fmt: skip
    assert library.languages() == ("en", "bg", "ru")
    assert len({library.load(kind, language).name for kind, language in ALL}) == 24
    assert len({library.load(kind, language).mjml for kind, language in ALL}) == 24


def test_an_unknown_kind_is_a_key_error_and_an_unknown_language_is_english() -> None:
    with pytest.raises(KeyError):
        library.load("../frame", "en")
    assert library.load("offer", "de") == library.load("offer", "en")


@pytest.mark.parametrize("kind", ["frame", library.BLANK, *library.kinds()])
def test_each_language_fills_the_same_places(kind: str) -> None:
    folder = Path(library.__file__).parent
    keys = [set(tomllib.loads((folder / f"{kind}.{language}.toml").read_text())) for language in library.languages()]
    assert keys[0] == keys[1] == keys[2]


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_a_template_is_a_whole_mail(kind: str, language: str) -> None:
    mail = compiled(kind, language)
    context = sample_context(language)
    assert mail.missing_variables(context) == set()
    person = mail.render(context, link_url=None, pixel_url=None)
    for part in (person.html, person.text):
        assert context["company"]["address"] in part
        assert context["unsubscribe_url"] in part
        assert context["web_version_url"] in part
        assert context["preferences_url"] in part
        assert "[[" not in part
        assert "{{" not in part
        assert "{%" not in part
    assert f'<html lang="{language}" ' in person.html
    assert mail.links
    assert 10 < len(person.subject) < 60
    assert 20 < len(person.preheader) < 90
    assert mail.size < 60_000  # Gmail cuts at 102 kB
    assert "src=" not in person.html  # no picture has to be fetched


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_a_template_reads_well_for_somebody_we_know_nothing_of(kind: str, language: str) -> None:
    sample = sample_context(language)
    urls = {name: sample[name] for name in ("unsubscribe_url", "preferences_url", "web_version_url")}
    context = {
        "contact": {"email": "a@example.com", "first_name": "", "last_name": "", "fields": {}},
        "company": sample["company"],
        "campaign": sample["campaign"],
        **urls,
    }
    mail = compiled(kind, language)
    assert mail.missing_variables(context) == set()
    person = mail.render(context, link_url=None, pixel_url=None)
    words = re.sub(r" <https?://\S*>", "", f"{person.subject}\n{person.text}")
    assert not re.search(r"\s[,!?]|^[,!?]|, [,!]|,,", words, re.MULTILINE)
    assert sample["contact"]["first_name"] not in words


@pytest.mark.parametrize("language", ["bg", "ru"])
@pytest.mark.parametrize("kind", library.kinds())
def test_no_english_is_left_in_the_translations(kind: str, language: str) -> None:
    person = compiled(kind, language).render(sample_context(language), link_url=None, pixel_url=None)
    words = re.sub(r"https?://[^\s>]*|SPRING15|USB-C", "", person.subject + person.preheader + person.text)
    assert not re.search(r"[A-Za-z]{2,}", words)


def test_a_logo_takes_the_place_of_the_name() -> None:
    context = sample_context("en")
    context["company"]["logo_url"] = "https://shop.example/logo.png"
    html = compiled("welcome", "en").render(context, link_url=None, pixel_url=None).html
    assert '<img alt="Example Shop" ' in html
    assert 'src="https://shop.example/logo.png"' in html


def test_the_questionnaire_asks_on_the_company_s_site() -> None:
    urls = [link.url for link in compiled("questionnaire", "en").links]
    assert urls[:2] == ["{{ company.site }}"] * 2  # as logo, or as name
    assert urls[2:] == [f"{{{{ company.site }}}}/feedback?answer={n}" for n in (1, 2, 3, 4, 5)]


def test_samples_are_fresh_each_time_and_english_by_default() -> None:
    first = sample_context("bg")
    first["contact"]["first_name"] = "x"
    assert sample_context("bg")["contact"]["first_name"] == "Мария"
    assert sample_context("de") == sample_context("en")

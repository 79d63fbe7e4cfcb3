"""The demo's letters compile in every language, and lead to the shop's own products."""

import pytest

from northpost.content.compile import compile_mail
from northpost.content.sample import sample_context
from northpost.demo.letters import LANGUAGES, LETTERS, Letter, drafts


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_each_letter_compiles_and_shows_its_products(letter: Letter) -> None:
    assert len(letter.products) == len(letter.skus)
    versions = drafts(letter)
    assert [draft.language for draft in versions] == list(LANGUAGES)
    for draft in versions:
        mail = compile_mail(
            subject=draft.subject, preheader=draft.preheader, mjml=draft.mjml, text=None, language=draft.language
        )
        context = sample_context(draft.language) | {"products": []}
        html = mail.render(context, link_url=None, pixel_url=None).html
        for product in letter.products:
            assert product.name(draft.language) in html
            assert product.url in html
        assert "{{" not in html


def test_a_shelf_is_in_the_readers_language() -> None:
    english, bulgarian, russian = (draft.mjml for draft in drafts(LETTERS["offer"]))
    assert "Bag Carry Pack" in english and "€59.00" in english
    assert "Чанта Carry Pack" in bulgarian
    assert "Сумка Carry Pack" in russian

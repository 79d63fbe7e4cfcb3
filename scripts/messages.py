"""Compiles the translations: every locale/*/LC_MESSAGES/django.po to the .mo beside it, if it is newer."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PACKAGE = Path(__file__).resolve().parent.parent / "northpost"


def compile_all() -> int:
    """Returns how many catalogues were compiled."""
    compiled = 0
    for source in sorted(PACKAGE.rglob("locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name)
        with target.open("wb") as file:
            write_mo(file, catalogue)
        compiled += 1
    return compiled


if __name__ == "__main__":
    count = compile_all()
    if count:
        print(f"==> Compiled {count} translations")

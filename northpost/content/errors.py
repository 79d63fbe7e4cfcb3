"""What can be wrong with a mail's content, as types. All of it is permanent: the same input fails again."""

from __future__ import annotations


class ContentError(Exception):
    """A template that can't become a mail, in words for the person who wrote it.

    line: 1-based line in the source named by `source`, or None where no single line is to blame.
    source: 'mjml', 'liquid' (both count lines of the MJML), 'subject', 'preheader' or 'text'.
    """

    def __init__(self, line: int | None, message: str, source: str) -> None:
        super().__init__(line, message, source)
        self.line = line
        self.message = message
        self.source = source

    def __str__(self) -> str:
        return self.message if self.line is None else f"{self.message} ({self.source}, {self.line})"


class InvalidHeader(ValueError):
    """A header that no mail can carry: a bad name, or a value which can't be written in ASCII there."""


class HeaderInjection(InvalidHeader):
    """CR, LF or NUL in a header field: somebody tries to write headers of their own."""

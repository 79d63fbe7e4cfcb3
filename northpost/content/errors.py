"""What can be wrong with a mail's content, as types. All of it is permanent: the same input fails again."""

from __future__ import annotations

from django.utils.translation import gettext as _


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


class NotHere(LookupError):
    """There is no such template, version or file in this workspace."""


class ContentProblem(ValueError):
    """Input that was refused. ``field`` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class TemplateArchived(ContentProblem):
    """An archived template is not changed: restore it, or duplicate it."""

    def __init__(self) -> None:
        super().__init__("template", _("This template is archived. Restore it first, or make a copy."))


class FileProblem(ContentProblem):
    """A file that can't be kept: empty, too big, or a picture that can't be read."""

    def __init__(self, message: str) -> None:
        super().__init__("file", message)


class FileInUse(ContentProblem):
    """A file that templates show. ``templates``: their names."""

    def __init__(self, templates: list[str]) -> None:
        names = ", ".join(templates)
        super().__init__("file", _("These templates show the file: %(names)s.") % {"names": names})
        self.templates = templates

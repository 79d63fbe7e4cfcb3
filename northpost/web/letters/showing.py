"""What a template's mail looks like for somebody: an invented person, or one of the workspace's own."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.html import escape
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _

from northpost.contacts.models import Contact, Field
from northpost.contacts.queries import context_for
from northpost.content.compile import CompiledMail, ContentError
from northpost.content.sample import sample_context
from northpost.team.models import Workspace


@dataclass(frozen=True, slots=True)
class Variable:
    """Something a mail may say that differs: ``code`` as it is written there."""

    code: str
    meaning: str


def language_name(code: str) -> str:
    """The language's name in the reader's language, as it stands in a sentence."""
    name = str(get_language_info(code)["name_translated"]).removesuffix(" език")
    # Only English writes languages with a capital; the names that Django brings have one in all three.
    return name if (get_language() or "en").startswith("en") else name[:1].lower() + name[1:]


def language_title(code: str) -> str:
    """The same, as it stands alone."""
    name = language_name(code)
    return name[:1].upper() + name[1:]


def context(workspace: Workspace, language: str, contact: Contact | None = None) -> dict[str, object]:
    """The Liquid context: the workspace's own name and address, and the person's details (invented if None)."""
    made: dict[str, object] = {
        **sample_context(language),
        "company": {
            "name": workspace.company_name or workspace.name,
            "address": workspace.postal_address,
            "site": workspace.site,
        },
        "unsubscribe_url": "#",
        "preferences_url": "#",
        "web_version_url": "#",
    }
    if contact is not None:
        made["contact"] = context_for([contact.pk])[contact.pk]
    return made


def person_by_email(email: str) -> Contact | None:
    """The person of this workspace with the address, or None."""
    email = email.strip().lower()
    return Contact.objects.filter(email_key=email).first() if email else None


def newest_people(number: int) -> list[Contact]:
    """A few people to look at a mail as."""
    return list(Contact.objects.filter(email__isnull=False).order_by("-created_at", "-id")[:number])


def variables() -> list[Variable]:
    """Everything that a mailing fills in."""
    return [
        Variable("{{ contact.first_name }}", _("First name")),
        Variable("{{ contact.last_name }}", _("Last name")),
        Variable("{{ contact.email }}", _("E-mail address")),
        *(
            Variable(f"{{{{ contact.{field.key} }}}}", field.label)
            for field in Field.objects.filter(archived_at__isnull=True).order_by("position", "id")
        ),
        Variable("{{ company.name }}", _("Your company's name")),
        Variable("{{ company.address }}", _("Your postal address")),
        Variable("{{ company.site }}", _("Your web site")),
        Variable("{{ campaign.name }}", _("Name of the mailing")),
        Variable("{{ unsubscribe_url }}", _("Address of the page to unsubscribe")),
        Variable("{{ web_version_url }}", _("Address of this mail as a web page")),
        Variable("{% if contact.first_name %}…{% else %}…{% endif %}", _("One text or another")),
        Variable('{{ contact.first_name | default: "…" }}', _("A word for when nothing is known")),
    ]


def html_for(mail: CompiledMail, *, workspace: Workspace, contact: Contact | None = None) -> str:
    """The mail's HTML with nothing tracked. Raises ContentError."""
    return mail.render(context(workspace, mail.language, contact), link_url=None, pixel_url=None).html


def say_error(error: ContentError) -> str:
    """Where it is and what is wrong, as text."""
    places = {"subject": _("Subject"), "preheader": _("Preview text"), "text": _("Plain text")}
    where = places.get(error.source, "")
    if error.line is not None:
        line = _("line %(line)d") % {"line": error.line}
        where = f"{where}, {line}" if where else line[:1].upper() + line[1:]
    return f"{where}: {error.message}" if where else error.message


def error_words(error: ContentError) -> str:
    """The same for a frame, as HTML."""
    return f"{escape(_('This can’t be shown yet.'))} {escape(say_error(error))}"

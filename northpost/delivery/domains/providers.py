"""What the large relays ask their customers to include in SPF, by the name of the server one signs in to."""

from __future__ import annotations

_INCLUDES = {
    "smtp.gmail.com": "_spf.google.com",
    "smtp-relay.gmail.com": "_spf.google.com",
    "smtp.office365.com": "spf.protection.outlook.com",
    "amazonaws.com": "amazonses.com",
    "mailgun.org": "mailgun.org",
    "sendgrid.net": "sendgrid.net",
    "smtp-relay.brevo.com": "spf.brevo.com",
    "mailjet.com": "spf.mailjet.com",
    "sparkpostmail.com": "sparkpostmail.com",
    "postmarkapp.com": "spf.mtasv.net",
    "smtp.zoho.eu": "zohomail.eu",
    "smtp.zoho.com": "zohomail.com",
    "smtp.yandex.ru": "_spf.yandex.net",
    "smtp.yandex.com": "_spf.yandex.net",
    "smtp.mail.ru": "_spf.mail.ru",
    "smtp.elasticemail.com": "_spf.elasticemail.com",
    "smtp.fastmail.com": "spf.messagingengine.com",
}


def include_for(host: str) -> str:
    """The domain to include for a relay that sends from addresses of its own; empty for a server not known here."""
    host = host.lower().rstrip(".")
    return next((include for name, include in _INCLUDES.items() if host == name or host.endswith("." + name)), "")

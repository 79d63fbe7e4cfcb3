"""Mails as servers and people write them, in the shapes of the real ones."""

from __future__ import annotations

import gzip
import io
import zipfile
from email.message import EmailMessage

ORIGINAL = """Return-Path: <{verp}>
Received: from mail.shop.example by relay.example with ESMTPS; Mon, 2 Mar 2026 10:00:00 +0000
From: =?utf-8?b?0JzQsNCz0LDQt9C40L0=?= <news@shop.example>
To: ivan@mail.example
Subject: News for Ivan
Message-ID: {mid}
Feedback-ID: campaign1:w1:marketing:northpost
"""


def original(verp: str = "bounce+00@shop.example", mid: str = "<x@shop.example>") -> str:
    return ORIGINAL.format(verp=verp, mid=mid)


def dsn(
    *,
    to: str = "bounce+00@shop.example",
    status: str = "5.1.1",
    action: str = "failed",
    diagnostic: str = "smtp; 550 5.1.1 <ivan@mail.example>: Recipient address rejected: User unknown",
    kept: str = "",
    kept_kind: str = "text/rfc822-headers",
    recipient: str = "rfc822; ivan@mail.example",
) -> bytes:
    """As Postfix writes it."""
    return f"""Return-Path: <>
Received: by relay.example (Postfix) id 4F2; Mon, 2 Mar 2026 10:00:05 +0000 (UTC)
Date: Mon, 2 Mar 2026 10:00:05 +0000 (UTC)
From: MAILER-DAEMON@relay.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F1.1772445605/relay.example"
Message-Id: <20260302100005.4F2@relay.example>

This is a MIME-encapsulated message.

--4F1.1772445605/relay.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host relay.example. Your message could not be delivered.

--4F1.1772445605/relay.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
X-Postfix-Queue-ID: 4F1
Arrival-Date: Mon,  2 Mar 2026 10:00:00 +0000 (UTC)

Final-Recipient: {recipient}
Original-Recipient: rfc822;ivan@mail.example
Action: {action}
Status: {status}
Remote-MTA: dns; mx.mail.example
Diagnostic-Code: {diagnostic}

--4F1.1772445605/relay.example
Content-Description: Undelivered Message
Content-Type: {kept_kind}

{kept}
--4F1.1772445605/relay.example--
""".replace("\n", "\r\n").encode()


QMAIL = """Return-Path: <>
Received: (qmail 2410 invoked for bounce); 2 Mar 2026 10:00:05 -0000
Date: 2 Mar 2026 10:00:05 -0000
From: MAILER-DAEMON@qmail.example
To: {to}
Subject: failure notice

Hi. This is the qmail-send program at qmail.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ivan@mail.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{kept}
550 4.2.2 these are words of our own mail
"""

EXIM = """Return-path: <>
X-Failed-Recipients: ivan@mail.example
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@exim.example>
To: {to}
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1w-0001@exim.example>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ivan@mail.example
    host mx.mail.example [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<ivan@mail.example>:
    550 5.2.2 <ivan@mail.example>: mailbox is over quota

------ This is a copy of the message, including all the headers. ------

{kept}
"""

EXCHANGE = """From: postmaster@firm.example
To: {to}
Subject: Undeliverable: News for Ivan
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="9B095B5ADSN=_01"

--9B095B5ADSN=_01
Content-Type: text/plain; charset=unicode-1-1-utf-7

This is an automatically generated Delivery Status Notification.

--9B095B5ADSN=_01
Content-Type: message/delivery-status

Reporting-MTA: dns;exchange.firm.example
Received-From-MTA: dns;relay.example

Final-Recipient: rfc822;ivan@firm.example
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup

--9B095B5ADSN=_01
Content-Type: message/rfc822

{kept}
"""

ARF = """Return-Path: <feedback@arf.mail.example>
From: <feedback@arf.mail.example>
To: abuse@shop.example
Subject: FW: News for Ivan
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1_13d"

--part1_13d
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for an email message received from IP 192.0.2.1.

--part1_13d
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Yahoo!-Mail-Feedback/2.0
Version: 1
Original-Rcpt-To: redacted
Source-IP: 192.0.2.1

--part1_13d
Content-Type: message/rfc822
Content-Disposition: inline

{kept}

Hello
--part1_13d--
"""

JMRP = """From: <staff@hotmail.com>
To: abuse@shop.example
Subject: complaint about message from 192.0.2.1
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="F0E1"

--F0E1
Content-Type: message/rfc822
Content-Disposition: inline

X-HmXmrOriginalRecipient: ivan@outlook.example
{kept}

Hello
--F0E1--
"""


def filled(template: str, *, to: str = "bounce+00@shop.example", kept: str = "", **more: str) -> bytes:
    return template.format(to=to, kept=kept.rstrip("\n"), **more).replace("\n", "\r\n").encode()


def reply(
    text: str = "Thank you, the blue one please.\n\nOn Mon, 2 Mar 2026, Shop <news@shop.example> wrote:\n> Hello\n",
    *,
    sender: str = "Иван <ivan@mail.example>",
    in_reply_to: str = "",
    subject: str = "Re: News for Ivan",
    html: str = "",
    **headers: str,
) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "help@shop.example", subject
    mail["Message-ID"] = "<reply.1@mail.example>"
    if in_reply_to:
        mail["In-Reply-To"], mail["References"] = in_reply_to, f"<other@mail.example> {in_reply_to}"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    if html:
        mail.set_content(html, subtype="html")
    else:
        mail.set_content(text)
    return mail.as_bytes()


OLD_SCHEMA = """<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <report_metadata>
    <org_name>google.com</org_name><email>noreply-dmarc-support@google.com</email>
    <report_id>1234567890</report_id>
    <date_range><begin>1772323200</begin><end>1772409599</end></date_range>
  </report_metadata>
  <policy_published>
    <domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct>
  </policy_published>
  <record>
    <row>
      <source_ip>192.0.2.1</source_ip><count>41</count>
      <policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated>
    </row>
    <identifiers><header_from>{domain}</header_from></identifiers>
    <auth_results>
      <dkim><domain>{domain}</domain><result>pass</result><selector>np1</selector></dkim>
      <spf><domain>bounce.relay.example</domain><result>pass</result></spf>
    </auth_results>
  </record>
  <record>
    <row>
      <source_ip>2001:db8::25</source_ip><count>2</count>
      <policy_evaluated><disposition>quarantine</disposition><dkim>fail</dkim><spf>fail</spf>
        <reason><type>forwarded</type><comment>list</comment></reason></policy_evaluated>
    </row>
    <identifiers><envelope_from>evil.example</envelope_from><header_from>{domain}</header_from></identifiers>
    <auth_results><spf><domain>evil.example</domain><scope>mfrom</scope><result>softfail</result></spf></auth_results>
  </record>
</feedback>
"""

NEW_SCHEMA = """<?xml version="1.0"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">
  <version>1.0</version>
  <report_metadata>
    <org_name>Mail.Ru</org_name><email>dmarc@mail.ru</email><extra_contact_info>x</extra_contact_info>
    <report_id>abc!2</report_id>
    <date_range><begin>1772323200</begin><end>1772409599</end></date_range>
    <generator>thing 1</generator>
  </report_metadata>
  <policy_published>
    <domain>{domain}</domain><discovery_method>treewalk</discovery_method>
    <p>reject</p><sp>quarantine</sp><np>reject</np><adkim>s</adkim><aspf>s</aspf><testing>n</testing><fo>0</fo>
  </policy_published>
  <record>
    <row>
      <source_ip>192.0.2.9</source_ip><count>7</count>
      <policy_evaluated><disposition>pass</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated>
    </row>
    <identifiers><header_from>{domain}</header_from><envelope_from>{domain}</envelope_from></identifiers>
    <auth_results>
      <dkim><domain>{domain}</domain><selector>np1</selector><result>pass</result><human_result>ok</human_result></dkim>
      <spf><domain>{domain}</domain><scope>mfrom</scope><result>pass</result></spf>
    </auth_results>
  </record>
</feedback>
"""


def zipped(content: bytes, name: str = "report.xml") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def dmarc(
    xml: str = OLD_SCHEMA,
    *,
    domain: str = "shop.example",
    packed: str = "gz",
    content: bytes | None = None,
    to: str = "dmarc@shop.example",
) -> bytes:
    body = xml.format(domain=domain).encode() if content is None else content
    kind, data = {
        "gz": ("gzip", gzip.compress(body)),
        "zip": ("zip", zipped(body)),
        "xml": ("xml", body),
        "raw": ("gzip", body),
        "rawzip": ("zip", body),
    }[packed]
    mail = EmailMessage()
    mail["From"], mail["To"] = "noreply-dmarc-support@google.com", to
    mail["Subject"] = f"Report domain: {domain} Submitter: google.com Report-ID: 1234567890"
    mail["Message-ID"] = "<1234567890@google.com>"
    suffix = {"gz": "xml.gz", "zip": "zip", "xml": "xml", "raw": "xml.gz", "rawzip": "zip"}[packed]
    mail.add_attachment(
        data, maintype="application", subtype=kind, filename=f"google.com!{domain}!1772323200!1772409599.{suffix}"
    )
    return mail.as_bytes()

"""A server on this machine that plays the e-mail services: their addresses, their answers, their refusals."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from northpost.delivery.esp.provider import Account, find
from northpost.delivery.transport import Envelope


def _written(key: ec.EllipticCurvePrivateKey) -> str:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


# What the service of that name signs its reports with.
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
CREDENTIALS: dict[str, dict[str, str]] = {
    "mailgun": {"domain": "mg.firm.example", "api_key": "key-1", "signing_key": "sign-1"},
    "sparkpost": {"api_key": "key-1"},
    "postmark": {"server_token": "key-1", "stream": "broadcast"},
    "resend": {"api_key": "key-1", "signing_secret": "whsec_c2VjcmV0c2VjcmV0"},
    "mailjet": {"api_key": "name-1", "secret_key": "key-1"},
    "brevo": {"api_key": "key-1"},
    "sendgrid": {"api_key": "key-1", "verification_key": _written(SENDGRID_KEY)},
    "mandrill": {"api_key": "key-1", "webhook_key": "sign-1"},
    "mailtrap": {"api_token": "key-1", "signing_secret": "sign-1"},
    "mailersend": {"api_token": "key-1", "signing_secret": "sign-1"},
    "unisender_go": {"api_key": "key-1"},
    "amazon_ses": {
        "access_key": "AKIA1",
        "secret_key": "key-1",
        "region": "eu-central-1",
        "configuration_set": "events",
    },
}
PATHS = {
    "sendgrid": "/v3/",
    "mandrill": "/api/1.0",
    "mailtrap": "/api/",
    "mailersend": "/v1/",
    "mailgun": "/v3",
    "sparkpost": "/api/v1",
    "mailjet": "/v3.1/",
    "brevo": "/v3/",
    "unisender_go": "/ru/v1/",
}


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """``script`` answers each request: (status, JSON, headers), or None to hang up without a word."""

    url: str
    script: Callable[[Asked], tuple[int, Any, dict[str, str]] | None]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def service(script: Callable[[Asked], tuple[int, Any, dict[str, str]] | None]) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            playing.asked.append(asked)
            said = playing.script(asked)
            if said is None:
                self.close_connection = True
                return
            status, answer, headers = said
            written = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in (
                {"Content-Type": "application/json", "Content-Length": str(len(written))} | headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = _answer

        def log_message(self, *said: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    playing = Service(f"http://127.0.0.1:{server.server_port}", script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield playing
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def account(key: str, url: str) -> Account:
    return Account(1, 1, find(key), credentials(key, url))


def credentials(key: str, url: str) -> dict[str, str]:
    return CREDENTIALS[key] | {"api_url": f"{url}{PATHS.get(key, '/')}"}


def envelope(number: int) -> Envelope:
    """A message of one person's own."""
    made = EmailMessage(policy=SMTP)
    made["From"] = "Магазин <news@firm.example>"
    made["To"] = f"p{number}@people.example"
    made["Subject"] = f"Новини за P{number}"
    made["Message-ID"] = f"<token{number}@firm.example>"
    made["Reply-To"] = "help@firm.example"
    made["List-Id"] = "Бюлетин <newsletter.w1.firm.example>"
    made["List-Unsubscribe"] = f"<https://firm.example/m/u/token{number}>"
    made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(f"Здравей, P{number}\n")
    made.add_alternative(f"<p>Здравей, P{number}</p>\n", subtype="html")
    return Envelope(number, "bounce@firm.example", f"p{number}@people.example", made.as_bytes())


@dataclass
class Got:
    """A message as the service understood it."""

    recipient: str
    subject: str
    html: str
    unsubscribe: str
    token: str


def _raw(data: bytes, recipient: str, token: str) -> Got:
    parsed: Any = message_from_bytes(data, policy=default)
    html = parsed.get_body(("html",)).get_content()
    return Got(recipient, str(parsed["Subject"]), html, str(parsed["List-Unsubscribe"]), token)


def _form(asked: Asked) -> dict[str, bytes]:
    kind = b"Content-Type: " + asked.headers["content-type"].encode() + b"\r\n\r\n"
    parts: Any = message_from_bytes(kind + asked.body, policy=default)
    return {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in parts.iter_parts()
    }


def _named(headers: Any) -> dict[str, str]:
    if isinstance(headers, list):
        headers = dict(one.values() for one in headers)
    return {name.lower(): value for name, value in (headers or {}).items()}


def understood(key: str, asked: Asked) -> list[Got]:
    """What a request says, by each service's documentation."""
    match key:
        case "mailgun":
            form = _form(asked)
            return [_raw(form["message"], form["to"].decode(), form["v:northpost"].decode())]
        case "sparkpost":
            one = asked.json
            address = one["recipients"][0]["address"]["email"]
            return [_raw(one["content"]["email_rfc822"].encode(), address, one["metadata"]["northpost"])]
        case "amazon_ses":
            one = asked.json
            data = base64.b64decode(one["Content"]["Raw"]["Data"])
            return [_raw(data, one["Destination"]["ToAddresses"][0], one["EmailTags"][0]["Value"])]
        case "postmark":
            return [
                Got(one["To"], one["Subject"], one["HtmlBody"], _named(one["Headers"])["list-unsubscribe"],
                    one["Metadata"]["northpost"])
                for one in asked.json
            ]  # fmt: skip
        case "resend":
            return [
                Got(one["to"][0], one["subject"], one["html"], _named(one["headers"])["list-unsubscribe"],
                    json.loads(_named(one["headers"])["x-metadata"])["northpost"])
                for one in asked.json
            ]  # fmt: skip
        case "mailjet":
            return [
                Got(one["To"][0]["Email"], one["Subject"], one["HTMLPart"], _named(one["Headers"])["list-unsubscribe"],
                    json.loads(one["EventPayload"])["northpost"])
                for one in asked.json["Messages"]
            ]  # fmt: skip
        case "brevo":
            return [
                Got(one["to"][0]["email"], one["subject"], one["htmlContent"], headers["list-unsubscribe"],
                    json.loads(headers["x-mailin-custom"])["northpost"])
                for one, headers in ((one, _named(one["headers"])) for one in asked.json["messageVersions"])
            ]  # fmt: skip
        case "sendgrid":
            one = asked.json
            html = {part["type"]: part["value"] for part in one["content"]}["text/html"]
            return [
                Got(one["personalizations"][0]["to"][0]["email"], one["subject"], html,
                    _named(one["headers"])["list-unsubscribe"], one["custom_args"]["northpost"])
            ]  # fmt: skip
        case "mandrill":
            data = asked.json["raw_message"].encode()
            own = message_from_bytes(data)["X-MC-Metadata"]
            return [_raw(data, asked.json["to"][0], json.loads(own)["northpost"])]
        case "mailtrap":
            return [
                Got(one["to"][0]["email"], one["subject"], one["html"], _named(one["headers"])["list-unsubscribe"],
                    one["custom_variables"]["northpost"])
                for one in asked.json["requests"]
            ]  # fmt: skip
        case "mailersend":
            one = asked.json
            return [
                Got(one["to"][0]["email"], one["subject"], one["html"], _named(one["headers"])["list-unsubscribe"],
                    one["tags"][0].removeprefix("northpost-"))
            ]  # fmt: skip
        case "unisender_go":
            one = asked.json["message"]
            return [
                Got(one["recipients"][0]["email"], one["subject"], one["body"]["html"],
                    _named(one["headers"])["list-unsubscribe"], one["global_metadata"]["northpost"])
            ]  # fmt: skip
    raise AssertionError(key)


def yes(key: str, asked: Asked) -> tuple[int, Any, dict[str, str]]:
    """The service takes all of it."""
    got = understood(key, asked)
    answers: dict[str, Any] = {
        "mailgun": {"id": "<1@mg.firm.example>", "message": "Queued. Thank you."},
        "sparkpost": {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": "11"}},
        "amazon_ses": {"MessageId": "0100-1"},
        "postmark": [{"ErrorCode": 0, "Message": "OK", "MessageID": "m", "To": one.recipient} for one in got],
        "resend": {"data": [{"id": f"m{n}"} for n in range(len(got))]},
        "mailjet": {
            "Messages": [{"Status": "success", "To": [{"Email": one.recipient, "MessageUUID": "u"}]} for one in got]
        },
        "brevo": {"messageIds": [f"<{n}@smtp-relay.mailin.fr>" for n in range(len(got))]},
        "sendgrid": {},
        "mandrill": [{"email": got[0].recipient, "status": "queued", "reject_reason": None, "_id": "m1"}],
        "mailtrap": {
            "success": True, "responses": [{"success": True, "message_ids": [f"m{n}"]} for n in range(len(got))]
        },
        "mailersend": {},
        "unisender_go": {"status": "success", "job_id": "1", "emails": [got[0].recipient]},
    }  # fmt: skip
    status = {"brevo": 201, "sendgrid": 202, "mailersend": 202}.get(key, 200)
    return status, answers[key], {"X-Message-Id": "x1"}

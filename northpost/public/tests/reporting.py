"""What each e-mail service writes by its documentation, and how it proves that it is the service."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from northpost.core import clock
from northpost.delivery.esp.provider import find
from northpost.delivery.esp.reading import USER, password, report_address
from northpost.delivery.esp.tests.services import CREDENTIALS, SENDGRID_KEY
from northpost.delivery.models import Route

TOPIC = "arn:aws:sns:eu-central-1:123456789012:northpost"
FORM = "application/x-www-form-urlencoded"
CERT_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
SIGNED_BY_PASSWORD = {"brevo", "mailjet", "postmark", "sparkpost"}


def said(key: str, kind: str, token: str, *, when: int = 1_790_000_000, number: str = "1") -> Any:
    """``kind``: delivered, hard or complained."""
    tag = {"northpost": token}
    match key:
        case "postmark":
            told: dict[str, Any] = {
                "delivered": {"RecordType": "Delivery", "DeliveredAt": "2026-11-05T16:33:54Z", "Details": "250 ok"},
                "hard": {
                    "RecordType": "Bounce",
                    "Type": "HardBounce",
                    "ID": 4323372036854775807,
                    "Email": "p@x.example",
                    "BouncedAt": "2026-11-05T16:33:54Z",
                    "Details": "smtp;550 5.1.1 The email account does not exist",
                },
                "complained": {
                    "RecordType": "SpamComplaint",
                    "Type": "SpamComplaint",
                    "ID": 42,
                    "Email": "p@x.example",
                    "BouncedAt": "2026-11-05T16:33:54Z",
                },
            }[kind]
            return told | {"MessageID": f"m{number}", "Metadata": tag}
        case "brevo":
            event = {"delivered": "delivered", "hard": "hard_bounce", "complained": "spam"}[kind]
            return {
                "event": event,
                "email": "p@x.example",
                "id": int(number),
                "ts_epoch": when * 1000,
                "message-id": "<1@x>",
                "reason": "550 5.1.1 unknown user" if kind == "hard" else "sent",
                "X-Mailin-custom": json.dumps(tag),
            }
        case "mailjet":
            event = {"delivered": "sent", "hard": "bounce", "complained": "spam"}[kind]
            return [
                {
                    "event": event,
                    "time": when,
                    "MessageID": int(number),
                    "email": "p@x.example",
                    "hard_bounce": kind == "hard",
                    "error": "user unknown" if kind == "hard" else "",
                    "Payload": json.dumps(tag),
                }
            ]
        case "sparkpost":
            event = {"delivered": "delivery", "hard": "bounce", "complained": "spam_complaint"}[kind]
            name = "message_event"
            return [
                {
                    "msys": {
                        name: {
                            "type": event,
                            "event_id": number,
                            "timestamp": str(when),
                            "rcpt_to": "p@x.example",
                            "rcpt_meta": tag,
                            "bounce_class": "10" if kind == "hard" else "",
                            "raw_reason": "550 5.1.1 no such user",
                        }
                    }
                }
            ]
        case "mailgun":
            event = {"delivered": "delivered", "hard": "failed", "complained": "complained"}[kind]
            return {
                "event": event,
                "id": number,
                "timestamp": float(when),
                "recipient": "p@x.example",
                "severity": "permanent",
                "reason": "bounce",
                "user-variables": tag,
                "delivery-status": {"code": 550, "message": "5.1.1 no such user" if kind == "hard" else "OK"},
                "message": {"headers": {"message-id": "1@x"}},
            }
        case "resend":
            event = {"delivered": "email.delivered", "hard": "email.bounced", "complained": "email.complained"}[kind]
            bounce = {"bounce": {"type": "Permanent", "subType": "General", "message": "a hard bounce message"}}
            return {
                "type": event,
                "created_at": "2026-11-22T23:41:12.126Z",
                "data": {
                    "email_id": number,
                    "to": ["p@x.example"],
                    "headers": [{"name": "X-Metadata", "value": json.dumps(tag)}],
                }
                | (bounce if kind == "hard" else {}),
            }
        case "unisender_go":
            status = {"delivered": "delivered", "hard": "hard_bounced", "complained": "spam"}[kind]
            one = {
                "job_id": number,
                "metadata": tag,
                "email": "p@x.example",
                "status": status,
                "event_time": "2026-11-30 15:09:42",
                "delivery_info": {
                    "delivery_status": "err_user_unknown" if kind == "hard" else "ok",
                    "destination_response": "550 5.1.1 unknown" if kind == "hard" else "",
                },
            }
            event_of = [{"event_name": "transactional_email_status", "event_data": one}]
            return {"auth": "", "events_by_user": [{"user_id": 456, "events": event_of}]}
        case "sendgrid":
            own_words: dict[str, Any] = {
                "delivered": {"event": "delivered", "response": "250 OK"},
                "hard": {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 no"},
                "complained": {"event": "spamreport"},
            }[kind]
            return [own_words | tag | {"email": "p@x.example", "timestamp": when, "sg_event_id": number}]
        case "mandrill":
            event = {"delivered": "delivered", "hard": "hard_bounce", "complained": "spam"}[kind]
            diag = {"diag": "smtp;550 no", "bounce_description": "bad_mailbox"} if kind == "hard" else {}
            sent = {"ts": when, "email": "p@x.example", "metadata": tag, "_id": f"m{number}"} | diag
            return [{"event": event, "_id": f"m{number}", "ts": when, "msg": sent}]
        case "mailtrap":
            event = {"delivered": "delivery", "hard": "bounce", "complained": "spam"}[kind]
            bounce = {"response": "no", "response_code": 550, "bounce_category": "badmailbox"}
            one = {
                "event": event,
                "message_id": f"m{number}",
                "sending_stream": "bulk",
                "email": "p@x.example",
                "timestamp": when,
                "event_id": number,
                "custom_variables": tag,
            }
            return {"events": [one | (bounce if kind == "hard" else {})]}
        case "mailersend":
            event = {"delivered": "delivered", "hard": "hard_bounced", "complained": "spam_complaint"}[kind]
            return {
                "type": f"activity.{event}",
                "created_at": "2026-11-22T10:00:00.000000Z",
                "data": {
                    "object": "activity",
                    "id": number,
                    "type": event,
                    "created_at": "2026-11-22T10:00:00.000000Z",
                    "email": {
                        "object": "email",
                        "tags": ["shop", f"northpost-{token}"],
                        "message": {"object": "message", "id": f"m{number}"},
                        "recipient": {"object": "recipient", "email": "p@x.example"},
                    },
                    "morph": {"object": "recipient_bounce", "reason": "no"} if kind == "hard" else None,
                },
            }
        case "amazon_ses":
            mail = {"messageId": "0100", "destination": ["p@x.example"], "tags": {"northpost": [token]}, "headers": []}
            own: dict[str, Any] = {
                "delivered": {
                    "eventType": "Delivery",
                    "delivery": {"recipients": ["p@x.example"], "smtpResponse": "250"},
                },
                "hard": {
                    "eventType": "Bounce",
                    "bounce": {
                        "bounceType": "Permanent",
                        "bounceSubType": "General",
                        "bouncedRecipients": [
                            {"emailAddress": "p@x.example", "diagnosticCode": "smtp; 550 5.1.1 unknown"}
                        ],
                    },
                },
                "complained": {
                    "eventType": "Complaint",
                    "complaint": {"complainedRecipients": [{"emailAddress": "p@x.example"}]},
                },
            }[kind]
            return {
                "Type": "Notification",
                "MessageId": number,
                "TopicArn": TOPIC,
                "Message": json.dumps(own | {"mail": mail}),
                "Timestamp": "2026-11-22T10:00:00.000Z",
                "SignatureVersion": "2",
                "SigningCertURL": CERT_URL,
            }
    raise AssertionError(key)


SNS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def sns_signed(told: dict[str, Any]) -> dict[str, Any]:
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    written = "".join(f"{name}\n{told[name]}\n" for name in names if name in told).encode()
    digest = hashes.SHA256() if told["SignatureVersion"] == "2" else hashes.SHA1()
    return told | {"Signature": base64.b64encode(SNS_KEY.sign(written, PKCS1v15(), digest)).decode()}


def proven(key: str, route: Route, told: Any, *, nonce: str = "t" * 50) -> tuple[bytes, dict[str, str]]:
    """The body and headers of a genuine report."""
    now = int(clock.now().timestamp())
    if key in SIGNED_BY_PASSWORD:
        word = base64.b64encode(f"{USER}:{password(route.workspace_id, route.pk)}".encode()).decode()
        return json.dumps(told).encode(), {"authorization": f"Basic {word}"}
    if key == "mailgun":
        signature = hmac.new(b"sign-1", f"{now}{nonce}".encode(), hashlib.sha256).hexdigest()
        block = {"timestamp": str(now), "token": nonce, "signature": signature}
        return json.dumps({"signature": block, "event-data": told}).encode(), {}
    if key == "resend":
        body = json.dumps(told).encode()
        secret = base64.b64decode(CREDENTIALS["resend"]["signing_secret"].removeprefix("whsec_"))
        mac = hmac.new(secret, f"msg_{told['data']['email_id']}.{now}.".encode() + body, hashlib.sha256).digest()
        signed = f"v1,{base64.b64encode(mac).decode()}"
        return body, {
            "svix-id": f"msg_{told['data']['email_id']}",
            "svix-timestamp": str(now),
            "svix-signature": signed,
        }
    if key == "unisender_go":
        plain = json.dumps(told | {"auth": "key-1"}).encode()
        return json.dumps(told | {"auth": hashlib.md5(plain).hexdigest()}).encode(), {}
    if key == "sendgrid":
        body = json.dumps(told).encode()
        signed = SENDGRID_KEY.sign(f"{now}".encode() + body, ec.ECDSA(hashes.SHA256()))
        return body, {
            "x-twilio-email-event-webhook-timestamp": str(now),
            "x-twilio-email-event-webhook-signature": base64.b64encode(signed).decode(),
        }
    if key == "mandrill":
        events = json.dumps(told)
        address = report_address(find(key), route.workspace_id, route.pk)
        mac = hmac.new(b"sign-1", f"{address}mandrill_events{events}".encode(), hashlib.sha1).digest()
        form = urlencode({"mandrill_events": events}).encode()
        return form, {"x-mandrill-signature": base64.b64encode(mac).decode(), "content-type": FORM}
    if key in ("mailtrap", "mailersend"):
        body = json.dumps(told).encode()
        header = {"mailtrap": "mailtrap-signature", "mailersend": "signature"}[key]
        return body, {header: hmac.new(b"sign-1", body, hashlib.sha256).hexdigest()}
    told = sns_signed(told)
    headers = {"x-amz-sns-message-type": told["Type"], "x-amz-sns-message-id": told["MessageId"]}
    return json.dumps(told).encode(), headers

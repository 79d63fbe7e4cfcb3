"""docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html: the whole message, as it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    SSLError,
)

from northpost.delivery.esp.http import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    AnswerLost,
    Busy,
    Refused,
    Sender,
    accepted,
    unavailable,
)
from northpost.delivery.esp.mime import TAG, parse, token_of
from northpost.delivery.esp.provider import Provider
from northpost.delivery.transport import Envelope, Outcome

_SLOWER = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"})
_NOT_ALLOWED = frozenset(
    {
        "AccessDeniedException",
        "AccountSuspendedException",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MailFromDomainNotVerifiedException",
        "SendingPausedException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class SesSender(Sender):
    def __init__(self, provider: Provider, credentials: Mapping[str, str]) -> None:
        super().__init__(provider, credentials)
        self._client = boto3.session.Session().client(
            "sesv2",
            region_name=credentials["region"],
            aws_access_key_id=credentials["access_key"],
            aws_secret_access_key=credentials["secret_key"],
            endpoint_url=credentials.get("api_url") or None,
            config=Config(
                # Tried again by itself, a message could go out twice.
                retries={"total_max_attempts": 1},
                connect_timeout=CONNECT_SECONDS,
                read_timeout=ANSWER_SECONDS,
            ),
        )

    def send(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        (envelope,) = envelopes
        answer = self._call(
            self._client.send_email,
            Destination={"ToAddresses": [envelope.recipient]},
            Content={"Raw": {"Data": envelope.data}},
            EmailTags=[{"Name": TAG, "Value": token_of(parse(envelope))}],
            **self._set(),
        )
        return [accepted(envelope, f"Amazon SES: {answer['MessageId']}")]

    def check(self) -> None:
        self._call(self._client.get_account)

    def close(self) -> None:
        self._client.close()

    def _set(self) -> dict[str, str]:
        name = self.credentials.get("configuration_set")
        return {"ConfigurationSetName": name} if name else {}

    def _call(self, method: Any, **given: Any) -> Any:
        url = self._client.meta.endpoint_url
        try:
            return method(**given)
        except ClientError as error:
            raise _judged(error, url) from error
        except (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError) as error:
            raise unavailable(url, "network", str(error)) from error
        except SSLError as error:
            raise unavailable(url, "certificate", str(error)) from error
        except BotoCoreError as error:
            raise AnswerLost(f"the connection ended before the answer: {error}") from error


def _judged(error: ClientError, url: str) -> Exception:
    code, text = error.response["Error"]["Code"], str(error.response["Error"].get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    words = f"Amazon SES: {code}: {text}"
    if code in _NOT_ALLOWED or status in (401, 403):
        return unavailable(url, "auth_refused", words)
    if code in _SLOWER or status in (429, 500, 503):
        return Busy(1.0, words)
    if status >= 500:
        return AnswerLost(words)
    return Refused(words, recipient="ToAddresses" in text or "invalid address" in text.lower())

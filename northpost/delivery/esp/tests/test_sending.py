"""Each service gets each person's own message, and what it answers, or doesn't, becomes the right outcome."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from northpost.delivery.esp.pool import EspPool
from northpost.delivery.esp.provider import Account, providers
from northpost.delivery.esp.tests.services import CREDENTIALS, Asked, account, envelope, service, understood, yes
from northpost.delivery.rules.replies import Blame, classify_reply
from northpost.delivery.transport import Envelope, Outcome, RouteUnavailable

ALL = sorted(CREDENTIALS)
IDEMPOTENT = ("resend", "unisender_go", "brevo")
BATCHES = {"brevo", "postmark", "resend", "mailjet", "mailtrap"}


def send(to: Account, envelopes: Sequence[Envelope], *, requests: int = 1) -> tuple[list[Outcome], Exception | None]:
    """All at once; the outcomes by key, and why the service can't be used, if so."""
    found: list[Outcome] = []

    async def drawn() -> AsyncIterator[Envelope]:
        for one in envelopes:
            yield one

    async def story() -> Exception | None:
        async with EspPool(to, requests) as pool:
            try:
                await pool.send(drawn(), found.append)
            except RouteUnavailable as error:
                return error
        return None

    error = asyncio.run(story())
    return sorted(found, key=lambda outcome: outcome.key), error


def blame(outcome: Outcome) -> Blame:
    return classify_reply(
        code=outcome.code, enhanced=outcome.enhanced, text=outcome.text, phase=outcome.phase,
        route_fault=outcome.route_fault,
    )  # fmt: skip


def test_all_that_are_asked_for_are_there():
    assert sorted(providers()) == ALL


@pytest.mark.parametrize("key", ALL)
def test_everybody_gets_their_own(key: str):
    with service(lambda asked: yes(key, asked)) as playing:
        outcomes, error = send(account(key, playing.url), [envelope(n) for n in range(3)])
    assert error is None
    assert [outcome.state for outcome in outcomes] == ["accepted"] * 3
    got = [one for asked in playing.asked for one in understood(key, asked)]
    assert [(one.recipient, one.subject, one.html.strip(), one.unsubscribe, one.token) for one in got] == [
        (f"p{n}@people.example", f"Новини за P{n}", f"<p>Здравей, P{n}</p>", f"<https://firm.example/m/u/token{n}>",
         f"token{n}")
        for n in range(3)
    ]  # fmt: skip
    assert (len(playing.asked) < 3) == (key in BATCHES)


@pytest.mark.parametrize("key", ALL)
def test_a_wrong_key_stops_the_route_and_loses_nothing(key: str):
    denied = {"message": "Forbidden", "Error": {}}
    with service(lambda asked: (401, denied, {})) as playing:
        outcomes, error = send(account(key, playing.url), [envelope(n) for n in range(3)], requests=2)
    assert outcomes == []
    assert isinstance(error, RouteUnavailable)
    assert error.needs_mending
    assert error.cause == "auth_refused"


@pytest.mark.parametrize("key", ALL)
def test_a_lost_answer_is_in_doubt_unless_the_service_knows_a_request_again(key: str):
    with service(lambda asked: None if len(playing.asked) == 1 else yes(key, asked)) as playing:
        (outcome,), error = send(account(key, playing.url), [envelope(1)])
    assert error is None
    if key not in IDEMPOTENT:
        assert (outcome.state, len(playing.asked)) == ("in_doubt", 1)
        return
    assert (outcome.state, len(playing.asked)) == ("accepted", 2)
    first, again = playing.asked
    assert first.body == again.body
    if key == "resend":
        assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    elif key == "brevo":
        assert first.json["headers"]["idempotencyKey"]
    else:
        assert first.json["message"]["idempotence_key"]


@pytest.mark.parametrize("key", ALL)
def test_whoever_asks_for_a_pause_gets_it(key: str):
    busy = (429, {"message": "slow down"}, {"Retry-After": "0"})
    with service(lambda asked: busy if len(playing.asked) == 1 else yes(key, asked)) as playing:
        (outcome,), _error = send(account(key, playing.url), [envelope(1)])
    assert (outcome.state, len(playing.asked)) == ("accepted", 2)


@pytest.mark.parametrize("key", [one for one in ALL if one != "amazon_ses"])
def test_a_long_pause_is_the_ledgers(key: str):
    with service(lambda asked: (429, {"message": "tomorrow"}, {"Retry-After": "3600"})) as playing:
        (outcome,), error = send(account(key, playing.url), [envelope(1)])
    assert (outcome.state, error, len(playing.asked)) == ("deferred", None, 1)
    assert "tomorrow" in outcome.text


@pytest.mark.parametrize("key", ALL)
def test_nobody_there_is_the_routes_trouble(key: str):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    outcomes, error = send(account(key, url), [envelope(1)])
    assert outcomes == []
    assert isinstance(error, RouteUnavailable)
    assert not error.needs_mending


def test_a_gateway_that_lost_sight_leaves_it_in_doubt():
    with service(lambda asked: (504, {}, {})) as playing:
        (outcome,), _error = send(account("mailgun", playing.url), [envelope(1)])
    assert (outcome.state, len(playing.asked)) == ("in_doubt", 1)


# What each answers where the address of p1 is no good, by its documentation.
INVALID: dict[str, Any] = {
    "mailgun": (400, {"message": "'to' parameter is not a valid address. please check documentation"}),
    "sparkpost": (400, {"errors": [{"message": "invalid recipient address", "code": "1300"}]}),
    "brevo": (400, {"code": "invalid_parameter", "message": "email is not valid in to: recipient email invalid"}),
    "unisender_go": (200, {"status": "success", "emails": [], "failed_emails": {"p1@people.example": "invalid"}}),
    "amazon_ses": (400, {"message": "Invalid address in ToAddresses"}),
    "postmark": {"ErrorCode": 300, "Message": "Invalid 'To' address: 'p1@people.example'."},
    "mailjet": {"Status": "error", "Errors": [{"ErrorMessage": "bad", "ErrorRelatedTo": ["To[0].Email"]}]},
    "resend": (422, {"name": "validation_error", "message": "Invalid `to` field. The recipient is invalid."}),
    "sendgrid": (400, {"errors": [{"message": "Does not contain a valid address.",
                                   "field": "personalizations.0.to.0.email"}]}),
    "mandrill": (200, [{"email": "p1@people.example", "status": "invalid", "reject_reason": None, "_id": "m"}]),
    "mailtrap": {"success": False, "errors": ["'to' address is invalid"]},
    "mailersend": (422, {"message": "The to.0.email must be valid.", "errors": {"to.0.email": ["must be valid"]}}),
}  # fmt: skip


@pytest.mark.parametrize("key", ALL)
def test_one_bad_address_is_nobody_elses_trouble(key: str):
    def answer(asked: Asked) -> tuple[int, Any, dict[str, str]]:
        got = understood(key, asked)
        bad = [number for number, one in enumerate(got) if one.recipient == "p1@people.example"]
        if not bad:
            return yes(key, asked)
        if key in ("postmark", "mailjet", "mailtrap"):
            status, told, headers = yes(key, asked)
            rows = told if key == "postmark" else told["Messages" if key == "mailjet" else "responses"]
            rows[bad[0]] = INVALID[key]
            # Mailjet says 400 although the others are taken.
            return (400 if key == "mailjet" else status), told, headers
        headers = {"x-amzn-ErrorType": "BadRequestException"} if key == "amazon_ses" else {}
        return *INVALID[key], headers

    with service(answer) as playing:
        outcomes, error = send(account(key, playing.url), [envelope(n) for n in range(3)])
    assert error is None
    assert [outcome.state for outcome in outcomes] == ["accepted", "rejected", "accepted"]
    assert blame(outcomes[1]) is Blame.HARD
    taken = [one.recipient for asked in playing.asked for one in understood(key, asked)]
    # Taken once each: a batch is sent anew one by one only where all of it was refused.
    whole = key in ("resend", "brevo")
    extra = ["p0@people.example", "p1@people.example", "p2@people.example"] if whole else []
    assert sorted(taken) == sorted([f"p{n}@people.example" for n in range(3)] + extra)


def test_what_was_taken_before_the_key_was_withdrawn_is_known():
    """A batch is refused, its messages go one by one, and in the midst of that the service shuts us out."""

    def answer(asked: Asked) -> tuple[int, Any, dict[str, str]]:
        match len(playing.asked):
            case 1:
                return 422, {"message": "one of them is wrong"}, {}
            case 2:
                return yes("resend", asked)
        return 401, {"message": "gone"}, {}

    with service(answer) as playing:
        outcomes, error = send(account("resend", playing.url), [envelope(n) for n in range(3)])
    assert [(outcome.key, outcome.state) for outcome in outcomes] == [(0, "accepted")]
    assert isinstance(error, RouteUnavailable)


@pytest.mark.parametrize("then", [401, 429, 409])
def test_a_lost_answer_stays_in_doubt_whatever_is_said_next(then: int):
    """Only a yes to the same request tells; a refusal of the second try says nothing of the first."""
    no = (then, {"message": "no"}, {"Retry-After": "60"})
    with service(lambda asked: None if len(playing.asked) == 1 else no) as playing:
        (outcome,), error = send(account("resend", playing.url), [envelope(1)])
    assert outcome.state == "in_doubt"
    assert isinstance(error, RouteUnavailable) == (then == 401)


def test_on_the_services_own_list_is_no_bounce():
    inactive = {"ErrorCode": 406, "Message": "You tried to send to a recipient that has been marked as inactive."}
    with service(lambda asked: (200, [inactive], {})) as playing:
        (outcome,), _error = send(account("postmark", playing.url), [envelope(1)])
    assert outcome.state == "rejected"
    assert blame(outcome) is Blame.UNSENDABLE


def test_a_sender_that_is_not_allowed_is_the_senders_fault():
    with service(lambda asked: (400, {"message": "Domain firm.example is not allowed to send"}, {})) as playing:
        (outcome,), _error = send(account("mailgun", playing.url), [envelope(1)])
    assert blame(outcome) is Blame.SENDER


def test_stopping_waits_for_what_is_on_its_way():
    """Cancelled in mid-request: what was asked has its outcome, and nothing else was asked."""
    found: list[Outcome] = []

    async def story(url: str) -> None:
        async def drawn() -> AsyncIterator[Envelope]:
            for number in range(50):
                yield envelope(number)

        async with EspPool(account("mailgun", url), 2) as pool:
            task = asyncio.create_task(pool.send(drawn(), found.append))
            while len(playing.asked) < 2:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    def answer(asked: Asked) -> Any:
        time.sleep(0.2)
        return yes("mailgun", asked)

    with service(answer) as playing:
        asyncio.run(story(playing.url))
    asked = {one.recipient for each in playing.asked for one in understood("mailgun", each)}
    assert {f"p{outcome.key}@people.example" for outcome in found} == asked
    assert len(found) < 50


PROBES = {
    "mailgun": "mg.firm.example",
    "sparkpost": "sending-domains",
    "postmark": "server",
    "resend": "domains",
    "mailjet": "sender",
    "brevo": "account",
    "amazon_ses": "account",
    "unisender_go": "info.json",
    "sendgrid": "scopes",
    "mandrill": "ping2",
    "mailtrap": "send",
    "mailersend": "email",
}


@pytest.mark.parametrize("key", ALL)
def test_trying_it_out_sends_nothing(key: str):
    with service(lambda asked: (200, {}, {})) as playing:
        sender = account(key, playing.url).provider.make_sender(account(key, playing.url).credentials)
        sender.check()
        sender.close()
    (asked,) = playing.asked
    assert asked.path.rpartition("/")[2] == PROBES[key]
    assert asked.body in (b"", b"{}", b'{"key": "key-1"}')


@pytest.mark.parametrize("key", ["mailtrap", "mailersend"])
def test_a_message_without_anything_in_it_tries_a_key_that_may_only_send(key: str):
    with service(lambda asked: (422, {"message": "The from field is required."}, {})) as playing:
        sender = account(key, playing.url).provider.make_sender(account(key, playing.url).credentials)
        sender.check()
        playing.script = lambda asked: (401, {"message": "Unauthenticated."}, {})
        with pytest.raises(RouteUnavailable):
            sender.check()
        sender.close()
    assert [asked.body for asked in playing.asked] == [b"{}", b"{}"]


# --- each in its own way -------------------------------------------------------------------------------


def test_brevo_had_the_request_and_says_no_more_of_it():
    """Sent anew one by one, the batch would be there twice."""
    known = {"code": "duplicate_parameter", "message": "idempotencyKey was used before"}
    with service(lambda asked: (400, known, {})) as playing:
        outcomes, error = send(account("brevo", playing.url), [envelope(n) for n in range(3)])
    assert error is None
    assert [outcome.state for outcome in outcomes] == ["in_doubt"] * 3
    assert len({asked.body for asked in playing.asked}) == 1


def test_brevos_batches_have_one_sender_each():
    other = envelope(1)
    changed = Envelope(1, other.sender, other.recipient, other.data.replace(b"news@firm.example", b"shop@firm.example"))
    with service(lambda asked: yes("brevo", asked)) as playing:
        outcomes, _error = send(account("brevo", playing.url), [envelope(0), changed])
    assert [outcome.state for outcome in outcomes] == ["accepted"] * 2
    told = {
        asked.json["messageVersions"][0]["to"][0]["email"]: asked.json["sender"]["email"] for asked in playing.asked
    }
    assert told == {"p0@people.example": "news@firm.example", "p1@people.example": "shop@firm.example"}
    assert all(len(asked.json["messageVersions"]) == 1 for asked in playing.asked)


def test_mandrill_gets_the_message_as_it_was_made():
    made = envelope(1)
    with service(lambda asked: yes("mandrill", asked)) as playing:
        send(account("mandrill", playing.url), [made])
    own, _line, rest = playing.asked[0].json["raw_message"].partition("\r\n")
    assert own == 'X-MC-Metadata: {"northpost": "token1"}'
    assert rest.encode() == made.data


@pytest.mark.parametrize(
    ("status", "answer", "state", "whose"),
    [
        (
            200,
            [{"email": "p", "status": "rejected", "reject_reason": "unsub", "_id": "m"}],
            "rejected",
            Blame.UNSENDABLE,
        ),
        (
            200,
            [{"email": "p", "status": "rejected", "reject_reason": "unsigned", "_id": "m"}],
            "rejected",
            Blame.SENDER,
        ),
        (500, {"status": "error", "code": -2, "name": "ValidationError", "message": "no"}, "rejected", Blame.SENDER),
        (500, {"status": "error", "code": -99, "name": "GeneralError", "message": "unexpected"}, "in_doubt", None),
        (200, [{"email": "p", "status": "something new"}], "in_doubt", None),
        (200, [], "in_doubt", None),
    ],
)
def test_what_mandrill_answers(status: int, answer: Any, state: str, whose: Blame | None):
    with service(lambda asked: (status, answer, {})) as playing:
        (outcome,), error = send(account("mandrill", playing.url), [envelope(1)])
    assert (outcome.state, error, len(playing.asked)) == (state, None, 1)
    assert whose is None or blame(outcome) is whose


def test_mandrills_wrong_key_comes_as_an_error_of_the_server():
    wrong = {"status": "error", "code": -1, "name": "Invalid_Key", "message": "Invalid API key"}
    with service(lambda asked: (500, wrong, {})) as playing:
        outcomes, error = send(account("mandrill", playing.url), [envelope(1)])
    assert outcomes == []
    assert isinstance(error, RouteUnavailable)
    assert error.needs_mending


def test_mailersend_has_the_address_on_a_list():
    listed = {
        "message": "There are some warnings for your request.",
        "warnings": [{"type": "ALL_SUPPRESSED", "recipients": [{"email": "p1@people.example"}]}],
    }
    with service(lambda asked: (202, listed, {})) as playing:
        (outcome,), _error = send(account("mailersend", playing.url), [envelope(1)])
    assert outcome.state == "rejected"
    assert blame(outcome) is Blame.UNSENDABLE


def test_a_batch_that_mailtrap_refuses_goes_one_by_one():
    def answer(asked: Asked) -> tuple[int, Any, dict[str, str]]:
        if len(asked.json["requests"]) > 1:
            return 200, {"success": False, "errors": ["too large"], "responses": []}, {}
        return yes("mailtrap", asked)

    with service(answer) as playing:
        outcomes, _error = send(account("mailtrap", playing.url), [envelope(n) for n in range(3)])
    assert [outcome.state for outcome in outcomes] == ["accepted"] * 3


@pytest.mark.parametrize("key", sorted(key for key in ALL if not providers()[key].whole))
def test_the_headers_to_leave_by_go_along(key: str):
    """In whatever form: RFC 8058 wants both."""
    with service(lambda asked: yes(key, asked)) as playing:
        send(account(key, playing.url), [envelope(1)])
    said = playing.asked[0].body.decode()
    assert "https://firm.example/m/u/token1" in said
    assert "List-Unsubscribe=One-Click" in said


@pytest.mark.parametrize("key", sorted(key for key in ALL if not providers()[key].whole))
def test_a_lists_name_in_other_letters_stays_here(key: str):
    with service(lambda asked: yes(key, asked)) as playing:
        outcomes, _error = send(account(key, playing.url), [envelope(1)])
    assert [outcome.state for outcome in outcomes] == ["accepted"]
    body = playing.asked[0].body.decode()
    # Unisender Go takes no such header.
    assert body.count("<newsletter.w1.firm.example>") == (0 if key == "unisender_go" else 1)
    assert "Бюлетин" not in json.dumps(playing.asked[0].json, ensure_ascii=False)

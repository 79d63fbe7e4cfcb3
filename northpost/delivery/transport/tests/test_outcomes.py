"""Each answer, and each lost answer, becomes the state that the ledger's law gives it; with and without
PIPELINING.
"""

import pytest

from northpost.mailbox.faults import Fault

from .rig import HASTY, endpoint, envelope, envelopes, mailbox, recipients, run, send, states

pipelining = pytest.mark.parametrize("hide", [(), ("PIPELINING",)], ids=["pipelined", "lock-step"])


@pipelining
def test_a_2xx_after_the_final_dot_is_accepted(hide):
    async def test():
        async with mailbox(hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(25), connections=3)
            assert states(outcomes) == ["accepted"] * 25
            assert outcomes[7][1:] == ("accepted", 250, "2.0.0", "2.0.0 kept", "final", False)
            assert recipients(store) == sorted(f"person{key}@mail.example" for key in range(25))
            mail = next(mail for mail in store.mails if mail.recipient == "person7@mail.example")
            assert (mail.sender, mail.raw) == ("bounce-7@shop.example", b"Subject: hello\r\n\r\nbody\r\n")

    run(test())


@pipelining
@pytest.mark.parametrize(
    ("at", "code", "state", "route_fault"),
    [
        ("mail", 451, "deferred", False),
        ("mail", 550, "deferred", True),
        ("rcpt", 450, "deferred", False),
        ("rcpt", 550, "rejected", False),
        ("rcpt", 530, "rejected", True),
        ("data", 451, "deferred", False),
        ("data", 554, "rejected", False),
        ("final", 452, "deferred", False),
        ("final", 550, "rejected", False),
    ],
)
def test_a_refusal_in_mid_batch_is_for_that_message_only(hide, at, code, state, route_fault):
    async def test():
        fault = Fault(at, code=code, text=f"{code // 100}.7.515 not this one", nth=3)
        async with mailbox(fault, hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(6))
            assert states(outcomes) == ["accepted"] * 2 + [state] + ["accepted"] * 3
            text = f"{code // 100}.7.515"
            assert outcomes[2][2:] == (code, text, f"{text} not this one", at, route_fault)
            assert recipients(store) == [f"person{key}@mail.example" for key in (0, 1, 3, 4, 5)]

    run(test())


@pipelining
def test_refusals_for_one_domain_leave_the_others_alone(hide):
    async def test():
        batch = [envelope(key, f"p{key}@{'gone' if key % 3 == 0 else 'mail'}.example") for key in range(30)]
        async with mailbox(Fault("rcpt", code=550, domain="gone.example"), hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port), batch, connections=2)
            assert states(outcomes) == ["rejected" if key % 3 == 0 else "accepted" for key in range(30)]
            assert recipients(store) == sorted(e.recipient for e in batch if "mail" in e.recipient)

    run(test())


@pipelining
def test_421_defers_its_message_and_the_rest_goes_over_a_new_connection(hide):
    async def test():
        async with mailbox(hide=hide, messages_per_connection=4) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(12))
            assert states(outcomes) == (["accepted"] * 4 + ["deferred"]) * 2 + ["accepted"] * 2
            assert outcomes[4][1:6] == (
                "deferred",
                421,
                "4.7.0",
                "4.7.0 enough messages for one connection",
                "mail",
            )
            assert len(store.mails) == 10

    run(test())


@pipelining
@pytest.mark.parametrize("at", ["rcpt", "data", "final"])
def test_421_at_any_moment(hide, at):
    async def test():
        async with mailbox(Fault(at, code=421, nth=2), hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(4))
            assert states(outcomes) == ["accepted", "deferred", "accepted", "accepted"]
            assert (outcomes[1].code, outcomes[1].phase) == (421, at)
            assert len(store.mails) == 3

    run(test())


@pipelining
def test_greylisted_first_and_accepted_the_second_time(hide):
    async def test():
        async with mailbox(hide=hide, greylist=True) as (server, store):
            first = await send(endpoint(server.port), envelopes(5), connections=2)
            assert states(first) == ["deferred"] * 5
            assert first[0][2:5] == (451, "4.7.1", "4.7.1 greylisted, try again later")
            assert store.mails == []
            assert states(await send(endpoint(server.port), envelopes(5), connections=2)) == ["accepted"] * 5
            assert len(store.mails) == 5

    run(test())


@pipelining
@pytest.mark.parametrize("keep", [True, False])
def test_lost_after_the_final_dot_is_in_doubt(hide, keep):
    async def test():
        async with mailbox(Fault("final", "drop", nth=3, keep=keep), hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(6))
            assert states(outcomes) == [
                "accepted",
                "accepted",
                "in_doubt",
                "accepted",
                "accepted",
                "accepted",
            ]
            assert outcomes[2][2:] == (None, None, "the server closed the connection", "final", False)
            kept = recipients(store)
            assert kept == [f"person{key}@mail.example" for key in range(6) if keep or key != 2]

    run(test())


@pipelining
def test_lost_before_data_is_deferred(hide):
    async def test():
        async with mailbox(Fault("data", "drop", nth=3), hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(6))
            assert states(outcomes) == [
                "accepted",
                "accepted",
                "deferred",
                "accepted",
                "accepted",
                "accepted",
            ]
            assert (outcomes[2].code, outcomes[2].phase) == (None, "data")
            assert len(store.mails) == 5

    run(test())


@pipelining
def test_lost_in_the_middle_of_long_content_is_deferred(hide):
    async def test():
        long = envelope(1, data=b"Subject: long\r\n\r\n" + b"0123456789\r\n" * 2_000_000)
        async with mailbox(Fault("content", "drop", nth=1), hide=hide, max_size=50_000_000) as (
            server,
            store,
        ):
            outcomes = await send(endpoint(server.port), [long, envelope(2)])
            assert outcomes[1].state == "deferred"
            assert outcomes[1].phase == "content"
            assert outcomes[2].state == "accepted"
            assert recipients(store) == ["person2@mail.example"]

    run(test())


@pipelining
def test_long_content_arrives_whole(hide):
    async def test():
        data = b"Subject: long\r\n\r\n" + b".0123456789\r\n" * 200_000
        async with mailbox(hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port), [envelope(1, data=data), envelope(2)])
            assert states(outcomes) == ["accepted"] * 2
            assert store.mails[0].raw == data

    run(test())


@pipelining
def test_lost_after_250_stays_accepted_and_no_message_is_sent_twice(hide):
    async def test():
        async with mailbox(Fault("kept", "drop", every=3), hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(10))
            assert states(outcomes) == ["accepted"] * 10
            assert recipients(store) == [f"person{key}@mail.example" for key in range(10)]

    run(test())


@pipelining
@pytest.mark.parametrize(("at", "state"), [("mail", "deferred"), ("rcpt", "deferred"), ("final", "in_doubt")])
def test_a_server_that_hangs_times_out_and_the_others_go_on(hide, at, state):
    async def test():
        async with mailbox(Fault(at, "hang", nth=4, keep=False), hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port, timeouts=HASTY), envelopes(20), connections=2)
            assert sorted(states(outcomes)) == ["accepted"] * 19 + [state]
            stuck = next(outcome for outcome in outcomes.values() if outcome.state == state)
            assert stuck.code is None
            assert stuck.text == f"no answer in time ({at})"
            assert len(store.mails) == 19

    run(test())


@pipelining
@pytest.mark.parametrize("quick", [True, False], ids=["uvloop", "asyncio"])
def test_every_fault_at_random_and_each_recipient_gets_it_once_or_not_at_all(hide, quick):
    async def test():
        rules = [
            Fault("rcpt", code=550, share=0.05),
            Fault("rcpt", code=421, share=0.05),
            Fault("data", "drop", share=0.05),
            Fault("final", "drop", share=0.05),
            Fault("final", "drop", share=0.1, keep=False),
            Fault("final", code=451, share=0.15),
            Fault("kept", "drop", share=0.1),
        ]
        async with mailbox(*rules, hide=hide) as (server, store):
            outcomes = await send(endpoint(server.port), envelopes(400), connections=4)
            kept = recipients(store)
            assert len(kept) == len(set(kept))
            accepted = {f"person{key}@mail.example" for key, o in outcomes.items() if o.state == "accepted"}
            doubtful = {f"person{key}@mail.example" for key, o in outcomes.items() if o.state == "in_doubt"}
            assert accepted <= set(kept) <= accepted | doubtful
            assert len(outcomes) == 400
            assert {o.state for o in outcomes.values()} == {"accepted", "deferred", "rejected", "in_doubt"}

    run(test(), quick=quick)

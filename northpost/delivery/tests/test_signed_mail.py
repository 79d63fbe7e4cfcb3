"""Keys of a sending domain, and mail that leaves signed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import dkim
import pytest

from northpost.core import clock, tenancy
from northpost.delivery.actions.routes import archive_sender, create_sender
from northpost.delivery.dkim import Algorithm
from northpost.delivery.domains.actions import KEEP_PUBLISHED, keep_check, make_dkim_key, retire_dkim_key
from northpost.delivery.domains.check import DomainCheck
from northpost.delivery.domains.queries import keys_of, record_of, sending_domains
from northpost.delivery.domains.signing import SealedKey, signer_for
from northpost.delivery.engine import send_due
from northpost.delivery.errors import DeliveryProblem, NotHere
from northpost.delivery.models import DkimKey, SendingDomain
from northpost.delivery.tests import rig
from northpost.delivery.tests.test_sending import memory_sink
from northpost.mailbox.received import MemoryStore
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
DOMAIN = "shop.example"


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    create_sender(name="Shop", email=f"news@{DOMAIN}")
    return workspace


def published(*keys: DkimKey) -> None:
    keep_check(DomainCheck(DOMAIN, (), tuple(key.pk for key in keys)))


def states() -> dict[str, str]:
    return dict(DkimKey.objects.values_list("selector", "state"))


def lookup() -> Callable[..., bytes | None]:
    records = {
        f"{key.selector}._domainkey.{DOMAIN}.".encode(): record_of(key).encode() for key in DkimKey.objects.all()
    }
    return lambda name, timeout=5: records.get(name if isinstance(name, bytes) else name.encode())


def send(shop: Workspace, count: int) -> list[bytes]:
    store = MemoryStore()
    with memory_sink(store) as port:
        rig.route(port)
        rig.register(contents={"en": rig.content(subject="Скидки, {{ contact.first_name }}!")})
        rig.people(count)
        rig.enqueue()
        assert send_due(shop.pk).accepted == count
    return [mail.raw for mail in store.mails]


def test_a_key_signs_once_it_is_seen_published(shop: Workspace) -> None:
    key = make_dkim_key(domain=DOMAIN, algorithm=Algorithm.RSA)
    assert states() == {key.selector: "waiting"}
    assert signer_for(DOMAIN) is None
    assert "PRIVATE" not in key.private_sealed
    published(key)
    assert states() == {key.selector: "signing"}
    assert repr(signer_for(DOMAIN)) == f"Signer('{DOMAIN}', ['{key.selector}'])"


@pytest.mark.parametrize("algorithms", [(Algorithm.RSA,), (Algorithm.RSA, Algorithm.ED25519)])
def test_every_mail_leaves_signed(shop: Workspace, algorithms: tuple[Algorithm, ...]) -> None:
    published(*(make_dkim_key(domain=DOMAIN, algorithm=each) for each in algorithms))
    mails = send(shop, 120)
    assert len(mails) == 120
    for raw in mails:
        assert raw.count(b"DKIM-Signature:") == len(algorithms)
        for number in range(len(algorithms)):
            assert dkim.DKIM(raw).verify(idx=number, dnsfunc=lookup())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("northpost-dkim")]


def test_without_a_published_key_mail_leaves_as_it_was_made(shop: Workspace) -> None:
    make_dkim_key(domain=DOMAIN, algorithm=Algorithm.RSA)
    assert all(b"DKIM-Signature" not in raw for raw in send(shop, 3))


def test_a_new_key_takes_over_when_it_is_published_and_the_old_one_stays_a_week(shop: Workspace) -> None:
    old = make_dkim_key(domain=DOMAIN, algorithm=Algorithm.RSA)
    published(old)
    new = make_dkim_key(domain=DOMAIN, algorithm=Algorithm.RSA)
    assert states() == {old.selector: "signing", new.selector: "waiting"}
    published(old, new)
    assert states() == {old.selector: "replaced", new.selector: "signing"}
    with pytest.raises(DeliveryProblem):
        retire_dkim_key(key_id=old.pk)
    with pytest.raises(DeliveryProblem):
        retire_dkim_key(key_id=new.pk)
    assert states() == {old.selector: "replaced", new.selector: "signing"}
    with clock.use(clock.VirtualClock(clock.now() + KEEP_PUBLISHED + timedelta(minutes=1))):
        retire_dkim_key(key_id=old.pk)
    old.refresh_from_db()
    assert (old.state, old.private_sealed) == ("retired", "")
    assert [key.pk for key in keys_of(DOMAIN)] == [new.pk]
    with pytest.raises(NotHere):
        retire_dkim_key(key_id=old.pk)


def test_a_second_key_that_waits_is_refused(shop: Workspace) -> None:
    make_dkim_key(domain=DOMAIN, algorithm=Algorithm.RSA)
    with pytest.raises(DeliveryProblem):
        make_dkim_key(domain=DOMAIN, algorithm=Algorithm.RSA)
    make_dkim_key(domain=DOMAIN, algorithm=Algorithm.ED25519)
    assert DkimKey.objects.count() == 2


def test_keys_are_for_the_domains_of_senders_only(shop: Workspace) -> None:
    other = create_sender(name="Second", email="x@Пример.БГ")
    assert sending_domains() == [DOMAIN, "xn--e1afmkfd.xn--90ae"]
    archive_sender(sender_id=other.pk)
    assert sending_domains() == [DOMAIN]
    with pytest.raises(NotHere):
        make_dkim_key(domain="rival.example", algorithm=Algorithm.RSA)
    assert not DkimKey.objects.exists()


def test_another_workspace_s_keys_sign_nothing_here(shop: Workspace, rival: Workspace) -> None:
    published(make_dkim_key(domain=DOMAIN, algorithm=Algorithm.RSA))
    with tenancy.workspace(rival.pk):
        assert signer_for(DOMAIN) is None
        assert not SendingDomain.objects.exists()


def test_mail_waits_when_its_key_cannot_be_read(shop: Workspace, tmp_path: Path) -> None:
    published(make_dkim_key(domain=DOMAIN, algorithm=Algorithm.RSA))
    DkimKey.objects.update(private_sealed="sealed elsewhere")
    with pytest.raises(SealedKey):
        signer_for(DOMAIN)
    rig.register()
    rig.people(3)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        report = send_due(shop.pk)
        assert sink.mails == []
    assert rig.states() == {"queued": 3}
    assert "make a new one" in report.alerts[0]

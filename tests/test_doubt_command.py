"""`northpost doubt` as it is typed."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from northpost.core import clock
from northpost.delivery import addresses
from northpost.delivery.models import Message, MessageState
from northpost.delivery.tests import rig
from northpost.program import ground
from northpost.program.main import main
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ground, "settle", lambda: None)
    monkeypatch.setattr(ground, "database", nullcontext)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["doubt", *words, "--workspace", workspace.slug])

    return run


@pytest.fixture
def doubted(workspace: Workspace) -> list[Message]:
    rig.people(3)
    rig.enqueue()
    Message.objects.update(state=MessageState.IN_DOUBT, sending_at=clock.now(), reply_text="connection lost")
    rig.note_doubts()
    return list(Message.objects.order_by("pk"))


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def test_list_tells_what_is_known(run, doubted: list[Message]):
    done = run("list")
    assert done.exit_code == 0, done.output
    line = next(line for line in done.output.splitlines() if "person1@" in line)
    number, email, _since, _route, header, told = line.split("\t")
    assert (int(number), email, told) == (doubted[1].pk, "person1@mail.example", "connection lost")
    assert header in addresses.message_id_header(doubted[1].workspace_id, doubted[1].pk, "shop.example")
    assert "3 in doubt" in done.output


def test_a_log_settles_them(run, doubted: list[Message], tmp_path: Path):
    header = addresses.message_id_header(doubted[0].workspace_id, doubted[0].pk, "shop.example")
    (tmp_path / "mail.log").write_text(
        f"Nov 22 10:00:00 mail postfix/cleanup[1]: 4AB12C0D01: message-id={header}\n"
        "Nov 22 10:00:01 mail postfix/smtp[1]: 4AB12C0D01: to=<a@b.example>, relay=x, dsn=2.0.0, status=sent (250 ok)\n"
    )
    done = run("resolve", "--log", str(tmp_path / "mail.log"))
    assert (done.exit_code, done.output) == (0, "1 delivered\n2 still in doubt\n")
    assert states() == ["accepted", "in_doubt", "in_doubt"]


def test_a_decision_settles_them(run, doubted: list[Message]):
    done = run("resolve", str(doubted[0].pk), str(doubted[1].pk), "1", "--again")
    assert done.output.startswith("2 again\n1 left as they are")
    assert states() == ["queued", "queued", "in_doubt"]


@pytest.mark.parametrize(
    "words", [[], ["5"], ["5", "--delivered", "--again"], ["--delivered"], ["5", "--delivered", "--log", __file__]]
)
def test_what_is_unclear_is_refused(run, doubted: list[Message], words: list[str]):
    assert run("resolve", *words).exit_code == 2
    assert states() == ["in_doubt"] * 3

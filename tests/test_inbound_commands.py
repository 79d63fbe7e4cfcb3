"""The commands around what comes back, as a mail server and whoever runs the installation call them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from northpost.core import clock
from northpost.delivery.inbound.following import follow_up
from northpost.delivery.inbound.tests import letters
from northpost.delivery.inbound.tests.conftest import verp
from northpost.delivery.models import InboundMail, InstallationSuppression, Message, Suppression
from northpost.delivery.tests import rig
from northpost.program.main import main
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str, mail: bytes = b"") -> Result:
    """In this process: a start of the program takes a second."""
    return CliRunner().invoke(main, arguments, input=mail)


def run_really(*arguments: str, mail: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "northpost.program.main", *arguments],
        input=mail,
        capture_output=True,
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


def test_a_bounce_through_the_pipe(workspace: Workspace):
    rig.register()
    rig.people(1)
    rig.enqueue()
    Message.objects.update(state="accepted", settled_at=clock.now())
    address = verp(Message.objects.get())
    raw = letters.dsn(to=address)
    done = run_really("inbound", address, mail=raw)
    assert (done.returncode, done.stderr) == (0, b"")
    assert run("inbound", address, mail=raw).exit_code == 0
    row = InboundMail.objects.get()
    assert (row.way, row.state, row.envelope_recipient, row.size) == ("pipe", "waiting", address, len(raw))
    follow_up()
    assert Suppression.objects.get().email_key == "person0@mail.example"

    stranger = run("inbound", "news@shop.example", mail=raw)
    assert (stranger.exit_code, stranger.stderr) == (
        os.EX_NOUSER,
        "northpost: news@shop.example is for no workspace here\n",
    )
    named = run("inbound", "news@shop.example", "--workspace", workspace.slug, mail=raw)
    assert named.exit_code == 0
    assert run("inbound", address, mail=b"").exit_code == os.EX_DATAERR
    assert run("inbound", "--workspace", "nowhere", mail=raw).exit_code == os.EX_USAGE
    assert InboundMail.objects.count() == 2

    away = run_really("inbound", address, mail=raw, DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert away.returncode == os.EX_TEMPFAIL
    assert b"could not be stored just now" in away.stderr


@pytest.mark.parametrize("place", ["2424", "127.0.0.1:", ":2424", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:99999"])
def test_a_place_that_is_none_is_refused_before_anything_starts(place: str):
    done = run("up", "--lmtp", place)
    assert done.exit_code == 2
    assert "write it as 127.0.0.1:2424" in done.stderr


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_installations_list(workspace: Workspace, tmp_path: Path):
    file = tmp_path / "list.txt"
    file.write_text("\ufeffIvan@Mail.example\n\nno address\nolga@mail.example\n")
    done = run("suppress", "add", "ivan@mail.example", "--file", str(file), "--why", "asked by phone")
    assert done.exit_code == 1
    assert done.stdout == "2 new, 0 were there already, 1 refused\n"
    assert done.stderr == "no address: the e-mail address has a space in it\n"
    day = clock.today().isoformat()
    assert run("suppress", "list").stdout == (
        f"ivan@mail.example\t{day}\tasked by phone\nolga@mail.example\t{day}\tasked by phone\n"
    )
    assert run("suppress", "lift", "IVAN@mail.example").exit_code == 0
    again = run("suppress", "lift", "ivan@mail.example")
    assert (again.exit_code, again.stderr) == (1, "northpost: ivan@mail.example is not on the list.\n")
    assert list(InstallationSuppression.objects.values_list("email_key", flat=True)) == ["olga@mail.example"]

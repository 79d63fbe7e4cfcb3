"""An rspamd of its own, and the one name server that it asks."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.installation import free_port
from tests.real_parts.parts import program, root


@contextmanager
def name_server(records: Mapping[tuple[str, str], str]) -> Iterator[int]:
    """A name server on 127.0.0.1 that knows these records, (name, type) -> data, and nothing else; its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_answer, args=(wire, records), daemon=True)
        thread.start()
        yield wire.getsockname()[1]
        # A datagram that is no question ends it.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as teller:
            teller.sendto(b"", wire.getsockname())
        thread.join(10)


def _answer(wire: socket.socket, records: Mapping[tuple[str, str], str]) -> None:
    known = {name for name, _kind in records}
    while True:
        asked, whence = wire.recvfrom(4096)
        if not asked:
            return
        question = dns.message.from_wire(asked)
        reply = dns.message.make_response(question)
        name = str(question.question[0].name).rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        data = records.get((name, kind))
        if data is not None and kind == "TXT":
            data = " ".join(f'"{data[at : at + 200]}"' for at in range(0, len(data), 200))
        if data is not None:
            reply.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", kind, data))
        elif name not in known:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        wire.sendto(reply.to_wire(), whence)


class Rspamd:
    """A running rspamd on 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def check(self, mail: bytes, *, sender: str, recipient: str) -> dict[str, Any]:
        """Its answer to /checkv2 about a mail as it came over a trusted connection."""
        headers = {"From": sender, "Rcpt": recipient, "Ip": "192.0.2.10", "Helo": "mail.shop.example"}
        request = urllib.request.Request(f"{self.url}/checkv2", data=mail, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def rspamd(place: Path, *, name_server_port: int) -> Iterator[Rspamd]:
    root()
    command = program("rspamd")
    account = pwd.getpwnam("_rspamd")
    port = free_port()
    place.mkdir(mode=0o755)
    for name in ("db", "run", "log"):
        (place / name).mkdir()
        os.chown(place / name, account.pw_uid, account.pw_gid)
    own = place / "local.d"
    own.mkdir()
    (own / "options.inc").write_text(
        f'dns {{ nameserver = ["127.0.0.1:{name_server_port}"]; timeout = 1s; }}\ndisable_hyperscan = true;\n'
    )
    (own / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{port}";\ncount = 1;\n')
    for worker in ("controller", "proxy"):
        (own / f"worker-{worker}.inc").write_text("count = -1;\n")
    # What asks others over the network is of no use here.
    for module in ("rbl", "fuzzy_check", "phishing", "asn", "maillist"):
        (own / f"{module}.conf").write_text("enabled = false;\n")
    (own / "logging.inc").write_text('type = "file";\n')
    places = {"LOCAL_CONFDIR": place, "DBDIR": place / "db", "RUNDIR": place / "run", "LOGDIR": place / "log"}
    variables = [part for name, value in places.items() for part in ("--var", f"{name}={value}")]
    with (place / "said").open("w") as said:
        process = subprocess.Popen(
            [command, "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "/etc/rspamd/rspamd.conf", *variables],
            stdout=said,
            stderr=said,
        )
        try:
            _wait(port, process, place)
            yield Rspamd(port)
        finally:
            process.terminate()
            process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes], place: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
            return
        time.sleep(0.2)
    log = place / "log" / "rspamd.log"
    raise AssertionError(f"rspamd does not start: {(place / 'said').read_text()}\n{log.exists() and log.read_text()}")

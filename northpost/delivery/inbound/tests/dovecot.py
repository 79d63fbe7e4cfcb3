"""A Dovecot of the tests' own: IMAP and POP3 over loopback, with and without TLS, mail in a Maildir. It takes a
password, or a token that a server beside it knows (RFC 7662), as Google's and Microsoft's do.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from northpost.delivery.transport.tests.rig import self_signed

BINARY = "/usr/sbin/dovecot"
USER, PASSWORD = "post@firm.example", "пароль with blanks"
# As long as Microsoft's: longer than a line of POP3 may be.
TOKEN = "eyJ0eXAi" + "a1-_." * 400

CONFIGURATION = """
protocols = imap pop3
base_dir = {folder}/run
log_path = {folder}/log
listen = 127.0.0.1
mail_location = maildir:{folder}/mail
mail_uid = {owner}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = dovecot
default_login_user = dovenull
auth_mechanisms = plain login xoauth2
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/self-signed.pem
ssl_key = <{folder}/self-signed.pem
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
"""


TOKENS = """
introspection_url = http://127.0.0.1:{port}/
introspection_mode = auth
username_attribute = email
active_attribute = active
active_value = true
"""


class Introspection(BaseHTTPRequestHandler):
    """Says whose the token is."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        said = b'{"active": "true", "email": "%s"}' % USER.encode() if known else b'{"active": "false"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *words: object) -> None:
        return


@dataclass
class Dovecot:
    """Where it listens, and its mail."""

    ports: dict[str, int]
    folder: Path
    certificate: Path

    def deliver(self, raw: bytes, *, folder: str = "") -> None:
        place = self.folder / "mail" / folder / "new"
        name = f"{time.monotonic_ns()}.test"
        (place.parent / "tmp" / name).write_bytes(raw.replace(b"\r\n", b"\n"))
        shutil.chown(place.parent / "tmp" / name, "dovenull", "dovenull")
        (place.parent / "tmp" / name).rename(place / name)

    def lying(self, folder: str = "") -> int:
        place = self.folder / "mail" / folder
        return sum(len(list((place / each).glob("*"))) for each in ("cur", "new"))


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Skips the test, and says so, where there is no Dovecot or no right to start one."""
    # Not pytest's: that closes its own folders to the users that Dovecot works as.
    with tempfile.TemporaryDirectory(prefix="northpost-dovecot-") as name, running(Path(name)) as server:
        yield server


@contextmanager
def running(folder: Path) -> Iterator[Dovecot]:
    if not Path(BINARY).exists():
        pytest.skip(
            "NO DOVECOT: IMAP and POP3 are not tested against a real server (scripts/real_parts.sh installs it)"
        )
    if os.geteuid() != 0:
        pytest.skip("NOT ROOT: Dovecot can't be started, so IMAP and POP3 are not tested against a real server")
    for each in ("cur", "new", "tmp"):
        (folder / "mail" / each).mkdir(parents=True)
    owner = pwd.getpwnam("dovenull")
    for place in [folder / "mail", *(folder / "mail").iterdir()]:
        shutil.chown(place, owner.pw_uid, owner.pw_gid)
    folder.chmod(0o755)
    self_signed(folder)
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    tokens = ThreadingHTTPServer(("127.0.0.1", 0), Introspection)
    (folder / "oauth2").write_text(TOKENS.format(port=tokens.server_port))
    threading.Thread(target=tokens.serve_forever, args=(0.02,), daemon=True).start()
    ports = {name: free_port() for name in ("imap", "imaps", "pop3", "pop3s")}
    (folder / "conf").write_text(CONFIGURATION.format(folder=folder, owner=owner.pw_uid, group=owner.pw_gid, **ports))
    process = subprocess.Popen(
        [BINARY, "-F", "-c", str(folder / "conf")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        for port in ports.values():
            wait_for(port, process)
        yield Dovecot(ports, folder, folder / "self-signed.pem")
    finally:
        process.terminate()
        process.communicate(timeout=20)
        tokens.shutdown()
        tokens.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, process.communicate()[0].decode()
            assert time.monotonic() < deadline, "Dovecot does not listen"
            time.sleep(0.05)

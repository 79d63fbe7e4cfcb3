"""A Postfix of its own: Debian's programs on a configuration, queue and Maildirs in a temporary directory."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import smtplib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.installation import free_port
from tests.real_parts.parts import program, root

DOMAIN = "mail.example"
_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix  n - n - 0    cleanup
qmgr      unix  n - n 300 1  qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - -    trivial-rewrite
bounce    unix  - - n - 0    bounce
defer     unix  - - n - 0    bounce
trace     unix  - - n - 0    bounce
verify    unix  - - n - 1    verify
proxymap  unix  - - n - -    proxymap
smtp      unix  - - n - -    smtp
relay     unix  - - n - -    smtp
showq     unix  n - n - -    showq
error     unix  - - n - -    error
retry     unix  - - n - -    error
virtual   unix  - n n - -    virtual
lmtp      unix  - - n - -    lmtp
anvil     unix  - - n - 1    anvil
scache    unix  - - n - 1    scache
postlog   unix-dgram n - n - 1 postlogd
"""
_SETTINGS = """
compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
maillog_file = {place}/maillog
maillog_file_prefixes = {place}
myhostname = relay.example
mydestination =
inet_protocols = ipv4
inet_interfaces = 127.0.0.1
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
smtpd_tls_security_level = encrypt
smtpd_tls_received_header = yes
smtpd_tls_chain_files = {place}/chain.pem
smtp_tls_security_level = none
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {place}/maildirs
virtual_mailbox_maps = texthash:{place}/mailboxes
virtual_minimum_uid = 100
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
relay_domains = {bounces}
transport_maps = inline:{{ {bounces}=lmtp:inet:127.0.0.1:{lmtp} }}
lmtp_destination_concurrency_limit = 2
"""


class Postfix:
    """A running relay on 127.0.0.1 that insists on TLS, with mailboxes at ``mail.example``."""

    def __init__(self, place: Path, port: int) -> None:
        self._place = place
        self.port = port

    def mails(self, user: str) -> list[bytes]:
        """What lies in a person's Maildir."""
        folder = self._place / "maildirs" / user / "new"
        return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.exists() else []

    def log(self) -> str:
        path = self._place / "maillog"
        return path.read_text() if path.exists() else "(nothing)"

    def wait_for(self, user: str, seconds: float = 20.0) -> bytes:
        """The first mail in a person's Maildir, once it is there."""
        deadline = time.monotonic() + seconds
        while not (found := self.mails(user)):
            assert time.monotonic() < deadline, f"no mail for {user}:\n{self.log()[-3000:]}"
            time.sleep(0.1)
        return found[0]


@contextmanager
def postfix(place: Path, *, users: list[str], chain: bytes, bounces: str, lmtp: int) -> Iterator[Postfix]:
    """``chain``: key and certificates (PEM) that it shows; mail for the domain ``bounces`` goes to ``lmtp``'s port."""
    root()
    command = program("postfix")
    place.mkdir(mode=0o755)
    nobody, owner = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
    port = free_port()
    for name, account in (("queue", None), ("data", owner), ("maildirs", nobody)):
        folder = place / name
        folder.mkdir(mode=0o755)
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
    (place / "chain.pem").write_bytes(chain)
    (place / "chain.pem").chmod(0o600)
    (place / "mailboxes").write_text("".join(f"{user}@{DOMAIN} {user}/\n" for user in users))
    (place / "master.cf").write_text(_SERVICES.format(port=port))
    (place / "main.cf").write_text(
        _SETTINGS.format(place=place, domain=DOMAIN, uid=nobody.pw_uid, gid=nobody.pw_gid, bounces=bounces, lmtp=lmtp)
    )
    for name in ("dynamicmaps.cf", "postfix-files"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(f"/etc/postfix/{name}", place / name)
    _tell(command, place, "start")
    try:
        relay = Postfix(place, port)
        _wait(relay)
        yield relay
    finally:
        _tell(command, place, "abort")


def _tell(command: str, place: Path, verb: str) -> None:
    done = subprocess.run([command, "-c", str(place), verb], capture_output=True, text=True, timeout=60, check=False)
    log = place / "maillog"
    said = log.read_text()[-2000:] if log.exists() else ""
    assert done.returncode == 0, f"postfix {verb}: {done.stdout}{done.stderr}\n{said}"


def _wait(relay: Postfix) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), smtplib.SMTP("127.0.0.1", relay.port, timeout=20) as server:
            assert server.noop()[0] == 250
            return
        time.sleep(0.1)
    raise AssertionError(f"Postfix does not answer:\n{relay.log()[-2000:]}")

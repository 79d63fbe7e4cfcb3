"""One connection of the mailbox: enough of RFC 5321 to take mail the way a good server does, and faults on
order.
"""

import asyncio
import base64
import binascii
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from .faults import At, Fault, Faults
from .keeping import Keeper
from .received import ReceivedMail

MAX_LINE = 4096
MAX_RECIPIENTS = 1000
_END = b"\r\n.\r\n"
_PATH = re.compile(rb"^(?:MAIL FROM|RCPT TO):\s*<([^<>\x00-\x20]*)>((?: [!-~]+)*)\s*$", re.IGNORECASE)

Authenticate = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Rules:
    """What every connection of a server goes by. `max_size` in bytes; `hide` names abilities not to offer."""

    keeper: Keeper
    now: Callable[[], datetime]
    authenticate: Authenticate | None
    open_access: bool
    max_size: int
    faults: Faults | None
    start_tls: Callable[["Session"], None] | None
    hide: frozenset[str]
    sessions: set["Session"]


class Session(asyncio.Protocol):
    """The state of one SMTP dialogue."""

    def __init__(self, rules: Rules) -> None:
        self.transport: asyncio.Transport | None = None
        self.secured = False
        self._rules = rules
        self._delay = rules.faults.delay_ms / 1000 if rules.faults else 0.0
        self._buffer = bytearray()
        self._scanned = 0
        self._out: list[bytes] = []
        self._later: deque[bytes | None] = deque()
        self._busy = False
        self._dead = False
        self._in_data = False
        self._content_begun = False
        self._account = ""
        self._signed_in = False
        self._login_name: str | None = None
        self._awaiting: str = ""
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._unkept = 0
        self._all_kept = True
        self._messages = 0

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._rules.sessions.add(self)
        if not self._faulty("connect"):
            self._say(b"220 mailbox.localhost ESMTP Northpost local mailbox, delivers nothing\r\n")
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._dead = True
        self._rules.sessions.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._busy and len(self._buffer) > 2 * self._rules.max_size + MAX_LINE:
            self.close()
        self._work()

    # Reading

    def _work(self) -> None:
        """Go through what has come, until more is needed or an answer has to be awaited."""
        while not (self._dead or self._busy):
            if not (self._read_content() if self._in_data else self._read_line()):
                break
        self._flush()

    def _read_line(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0 or end > MAX_LINE:
            if len(self._buffer) > MAX_LINE:
                self._say(b"500 5.5.2 line too long\r\n")
                self.close()
            return False
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        if self._awaiting:
            self._on_auth_line(line)
        else:
            self._on_command(line)
        return True

    def _read_content(self) -> bool:
        buffer = self._buffer
        if buffer.startswith(b".\r\n"):
            content, used = b"", 3
        else:
            end = buffer.find(_END, max(0, self._scanned - len(_END)))
            if end < 0:
                self._scanned = len(buffer)
                if buffer and self._begin_content():
                    return False
                if len(buffer) > 2 * self._rules.max_size + MAX_LINE:
                    self._say(b"552 5.3.4 message too big\r\n")
                    self.close()
                return False
            content, used = bytes(buffer[: end + 2]), end + len(_END)
            if self._begin_content():
                return False
        del buffer[:used]
        self._scanned = 0
        self._in_data = False
        self._on_message(content)
        return True

    def _begin_content(self) -> bool:
        """Whether a fault was ordered for the content of this message; asked once for each."""
        if self._content_begun:
            return False
        self._content_begun = True
        return self._faulty("content", self._recipients[0])

    # Commands

    def _on_command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"MAIL":
            self._on_mail(line)
        elif verb == b"RCPT":
            self._on_rcpt(line)
        elif verb == b"DATA":
            self._on_data()
        elif verb in (b"EHLO", b"HELO"):
            self._on_hello(verb)
        elif verb == b"RSET":
            self._reset()
            self._say(b"250 2.0.0 forgotten\r\n")
        elif verb == b"NOOP":
            self._say(b"250 2.0.0 yes\r\n")
        elif verb == b"QUIT":
            self._say(b"221 2.0.0 goodbye\r\n")
            self.close()
        elif verb == b"AUTH":
            self._on_auth(line)
        elif line.upper() == b"STARTTLS" and self._rules.start_tls is not None and not self.secured:
            self._on_starttls()
        else:
            self._say(b"502 5.5.1 not known here\r\n")

    def _on_hello(self, verb: bytes) -> None:
        self._reset()
        if self._faulty("ehlo"):
            return
        if verb == b"HELO":
            self._say(b"250 mailbox.localhost\r\n")
            return
        offers = ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", f"SIZE {self._rules.max_size}"]
        if self._rules.authenticate is not None:
            offers.append("AUTH PLAIN LOGIN")
        if self._rules.start_tls is not None and not self.secured:
            offers.append("STARTTLS")
        shown = ["mailbox.localhost", *(o for o in offers if o.split()[0] not in self._rules.hide)]
        lines = [f"250-{offer}\r\n" for offer in shown[:-1]] + [f"250 {shown[-1]}\r\n"]
        self._say("".join(lines).encode())

    def _on_starttls(self) -> None:
        self._say(b"220 2.0.0 go ahead\r\n")
        self._flush()
        # RFC 3207: whatever came in clear behind STARTTLS is not to be believed.
        self._buffer.clear()
        self._reset()
        self._busy = True
        assert self._rules.start_tls is not None
        self._rules.start_tls(self)

    def now_secured(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.secured = True
        self._busy = False
        self._work()

    def _on_mail(self, line: bytes) -> None:
        faults = self._rules.faults
        if not (self._signed_in or self._rules.open_access):
            self._say(b"530 5.7.0 sign in first\r\n")
            return
        limit = faults.messages_per_connection if faults else None
        if limit is not None and self._messages >= limit:
            self._say(b"421 4.7.0 enough messages for one connection\r\n")
            self.close()
            return
        if self._faulty("mail"):
            return
        path = _PATH.match(line)
        if path is None:
            self._say(b"501 5.5.4 say MAIL FROM:<address>\r\n")
        elif self._sender is not None:
            self._say(b"503 5.5.1 one at a time\r\n")
        elif self._too_big(path[2]):
            self._say(b"552 5.3.4 message too big\r\n")
        else:
            self._sender = path[1].decode("utf-8", "replace")
            self._say(b"250 2.1.0 ok\r\n")

    def _too_big(self, parameters: bytes) -> bool:
        size = re.search(rb" SIZE=(\d{1,20})(?: |$)", parameters, re.IGNORECASE)
        return size is not None and int(size[1]) > self._rules.max_size

    def _on_rcpt(self, line: bytes) -> None:
        path = _PATH.match(line)
        if self._sender is None:
            self._say(b"503 5.5.1 MAIL first\r\n")
        elif path is None or not path[1]:
            self._say(b"501 5.5.4 say RCPT TO:<address>\r\n")
        elif len(self._recipients) >= MAX_RECIPIENTS:
            self._say(b"452 4.5.3 too many recipients\r\n")
        else:
            recipient = path[1].decode("utf-8", "replace")
            if not self._faulty("rcpt", recipient):
                self._recipients.append(recipient)
                self._say(b"250 2.1.5 ok\r\n")

    def _on_data(self) -> None:
        if self._sender is None or not self._recipients:
            self._say(b"503 5.5.1 no recipient\r\n")
        elif not self._faulty("data", self._recipients[0]):
            self._in_data = True
            self._content_begun = False
            self._say(b"354 end with a dot\r\n")

    def _on_message(self, content: bytes) -> None:
        self._messages += 1
        if len(content) > 2 and (content.startswith(b".") or b"\n." in content):
            content = content.removeprefix(b".").replace(b"\r\n.", b"\r\n")
        if len(content) > self._rules.max_size:
            self._say(b"552 5.3.4 message too big\r\n")
            self._reset()
            return
        faults = self._rules.faults
        fault = faults.strike("final", self._recipients[0]) if faults else None
        if fault is not None and (fault.do == "reply" or not fault.keep):
            self._commit(fault)
            self._reset()
            return
        self._busy = True
        self._unkept, self._all_kept = len(self._recipients), True
        now = self._rules.now()
        for recipient in self._recipients:
            mail = ReceivedMail(self._account, self._sender or "", recipient, content, now)
            self._rules.keeper.keep(mail, lambda kept: self._on_kept(kept, fault))

    def _on_kept(self, kept: bool, fault: Fault | None) -> None:
        self._unkept -= 1
        self._all_kept = self._all_kept and kept
        if self._unkept:
            return
        self._busy = False
        recipient = self._recipients[0]
        self._reset()
        if self._dead:
            return
        if fault is not None:
            self._commit(fault)
        elif not self._all_kept:
            self._say(b"451 4.3.0 could not be kept\r\n")
        else:
            self._say(b"250 2.0.0 kept\r\n")
            self._faulty("kept", recipient)
        self._work()

    def _reset(self) -> None:
        self._sender = None
        self._recipients = []

    # Signing in (RFC 4954)

    def _on_auth(self, line: bytes) -> None:
        if self._rules.authenticate is None or self._signed_in:
            self._say(b"503 5.5.1 no sign-in now\r\n")
            return
        if self._faulty("auth"):
            return
        words = line.split(maxsplit=2)
        way = words[1].upper() if len(words) > 1 else b""
        if way not in (b"PLAIN", b"LOGIN"):
            self._say(b"504 5.5.4 PLAIN or LOGIN\r\n")
            return
        self._login_name = None
        self._awaiting = way.decode()
        if len(words) > 2:
            self._on_auth_line(words[2])
        else:
            self._say(b"334 \r\n" if way == b"PLAIN" else b"334 VXNlcm5hbWU6\r\n")

    def _on_auth_line(self, line: bytes) -> None:
        way, self._awaiting = self._awaiting, ""
        try:
            text = base64.b64decode(line, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            self._say(b"501 5.5.2 sign-in broken off\r\n")
            return
        if way == "LOGIN" and self._login_name is None:
            self._login_name = text
            self._awaiting = way
            self._say(b"334 UGFzc3dvcmQ6\r\n")
            return
        name, word = self._login_name or "", text
        if way == "PLAIN":
            parts = text.split("\0")
            name, word = (parts[1], parts[2]) if len(parts) == 3 else ("", "")
        assert self._rules.authenticate is not None
        if name and self._rules.authenticate(name, word):
            self._account, self._signed_in = name, True
            self._say(b"235 2.7.0 signed in\r\n")
        else:
            self._say(b"535 5.7.8 user name or password wrong\r\n")

    # Faults

    def _faulty(self, at: At, recipient: str = "") -> bool:
        """Commit the fault ordered for this moment, if there is one."""
        fault = self._rules.faults.strike(at, recipient) if self._rules.faults else None
        if fault is not None:
            self._commit(fault)
        return fault is not None

    def _commit(self, fault: Fault) -> None:
        if fault.do == "reply":
            self._say(fault.answer)
            if fault.code == 421 or fault.at == "connect":
                self.close()
        elif fault.do == "hang":
            self._flush()
            self._busy = True
        else:
            self.close()

    # Writing

    def _say(self, reply: bytes) -> None:
        self._out.append(reply)

    def _flush(self) -> None:
        """Send the replies gathered, as one group; later, if the server is to seem distant."""
        if not self._out or self.transport is None:
            return
        group = b"".join(self._out)
        self._out.clear()
        if self._delay:
            self._put_off(group)
        else:
            self.transport.write(group)

    def close(self) -> None:
        """Send what is due, and end the connection."""
        self._flush()
        self._dead = True
        if self._delay and self._later:
            self._put_off(None)
        elif self.transport is not None:
            self.transport.close()

    def _put_off(self, group: bytes | None) -> None:
        self._later.append(group)
        asyncio.get_running_loop().call_later(self._delay, self._send_later)

    def _send_later(self) -> None:
        group = self._later.popleft()
        if self.transport is None:
            return
        if group is None:
            self.transport.close()
        elif not self.transport.is_closing():  # the client may have gone while the answer was on its way
            self.transport.write(group)

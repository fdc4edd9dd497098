"""Network namespaces: machines that reach one address here, and nothing else. Needs root."""

import ctypes
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

CLONE_NEWNET = 0x40000000  # of setns(2)


class Network:
    """A machine with an interface of its own, for as long as it is entered.

    Args:
        name: of its namespace.
        number: of its network, 10.213.{number}.0/24; we have its first address.
    """

    def __init__(self, name: str, number: int) -> None:
        self.name, self._outside = name, f"pz{os.getpid() % 100_000}v{number}"
        self.range = f"10.213.{number}.0/24"
        self.gateway, self.address = f"10.213.{number}.1", f"10.213.{number}.2"

    def __enter__(self) -> "Network":
        inside = f"{self._outside}i"
        ip("netns", "add", self.name)
        ip("link", "add", self._outside, "type", "veth", "peer", "name", inside)
        ip("link", "set", inside, "netns", self.name)
        ip("addr", "add", f"{self.gateway}/24", "dev", self._outside)
        ip("link", "set", self._outside, "up")
        ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", inside)
        for device in ("lo", inside):
            ip("-n", self.name, "link", "set", device, "up")
        return self

    def __exit__(self, *_: object) -> None:
        ip("link", "del", self._outside)
        ip("netns", "del", self.name)

    def enter(self) -> Callable[[], None]:
        """Return what moves the calling process into the network, such as a `preexec_fn`."""
        library, path = ctypes.CDLL(None, use_errno=True), Path("/run/netns", self.name)

        def move() -> None:
            descriptor = os.open(path, os.O_RDONLY)
            if library.setns(descriptor, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"{path} cannot be entered")
            os.close(descriptor)

        return move

    def reaches(self, address: str) -> bool:
        """Return whether there is a way to an address."""
        asked = ["ip", "-n", self.name, "route", "get", address]
        return subprocess.run(asked, capture_output=True).returncode == 0


def ip(*arguments: str) -> None:
    """Run ip(8)."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip()
        raise RuntimeError(f"ip {' '.join(arguments)}: {said}. Network namespaces need root.")

"""dumpcap: Wireshark's own capturing program, the only one that needs the right to capture."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labdissect.plugins.writer import Problem

from .failures import TsharkFailure, UsageFailure
from .places import program
from .source import cut
from .tshark import Running

_DROPPED = re.compile(r"Packets received/dropped on interface .*: \d+/(\d+) ")
"""What dumpcap says at the end of each interface."""

_HOW_TO_BE_ALLOWED = {
    "linux": "on Debian and Ubuntu `sudo dpkg-reconfigure wireshark-common`, answer Yes, `sudo usermod -aG wireshark "
    "$USER`, and log in again; or use sudo",
    "darwin": "install ChmodBPF, which comes with Wireshark, or use sudo",
    "win32": "install Npcap, and allow it to users who are not administrators, or start as administrator",
}


@dataclass(frozen=True)
class Interface:
    """One that dumpcap can capture on."""

    name: str
    title: str
    """For people; empty where it has none."""


def find(tshark: Path) -> Path:
    """The dumpcap that belongs to a tshark, or else the one of PATH.

    :raises TsharkFailure: when there is none
    """
    found = program("dumpcap", [tshark.resolve().parent, tshark.parent])
    if found is not None:
        return found
    raise TsharkFailure(f"dumpcap, which captures for {tshark}, is not there; it comes with Wireshark")


def interfaces(path: Path) -> list[Interface]:
    """Those that there are, dumpcap's default first.

    :raises TsharkFailure: when it cannot be run
    """
    try:
        ran = subprocess.run([path, "-D"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TsharkFailure(f"{path} cannot be run: {error}") from error
    lines = ran.stdout.decode("utf-8", "replace").splitlines()
    found = (re.fullmatch(r"\d+\. (\S+)(?: \((.*)\))?", line.strip()) for line in lines)
    return [Interface(one[1], one[2] or "") for one in found if one is not None]


class Dumpcap(Running):
    """A capture, as pcapng on :attr:`stream`. Ctrl-C on the terminal is kept from it: who starts it stops it.

    :param interface: its name or number; None: dumpcap's own choice
    :param capture_filter: in libpcap's language
    :param stop_conditions: dumpcap's own options that end it, ``-c 10``, ``-a duration:5``
    """

    program = "dumpcap"

    def __init__(
        self,
        path: Path,
        interface: str | None,
        capture_filter: str | None = None,
        stop_conditions: Sequence[str] = (),
    ) -> None:
        self._path, self._interface = path, interface
        chosen = [] if interface is None else ["-i", interface]
        filtered = [] if not capture_filter else ["-f", capture_filter]
        super().__init__(path, ["-q", *chosen, *filtered, *stop_conditions, "-w", "-"], apart=True)

    def outcome(self, name: str, packets: int) -> Problem | None:
        """What became of it, once its output was read to the end: nothing to say, or a problem.

        :raises UsageFailure: when there is no such interface, or a filter or an option is wrong
        :raises TsharkFailure: when it cannot capture
        """
        code = self.wait()
        if code and packets:
            return cut(f"the capture on {name} broke off: {self.complaint or f'exit code {code}'}")
        if code:
            self._give_up(name)
        if self.dropped:
            noun = "packet" if self.dropped == 1 else "packets"
            return cut(
                f"{self.dropped} {noun} came too fast to be captured; what is said of lost segments may mean those"
            )
        return None

    @property
    def dropped(self) -> int:
        """Packets that came too fast for it, once it has ended."""
        return sum(int(found[1]) for found in map(_DROPPED.match, self.said) if found is not None)

    def _give_up(self, name: str) -> None:
        said = self.complaint or "dumpcap does not say why"
        if "permission" in " ".join(self.said).lower():
            what_to_do = _HOW_TO_BE_ALLOWED.get(sys.platform, "ask your administrator")
            raise TsharkFailure(f"not allowed to capture on {name}; {what_to_do}")
        if "no device named" in said or "no interface" in said:
            there = ", ".join(interface.name for interface in interfaces(self._path))
            raise UsageFailure(f"there is no interface {name}; there are: {there or 'none that you may use'}")
        raise UsageFailure(f"cannot capture on {name}: {said}")

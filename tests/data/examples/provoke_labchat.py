"""Captures labchat over a network that really loses, doubles and overtakes (Linux, root, dumpcap).

    python3 tests/data/examples/provoke_labchat.py

Client and server are programs of their own (examples/labchat_peer.py) in network namespaces of their own; between their
two TAP interfaces a relay in this process does the harm, by a seeded die. The capture is taken at the client's
interface. Beside each capture NAME.pcapng lies NAME.jsonl: what the programs logged that they sent.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PEER = HERE.parent.parent.parent / "examples" / "labchat_peer.py"
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
SIDES = (("labchat-c", "10.9.0.1"), ("labchat-s", "10.9.0.2"))
"""Namespace (its interface is named alike) and address: the client's, the server's."""
PORT = 9001
ETHERTYPE_IPV4, TCP = b"\x08\x00", 6
DELAY = 0.004
"""Seconds that a frame takes."""


@dataclass(frozen=True)
class Scenario:
    """What one capture shows."""

    name: str
    loss: float = 0.0
    doubled: float = 0.0
    overtaken: float = 0.0
    """Share of frames that take so long that later ones overtake them."""
    people: tuple[str, ...] = ("Ana",)
    lines: int = 12
    piece: int = 0
    """Bytes that a client writes at a time; 0 writes message by message."""
    long: int = 0
    """Bytes of the long message among the lines."""
    pause: float = 0.015
    """Seconds between two writes."""
    seed: int = 1


SCENARIOS = (
    Scenario("labchat-plain", people=("Ana", "李雷"), lines=3, pause=0.3),
    Scenario("labchat-loss", loss=0.15, lines=14, long=4000, seed=3),
    Scenario("labchat-duplicates", doubled=0.4, lines=10, piece=37, seed=5),
    Scenario("labchat-reordered", overtaken=0.3, lines=10, piece=61, long=5000, seed=7),
    Scenario("labchat-everything", loss=0.1, doubled=0.15, overtaken=0.2, people=("Ana", "李雷"), piece=150, seed=11),
)


class Relay:
    """The network between two TAP interfaces."""

    def __init__(self, taps: list[int], scenario: Scenario) -> None:
        self._taps = taps
        self._scenario = scenario
        self._die = random.Random(scenario.seed)
        self._due: list[tuple[float, int, int, bytes]] = []
        self._count = 0

    def run(self, until: list[subprocess.Popen[str]]) -> None:
        """Passes frames on until the programs have ended and nothing is under way."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (self._due or any(program.poll() is None for program in until)):
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, _, tap, frame = heapq.heappop(self._due)
                os.write(tap, frame)
            wait = min(0.05, max(0.0, self._due[0][0] - now)) if self._due else 0.05
            for tap in select.select(self._taps, [], [], wait)[0]:
                self._pass_on(os.read(tap, 65536), self._taps[1 - self._taps.index(tap)])

    def _pass_on(self, frame: bytes, tap: int) -> None:
        scenario, delay = self._scenario, DELAY
        if frame[12:14] == ETHERTYPE_IPV4 and frame[23] == TCP:
            if self._die.random() < scenario.loss:
                return
            if self._die.random() < scenario.overtaken:
                delay += 0.025
            if self._die.random() < scenario.doubled:
                self._later(delay + 0.006, tap, frame)
        self._later(delay, tap, frame)

    def _later(self, delay: float, tap: int, frame: bytes) -> None:
        self._count += 1
        heapq.heappush(self._due, (time.monotonic() + delay, self._count, tap, frame))


def sh(*command: str) -> None:
    """Runs a command that must succeed."""
    subprocess.run(command, check=True)


def tap(name: str, address: str) -> int:
    """A TAP interface in a namespace of its own; closing the descriptor ends it."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    sh("ip", "link", "set", name, "netns", name)
    mac = f"02:00:00:00:09:{int(address.rpartition('.')[2]):02x}"
    sh("ip", "-n", name, "link", "set", name, "address", mac)
    sh("ip", "-n", name, "address", "add", f"{address}/24", "dev", name)
    sh("ip", "netns", "exec", name, "sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
    sh("ip", "-n", name, "link", "set", name, "up")
    return descriptor


def spoken(person: str, scenario: Scenario) -> str:
    """What somebody says: short lines, and one long one when the scenario has it."""
    said = [f"{person} line {number} 第{number}句 " + "~" * (number * 7 % 40) for number in range(1, scenario.lines + 1)]
    if scenario.long:
        said.insert(scenario.lines // 2, "long " + "x" * scenario.long)
    return "".join(f"{line}\n" for line in said)


def program(namespace: str, *arguments: str, stdin: str | None = None) -> subprocess.Popen[str]:
    """Starts labchat_peer.py in a namespace."""
    command = ["ip", "netns", "exec", namespace, sys.executable, str(PEER), *arguments]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert started.stdin is not None
    started.stdin.write(stdin or "")
    started.stdin.close()
    return started


def provoke(scenario: Scenario) -> None:
    """Makes one capture and the log beside it."""
    capture, log = HERE / f"{scenario.name}.pcapng", HERE / f"{scenario.name}.jsonl"
    log.unlink(missing_ok=True)
    (client, _), (server, server_address) = SIDES
    with ExitStack() as cleanup:
        for name, _ in SIDES:
            sh("ip", "netns", "add", name)
            cleanup.callback(sh, "ip", "netns", "delete", name)
        taps = [tap(name, address) for name, address in SIDES]
        for descriptor in taps:
            cleanup.callback(os.close, descriptor)
        dump = subprocess.Popen(
            ["ip", "netns", "exec", client, "dumpcap", "-q", "-i", client, "-f", "tcp", "-w", str(capture)],
            stderr=subprocess.DEVNULL,
        )
        cleanup.callback(dump.wait)
        cleanup.callback(dump.terminate)
        time.sleep(1.5)
        programs = [program(server, "serve", str(PORT), "--clients", str(len(scenario.people)), "--log", str(log))]
        time.sleep(0.5)
        for person in scenario.people:
            arguments = ["join", server_address, str(PORT), person, "--log", str(log), "--piece", str(scenario.piece)]
            programs.append(program(client, *arguments, "--pause", str(scenario.pause), stdin=spoken(person, scenario)))
        Relay(taps, scenario).run(programs)
        for one in programs:
            one.wait(timeout=5)
        time.sleep(1.0)
    capture.chmod(0o644)
    print(f"{scenario.name}: {capture.stat().st_size} bytes, {len(log.read_text().splitlines())} messages sent")


if __name__ == "__main__":
    for one in SCENARIOS:
        if not sys.argv[1:] or one.name in sys.argv[1:]:
            provoke(one)

"""How long after a packet was on the wire its verdict is on stdout, live on the loopback interface.

The time on the wire is the kernel's, in frame.time_epoch; the time of the verdict is when its line was read here. All
that is compared sees the same packets at the same time.
"""

from __future__ import annotations

import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from .measure import Spread, percentiles

LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
SECONDS_TO_BEGIN = 15.0
GAP = (0.005, 0.045)
"""Seconds between two messages, at random, so that no timer of somebody's falls into step."""

_EPOCH = re.compile(rb"\b(\d{10}\.\d{6,9})\b|\"frame_frame_time_epoch\":\"([^\"]+)\"")


@dataclass
class Listener:
    """A command that prints a line a packet, and what was measured of it."""

    name: str
    process: subprocess.Popen[bytes]
    delays: list[float] = field(default_factory=list)
    """Seconds, of each packet that was seen."""

    def listen(self) -> None:
        """Reads to the end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            now = time.time()
            found = _EPOCH.search(line)
            if found is not None:
                self.delays.append(now - _seconds(found[1] or found[2]))


def _seconds(text: bytes) -> float:
    """Since 1970, of either way in which tshark's versions write it in EK."""
    plain = text.decode()
    if "T" not in plain:
        return float(plain)
    from datetime import UTC, datetime

    whole, _, fraction = plain.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() + float(f"0.{fraction or 0}")


def measure(labdissect: str, messages: int) -> dict[str, Spread]:
    """Seconds by what was measured: median, and the 99th percentile as ``high``.

    :param labdissect: the command
    :raises RuntimeError: when nothing can be captured here
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        only = f"-f 'tcp port {port}'"
        columns = "-o tsv --columns number,frame.time_epoch,verdict"
        commands = {
            "labdissect live": f"exec {labdissect} live -i {LOOPBACK} {only} {columns}",
            "dumpcap and tshark -T ek without it": f"dumpcap -q -i {LOOPBACK} {only} -w - | tshark -n -l -r - -T ek",
            "tshark -i -T ek into labdissect": f"tshark -n -l -i {LOOPBACK} {only} -T ek | {labdissect} {columns}",
        }
        listeners = [
            Listener(
                name,
                subprocess.Popen(
                    ["bash", "-c", command],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                    start_new_session=True,
                ),
            )
            for name, command in commands.items()
        ]
        threads = [threading.Thread(target=listener.listen) for listener in listeners]
        for thread in threads:
            thread.start()
        try:
            _talk(listening, listeners, messages)
        finally:
            for listener in listeners:
                _end(listener)
            for thread in threads:
                thread.join()
    return {listener.name: percentiles(listener.delays) for listener in listeners}


def _talk(listening: socket.socket, listeners: list[Listener], messages: int) -> None:
    """Sends messages: first until everybody has seen some, then those that count."""
    with socket.create_connection(listening.getsockname()) as client:
        server, _ = listening.accept()
        with server:
            deadline = time.monotonic() + SECONDS_TO_BEGIN
            while not all(listener.delays for listener in listeners):
                if time.monotonic() > deadline:
                    silent = [listener.name for listener in listeners if not listener.delays]
                    raise RuntimeError(f"nothing captured on {LOOPBACK} by: {', '.join(silent)}")
                _message(client, server)
            time.sleep(1)
            for listener in listeners:
                listener.delays.clear()
            for _ in range(messages):
                _message(client, server)
            time.sleep(1.5)


def _message(client: socket.socket, server: socket.socket) -> None:
    client.sendall(b"measure this\n")
    server.recv(100)
    time.sleep(random.uniform(*GAP))


def _end(listener: Listener) -> None:
    """Ends the whole pipe: its processes are a session of their own."""
    import os

    try:
        os.killpg(listener.process.pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    listener.process.wait()


if __name__ == "__main__":
    for what, found in measure(f"{shlex.quote(sys.executable)} -m labdissect", int(sys.argv[1])).items():
        print(f"{what}: median {found.median * 1000:.1f} ms, 99th percentile {found.high * 1000:.1f} ms")

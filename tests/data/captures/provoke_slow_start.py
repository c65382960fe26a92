"""Captures an upload at both ends of a path that really takes 50 ms (Linux, root, dumpcap).

    python3 tests/data/captures/provoke_slow_start.py

Client and server are in network namespaces of their own; a relay in this process delays what passes between their two
TAP interfaces and drops one data segment of the client. Both congestion controls are Linux's own Reno, so what grows is
what RFC 5681 §3.1 describes. tcp-slow-start.pcapng is taken at the client, which sends, and
tcp-slow-start-at-the-receiver.pcapng, its first 120 frames, at the server; of each frame 96 bytes are kept.
"""

from __future__ import annotations

import heapq
import os
import select
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "examples"))

from provoke_labchat import ETHERTYPE_IPV4, TCP, sh, tap  # noqa: E402

CLIENT, SERVER = ("slow-c", "10.9.0.1"), ("slow-s", "10.9.0.2")
PORT = 8000
SIZE = 450_000
"""Bytes of the upload."""
DELAY = 0.025
"""Seconds that a frame takes."""
DROPPED = 60
"""The client's data segment that is lost, counted from 1."""
BUFFER = 4_000_000
"""Bytes of the socket buffers, so that neither end's memory limits what is under way."""

PEER = f"""
import socket, sys
side, address = sys.argv[1:]
peer = socket.socket()
for name in (socket.SO_RCVBUF, socket.SO_SNDBUF):
    peer.setsockopt(socket.SOL_SOCKET, 33 if name == socket.SO_RCVBUF else 32, {BUFFER})  # SO_…BUFFORCE
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
if side == "serve":
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    peer.bind((address, {PORT}))
    peer.listen()
    connection, _ = peer.accept()
    while connection.recv(1 << 20):
        pass
    connection.close()
else:
    peer.connect((address, {PORT}))
    peer.sendall(bytes({SIZE}))
    peer.close()
"""


class Relay:
    """The network between two TAP interfaces."""

    def __init__(self, client: int, server: int) -> None:
        self._client, self._server = client, server
        self._due: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self._segments = 0

    def run(self, until: list[subprocess.Popen[bytes]]) -> None:
        """Passes frames on until the programs have ended and nothing is under way."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (self._due or any(program.poll() is None for program in until)):
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, _, out, frame = heapq.heappop(self._due)
                os.write(out, frame)
            wait = min(0.05, max(0.0, self._due[0][0] - now)) if self._due else 0.05
            for came in select.select([self._client, self._server], [], [], wait)[0]:
                frame = os.read(came, 65536)
                if came == self._client and self._is_dropped(frame):
                    continue
                self._count += 1
                out = self._server if came == self._client else self._client
                heapq.heappush(self._due, (time.monotonic() + DELAY, self._count, out, frame))

    def _is_dropped(self, frame: bytes) -> bool:
        if frame[12:14] != ETHERTYPE_IPV4 or frame[23] != TCP or len(frame) < 1000:
            return False
        self._segments += 1
        return self._segments == DROPPED


def capturing(namespace: str, path: Path, *limit: str) -> subprocess.Popen[bytes]:
    """Starts dumpcap in a namespace."""
    options = ["-i", namespace, "-f", "tcp", "-s", "96", "-w", str(path), *limit]
    return subprocess.Popen(["ip", "netns", "exec", namespace, "dumpcap", "-q", *options], stderr=subprocess.DEVNULL)


def program(namespace: str, side: str, address: str) -> subprocess.Popen[bytes]:
    """Starts one end in its namespace."""
    return subprocess.Popen(["ip", "netns", "exec", namespace, sys.executable, "-c", PEER, side, address])


def main() -> None:
    """Makes both captures at once."""
    paths = [HERE / "tcp-slow-start.pcapng", HERE / "tcp-slow-start-at-the-receiver.pcapng"]
    with ExitStack() as cleanup:
        for name, _ in (CLIENT, SERVER):
            sh("ip", "netns", "add", name)
            cleanup.callback(sh, "ip", "netns", "delete", name)
        taps = [tap(*side) for side in (CLIENT, SERVER)]
        for descriptor in taps:
            cleanup.callback(os.close, descriptor)
        for (name, _), path, limit in zip((CLIENT, SERVER), paths, ((), ("-c", "120")), strict=True):
            dump = capturing(name, path, *limit)
            cleanup.callback(dump.wait)
            cleanup.callback(dump.terminate)
        time.sleep(2.5)
        programs = [program(SERVER[0], "serve", SERVER[1])]
        time.sleep(3)
        programs.append(program(CLIENT[0], "send", SERVER[1]))
        Relay(*taps).run(programs)
        for one in programs:
            one.wait(timeout=5)
        time.sleep(1.0)
    for path in paths:
        path.chmod(0o644)
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()

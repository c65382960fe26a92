"""Real packets on the loopback interface, and whether they may be captured."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import pytest

LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


@lru_cache(maxsize=1)
def _why_not() -> str | None:
    if sys.platform == "win32":
        return "loopback is captured with Npcap's adapter on Windows, which the tests do not look for"
    if shutil.which("dumpcap") is None:
        return "dumpcap is not there"
    command = ["dumpcap", "-q", "-i", LOOPBACK, "-a", "duration:1", "-w", "-"]
    ran = subprocess.run(command, capture_output=True, check=False)
    return f"dumpcap may not capture on {LOOPBACK} here" if ran.returncode else None


@pytest.fixture(scope="session")
def loopback() -> str:
    """The name of the loopback interface; skips the test where it cannot be captured."""
    why = _why_not()
    if why is not None:
        pytest.skip(why)
    return LOOPBACK


@contextmanager
def server() -> Iterator[int]:
    """A TCP server that answers each line and closes after its client; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    while data := connection.recv(4096):
                        connection.sendall(data.upper())

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def exchange(port: int) -> None:
    """One connection: handshake, a question, its answer, four-way close."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"question\n")
        client.recv(4096)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass


@contextmanager
def traffic(port: int, gap: float = 0.05) -> Iterator[None]:
    """Connections one after the other, until the context ends."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(gap):
            exchange(port)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def datagrams(port: int, count: int, size: int = 300, *, at_once: int = 50, gap: float = 0.001) -> None:
    """UDP datagrams to a port of this machine, ``at_once`` of them every ``gap`` seconds."""
    pause = threading.Event()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind(("127.0.0.1", port))
        for number in range(count):
            sender.sendto(number.to_bytes(4) + bytes(size - 4), receiver.getsockname())
            if number % at_once == 0:
                pause.wait(gap)

"""A small chat over TCP: the program whose protocol labchat.py dissects. Python's standard library is all it needs.

    python3 examples/labchat_peer.py serve 9001 --log server.jsonl
    python3 examples/labchat_peer.py join 127.0.0.1 9001 李雷 --log client.jsonl < lines.txt

The server passes every message on to everyone, its sender included. Each program logs what it sent, a JSON object a
line, in the order of sending: the truth that a dissector's output can be compared with.
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

JOIN, TEXT, LEAVE = 1, 2, 3


def packed(kind: int, name: str, text: str = "") -> bytes:
    """A message: length of what follows, kind, length of the name, name, text (network byte order, UTF-8)."""
    sender = name.encode()
    body = struct.pack("!BB", kind, len(sender)) + sender + text.encode()
    return struct.pack("!H", len(body)) + body


def unpacked(message: bytes) -> tuple[int, str, str]:
    """Kind, name and text."""
    kind, size = message[2], message[3]
    return kind, message[4 : 4 + size].decode(), message[4 + size :].decode()


def received(sock: socket.socket) -> Iterator[bytes]:
    """The messages that come, whole, until the other side has no more."""
    buffer = b""
    while True:
        while len(buffer) >= 2 and len(buffer) >= (size := 2 + int.from_bytes(buffer[:2], "big")):
            yield buffer[:size]
            buffer = buffer[size:]
        try:
            data = sock.recv(4096)
        except ConnectionError:
            return
        if not data:
            return
        buffer += data


class Log:
    """What this program sent."""

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None
        self._lock = threading.Lock()

    def sent(self, sock: socket.socket, messages: list[bytes]) -> None:
        """Notes messages that are about to go out on a connection."""
        if self._path is None:
            return
        ends = {"from": sock.getsockname()[:2], "to": sock.getpeername()[:2]}
        lines = []
        for message in messages:
            kind, name, text = unpacked(message)
            lines.append(json.dumps({**ends, "kind": kind, "name": name, "text": text}, ensure_ascii=False) + "\n")
        with self._lock, self._path.open("a", encoding="utf-8") as out:
            out.writelines(lines)


def serve(port: int, log: Log, clients: int) -> None:
    """Passes messages on between ``clients`` clients, then ends."""
    members: list[socket.socket] = []
    lock = threading.Lock()

    def attend(sock: socket.socket) -> None:
        for message in received(sock):
            with lock:
                for member in members:
                    log.sent(member, [message])
                    member.sendall(message)
        with lock:
            members.remove(sock)
            sock.close()

    threads = []
    with socket.create_server(("", port)) as listening:
        for _ in range(clients):
            sock, _ = listening.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with lock:
                members.append(sock)
            threads.append(threading.Thread(target=attend, args=(sock,)))
            threads[-1].start()
        for thread in threads:
            thread.join()


def join(address: str, port: int, name: str, log: Log, lines: Iterator[str], piece: int, pause: float) -> None:
    """Says the lines and leaves. What is said goes out ``piece`` bytes at a time, whatever the messages' ends."""
    texts = [line.rstrip("\n") for line in lines]
    messages = [packed(JOIN, name), *(packed(TEXT, name, text) for text in texts), packed(LEAVE, name)]
    with socket.create_connection((address, port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener = threading.Thread(target=lambda: print(*map(unpacked, received(sock)), sep="\n"))
        listener.start()
        log.sent(sock, messages)
        if not piece:
            for message in messages:
                sock.sendall(message)
                time.sleep(pause)
        else:
            stream = b"".join(messages)
            for at in range(0, len(stream), piece):
                sock.sendall(stream[at : at + piece])
                time.sleep(pause)
        sock.shutdown(socket.SHUT_WR)
        listener.join()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="A small chat over TCP.")
    roles = parser.add_subparsers(dest="role", required=True)
    server = roles.add_parser("serve", help="pass messages on between clients")
    server.add_argument("port", type=int)
    server.add_argument("--clients", type=int, default=2, help="end when so many have left")
    client = roles.add_parser("join", help="say the lines of standard input")
    client.add_argument("address")
    client.add_argument("port", type=int)
    client.add_argument("name")
    client.add_argument("--piece", type=int, default=0, help="bytes to send at a time (default: a message)")
    client.add_argument("--pause", type=float, default=0.01, help="seconds between two sends")
    for one in (server, client):
        one.add_argument("--log", help="file to note what was sent")
    given = parser.parse_args()
    if given.role == "serve":
        serve(given.port, Log(given.log), given.clients)
    else:
        join(given.address, given.port, given.name, Log(given.log), sys.stdin, given.piece, given.pause)


if __name__ == "__main__":
    main()

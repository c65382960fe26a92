"""Makes tcp-rough-client.pcapng, tcp-rough-server.pcapng and tcp-rough.jsonl beside this file: curl fetches a page
three times over a path that loses, doubles and delays packets, captured at both ends, with what the path did to each.

    sudo python3 tests/data/built/make_rough.py

Client and server are network namespaces of Linux with its own TCP; this program is the only way between them. A line
of tcp-rough.jsonl tells of one packet with TCP, in the order in which the path got them: ``by`` whom, what the path did
(``passed``, ``lost``, ``doubled``, ``late``), its ``id``, ``seq`` and ``ack`` (raw), ``flags`` and ``length`` (bytes of
payload). Each run makes other captures.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
SEED, TRANSFERS, SIZE, SNAPLEN = 37, 3, 60_000, 128
LOST, DOUBLED, LATE = 0.03, 0.04, 0.08
"""How often; what is late is so by 4 to 30 ms."""
DELAY = 0.008
"""Seconds that every packet takes."""
ENDS = {"client": "10.9.0.1", "server": "10.9.0.2"}
ALL_PROTOCOLS, PACKET_OUTGOING = 3, 4
SIOCETHTOOL, OFFLOADS = 0x8946, (0x15, 0x17, 0x1F, 0x24, 0x2C)
"""ethtool's switches of checksums, TSO, GSO and GRO: packets are to be captured as they would be on a wire."""


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def in_end(end: str, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["ip", "netns", "exec", end, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def lay_path() -> None:
    for end, address in ENDS.items():
        subprocess.run(["ip", "netns", "del", end], capture_output=True, check=False)
        run("ip", "netns", "add", end)
        run("ip", "link", "add", f"to-{end}", "type", "veth", "peer", "name", "eth0", "netns", end)
        run("ip", "-n", end, "addr", "add", f"{address}/24", "dev", "eth0")
        for name in ("lo", "eth0"):
            run("ip", "-n", end, "link", "set", name, "up")
        run("ip", "link", "set", f"to-{end}", "up")
        without_offloads(f"to-{end}")
        run("ip", "netns", "exec", end, "python3", __file__, "eth0")


def without_offloads(card: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for switch in OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", switch, 0))
            fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sP8x", card.encode(), ctypes.addressof(value)))


def told(by: str, frame: bytes) -> dict[str, str | int] | None:
    """What the truth says of a packet; None of what is no TCP."""
    ip = frame[14:]
    if len(ip) < 40 or ip[0] != 0x45 or ip[9] != socket.IPPROTO_TCP:
        return None
    tcp = ip[20:]
    numbers = {"id": ip[4:6], "seq": tcp[4:8], "ack": tcp[8:12], "flags": tcp[13:14]}
    length = int.from_bytes(ip[2:4]) - 20 - (tcp[12] >> 4) * 4
    return {"by": by, **{name: int.from_bytes(value) for name, value in numbers.items()}, "length": length}


def forward(stop: threading.Event) -> None:
    chance = random.Random(SEED)
    cards = {end: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) for end in ENDS}
    for end, card in cards.items():
        card.bind((f"to-{end}", ALL_PROTOCOLS))
    waiting: list[tuple[float, int, socket.socket, bytes]] = []
    numbers = count()
    with (HERE / "tcp-rough.jsonl").open("w", encoding="utf-8") as truth:
        while not stop.is_set():
            until = max(0.0, waiting[0][0] - time.time()) if waiting else 0.2
            ready = select.select(cards.values(), [], [], until)[0]
            for end, card in cards.items():
                if card not in ready:
                    continue
                frame, address = card.recvfrom(70_000)
                if address[2] == PACKET_OUTGOING:
                    continue
                done, copies, delay = "passed", 1, DELAY
                packet = told(end, frame)
                if packet is not None:
                    drawn = chance.random()
                    if drawn < LOST:
                        done, copies = "lost", 0
                    elif drawn < LOST + DOUBLED:
                        done, copies = "doubled", 2
                    elif drawn < LOST + DOUBLED + LATE:
                        done, delay = "late", DELAY + chance.uniform(0.004, 0.03)
                    truth.write(json.dumps({"path": done, **packet}) + "\n")
                other = cards["server" if end == "client" else "client"]
                for copy in range(copies):
                    heapq.heappush(waiting, (time.time() + delay + copy * 0.0003, next(numbers), other, frame))
            while waiting and waiting[0][0] <= time.time():
                _, _, other, frame = heapq.heappop(waiting)
                other.send(frame)


def main() -> None:
    lay_path()
    stop = threading.Event()
    path = threading.Thread(target=forward, args=(stop,))
    path.start()
    with TemporaryDirectory() as folder:
        (Path(folder) / "page").write_bytes(random.Random(SEED).randbytes(SIZE))
        captures = {end: str(HERE / f"tcp-rough-{end}.pcapng") for end in ENDS}
        running = [in_end(end, "dumpcap", "-q", "-s", str(SNAPLEN), "-i", "eth0", "-w", captures[end]) for end in ENDS]
        running.append(in_end("server", "python3", "-m", "http.server", "8000", "-d", folder))
        time.sleep(2)
        for _ in range(TRANSFERS):
            in_end("client", "curl", "-s", "-o", "/dev/null", f"http://{ENDS['server']}:8000/page").wait(60)
        time.sleep(1)
        for program in running:
            program.terminate()
            program.wait()
    stop.set()
    path.join()
    for end in ENDS:
        run("ip", "netns", "del", end)


if __name__ == "__main__":
    without_offloads(sys.argv[1]) if len(sys.argv) > 1 else main()

"""Builds the captures of HTTP, TLS and lookups that no real one here shows.

Run it in this folder; ``application-*.pcap`` come out the same each time, byte for byte, frame by frame as they are
added below. With the word ``tls`` it records ``application-resumption.pcap`` anew: openssl's s_server and s_client on
the loopback interface, each version twice, the second time with the session of the first (needs root and dumpcap).
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

HERE = Path(__file__).parent
START = 1_700_000_000
"""Seconds since 1970 of each capture's first frame: Tue, 14 Nov 2023 22:13:20 GMT."""
CLIENT, RESOLVER = "10.0.0.1", "10.0.0.53"
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Capture:
    """A pcap file in the making."""

    def __init__(self, name: str) -> None:
        self._path = HERE / f"{name}.pcap"
        self._bytes = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
        self.microseconds = START * 1_000_000
        self._port = 50000

    def frame(self, packet: bytes, *, after: float = 0.001, swapped: bool = False) -> None:
        """Adds an IP packet in an Ethernet frame; ``swapped``: with the two MAC addresses exchanged."""
        self.microseconds += round(after * 1e6)
        source, target = mac(packet[12:16]), mac(packet[16:20])
        if swapped:
            source, target = target, source
        frame = target + source + b"\x08\x00" + packet
        seconds, rest = divmod(self.microseconds, 1_000_000)
        self._bytes += struct.pack("<IIII", seconds, rest, len(frame), len(frame)) + frame

    def connection(self, server: str, port: int = 80, client: str = CLIENT) -> Connection:
        """A new connection, not opened yet."""
        self._port += 1
        return Connection(self, client, self._port, server, port)

    def write(self) -> None:
        """Writes the file."""
        self._path.write_bytes(self._bytes)


class Connection:
    """A TCP connection; each call adds one frame."""

    def __init__(self, capture: Capture, client: str, client_port: int, server: str, server_port: int) -> None:
        self._capture = capture
        self._ends = ((client, client_port), (server, server_port))
        self._next = [1_000_000, 2_000_000]
        """The sequence numbers of client and server."""

    def send(
        self,
        side: int,
        data: bytes = b"",
        flags: int = ACK,
        *,
        after: float = 0.001,
        swapped: bool = False,
        show: bool = True,
    ) -> None:
        """A segment from the client (0) or the server (1); with ``show=False`` the capture misses it."""
        (source, source_port), (target, target_port) = self._ends[side], self._ends[1 - side]
        ack = self._next[1 - side] if flags & ACK else 0
        flags |= PSH if data else 0
        head = struct.pack("!HHIIBBHHH", source_port, target_port, self._next[side], ack, 0x50, flags, 8192, 0, 0)
        if show:
            self._capture.frame(ip(source, target, 6, head + data), after=after, swapped=swapped)
        self._next[side] += len(data) + (1 if flags & (SYN | FIN) else 0)

    def open(self, *, swapped_answer: bool = False) -> None:
        """The handshake: three frames."""
        self.send(0, flags=SYN)
        self.send(1, flags=SYN | ACK, swapped=swapped_answer)
        self.send(0)

    def close(self, *, swapped_answer: bool = False) -> None:
        """FIN, FIN, ACK: three frames."""
        self.send(0, flags=FIN | ACK)
        self.send(1, flags=FIN | ACK, swapped=swapped_answer)
        self.send(0)


def mac(address: bytes) -> bytes:
    """The MAC address of the host with this IP address."""
    return b"\x02\0" + address


def total(data: bytes) -> int:
    """The sum of 16-bit words in ones' complement."""
    data += b"\0" * (len(data) % 2)
    found = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while found > 0xFFFF:
        found = (found & 0xFFFF) + (found >> 16)
    return found


def ip(source: str, target: str, protocol: int, payload: bytes) -> bytes:
    """An IPv4 packet with a segment of TCP or a datagram of UDP, checksums filled in."""
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    at = 16 if protocol == 6 else 6
    check = 0xFFFF - total(addresses + struct.pack("!HH", protocol, len(payload)) + payload)
    payload = payload[:at] + struct.pack("!H", check) + payload[at + 2 :]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0) + addresses
    return head[:10] + struct.pack("!H", 0xFFFF - total(head)) + head[12:] + payload


def get(host: str, target: str = "/", *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    """A request without a body."""
    return "\r\n".join([f"{method} {target} HTTP/{version}", f"Host: {host}", *lines, "", ""]).encode()


def answer(status: str, *lines: str, body: bytes = b"", version: str = "1.1") -> bytes:
    """A response with Content-Length."""
    head = [f"HTTP/{version} {status}", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def date(seconds: float) -> str:
    """The header Date, so many seconds after the capture's start."""
    return f"Date: {formatdate(START + seconds, usegmt=True)}"


def name(text: str) -> bytes:
    """A name of DNS."""
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def lookup(capture: Capture, ident: int, host: str, address: str, asker: str = CLIENT) -> None:
    """A query of type A and its answer: two frames."""
    question = name(host) + struct.pack("!HH", 1, 1)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
    query = struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + question
    reply = struct.pack("!HHHHHH", ident, 0x8180, 1, 1, 0, 0) + question + record
    capture.frame(ip(asker, RESOLVER, 17, struct.pack("!HHHH", 40000, 53, 8 + len(query), 0) + query))
    capture.frame(ip(RESOLVER, asker, 17, struct.pack("!HHHH", 53, 40000, 8 + len(reply), 0) + reply))


def clock() -> None:
    """Six servers whose clocks say different things: 8 frames each, the response is the fifth."""
    capture = Capture("application-clock")
    for last, lines in enumerate(
        (
            [date(0)],  # frames 1-8: right
            [date(8 * 3600)],  # 9-16: local time of UTC+8 taken for GMT
            [date(-93)],  # 17-24: slow
            [date(40)],  # 25-32: fast
            [date(-3600), "Age: 3600"],  # 33-40: a cache
            ["Date: yesterday"],  # 41-48: no date
        ),
        start=1,
    ):
        connection = capture.connection(f"10.0.1.{last}")
        connection.open()
        connection.send(0, get("clock.test"))
        connection.send(1, answer("200 OK", *lines, body=b"tick"))
        connection.close()
    capture.write()


def directions() -> None:
    """Frames whose MAC addresses are the wrong way round."""
    capture = Capture("application-directions")
    first = capture.connection("10.0.0.2")
    first.open(swapped_answer=True)  # 1-3: the SYN-ACK, frame 2, is swapped
    first.close()  # 4-6
    second = capture.connection("10.0.0.2")
    second.open()  # 7-9
    second.close(swapped_answer=True)  # 10-12: the server's FIN, frame 11, is swapped
    capture.write()


def lookups() -> None:
    """Names, addresses, redirects: which connection goes back to what."""
    capture = Capture("application-lookups")
    lookup(capture, 1, "a.test", "10.0.2.1")  # 1, 2
    plain = capture.connection("10.0.2.1")
    plain.open()  # 3-5: resolved by 2
    plain.send(0, get("a.test", "/old"))  # 6
    plain.send(1, answer("301 Moved Permanently", "Location: http://10.0.2.9:8080/new"))  # 7
    literal = capture.connection("10.0.2.9", 8080)
    literal.open()  # 8-10: follows 7; no answer gave 10.0.2.9
    literal.send(0, get("10.0.2.9:8080", "/new"))  # 11
    literal.send(1, answer("302 Found", "Location: https://b.test/"))  # 12
    elsewhere = capture.connection("10.0.2.7", 443)
    elsewhere.open()  # 13-15: port 443, but an address that nothing ties to b.test
    lookup(capture, 2, "b.test", "10.0.2.1")  # 16, 17: the same address as a.test
    shared = capture.connection("10.0.2.1", 443)
    shared.open()  # 18-20: resolved by 17 or 2; follows 12
    lookup(capture, 3, "c.test", "10.0.2.3", asker="10.0.0.77")  # 21, 22: another host's
    other = capture.connection("10.0.2.3")
    other.open()  # 23-25: the answer went to 10.0.0.77
    other.send(0, get("c.test"))  # 26
    other.send(1, answer("307 Temporary Redirect", "Location: https://c.test/"))  # 27
    same = capture.connection("10.0.2.3", 443)
    same.open()  # 28-30: port 443 of the same server
    other.send(0, get("c.test", "/again"))  # 31: never answered
    other.send(1, answer("300 Multiple Choices"))  # 32
    other.send(1, answer("302 Found"))  # 33: answers nothing, and has no Location
    same.send(0, flags=RST | ACK)  # 34
    plain.close()  # 35-37
    capture.write()


def messages() -> None:
    """HTTP with a gap in the capture, old versions, and ends that are no ends."""
    capture = Capture("application-messages")
    gap = capture.connection("10.0.0.2")
    gap.open()  # 1-3
    gap.send(0, get("m.test", "/0"))  # 4
    gap.send(1, answer("200 OK", body=b"seen"))  # 5
    gap.send(0, get("m.test", "/1"))  # 6: its response is not in the capture
    gap.send(1, answer("200 OK", body=b"missed"), show=False)
    gap.send(0, get("m.test", "/2"))  # 7: no pipelining: it acknowledges the response
    gap.send(1, answer("200 OK", body=b"second"))  # 8: bytes before it are missing
    gap.send(0, get("m.test", "/3"))  # 9
    gap.send(1, answer("204 No Content"))  # 10
    gap.send(0, get("m.test", "/4"))  # 11: never answered
    gap.close()  # 12-14
    old = capture.connection("10.0.0.2")
    old.open()  # 15-17
    old.send(0, get("m.test", "/", "Connection: keep-alive", version="1.0"))  # 18
    old.send(1, answer("200 OK", "Connection: keep-alive", body=b"old", version="1.0"))  # 19
    old.send(0, get("m.test", "/favicon.ico", "User-Agent: Mozilla/5.0", version="1.0"))  # 20
    whole = answer("403 Forbidden", "X-Long: " + "x" * 100, body=b"no icon for you")
    old.send(1, whole[:60])  # 21
    old.send(1, whole[60:120])  # 22
    old.send(1, whole[120:])  # 23
    old.close()  # 24-26
    switching = capture.connection("10.0.0.2")
    switching.open()  # 27-29
    switching.send(0, get("m.test", "/ws", "Connection: Upgrade", "Upgrade: websocket"))  # 30
    switching.send(1, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")  # 31
    switching.close()  # 32-34
    capture.write()


def oddities() -> None:
    """Messages that come at odd times or lack what others have."""
    capture = Capture("application-oddities")
    capture.microseconds -= 5 * 3600 * 1_000_000
    late = capture.connection("10.0.0.2")  # no handshake: it was open before
    late.send(0, get("o.test", "/late"))  # 1
    late.send(1, answer("200 OK", date(-10 * 3600)))  # 2: 5 h behind
    odd = capture.connection("10.0.0.2")
    odd.open()  # 3-5
    odd.send(1, b"HTTP/1.1 100 Continue\r\n\r\n")  # 6: nothing asked for it
    for status in ("404 Not Found", "304 Not Modified", "206 Partial Content"):
        odd.send(1, answer(status))  # 7-9: answers to nothing
    odd.send(0, get("o.test", "/", "Authorization: Bearer secret"))  # 10
    odd.send(1, answer("200 OK"))  # 11
    odd.send(0, get("o.test", "/", "Expect: 100-continue"))  # 12
    odd.send(1, answer("200 OK"))  # 13
    odd.send(0, get("o.test", method="HEAD"))  # 14
    odd.send(1, b"HTTP/1.1 200 OK\r\nServer: odd\r\n\r\n")  # 15
    post = get("o.test", "/upload", "Content-Length: 1400", method="POST") + bytes(1400)
    for at in range(0, len(post), 100):
        odd.send(0, post[at : at + 100])  # 16-30
    odd.send(1, answer("200 OK"))  # 31
    odd.send(0, get("o.test"))  # 32
    odd.send(1, b"x" * 20, show=False)
    odd.send(1, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")  # 33: bytes before it are missing
    late.close()  # 34-36
    odd.send(0, get("o.test"))  # 37
    odd.send(1, b"x" * 20, show=False)
    odd.send(1, b"HTTP/1.1 200 OK\r\nServer: odd\r\n\r\nbody")  # 38: likewise
    odd.send(1, flags=FIN | ACK)  # 39
    capture.write()


def hello(*, versions: bool = True, host: str = "t.test", session: bytes = b"") -> bytes:
    """A Client Hello in its record."""
    suites = struct.pack("!HHH", 0x1A1A, 0x1301, 0xC02F)  # the first is GREASE
    server = name_entry(host) if host else b""
    offered = struct.pack("!HHBHHH", 43, 7, 6, 0x2A2A, 0x0304, 0x0303) if versions else b""
    extensions = server + offered
    body = b"\x03\x03" + bytes(range(32)) + bytes([len(session)]) + session
    body += struct.pack("!H", len(suites)) + suites + b"\x01\0" + struct.pack("!H", len(extensions)) + extensions
    return record(22, b"\x01" + len(body).to_bytes(3, "big") + body, version=0x0301)


def name_entry(host: str) -> bytes:
    """The extension server_name."""
    entry = b"\0" + struct.pack("!H", len(host)) + host.encode()
    listed = struct.pack("!H", len(entry)) + entry
    return struct.pack("!HH", 0, len(listed)) + listed


def server_hello(suite: int, *, random: bytes = bytes(range(32, 64)), version: int | None = None) -> bytes:
    """A Server Hello in its record."""
    extensions = struct.pack("!HHH", 43, 2, version) if version is not None else b""
    body = b"\x03\x03" + random + b"\0" + struct.pack("!HB", suite, 0) + struct.pack("!H", len(extensions)) + extensions
    return record(22, b"\x02" + len(body).to_bytes(3, "big") + body)


def record(kind: int, content: bytes, *, version: int = 0x0303) -> bytes:
    """A record of TLS."""
    return struct.pack("!BHH", kind, version, len(content)) + content


def alerts() -> None:
    """Alerts in the clear, and hellos that are out of the ordinary."""
    capture = Capture("application-alerts")
    refused = capture.connection("10.0.0.2", 443)
    refused.open()  # 1-3
    refused.send(0, hello(host=""))  # 4: no name
    refused.send(1, record(21, b"\x01\x70"))  # 5: warning, unrecognized_name
    refused.send(1, server_hello(0x002F))  # 6: TLS 1.2, RSA key exchange
    refused.send(0, record(21, b"\x02\x30"))  # 7: fatal, unknown_ca
    refused.close()  # 8-10
    closed = capture.connection("10.0.0.2", 443)
    closed.open()  # 11-13
    closed.send(0, hello(versions=False))  # 14
    closed.send(1, record(21, b"\x01\x00"))  # 15: close_notify
    closed.close()  # 16-18
    again = capture.connection("10.0.0.2", 443)
    again.open()  # 19-21
    again.send(0, hello())  # 22
    retry = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
    again.send(1, server_hello(0x1301, random=retry, version=0x0304))  # 23: Hello Retry Request
    again.send(0, hello())  # 24
    again.send(1, server_hello(0x1301, version=0x0304))  # 25
    again.send(1, record(23, bytes(100)))  # 26
    again.send(0, record(23, bytes(100)))  # 27: its last record is no alert's size
    again.close()  # 28-30
    failed = capture.connection("10.0.0.2", 443)
    failed.open()  # 31-33
    failed.send(0, hello())  # 34
    failed.send(1, server_hello(0x1234))  # 35: a suite without a name
    failed.send(0, record(21, b"\x02\x28"))  # 36: fatal, handshake_failure
    capture.write()


_MAKE_CERTIFICATE = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=www.lab.test"]
_CONNECT = ["openssl", "s_client", "-connect", "127.0.0.1:4433", "-servername", "www.lab.test", "-ign_eof"]


def resumption() -> None:
    """Records openssl resuming sessions: connections 0 and 1 TLS 1.2, 2 and 3 TLS 1.3; the second of each resumes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        subprocess.run(
            [*_MAKE_CERTIFICATE, "-keyout", path / "key", "-out", path / "cert"],
            check=True,
            capture_output=True,
        )
        serve = [
            "openssl",
            "s_server",
            "-accept",
            "4433",
            "-cert",
            path / "cert",
            "-key",
            path / "key",
            "-quiet",
            "-www",
        ]
        server = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        capture = subprocess.Popen(
            ["dumpcap", "-q", "-P", "-i", "lo", "-f", "tcp port 4433", "-w", path / "capture"],
            stderr=subprocess.DEVNULL,
        )
        time.sleep(1)
        try:
            for version in ("-tls1_2", "-tls1_3"):
                for session in (["-sess_out", path / "session"], ["-sess_in", path / "session"]):
                    subprocess.run(
                        [*_CONNECT, version, *session],
                        input=b"GET / HTTP/1.0\r\n\r\n",
                        check=True,
                        capture_output=True,
                    )
            time.sleep(1)
        finally:
            capture.terminate()
            capture.wait()
            server.terminate()
            server.wait()
        (HERE / "application-resumption.pcap").write_bytes((path / "capture").read_bytes())


if __name__ == "__main__":
    for build in (clock, directions, lookups, messages, oddities, alerts):
        build()
    if sys.argv[1:] == ["tls"]:
        resumption()

"""Builds the captures of what no real one here shows below TCP and UDP: ARP conflicts and gateways, packets that were
captured twice, offloading cards, jumbo frames, damaged headers, link-layer noise.

Run it in this folder; what it writes is always the same, byte for byte. Each ``add`` is one frame, in order.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path

HERE = Path(__file__).parent
START = 1_700_000_000_000_000
"""Microseconds since 1970 of each capture's first frame."""
SMALLEST = 60

CLIENT, SERVER, GATEWAY = "10.0.0.1", "10.0.0.2", "10.0.0.254"
NEAR, FAR, FARTHER, THIRD = "10.0.0.77", "93.184.216.34", "8.8.8.8", "203.0.113.9"
MAC_CLIENT, MAC_SERVER, MAC_GATEWAY, MAC_OTHER = "02000000000a", "02000000000b", "0200000000fe", "02000000000c"
BROADCAST, NOBODY = "ff" * 6, "00" * 6
REQUEST, REPLY = 1, 2
ICMP, IGMP, TCP, UDP = 1, 2, 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
DF, MF = 0x4000, 0x2000


class Capture:
    """A pcap file in the making."""

    def __init__(self, name: str) -> None:
        self._path = HERE / f"{name}.pcap"
        self._bytes = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
        self._time = START

    def add(self, frame: bytes, after: float = 0.01) -> None:
        """Adds a frame, ``after`` seconds behind the one before (or before it, when negative)."""
        self._time += round(after * 1e6)
        seconds, rest = divmod(self._time, 1_000_000)
        self._bytes += struct.pack("<IIII", seconds, rest, len(frame), len(frame)) + frame

    def write(self) -> None:
        """Writes the file."""
        self._path.write_bytes(self._bytes)


def ether(target: str, source: str, kind: int, payload: bytes, *, pad: bool = False) -> bytes:
    """An Ethernet frame; ``pad`` fills it up as a card does."""
    frame = bytes.fromhex(target + source) + struct.pack("!H", kind) + payload
    return frame.ljust(SMALLEST, b"\0") if pad else frame


def arp(
    opcode: int, mac: str, sender: str, target: str, *, to: str = BROADCAST, known: str = NOBODY, pad: bool = True
) -> bytes:
    """An ARP packet in its frame. ``known`` is the target MAC address inside."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, opcode)
    body += bytes.fromhex(mac) + socket.inet_aton(sender) + bytes.fromhex(known) + socket.inet_aton(target)
    return ether(to, mac, 0x0806, body, pad=pad)


def total(data: bytes) -> int:
    """The sum of 16-bit words in ones' complement."""
    data += b"\0" * (len(data) % 2)
    found = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while found > 0xFFFF:
        found = (found & 0xFFFF) + (found >> 16)
    return found


def ip4(
    source: str,
    target: str,
    protocol: int,
    payload: bytes,
    *,
    ttl: int = 64,
    ident: int = 1,
    flags: int = DF,
    checksum: int | None = None,
) -> bytes:
    """An IPv4 packet. ``flags`` is the word of flags and offset; a ``checksum`` given is written as it is."""
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, flags, ttl, protocol, 0)
    head += socket.inet_aton(source) + socket.inet_aton(target)
    right = 0xFFFF - total(head) if checksum is None else checksum
    return head[:10] + struct.pack("!H", right) + head[12:] + payload


def pseudo(source: str, target: str, protocol: int, length: int) -> bytes:
    """The pseudo header."""
    return socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!HH", protocol, length)


def udp(source: str, target: str, ports: tuple[int, int], data: bytes) -> bytes:
    """A UDP datagram with the right checksum."""
    head = struct.pack("!HHHH", *ports, 8 + len(data), 0)
    checksum = 0xFFFF - total(pseudo(source, target, UDP, 8 + len(data)) + head + data)
    return head[:6] + struct.pack("!H", checksum) + data


def tcp(
    source: str,
    target: str,
    ports: tuple[int, int],
    seq: int,
    ack: int,
    flags: int,
    data: bytes = b"",
    *,
    mss: int | None = None,
    partial: bool = False,
) -> bytes:
    """A TCP segment. ``partial`` leaves the bare pseudo-header sum in the checksum, for a card to finish."""
    options = b"" if mss is None else struct.pack("!BBH", 2, 4, mss)
    words = 5 + len(options) // 4
    head = struct.pack("!HHIIBBHHH", *ports, seq, ack, words << 4, flags, 60000, 0, 0)
    before = pseudo(source, target, TCP, len(head) + len(options) + len(data))
    checksum = total(before) if partial else 0xFFFF - total(before + head + options + data)
    return head[:16] + struct.pack("!H", checksum) + head[18:] + options + data


def arp_gateway() -> None:
    """A host asks for its gateway, then reaches three hosts beyond it, and one neighbor directly."""
    capture = Capture("link-gateway")
    capture.add(arp(REQUEST, MAC_CLIENT, CLIENT, GATEWAY, pad=False))
    capture.add(arp(REPLY, MAC_GATEWAY, GATEWAY, CLIENT, to=MAC_CLIENT, known=MAC_CLIENT), 0.0005)

    def out(target: str, ident: int, mac: str = MAC_GATEWAY) -> None:
        packet = ip4(
            CLIENT, target, UDP, udp(CLIENT, target, (40000, 5005), b"hello, neighbors and others"), ident=ident
        )
        capture.add(ether(mac, MAC_CLIENT, 0x0800, packet))

    out(FAR, 1)
    out(FARTHER, 2)
    out(THIRD, 3)
    capture.add(arp(REQUEST, MAC_CLIENT, CLIENT, NEAR, pad=False))
    capture.add(arp(REPLY, MAC_OTHER, NEAR, CLIENT, to=MAC_CLIENT, known=MAC_CLIENT), 0.0005)
    out(NEAR, 4, MAC_OTHER)
    # the known entry is checked, and the check's reply
    capture.add(arp(REQUEST, MAC_CLIENT, CLIENT, GATEWAY, to=MAC_GATEWAY, pad=False), 30)
    capture.add(arp(REPLY, MAC_GATEWAY, GATEWAY, CLIENT, to=MAC_CLIENT, known=MAC_CLIENT), 0.0005)
    # nobody has this address
    for wait in (1, 1, 1):
        capture.add(arp(REQUEST, MAC_CLIENT, CLIENT, "10.0.0.99", pad=False), wait)
    capture.write()


def arp_conflict() -> None:
    """Two hosts with one address; a failover; a probe that somebody answers; a reply that is broadcast."""
    capture = Capture("link-conflict")
    capture.add(arp(REQUEST, MAC_CLIENT, "10.0.0.50", "10.0.0.50"))
    capture.add(arp(REQUEST, MAC_SERVER, "10.0.0.50", "10.0.0.50"), 1)
    capture.add(arp(REQUEST, MAC_CLIENT, "10.0.0.50", GATEWAY), 1)
    capture.add(arp(REQUEST, MAC_OTHER, "0.0.0.0", "10.0.0.60"), 1)
    capture.add(arp(REPLY, MAC_SERVER, "10.0.0.60", "0.0.0.0", to=MAC_OTHER, known=MAC_OTHER), 0.0005)
    capture.add(arp(REPLY, MAC_GATEWAY, GATEWAY, "10.0.0.50", to=BROADCAST, known=MAC_CLIENT), 0.5)
    capture.add(arp(REQUEST, MAC_OTHER, GATEWAY, "10.0.0.50"), 0.5)
    capture.add(arp(REQUEST, MAC_OTHER, "10.0.0.61", "10.0.0.2", known=BROADCAST), 0.5)
    capture.write()


def arp_probes() -> None:
    """Hosts that probe for an address: two at once, one alone, one long after another, one whose address is announced."""
    capture = Capture("link-probes")

    def probe(mac: str, target: str, after: float) -> None:
        capture.add(arp(REQUEST, mac, "0.0.0.0", target), after)

    probe(MAC_CLIENT, "10.0.0.70", 1)  # 1
    probe(MAC_SERVER, "10.0.0.70", 0.4)  # 2: reaches the first
    probe(MAC_CLIENT, "10.0.0.70", 0.8)  # 3: reaches the second; the first goes on all the same
    probe(MAC_CLIENT, "10.0.0.70", 1.5)  # 4: and on
    capture.add(arp(REQUEST, MAC_CLIENT, "10.0.0.70", "10.0.0.70"), 2)  # 5: and takes it
    probe(MAC_CLIENT, "10.0.0.71", 10)  # 6: alone
    probe(MAC_CLIENT, "10.0.0.71", 1.2)  # 7
    probe(MAC_SERVER, "10.0.0.72", 0.3)  # 8: another address
    probe(MAC_CLIENT, "10.0.0.71", 1.2)  # 9
    probe(MAC_OTHER, "10.0.0.71", 2)  # 10: at the very end of the 2 s
    probe(MAC_OTHER, "10.0.0.72", 2)  # 11: long after frame 8
    probe(MAC_SERVER, "10.0.0.73", 10)  # 12
    capture.add(arp(REQUEST, MAC_SERVER, "10.0.0.73", "10.0.0.73"), 0.2)  # 13: has it, and probes no more
    probe(MAC_OTHER, "10.0.0.73", 0.2)  # 14
    capture.add(arp(REPLY, MAC_SERVER, "10.0.0.73", "0.0.0.0", to=MAC_OTHER, known=MAC_OTHER), 0.0005)  # 15
    capture.write()


def captured_twice() -> None:
    """A TCP connection seen through a mirror port: some packets twice, and one that was really sent again."""
    capture = Capture("link-twice")
    client, server = (CLIENT, FAR, (40000, 80)), (FAR, CLIENT, (80, 40000))
    there, back = (MAC_GATEWAY, MAC_CLIENT), (MAC_CLIENT, MAC_GATEWAY)

    def out(segment: bytes, ident: int, after: float = 0.01, ttl: int = 64, macs: tuple[str, str] = there) -> None:
        capture.add(ether(*macs, 0x0800, ip4(CLIENT, FAR, TCP, segment, ident=ident, ttl=ttl)), after)

    def home(segment: bytes, ident: int, after: float = 0.01) -> None:
        capture.add(ether(*back, 0x0800, ip4(FAR, CLIENT, TCP, segment, ident=ident, ttl=52), pad=True), after)

    request = b"GET / HTTP/1.0\r\n\r\n"
    out(tcp(*client, 1000, 0, SYN, mss=1460), 0x101)
    syn_ack = tcp(*server, 5000, 1001, SYN | ACK, mss=1460)
    home(syn_ack, 0)
    home(syn_ack, 0, 0.000004)  # id 0: the capture cannot tell
    out(tcp(*client, 1001, 5001, ACK), 0x102)
    data = tcp(*client, 1001, 5001, PSH | ACK, request)
    out(data, 0x103)
    out(data, 0x103, 0.000003)  # the same packet
    out(data, 0x104, 0.3)  # a retransmission
    home(tcp(*server, 5001, 1001 + len(request), ACK), 0x201)
    more = tcp(*client, 1001 + len(request), 5001, PSH | ACK, b"X" * 20)
    out(more, 0x105)
    out(more, 0x105, 0.00002, 63, (MAC_OTHER, MAC_GATEWAY))  # behind the router
    last = tcp(*client, 1021 + len(request), 5001, PSH | ACK, b"Y" * 20)
    out(last, 0x106)
    out(last, 0x106, 0.00002, 64, (MAC_OTHER, MAC_GATEWAY))  # on another link
    home(tcp(*server, 5001, 1041 + len(request), ACK), 0x202, -0.002)  # earlier than the frame before it
    capture.write()


def offload() -> None:
    """Captured on the client: its IP checksums are 0, its segments not cut yet; the server's are merged."""
    capture = Capture("link-offload")
    client, server = (CLIENT, SERVER, (40000, 80)), (SERVER, CLIENT, (80, 40000))

    def out(segment: bytes, ident: int) -> None:
        packet = ip4(CLIENT, SERVER, TCP, segment, ident=ident, checksum=0)
        capture.add(ether(MAC_SERVER, MAC_CLIENT, 0x0800, packet))

    def home(segment: bytes, ident: int) -> None:
        capture.add(ether(MAC_CLIENT, MAC_SERVER, 0x0800, ip4(SERVER, CLIENT, TCP, segment, ident=ident), pad=True))

    out(tcp(*client, 1000, 0, SYN, mss=1460, partial=True), 1)
    home(tcp(*server, 5000, 1001, SYN | ACK, mss=1460), 2)
    out(tcp(*client, 1001, 5001, ACK, partial=True), 3)
    out(tcp(*client, 1001, 5001, PSH | ACK, b"U" * 4380, partial=True), 4)
    home(tcp(*server, 5001, 5381, ACK), 5)
    home(tcp(*server, 5001, 5381, PSH | ACK, b"D" * 2920), 6)
    out(tcp(*client, 5381, 7921, ACK, partial=True), 7)
    client, server = (CLIENT, SERVER, (40001, 80)), (SERVER, CLIENT, (80, 40001))  # a receiver of small segments
    out(tcp(*client, 1000, 0, SYN, mss=1460, partial=True), 8)
    home(tcp(*server, 5000, 1001, SYN | ACK, mss=500), 9)
    out(tcp(*client, 1001, 5001, ACK, partial=True), 10)
    out(tcp(*client, 1001, 5001, PSH | ACK, b"U" * 500, partial=True), 11)
    out(tcp(*client, 1501, 5001, PSH | ACK, b"U" * 800, partial=True), 12)
    home(tcp(*server, 5001, 2301, ACK), 13)
    capture.write()


def partial() -> None:
    """Captured on the client: only its TCP checksums are unfinished."""
    capture = Capture("link-partial")
    client, server = (CLIENT, SERVER, (40000, 80)), (SERVER, CLIENT, (80, 40000))
    syn = tcp(*client, 1000, 0, SYN, b"", mss=1460, partial=True)
    data = b"more than sixty bytes"
    capture.add(ether(MAC_SERVER, MAC_CLIENT, 0x0800, ip4(CLIENT, SERVER, TCP, syn + b"")))
    capture.add(
        ether(
            MAC_CLIENT,
            MAC_SERVER,
            0x0800,
            ip4(SERVER, CLIENT, TCP, tcp(*server, 5000, 1001, SYN | ACK, mss=1460)),
            pad=True,
        )
    )
    segment = tcp(*client, 1001, 5001, PSH | ACK, data, partial=True)
    capture.add(ether(MAC_SERVER, MAC_CLIENT, 0x0800, ip4(CLIENT, SERVER, TCP, segment)))
    capture.write()


def jumbo() -> None:
    """Both ends announce an MSS of 8960; and a UDP datagram of which nothing tells how it fits."""
    capture = Capture("link-jumbo")
    client, server = (CLIENT, SERVER, (40000, 80)), (SERVER, CLIENT, (80, 40000))
    capture.add(ether(MAC_SERVER, MAC_CLIENT, 0x0800, ip4(CLIENT, SERVER, TCP, tcp(*client, 1000, 0, SYN, mss=8960))))
    reply = tcp(*server, 5000, 1001, SYN | ACK, mss=8960)
    capture.add(ether(MAC_CLIENT, MAC_SERVER, 0x0800, ip4(SERVER, CLIENT, TCP, reply)))
    capture.add(ether(MAC_SERVER, MAC_CLIENT, 0x0800, ip4(CLIENT, SERVER, TCP, tcp(*client, 1001, 5001, ACK))))
    segment = tcp(*client, 1001, 5001, PSH | ACK, b"J" * 8000)
    capture.add(ether(MAC_SERVER, MAC_CLIENT, 0x0800, ip4(CLIENT, SERVER, TCP, segment)))
    datagram = udp(CLIENT, SERVER, (40000, 5005), b"U" * 3000)
    capture.add(ether(MAC_SERVER, MAC_CLIENT, 0x0800, ip4(CLIENT, SERVER, UDP, datagram)))
    capture.write()


def headers() -> None:
    """A damaged IPv4 header; fragments of which one is missing; more id 0 and a TTL far below every initial value."""
    capture = Capture("link-headers")
    datagram = udp(CLIENT, SERVER, (40000, 5005), b"a datagram of some length for testing")

    def out(packet: bytes) -> None:
        capture.add(ether(MAC_SERVER, MAC_CLIENT, 0x0800, packet))

    out(ip4(CLIENT, SERVER, UDP, datagram, ident=1))
    out(ip4(CLIENT, SERVER, UDP, datagram, ident=2, checksum=0x1234))
    whole = udp(CLIENT, SERVER, (40000, 5005), bytes(range(256)) * 16)
    out(ip4(CLIENT, SERVER, UDP, whole[:1480], ident=3, flags=MF))
    out(ip4(CLIENT, SERVER, UDP, whole[2960:], ident=3, flags=2960 // 8))  # the middle never comes
    out(ip4("10.0.0.3", SERVER, UDP, udp("10.0.0.3", SERVER, (1, 5005), b"a low TTL on its own: no traceroute"), ttl=9))
    capture.write()


def noise() -> None:
    """What talks on a link by itself."""
    capture = Capture("link-noise")
    bpdu = bytes.fromhex("4242030000000000") + bytes.fromhex("8000" + MAC_OTHER) + bytes(4)
    bpdu += bytes.fromhex("8000" + MAC_OTHER + "8001") + struct.pack("<HHHH", 0, 20, 2, 15)
    frame = bytes.fromhex("0180c2000000" + MAC_OTHER) + struct.pack("!H", len(bpdu)) + bpdu
    capture.add(frame.ljust(SMALLEST, b"\0"))
    lldp = (
        bytes.fromhex("0207" + "04" + MAC_OTHER) + bytes.fromhex("0403") + b"\x05" + b"e1" + bytes.fromhex("06020078")
    )
    capture.add(ether("0180c200000e", MAC_OTHER, 0x88CC, lldp + b"\0\0", pad=True))
    report = struct.pack("!BBH", 0x16, 0, 0) + socket.inet_aton("239.255.255.250")
    report = report[:2] + struct.pack("!H", 0xFFFF - total(report)) + report[4:]
    group = ip4(CLIENT, "239.255.255.250", IGMP, report, ttl=1, flags=0)
    capture.add(ether("01005e7ffffa", MAC_CLIENT, 0x0800, group, pad=True))
    clock = bytes.fromhex("23000000") + bytes(44)
    capture.add(
        ether(MAC_GATEWAY, MAC_CLIENT, 0x0800, ip4(CLIENT, GATEWAY, UDP, udp(CLIENT, GATEWAY, (123, 123), clock)))
    )
    announced = b"\0\0\x84\0\0\0\0\0\0\0\0\0"
    name = udp(CLIENT, "224.0.0.251", (5353, 5353), announced)
    capture.add(ether("01005e0000fb", MAC_CLIENT, 0x0800, ip4(CLIENT, "224.0.0.251", UDP, name, ttl=255), pad=True))
    capture.add(
        ether(
            MAC_SERVER,
            MAC_CLIENT,
            0x8100,
            bytes.fromhex("60000800") + ip4(CLIENT, SERVER, ICMP, bytes.fromhex("0800f7fd00010001")),
        )
    )
    capture.write()


def neighbors6() -> None:
    """Neighbor discovery that no real capture here has: a repeated and a unicast solicitation, a duplicate address, an
    announcement, routers of all kinds, a redirect, a distant host."""
    capture = Capture("link-neighbors6")
    client, server, near = "fd00:1::1", "fd00:1::2", "fe80::1"
    group, every, routers = "ff02::1:ff00:2", "ff02::1", "ff02::2"
    source_link = bytes.fromhex("0101" + MAC_CLIENT)
    target_link = bytes.fromhex("0201" + MAC_SERVER)

    def send(
        source: str, target: str, macs: tuple[str, str], message: bytes, after: float = 0.01, hops: int = 255
    ) -> None:
        addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
        checksum = 0xFFFF - total(addresses + struct.pack("!II", len(message), 58) + message)
        message = message[:2] + struct.pack("!H", checksum) + message[4:]
        packet = struct.pack("!IHBB", 0x60000000, len(message), 58, hops) + addresses + message
        capture.add(ether(*macs, 0x86DD, packet), after)

    def solicitation(target: str, options: bytes = b"") -> bytes:
        return struct.pack("!BBHI", 135, 0, 0, 0) + socket.inet_pton(socket.AF_INET6, target) + options

    def advertisement(target: str, flags: int) -> bytes:
        return struct.pack("!BBHI", 136, 0, 0, flags) + socket.inet_pton(socket.AF_INET6, target) + target_link

    to_group, to_all = ("3333ff000002", MAC_CLIENT), ("333300000001", MAC_SERVER)
    send(client, group, to_group, solicitation(server, source_link))
    send(client, group, to_group, solicitation(server, source_link), 1)
    send(server, client, (MAC_CLIENT, MAC_SERVER), advertisement(server, 0x60000000))
    send(client, server, (MAC_SERVER, MAC_CLIENT), solicitation(server, source_link), 5)
    send(server, client, (MAC_CLIENT, MAC_SERVER), advertisement(server, 0x40000000))
    send("::", group, to_group, solicitation("fd00:1::2:2"), 1)
    send("::", group, to_group, solicitation("fd00:1::2:2"), 1)
    send("fd00:1::2:2", every, to_all, advertisement("fd00:1::2:2", 0x20000000), 0.001)
    send(server, every, to_all, advertisement(server, 0x20000000), 20)
    send(server, client, (MAC_CLIENT, MAC_SERVER), advertisement("fd00:1::9", 0x60000000))
    send(client, routers, ("333300000002", MAC_CLIENT), struct.pack("!BBHI", 133, 0, 0, 0) + source_link)
    send(near, every, to_all, struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 0, 0, 0), 0.2)
    redirect = struct.pack("!BBHI", 137, 0, 0, 0)
    redirect += socket.inet_pton(socket.AF_INET6, "fe80::2") + socket.inet_pton(socket.AF_INET6, "fd00:3::2")
    send(near, client, (MAC_CLIENT, MAC_SERVER), redirect)
    send("fd00:9::9", client, (MAC_CLIENT, MAC_SERVER), struct.pack("!BBHHH", 128, 0, 0, 1, 1) + bytes(8), hops=57)
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 86_400, 14_400, 0) + socket.inet_pton(socket.AF_INET6, "fd00:1::")
    for lifetime, options in ((1800, b""), (1800, prefix), (0, prefix)):
        send(near, every, to_all, struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, lifetime, 0, 0) + options, 200)
    capture.write()


def shared_host() -> None:
    """Three neighbors ask for one address that is no gateway; and one MAC address has two addresses."""
    capture = Capture("link-shared")
    for last, mac in ((11, "020000000011"), (12, "020000000012"), (13, "020000000013")):
        capture.add(arp(REQUEST, mac, f"10.0.0.{last}", SERVER))
    for target in (SERVER, "10.0.0.3"):
        datagram = udp(CLIENT, target, (40000, 5005), b"two addresses of one host on this link")
        capture.add(ether(MAC_SERVER, MAC_CLIENT, 0x0800, ip4(CLIENT, target, UDP, datagram)))
    capture.write()


if __name__ == "__main__":
    arp_gateway()
    arp_conflict()
    arp_probes()
    captured_twice()
    offload()
    partial()
    jumbo()
    headers()
    noise()
    neighbors6()
    shared_host()

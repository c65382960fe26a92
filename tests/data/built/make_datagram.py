"""Builds the captures of what no real one here shows: rare ICMP errors, DNS answers, DHCP messages, odd UDP headers.

Run it in this folder; what it writes is always the same, byte for byte. Each ``add`` is one frame, in order.
"""

from __future__ import annotations

import socket
import struct
from pathlib import Path

HERE = Path(__file__).parent
START = 1_700_000_000_000_000
"""Microseconds since 1970 of each capture's first frame."""

CLIENT, SERVER, ROUTER, OTHER = "10.0.0.1", "10.0.0.2", "10.0.0.254", "10.0.3.2"
CLIENT6, SERVER6, ROUTER6 = "fd00:1::1", "fd00:1::2", "fd00:1::fe"
MACS = {
    CLIENT: "02000000000a",
    CLIENT6: "02000000000a",
    SERVER: "02000000000b",
    SERVER6: "02000000000b",
    ROUTER: "0200000000fe",
    ROUTER6: "0200000000fe",
}
ICMP, TCP, UDP, EXPERIMENT, ICMPV6 = 1, 6, 17, 253, 58


class Capture:
    """A pcap file in the making."""

    def __init__(self, name: str) -> None:
        self._path = HERE / f"{name}.pcap"
        self._bytes = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
        self._time = START

    def add(self, packet: bytes, after: float = 0.01) -> bytes:
        """Adds an IP packet in an Ethernet frame, ``after`` seconds behind the one before; returns the packet."""
        self._time += round(after * 1e6)
        seconds, rest = divmod(self._time, 1_000_000)
        frame = link(packet) + packet
        self._bytes += struct.pack("<IIII", seconds, rest, len(frame), len(frame)) + frame
        return packet

    def write(self) -> None:
        """Writes the file."""
        self._path.write_bytes(self._bytes)


def link(packet: bytes) -> bytes:
    """The Ethernet header that fits an IP packet."""
    if packet[0] >> 4 == 4:
        source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        kind = 0x0800
    else:
        source, target = (socket.inet_ntop(socket.AF_INET6, packet[at : at + 16]) for at in (8, 24))
        kind = 0x86DD
    to = "ff" * 6 if target.endswith(".255") else MACS.get(target, MACS[ROUTER])
    if target.startswith("224."):
        to = "01005e" + socket.inet_aton(target)[1:].hex()
    return bytes.fromhex(to + MACS.get(source, MACS[ROUTER])) + struct.pack("!H", kind)


def total(data: bytes) -> int:
    """The sum of 16-bit words in ones' complement."""
    data += b"\0" * (len(data) % 2)
    found = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while found > 0xFFFF:
        found = (found & 0xFFFF) + (found >> 16)
    return found


def ip4(
    source: str, target: str, protocol: int, payload: bytes, *, ttl: int = 64, ident: int = 0, flags: int = 0
) -> bytes:
    """An IPv4 packet. ``flags`` is the word of flags and offset."""
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, flags, ttl, protocol, 0)
    head += socket.inet_aton(source) + socket.inet_aton(target)
    return head[:10] + struct.pack("!H", 0xFFFF - total(head)) + head[12:] + payload


def ip6(source: str, target: str, protocol: int, payload: bytes, *, hops: int = 64) -> bytes:
    """An IPv6 packet."""
    addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
    return struct.pack("!IHBB", 0x60000000, len(payload), protocol, hops) + addresses + payload


def pseudo(source: str, target: str, protocol: int, length: int) -> bytes:
    """The pseudo header."""
    if ":" in source:
        addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
        return addresses + struct.pack("!II", length, protocol)
    return socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!HH", protocol, length)


def udp(
    source: str,
    target: str,
    ports: tuple[int, int],
    data: bytes,
    *,
    checksum: int | None = None,
    length: int | None = None,
    ttl: int = 64,
    ident: int = 0,
    flags: int = 0,
) -> bytes:
    """A UDP datagram; ``checksum`` and ``length`` replace the right ones."""
    size = 8 + len(data)
    head = struct.pack("!HHHH", *ports, size if length is None else length, 0)
    if checksum is None:
        checksum = 0xFFFF - total(pseudo(source, target, UDP, size) + head + data) or 0xFFFF
    whole = head[:6] + struct.pack("!H", checksum) + data
    return (
        ip6(source, target, UDP, whole, hops=ttl)
        if ":" in source
        else ip4(source, target, UDP, whole, ttl=ttl, ident=ident, flags=flags)
    )


def syn(source: str, target: str, ports: tuple[int, int], number: int) -> bytes:
    """A bare SYN."""
    head = struct.pack("!HHIIBBHHH", *ports, number, 0, 0x50, 0x02, 64240, 0, 0)
    checksum = 0xFFFF - total(pseudo(source, target, TCP, len(head)) + head)
    return ip4(source, target, TCP, head[:16] + struct.pack("!H", checksum) + head[18:], flags=0x4000, ident=77)


def icmp(source: str, target: str, kind: int, code: int, rest: bytes, *, ttl: int = 64, ident: int = 0) -> bytes:
    """An ICMP or ICMPv6 message; ``rest`` is everything behind the checksum."""
    message = struct.pack("!BBH", kind, code, 0) + rest
    if ":" in source:
        checksum = 0xFFFF - total(pseudo(source, target, ICMPV6, len(message)) + message)
        return ip6(source, target, ICMPV6, message[:2] + struct.pack("!H", checksum) + rest, hops=ttl)
    checksum = 0xFFFF - total(message)
    return ip4(source, target, ICMP, message[:2] + struct.pack("!H", checksum) + rest, ttl=ttl, ident=ident)


def quoting(packet: bytes, word: int = 0) -> bytes:
    """What an error has behind its checksum: four bytes, and the packet's beginning."""
    kept = 28 if packet[0] >> 4 == 4 else 48
    return struct.pack("!I", word) + packet[:kept]


def echo(
    source: str,
    target: str,
    ident: int,
    number: int,
    *,
    reply: bool = False,
    data: bytes = b"x" * 40,
    ttl: int = 64,
    ip_id: int = 0,
) -> bytes:
    """An echo request or reply."""
    kinds = (128, 129) if ":" in source else (8, 0)
    return icmp(source, target, kinds[reply], 0, struct.pack("!HH", ident, number) + data, ttl=ttl, ident=ip_id)


# -- ICMP -------------------------------------------------------------------------------------------------------------


def icmp_errors() -> None:
    """Errors that the real captures do not have, and one that quotes nothing of this capture."""
    file = Capture("icmp-errors")
    strange = file.add(ip4(CLIENT, SERVER, EXPERIMENT, b"experiment!!", ident=11))  # 1
    file.add(icmp(SERVER, CLIENT, 3, 2, quoting(strange)))  # 2: protocol unreachable
    fragment = file.add(
        ip4(CLIENT, SERVER, UDP, b"\x0f\xa0\x0f\xa1\x10\x00\0\0" + b"f" * 1472, ident=12, flags=0x2000)
    )  # 3
    file.add(icmp(SERVER, CLIENT, 11, 1, quoting(fragment)), 30)  # 4: reassembly time exceeded
    looping = file.add(udp(CLIENT, OTHER, (41000, 7000), b"round and round", ident=13))  # 5: TTL 64
    file.add(icmp(ROUTER, CLIENT, 11, 0, quoting(looping)))  # 6: a loop
    refused = file.add(udp(CLIENT, OTHER, (41001, 7001), b"refused", ident=14))  # 7
    file.add(icmp(ROUTER, CLIENT, 3, 3, quoting(refused)))  # 8: not by the target itself
    opening = file.add(syn(CLIENT, OTHER, (41002, 8000), 1000))  # 9
    file.add(icmp(OTHER, CLIENT, 3, 3, quoting(opening)))  # 10: TCP refused by ICMP
    file.add(icmp(ROUTER, CLIENT, 3, 1, quoting(udp("192.0.2.7", OTHER, (5, 6), b""))))  # 11: quotes what is not here
    file.add(icmp(CLIENT, SERVER, 13, 0, struct.pack("!HHIII", 1, 1, 5, 0, 0)))  # 12: timestamp request
    blocked = file.add(udp(CLIENT, OTHER, (41003, 7003), b"blocked", ident=15))  # 13
    file.add(icmp(ROUTER, CLIENT, 3, 13, quoting(blocked)))  # 14: a filter on the way
    big = file.add(udp(CLIENT, OTHER, (41004, 7004), b"b" * 1400, ident=16, flags=0x4000))  # 15
    file.add(icmp(ROUTER, CLIENT, 3, 4, quoting(big)))  # 16: an old router, which does not tell the MTU
    file.write()


def icmp_echoes() -> None:
    """Echoes that must not be paired falsely, and checksums that carry."""
    file = Capture("icmp-echoes")
    file.add(echo(CLIENT, SERVER, 7, 1))  # 1
    file.add(echo(CLIENT, SERVER, 7, 1), 0.5)  # 2: the same identifier and number again
    file.add(echo(SERVER, CLIENT, 7, 1, reply=True))  # 3: to either
    file.add(echo(CLIENT, OTHER, 7, 1))  # 4: another target
    file.add(echo(SERVER, CLIENT, 7, 2, reply=True))  # 5: no such request
    file.add(echo(SERVER, CLIENT, 8, 1, reply=True))  # 6: somebody else's identifier
    file.add(echo(OTHER, CLIENT, 7, 1, reply=True))  # 7: to frame 4
    file.add(echo(OTHER, CLIENT, 7, 1, reply=True))  # 8: once more
    data = _data_for(0xFC00)
    file.add(echo(CLIENT, SERVER, 9, 1, data=data))  # 9: checksum 0xfc00
    file.add(echo(SERVER, CLIENT, 9, 1, reply=True, data=data))  # 10: 0xfc00 + 0x0800 carries: 0x0401
    file.add(echo(CLIENT, "10.0.0.255", 10, 1))  # 11: broadcast
    file.add(echo(SERVER, CLIENT, 10, 1, reply=True))  # 12
    file.add(echo(ROUTER, CLIENT, 10, 1, reply=True))  # 13: a second host
    file.add(echo(CLIENT, SERVER, 11, 1))  # 14: never answered
    file.add(echo(CLIENT, SERVER, 12, 1), 5)  # 15: answered with other data
    file.add(echo(SERVER, CLIENT, 12, 1, reply=True, data=b"y" * 40))  # 16
    traced = file.add(icmp(CLIENT, OTHER, 8, 0, struct.pack("!HH", 13, 1) + b"x" * 40, ttl=1, ident=1))  # 17
    file.add(icmp(ROUTER, CLIENT, 11, 0, quoting(traced)))  # 18: traceroute by ICMP
    file.add(icmp(CLIENT, OTHER, 8, 0, struct.pack("!HH", 13, 2) + b"x" * 40, ttl=2, ident=2))  # 19
    file.add(echo(OTHER, CLIENT, 13, 2, reply=True))  # 20: arrived
    file.add(echo(CLIENT, SERVER, 14, 1))  # 21: the capture ends
    file.write()


def _data_for(checksum: int) -> bytes:
    """Data that gives an echo request with identifier 9 and number 1 this checksum."""
    rest = struct.pack("!HHHH", 0x0800, 0, 9, 1)
    return struct.pack("!H", (0xFFFF - checksum - total(rest)) % 0xFFFF) + b"\0" * 6


def icmp_traceroute() -> None:
    """A traceroute by pings, as Windows' tracert does it: two routers, then the target itself."""
    file = Capture("icmp-traceroute-echo")
    for hop, reporter in enumerate((ROUTER, "10.0.1.254", OTHER), start=1):
        for attempt in (1, 2, 3):  # frames 1-6 hop 1, 7-12 hop 2, 13-18 the target
            number = 3 * (hop - 1) + attempt
            message = echo(CLIENT, OTHER, 1, number, ttl=hop, ip_id=500 + number)
            probe = file.add(message, 0.5)
            if reporter == OTHER:
                file.add(echo(OTHER, CLIENT, 1, number, reply=True, ttl=62, ip_id=700 + number), 0.012)
            else:
                late = 0.001 if hop == 1 else 0.009
                file.add(icmp(reporter, CLIENT, 11, 0, quoting(probe), ttl=65 - hop, ident=600 + number), late)
    file.write()


def icmpv6_errors() -> None:
    """ICMPv6's own numbers of the same errors."""
    file = Capture("icmpv6-errors")
    big = file.add(udp(CLIENT6, "fd00:3::2", (41000, 7000), b"b" * 1400))  # 1
    file.add(icmp(ROUTER6, CLIENT6, 2, 0, quoting(big, 1280)))  # 2: packet too big
    small = file.add(udp(CLIENT6, "fd00:3::2", (41001, 33434), b"probe", ttl=1))  # 3
    file.add(icmp(ROUTER6, CLIENT6, 3, 0, quoting(small)))  # 4: hop limit exceeded
    lost = file.add(udp(CLIENT6, "2001:db8::9", (41002, 7002), b"nowhere"))  # 5
    file.add(icmp(ROUTER6, CLIENT6, 1, 0, quoting(lost)))  # 6: no route
    blocked = file.add(udp(CLIENT6, "fd00:3::2", (41003, 7003), b"blocked"))  # 7
    file.add(icmp(ROUTER6, CLIENT6, 1, 1, quoting(blocked)))  # 8: forbidden
    gone = file.add(udp(CLIENT6, "fd00:3::77", (41004, 7004), b"gone"))  # 9
    file.add(icmp(ROUTER6, CLIENT6, 1, 3, quoting(gone)))  # 10: address unreachable
    strange = file.add(ip6(CLIENT6, SERVER6, EXPERIMENT, b"experiment!!"))  # 11
    file.add(icmp(SERVER6, CLIENT6, 4, 1, quoting(strange, 6)))  # 12: unrecognized next header
    better = socket.inet_pton(socket.AF_INET6, "fe80::1") + socket.inet_pton(socket.AF_INET6, "fd00:3::2")
    file.add(icmp("fe80::fe", CLIENT6, 137, 0, b"\0\0\0\0" + better, ttl=255))  # 13: redirect
    same = socket.inet_pton(socket.AF_INET6, SERVER6)
    file.add(icmp("fe80::fe", CLIENT6, 137, 0, b"\0\0\0\0" + same + same, ttl=255))  # 14: redirect, on this link
    file.add(icmp(ROUTER6, CLIENT6, 3, 1, quoting(small)))  # 15: reassembly time exceeded
    file.write()


# -- UDP --------------------------------------------------------------------------------------------------------------


def udp_headers() -> None:
    """Checksums of 0 and unfinished ones over IPv6, lengths that disagree with IP's."""
    file = Capture("udp-headers")
    file.add(udp(CLIENT6, SERVER6, (41000, 7000), b"none", checksum=0))  # 1: not allowed
    file.add(udp(CLIENT6, SERVER6, (41000, 7000), b"none", checksum=0))  # 2: the same again
    inner = bytes.fromhex("ffffffffffff02000000000a0806000108000604000102000000000a0a0000010000000000000a000002")
    file.add(udp(CLIENT6, ROUTER6, (41001, 4789), b"\x08\0\0\0\0\0\1\0" + inner, checksum=0))  # 3: VXLAN may
    partial = total(pseudo(CLIENT6, SERVER6, UDP, 8 + 7))
    file.add(udp(CLIENT6, SERVER6, (41002, 7002), b"partial", checksum=partial))  # 4: left to the card
    file.add(udp(CLIENT, SERVER, (41003, 7003), b"short by three", length=8 + 11))  # 5
    file.add(udp(CLIENT, SERVER, (41004, 7004), b"too long", length=8 + 20))  # 6
    file.add(udp(CLIENT, SERVER, (41005, 7005), b"four", length=4))  # 7
    carry = total(pseudo("172.24.58.38", "203.0.113.200", UDP, 8 + 5))
    file.add(udp("172.24.58.38", "203.0.113.200", (41006, 7006), b"carry", checksum=carry))  # 8: the sum carries
    file.add(udp(CLIENT, SERVER, (41007, 7007), b"wrong", checksum=0x1234))  # 9: no offload, just another number
    file.write()


# -- DNS --------------------------------------------------------------------------------------------------------------

A, NS, CNAME, SOA, AAAA = 1, 2, 5, 6, 28


def name(text: str) -> bytes:
    """A domain name, uncompressed."""
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def record(owner: str, kind: int, data: bytes, ttl: int = 300) -> bytes:
    """A resource record."""
    return name(owner) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def soa(zone: str) -> bytes:
    """The start of authority that a negative answer has."""
    return record(
        zone, SOA, name("ns." + zone) + name("admin." + zone) + struct.pack("!IIIII", 1, 3600, 600, 86400, 60)
    )


def dns(
    ident: int,
    question: str,
    kind: int,
    flags: int = 0x0100,
    answers: tuple[bytes, ...] = (),
    authorities: tuple[bytes, ...] = (),
) -> bytes:
    """A DNS message."""
    head = struct.pack("!HHHHHH", ident, flags, 1, len(answers), len(authorities), 0)
    return head + name(question) + struct.pack("!HH", kind, 1) + b"".join(answers) + b"".join(authorities)


RESOLVED, AUTHORITATIVE, NO_SUCH_NAME, TRUNCATED = 0x8180, 0x8500, 0x8183, 0x8380


def dns_answers() -> None:
    """Negative answers of every kind, referral, several addresses."""
    file = Capture("dns-answers")
    there, back = (40001, 53), (53, 40001)

    def pair(
        ident: int, question: str, kind: int, flags: int, answers: tuple[bytes, ...], rest: tuple[bytes, ...]
    ) -> None:
        file.add(udp(CLIENT, SERVER, there, dns(ident, question, kind)), 2)
        file.add(udp(SERVER, CLIENT, back, dns(ident, question, kind, flags, answers, rest)), 0.02)

    alias = record("www.lab.test", CNAME, name("web.lab.test"))
    pair(1, "www.lab.test", AAAA, RESOLVED, (), (soa("lab.test"),))  # 1, 2: no data
    pair(2, "www.lab.test", AAAA, RESOLVED, (alias,), (soa("lab.test"),))  # 3, 4: no data after an alias
    pair(3, "www.lab.test", A, NO_SUCH_NAME, (alias,), (soa("lab.test"),))  # 5, 6: the alias leads nowhere
    servers = (record("lab.test", NS, name("ns.lab.test")),)
    pair(4, "host.lab.test", A, 0x8000, (), servers)  # 7, 8: referral
    two = (record("many.lab.test", A, b"\x0a\0\0\x07"), record("many.lab.test", A, b"\x0a\0\0\x08"))
    pair(5, "many.lab.test", A, AUTHORITATIVE, two, ())  # 9, 10: several addresses, none used
    quic = (record("quic.lab.test", A, b"\x0a\0\x03\x02"), record("quic.lab.test", A, b"\x0a\0\x03\x03"))
    pair(6, "quic.lab.test", A, AUTHORITATIVE, quic, ())  # 11, 12: several addresses
    file.add(udp(SERVER, OTHER, (50000, 443), b"not the client"))  # 13: another host uses one
    file.add(udp(CLIENT, OTHER, (50000, 443), b"hello"))  # 14: the client uses one
    pair(7, "cut.lab.test", A, TRUNCATED, (), ())  # 15, 16: cut off, and the client gives up
    loop = (record("a.lab.test", CNAME, name("b.lab.test")), record("b.lab.test", CNAME, name("a.lab.test")))
    pair(8, "a.lab.test", A, RESOLVED, loop, ())  # 17, 18: aliases in a circle
    file.write()


def dns_pairs() -> None:
    """Ids that repeat, other clients, forged and repeated answers."""
    file = Capture("dns-pairs")
    asked, address = dns(1, "www.lab.test", A), record("www.lab.test", A, b"\x0a\0\0\x02")
    answer = dns(1, "www.lab.test", A, RESOLVED, (address,))
    file.add(udp(CLIENT, SERVER, (40001, 53), asked))  # 1
    file.add(udp(ROUTER, SERVER, (40001, 53), asked))  # 2: another client, same id and port
    file.add(udp(SERVER, CLIENT, (53, 40002), answer))  # 3: another port
    file.add(udp(SERVER, CLIENT, (53, 40001), dns(1, "evil.lab.test", A, RESOLVED, (address,))))  # 4: another question
    file.add(udp(SERVER, CLIENT, (53, 40001), dns(2, "www.lab.test", A, RESOLVED, (address,))))  # 5: another id
    file.add(udp(SERVER, CLIENT, (53, 40001), answer))  # 6: the right one
    file.add(udp(SERVER, CLIENT, (53, 40001), answer))  # 7: once more
    file.add(udp(CLIENT, SERVER, (40001, 53), dns(1, "other.lab.test", A)))  # 8: the id again, another question
    file.add(udp(CLIENT, SERVER, (40001, 53), dns(1, "other.lab.test", A)), 5)  # 9: repeated, same id and port
    file.add(udp(CLIENT, "10.0.0.3", (40003, 53), dns(3, "other.lab.test", A)), 5)  # 10: another server
    file.add(
        udp(
            "10.0.0.3",
            CLIENT,
            (53, 40003),
            dns(3, "OTHER.lab.test", A, RESOLVED, (record("other.lab.test", A, b"\x0a\0\0\x04"),)),
        )
    )  # 11: case differs
    file.add(udp(CLIENT, SERVER, (40004, 53), dns(4, "both.lab.test", A)))  # 12
    file.add(udp(CLIENT, SERVER, (40004, 53), dns(5, "both.lab.test", AAAA)), 0.001)  # 13: dual stack
    file.add(udp(CLIENT, SERVER, (40005, 53), dns(6, "both.lab.test", A)), 0.1)  # 14: another program, no retry
    file.add(udp(CLIENT, "224.0.0.251", (5353, 5353), dns(0, "printer.local", A, 0)))  # 15: mDNS
    told = dns(0, "printer.local", A, 0x8400, (record("printer.local", A, b"\x0a\0\0\x09"),))
    file.add(udp(SERVER, "224.0.0.251", (5353, 5353), told))  # 16: mDNS answer
    file.write()


# -- DHCP -------------------------------------------------------------------------------------------------------------

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)


def dhcp(
    kind: int, xid: int, *, own: str = "0.0.0.0", your: str = "0.0.0.0", relay: str = "0.0.0.0", **options: bytes
) -> bytes:
    """A DHCP message; ``options`` are named ``o54=…``."""
    operation = 2 if kind in (OFFER, ACK, NAK) else 1
    head = struct.pack("!BBBBIHH", operation, 1, 6, 0, xid, 0, 0)
    head += b"".join(map(socket.inet_aton, (own, your, "0.0.0.0", relay)))
    head += bytes.fromhex(MACS[CLIENT]).ljust(16, b"\0") + b"\0" * 192 + bytes.fromhex("63825363")
    body = bytes([53, 1, kind])
    for option, value in options.items():
        body += bytes([int(option[1:]), len(value)]) + value
    return (head + body + b"\xff").ljust(300, b"\0")


def dhcp_lease() -> None:
    """Two offers, renewal at T1, rebinding at T2, release; a NAK after a restart; a decline; an inform; a relay."""
    file = Capture("dhcp-lease")
    up, down = (68, 67), (67, 68)
    first, second = socket.inet_aton(SERVER), socket.inet_aton("10.0.0.3")
    address = socket.inet_aton("10.0.0.103")
    lease = struct.pack("!I", 3600)
    everybody = "255.255.255.255"

    def granted(kind: int, xid: int, server: bytes = first) -> bytes:
        return dhcp(kind, xid, your="10.0.0.103", o54=server, o51=lease, o1=b"\xff\xff\xff\0", o3=first, o6=first)

    file.add(udp("0.0.0.0", everybody, up, dhcp(DISCOVER, 0x11, o50=address)))  # 1
    file.add(udp(SERVER, everybody, down, granted(OFFER, 0x11)))  # 2
    file.add(udp("10.0.0.3", everybody, down, granted(OFFER, 0x11, second)))  # 3: a second server
    file.add(udp("0.0.0.0", everybody, up, dhcp(REQUEST, 0x11, o54=first, o50=address)))  # 4
    file.add(udp(SERVER, everybody, down, granted(ACK, 0x11)))  # 5: one hour
    file.add(udp("10.0.0.103", SERVER, up, dhcp(REQUEST, 0x12, own="10.0.0.103")), 60)  # 6: early
    file.add(udp(SERVER, "10.0.0.103", down, granted(ACK, 0x12)))  # 7
    file.add(udp("10.0.0.103", SERVER, up, dhcp(REQUEST, 0x13, own="10.0.0.103")), 1800)  # 8: T1 after frame 7
    file.add(udp(SERVER, "10.0.0.103", down, granted(ACK, 0x13)))  # 9
    file.add(udp("10.0.0.103", SERVER, up, dhcp(REQUEST, 0x14, own="10.0.0.103")), 1800)  # 10: never answered
    file.add(udp("10.0.0.103", everybody, up, dhcp(REQUEST, 0x15, own="10.0.0.103")), 1350)  # 11: T2, 3150 s
    file.add(udp("10.0.0.3", everybody, down, granted(ACK, 0x15, second)))  # 12
    file.add(udp("10.0.0.103", "10.0.0.3", up, dhcp(RELEASE, 0x16, own="10.0.0.103", o54=second)), 10)  # 13
    file.add(udp("0.0.0.0", everybody, up, dhcp(REQUEST, 0x17, o50=socket.inet_aton("192.0.2.5"))), 10)  # 14: restart
    file.add(udp(SERVER, everybody, down, dhcp(NAK, 0x17, o54=first, o56=b"wrong network")))  # 15
    file.add(udp("0.0.0.0", everybody, up, dhcp(DECLINE, 0x18, o54=first, o50=address)))  # 16
    file.add(udp(CLIENT, everybody, up, dhcp(INFORM, 0x19, own=CLIENT)))  # 17
    file.add(udp(SERVER, CLIENT, down, dhcp(ACK, 0x19, own=CLIENT, o54=first, o6=first)))  # 18: settings only
    file.add(udp(SERVER, CLIENT, down, granted(ACK, 0x77)))  # 19: to nobody's request
    file.add(udp(ROUTER, SERVER, (67, 67), dhcp(DISCOVER, 0x20, relay=ROUTER)))  # 20: by a relay
    file.add(udp(SERVER, ROUTER, (67, 67), granted(OFFER, 0x21)))  # 21: another transaction's
    file.write()


if __name__ == "__main__":
    icmp_errors()
    icmp_echoes()
    icmp_traceroute()
    icmpv6_errors()
    udp_headers()
    dns_answers()
    dns_pairs()
    dhcp_lease()

from __future__ import annotations

import re
import tracemalloc

import pytest

from labdissect.bridge.readers.pdml import PacketSplitter, PdmlReader, detects
from labdissect.plugins.packet import Packet
from labdissect.plugins.writer import Problem, Record
from tests.conftest import built_in, ek, judge, judged, tshark

NAMES = [
    *("arp-probe-announce", "cooked-any", "dhcp-dora", "dns-edns", "http-gzip", "icmp-fragmented-ping"),
    *("icmp-redirect", "ipv6-ndp-ping", "ipv6-extension-headers", "raw-ip-tun", "short-snaplen", "tcp-urgent"),
    *("tunnel-ipip", "vlan-qinq"),
]


def pdml(name: str, *arguments: str) -> bytes:
    return tshark(name, "-T", "pdml", *arguments)


def read(data: bytes, chunk: int = 1 << 20) -> tuple[list[Record], list[Problem]]:
    problems: list[Problem] = []
    reader = PdmlReader(built_in().layers, problems.append)
    records = [one for at in range(0, len(data), chunk) for one in reader.records(data[at : at + chunk])]
    return [*records, *reader.end()], problems


def packets(data: bytes, chunk: int = 1 << 20) -> list[Packet]:
    return [record.packet for record in read(data, chunk)[0] if record.packet is not None]


@pytest.mark.parametrize("name", NAMES)
def test_packets_are_those_of_ek(name: str) -> None:
    reader = built_in().readers["ek"].make(built_in().layers, print, ())
    expected = [record.packet for record in reader.records(ek(name)) if record.packet is not None]
    found = packets(pdml(name))
    assert [(one.number, one.time, one.length, one.protocols) for one in found] == [
        (one.number, one.time, one.length, one.protocols) for one in expected
    ]


@pytest.mark.parametrize("name", ["tcp-two-connections", "tcp-fast-retransmit-sack", "tcp-mid-capture", "tunnel-ipip"])
def test_verdicts_are_those_of_ek(name: str) -> None:
    found, expected = judge(pdml(name), "pdml"), judged(name)
    assert found.verdicts.keys() == expected.verdicts.keys()
    assert all(found.codes(frame) == expected.codes(frame) for frame in expected.verdicts)


def test_flat_fields_are_read_as_those_of_flat_ek() -> None:
    names = [
        *("frame.number", "frame.protocols", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "tcp.stream"),
        *("tcp.flags", "tcp.seq", "tcp.ack", "tcp.len", "tcp.seq_raw", "tcp.ack_raw", "tcp.window_size"),
        "_ws.col.Info",
    ]
    fields = [part for name in names for part in ("-e", name)]
    found = judge(pdml("tcp-four-way-close", *fields), "pdml")
    assert not found.problems
    assert [found.codes(frame)[0] for frame in (1, 2, 3)] == ["tcp.open.syn", "tcp.open.syn-ack", "tcp.open.ack"]
    assert found.packets[0].source.columns()["info"].startswith("40000 → 8000 [SYN]")
    assert (found.packets[0].length, found.packets[0].tcp.dstport) == (74, 8000)
    assert found.packets[0].time == judged("tcp-four-way-close").packets[0].time


@pytest.mark.parametrize("chunk", [1, 7, 1000, 1 << 20])
def test_nothing_is_lost_whatever_the_chunks(chunk: int) -> None:
    data = pdml("tcp-linger0-abort")
    records, problems = read(data, chunk)
    assert b"".join(record.raw for record in records) == data
    assert len([record for record in records if record.packet]) == 8
    assert not problems


def test_a_packet_is_out_as_soon_as_it_ends() -> None:
    data = pdml("tcp-linger0-abort")
    end = data.index(b"</packet>") + len(b"</packet>")
    reader = PdmlReader(built_in().layers, print)
    assert not [one for one in reader.records(data[: end - 1]) if one.packet]
    assert [one.packet.number for one in reader.records(data[end - 1 : end]) if one.packet] == [1]


def test_input_that_was_cut_is_passed_on_and_said() -> None:
    data = pdml("tcp-linger0-abort")
    within = data[: data.rindex(b"<proto")]
    records, problems = read(within)
    assert b"".join(record.raw for record in records) == within
    assert len([record for record in records if record.packet]) == 7
    assert [(one.kind, one.fatal) for one in problems] == [("cut", True)]
    _, problems = read(data[: data.rindex(b"</pdml>")])
    assert [one.kind for one in problems] == ["cut"]
    assert read(b"") == ([], [])


def test_a_packet_that_is_no_xml_is_handed_on_and_said() -> None:
    data = pdml("tcp-linger0-abort").replace(b'<proto name="ip"', b'<proto name="ip', 1)
    records, problems = read(data)
    assert b"".join(record.raw for record in records) == data
    assert len([record for record in records if record.packet]) == 7
    assert [(one.kind, one.unread) for one in problems] == [("bad line", True)]
    assert problems[0].message.startswith("packet 1: not well-formed")


@pytest.mark.parametrize("size", [b"x", b"99999999999999", b"9" * 40])
def test_sizes_that_are_none_spoil_one_packet_at_most(size: bytes) -> None:
    data = pdml("tcp-linger0-abort").replace(b'size="20" pos="14"', b'size="%b" pos="14"' % size, 1)
    records, _ = read(data)
    assert b"".join(record.raw for record in records) == data
    assert len([record for record in records if record.packet]) >= 7


def test_raw_control_characters_of_old_tsharks_are_read() -> None:
    data = pdml("http-get").replace(b"User-Agent: ", b"User-Agent: \x1b[31m\x00\xff")
    assert b"\x1b" in data
    records, problems = read(data)
    assert not problems
    assert b"".join(record.raw for record in records) == data


def test_wrong_values_stay() -> None:
    """What tshark prints is kept, right or not: here a time that no clock shows and a size that does not fit."""
    data = pdml("tcp-linger0-abort").replace(b'show="Nov ', b'show="Nov 99 ').replace(b'size="74"', b'size="75"')
    records, problems = read(data)
    assert b"".join(record.raw for record in records) == data
    assert not problems


def test_attributes_of_a_packet() -> None:
    """``--color`` gives ``<packet>`` attributes."""
    data = pdml("arp-gratuitous").replace(b"<packet>", b"<packet foreground='#12272e' background='#faf0d7'>")
    assert len(packets(data)) == judged("arp-gratuitous").packets[-1].number


def test_without_general_information_the_frame_tells() -> None:
    data = pdml("tcp-linger0-abort")
    bare = re.sub(rb'  <proto name="geninfo".*?</proto>\n', b"", data, flags=re.DOTALL)
    for one, other in zip(packets(bare), packets(data), strict=True):
        assert (one.number, one.time, one.length) == (other.number, other.time, other.length)


def test_memory_does_not_grow_with_the_document() -> None:
    data = pdml("tcp-linger0-abort")
    begin, end = data.index(b"<packet>"), data.rindex(b"</pdml>")
    reader = PdmlReader(built_in().layers, print)
    for _ in reader.records(data[:end]):
        pass
    tracemalloc.start()
    for _ in range(40):
        for _ in reader.records(data[begin:end]):
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * len(data)


def test_a_packet_without_end_is_bounded() -> None:
    splitter = PacketSplitter(limit=1000)
    pieces = [piece for _ in range(5) for piece in splitter.feed(b"<packet>" + b"x" * 600)]
    assert pieces and not any(is_packet for _, is_packet in pieces)
    assert sum(len(piece) for piece, _ in pieces) + len(splitter.rest()) == 5 * 608


def test_what_is_pdml() -> None:
    assert detects(pdml("arp-gratuitous")[:4096])
    assert detects(b"\xef\xbb\xbf<?xml version='1.0'?>")
    assert detects(b"\n<packet>")
    assert not detects(ek("arp-gratuitous")[:4096])
    assert not detects(b"")

import struct
from pathlib import Path

import pytest
from construct import ConstructError

from labdissect.dissectors.dns import LAYER

from .synthetic import RAW, check, ipv4, needs_tshark, packed, udp

POINTER = b"\xc0\x0c"
QUESTION = b"\1a\2bc\0" + packed("0001 0001")


def record(kind: int, data: bytes, name: bytes = POINTER, ttl: int = 300, group: int = 1) -> bytes:
    return name + struct.pack(">HHIH", kind, group, ttl, len(data)) + data


def message(*answers: bytes, additional: bytes = b"") -> bytes:
    counts = (1, len(answers), 0, 1 if additional else 0)
    return struct.pack(">HHHHHH", 1, 0x8180, *counts) + QUESTION + b"".join(answers) + additional


OPT = record(41, packed("000a0008") + bytes(8), name=b"\0", ttl=0x8000, group=1232)
EVERY_TYPE = message(
    record(1, bytes(4)),
    record(5, b"\1x" + POINTER),
    record(15, b"\0\5\2mx" + POINTER),
    record(16, b"\3abc\2de"),
    record(16, b"\1f"),
    record(6, b"\2ns" + POINTER + b"\4root" + POINTER + struct.pack(">IIIII", 1, 2, 3, 4, 5)),
    record(33, struct.pack(">HHH", 1, 2, 3) + b"\1t" + POINTER),
    record(12, b"\3ptr\0"),
    record(28, bytes(15) + b"\1"),
    record(2, b"\2ns" + POINTER),
    record(65280, b"\1\2\3"),
    additional=OPT,
)


@needs_tshark
def test_every_type_of_record(tmp_path: Path) -> None:
    check(tmp_path, RAW, ipv4(17, udp(EVERY_TYPE, source=53)), "raw", "ip", "udp", "dns")


@needs_tshark
@pytest.mark.parametrize("name", [b"\0", b'\4a\\.b\1"\0', "\6名字".encode() + b"\0"])
def test_odd_names(tmp_path: Path, name: bytes) -> None:
    query = packed("0001 0100 0001 0000 0000 0000") + name + packed("0001 0001")
    check(tmp_path, RAW, ipv4(17, udp(query, target=53)), "raw", "ip", "udp", "dns")


def test_records() -> None:
    found = LAYER.parse_header(EVERY_TYPE)
    assert found.queries == [{"name": "a.bc", "type": 1, "class": 1}]
    alias, mail, text = found.answers[1], found.answers[2], found.answers[3]
    assert (alias.name, alias.data.cname) == ("a.bc", "x.a.bc")
    assert (mail.data["mx.preference"], mail.data["mx.mail_exchange"]) == (5, "mx.a.bc")
    assert text.data.txt == ["abc", "de"]
    edns = found.additionals[0]
    assert (edns.name, edns.udp_payload_size, edns.z, edns.ttl) == ("<Root>", 1232, 0x8000, None)


def test_length_before_the_message_over_tcp() -> None:
    data = len(EVERY_TYPE).to_bytes(2, "big") + EVERY_TYPE
    found = LAYER.parse_header(data, table="tcp.port")
    assert (found.length, found.id, len(found.answers)) == (len(EVERY_TYPE), 1, 11)
    assert LAYER.build(LAYER.parse(data)) == data


def test_names_built_anew_are_not_compressed() -> None:
    assert LAYER.parse(message()).queries[0].name.wire == b"\1a\2bc\0"
    values = LAYER.parse(message())
    values.queries[0].name = "www.example"
    assert b"\3www\7example\0" in LAYER.build(values)


@pytest.mark.parametrize(
    "name", [b"\xc0\x0c", b"\1a\xc0\x0c", b"\xc0\x0e\xc0\x0c", b"\x41a", b"\xc1\xff", b"\3ab", b"\xc0"]
)
def test_names_that_do_not_end_are_refused(name: bytes) -> None:
    with pytest.raises(ConstructError):
        LAYER.parse(packed("0001 0100 0001 0000 0000 0000") + name)

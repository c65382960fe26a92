"""Cells say what tshark says, for every field that a layer of ours declares and for those that none does."""

from __future__ import annotations

import re

import pytest

from labdissect.bridge import tshark_fields
from labdissect.bridge.failures import UsageFailure
from labdissect.bridge.writers.cells import declared
from tests.bridge.written import written
from tests.conftest import built_in, ek, tshark

CAPTURES = [
    *("arp-request-reply", "cooked-any", "dhcp-dora", "dns-basic", "http-get", "icmp-echo", "ipv6-ndp-ping"),
    *("tcp-four-way-close", "tls12", "tunnel-gre", "udp-exchange", "vlan-qinq", "short-snaplen"),
]
LISTS = frozenset(("list", "parsed"))
"""Kinds that hold several values or are written out for people."""

ELSEWHERE = frozenset(("ip.version",))
"""Fields that tshark prints in a layer of another name: IPv6 has one of IPv4's."""

SYN = "MSS 1460; SACK permitted; timestamps TSval 3455690952, TSecr 0; NOP; window scale 10"
DISCOVER = (
    "message discover; dhcp max message size 576; request list item 1 3 6 12 15 28 42; hostname lab-client; "
    "vendor class id udhcp 1.35.0; client id 0102000000000a; end"
)


def rows(name: str, *chosen: str, arguments: tuple[str, ...] = ()) -> list[list[str]]:
    lines = written(ek(name, *arguments), "tsv", chosen=chosen).decode().split("\n")[1:-1]
    return [line.split("\t") for line in lines]


@pytest.mark.parametrize("name", CAPTURES)
def test_declared_fields_are_printed_as_tshark_prints_them(name: str) -> None:
    known = tshark_fields.known_fields()
    fields = declared(built_in().layers)
    chosen = [one for one, owners in fields.items() if one in known and owners[0][1].kind not in LISTS]
    assert len(chosen) > 200
    asked = [part for one in chosen for part in ("-e", one)]
    printed = tshark(name, "-T", "fields", *asked, "-E", "occurrence=a").decode().split("\n")[:-1]
    for frame, (line, ours) in enumerate(zip(printed, rows(name, *chosen), strict=True), 1):
        for field, theirs, mine in zip(chosen, line.split("\t"), ours, strict=True):
            if mine.startswith("'"):  # a spreadsheet would calculate it
                continue
            if not mine and field in ELSEWHERE:
                continue
            plain = {"True": "1", "False": "0"}.get(mine, mine)
            assert {mine, plain} & {theirs, *theirs.split(",")}, (frame, field, mine, theirs)


@pytest.mark.parametrize("arguments", [(), ("-x",), ("-P", "-V")], ids=" ".join)
def test_a_field_that_no_layer_declares(arguments: tuple[str, ...]) -> None:
    names = ("tcp.analysis.acks_frame", "tcp.analysis.ack_rtt", "tcp.completeness", "frame.interface_name")
    asked = [part for one in names for part in ("-e", one)]
    printed = tshark("tcp-four-way-close", "-T", "fields", *asked).decode().split("\n")[:-1]
    assert rows("tcp-four-way-close", *names, arguments=arguments) == [line.split("\t") for line in printed]


def test_the_same_from_pdml() -> None:
    names = ("number", "tcp.analysis.acks_frame", "tcp.analysis.ack_rtt", "tcp.seq_raw")
    text = written(tshark("tcp-four-way-close", "-T", "pdml"), "tsv", chosen=names).decode()
    assert [line.split("\t") for line in text.split("\n")[1:-1]] == rows("tcp-four-way-close", *names)


def test_all_values_of_a_repeated_field_are_there() -> None:
    found = [row[0] for row in rows("seed-stack-web", "tcp.segment") if row[0]]
    printed = tshark("seed-stack-web", "-T", "fields", "-e", "tcp.segment").decode().split("\n")
    assert found == [line for line in printed if line]
    assert any(re.fullmatch(r"\d+(,\d+)+", cell) for cell in found)


def test_wiresharks_own_columns() -> None:
    (first, *_) = rows("http-get", "_ws.col.Info", "_ws.col.Protocol", arguments=("-P", "-V"))
    assert "[SYN]" in first[0] and first[1] == "TCP"


def test_a_field_of_a_protocol_within_another() -> None:
    """SSDP is HTTP in a layer of its own; what an ICMP error quotes is another packet's."""
    hosts = [row[0] for row in rows("seed-stack-lan", "http.host") if row[0]]
    assert "239.255.255.250:1900" in hosts
    assert rows("icmp-port-unreachable", "udp.srcport", "ip.src")[1] == ["", "10.0.0.2"]


@pytest.mark.parametrize(
    ("name", "field", "frame", "text"),
    [
        ("cooked-any", "tcp.options", 5, SYN),
        ("dhcp-dora", "dhcp.options", 1, DISCOVER),
        ("dns-basic", "dns.answers", 6, "alias.lab.test 300 CNAME host.lab.test; host.lab.test 300 A 10.0.0.7"),
        ("dns-basic", "dns.queries", 1, "www.lab.test A"),
        ("dns-edns", "dns.additionals", 2, "<Root> OPT udp 1232"),
        ("ipv6-dad-and-router", "icmpv6.options", 4, "source link-layer address 02:00:00:00:00:0a"),
        ("arp-gratuitous", "eth.type", 1, "0x0806"),
    ],
)  # fmt: skip
def test_what_construct_took_apart_is_readable(name: str, field: str, frame: int, text: str) -> None:
    assert rows(name, field)[frame - 1] == [text]


@pytest.mark.parametrize(
    "field", [one for one, owners in declared(built_in().layers).items() if owners[0][1].kind in LISTS]
)
def test_no_column_shows_python(field: str) -> None:
    for name in ("cooked-any", "dhcp-dora", "dns-edns", "tls12", "ipv6-dad-and-router", "ipv6-extension-headers"):
        for (cell,) in rows(name, field):
            assert not re.search(r"Container|b'|\{|\[|\\n", cell), cell


def test_without_tshark_a_name_with_a_dot_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tshark_fields, "known_fields", dict)
    assert rows("tcp-four-way-close", "tcp.analysis.acks_frame")[1] == ["1"]
    with pytest.raises(UsageFailure, match=r"'nummer'.*number"):
        rows("tcp-four-way-close", "nummer")

"""What is read from an answer: along its aliases, in whatever order its records come, and what kind of answer it is."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.dissectors.dns import LAYER
from labdissect.dissectors.layer import Header
from labdissect.plugins.dns_answer import (
    AAAA,
    ANY,
    CHAIN_LIMIT,
    CNAME,
    MX,
    NS,
    SHOWN_LIMIT,
    SOA,
    SRV,
    TEXT_LIMIT,
    TXT,
    A,
    Answer,
    read_answer,
    reversed_address,
    type_name,
)
from labdissect.plugins.rule import Evidence
from tests.conftest import ek
from tests.plugins.judging import packets_of

RESOLVED, AUTHORITATIVE, TRUNCATED = 0x8180, 0x8400, 0x8380


def name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def record(owner: str, kind: int, data: bytes) -> bytes:
    return name(owner) + struct.pack("!HHIH", kind, 1, 300, len(data)) + data


def alias(owner: str, target: str) -> bytes:
    return record(owner, CNAME, name(target))


def address(owner: str, last: int) -> bytes:
    return record(owner, A, bytes([10, 0, 0, last]))


def authority(zone: str) -> bytes:
    return record(zone, SOA, name("ns." + zone) + name("root." + zone) + struct.pack("!IIIII", 1, 2, 3, 4, 5))


def message(
    asked: str, kind: int, answers: Sequence[bytes] = (), authorities: Sequence[bytes] = (), flags: int = RESOLVED
) -> Header:
    """A response, read from its bytes."""
    head = struct.pack("!HHHHHH", 1, flags, 1, len(answers), len(authorities), 0)
    question = name(asked) + struct.pack("!HH", kind, 1)
    return LAYER.parse_header(head + question + b"".join((*answers, *authorities)), table="udp.port")


def read(asked: str, kind: int, *answers: bytes, authorities: Sequence[bytes] = (), flags: int = RESOLVED) -> Answer:
    return read_answer(message(asked, kind, answers, authorities, flags))


def answers_of(capture: str) -> dict[int, Answer]:
    """The answers in a capture by their frame."""
    found = packets_of(ek(capture))
    return {one.number: read_answer(one.dns) for one in found if one.dns is not None and one.dns.flags_response}


# -- aliases ----------------------------------------------------------------------------------------------------------


def test_a_real_chain_of_aliases() -> None:
    answer = answers_of("seed-stack-web")[2]
    assert (answer.name, answer.aliases, answer.last) == ("www.baidu.com", ["www.a.shifen.com"], "www.a.shifen.com")
    assert answer.addresses == ["183.232.231.172", "183.232.231.174"]
    assert (answer.content, answer.count, answer.from_resolver, answer.circle) == ("data", 3, True, False)


@settings(deadline=None)
@given(st.integers(0, CHAIN_LIMIT), st.randoms(use_true_random=False))
def test_the_chain_is_followed_in_whatever_order_its_records_come(length: int, shuffle: Any) -> None:
    names = [f"n{number}.lab.test" for number in range(length + 1)]
    records = [alias(one, other) for one, other in pairwise(names)]
    records += [address(names[-1], 7), address("another.lab.test", 8)]
    shuffle.shuffle(records)
    answer = read(names[0], A, *records)
    assert answer.aliases == names[1:] and answer.last == names[-1]
    assert answer.addresses == ["10.0.0.7"] and answer.content == "data" and not answer.circle


def test_a_chain_without_end_is_given_up() -> None:
    names = [f"n{number}.lab.test" for number in range(CHAIN_LIMIT + 3)]
    chain = [alias(one, other) for one, other in pairwise(names)]
    answer = read(names[0], A, *chain, address(names[-1], 7))
    assert answer.aliases == names[1 : CHAIN_LIMIT + 1]
    assert not answer.circle and not answer.addresses and answer.content == "records"


@given(st.integers(1, CHAIN_LIMIT), st.data())
def test_a_circle_ends(length: int, draw: st.DataObject) -> None:
    names = [f"n{number}.lab.test" for number in range(length)]
    back = draw.draw(st.sampled_from(names))  # to the first, to itself, or between
    chain = [alias(one, other) for one, other in zip(names, [*names[1:], back], strict=True)]
    answer = read(names[0], A, *chain)
    assert answer.circle and answer.aliases == [*names[1:], back]
    assert answer.content == "records" and not answer.addresses


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=8), st.sampled_from("abcde"))
def test_whatever_leads_where_the_walk_ends(links: list[tuple[str, str]], asked: str) -> None:
    answer = read(asked, A, *(alias(one, other) for one, other in links), *(address(one, ord(one)) for one in "abcde"))
    first: dict[str, str] = {}
    for one, other in links:
        first.setdefault(one, other)
    way = [asked]
    while way[-1] in first and way[-1] not in way[:-1]:
        way.append(first[way[-1]])
    assert [answer.name, *answer.aliases] == way
    assert answer.circle == (way[-1] in way[:-1])
    assert answer.addresses == [f"10.0.0.{ord(way[-1])}"]


def test_letters_case_does_not_part_a_name_from_itself() -> None:
    answer = read("WWW.Lab.Test", A, alias("www.lab.test", "WEB.lab.test"), address("web.LAB.test", 7))
    assert answer.aliases == ["WEB.lab.test"] and answer.addresses == ["10.0.0.7"]
    assert read("a.lab.test", A, alias("A.lab.test", "a.LAB.test")).circle


def test_an_alias_that_is_asked_for_is_itself_the_answer() -> None:
    for kind in (CNAME, ANY):
        answer = read("www.lab.test", kind, alias("www.lab.test", "web.lab.test"))
        assert not answer.aliases and answer.values == "web.lab.test" and answer.content == "data"


# -- records ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 9), max_size=SHOWN_LIMIT + 4))
def test_addresses_are_those_of_the_name_each_once(last: list[int]) -> None:
    answer = read("www.lab.test", A, *(address("www.lab.test", one) for one in last))
    assert answer.addresses == [f"10.0.0.{one}" for one in dict.fromkeys(last)]
    shown = answer.values.split(", ") if answer.values else []
    assert shown[:SHOWN_LIMIT] == [f"10.0.0.{one}" for one in last[:SHOWN_LIMIT]]
    assert shown[SHOWN_LIMIT:] == (["…"] if len(last) > SHOWN_LIMIT else [])
    assert answer.content == ("data" if last else "nodata") and answer.count == len(last)


def test_records_of_another_type_are_not_what_was_asked_for() -> None:
    six = read("www.lab.test", AAAA, address("www.lab.test", 7))
    assert not six.addresses and not six.values and six.content == "records"
    everything = read(
        "www.lab.test", ANY, address("www.lab.test", 7), record("www.lab.test", MX, b"\0\5" + name("m.x"))
    )
    assert everything.values == "10.0.0.7, 5 m.x" and everything.addresses == ["10.0.0.7"]


@pytest.mark.parametrize(
    ("kind", "data", "shown"),
    [
        (NS, name("ns.lab.test"), "ns.lab.test"),
        (MX, b"\0\x0a" + name("mail.lab.test"), "10 mail.lab.test"),
        (SRV, struct.pack("!HHH", 1, 2, 8000) + name("www.lab.test"), "1 2 8000 www.lab.test"),
        (AAAA, bytes(15) + b"\1", "::1"),
        (TXT, b"\3abc\2de", '"abc de"'),
        (TXT, bytes([TEXT_LIMIT]) + b"x" * TEXT_LIMIT, '"' + "x" * TEXT_LIMIT + '"'),
        (TXT, bytes([TEXT_LIMIT + 1]) + b"x" * (TEXT_LIMIT + 1), '"' + "x" * TEXT_LIMIT + '…"'),
        (257, b"\0\5issuelab", "CAA"),
        (65280, b"\1\2\3", "TYPE65280"),
    ],
)
def test_a_record_as_people_write_it(kind: int, data: bytes, shown: str) -> None:
    answer = read("lab.test", kind, record("lab.test", kind, data))
    assert answer.values == shown and answer.content == "data"


def test_the_start_of_authority_is_shown_by_its_server() -> None:
    assert read("lab.test", SOA, authority("lab.test")).values == "ns.lab.test"


def test_a_captures_records_of_every_type() -> None:
    assert {frame: answer.values for frame, answer in answers_of("dns-basic").items()} == {
        2: "10.0.0.2",
        4: "fd00:1::2",
        6: "10.0.0.7",
        8: "10 mail.lab.test",
        10: '"a short text"',
        12: "0 0 8000 www.lab.test",
        14: "www.lab.test",
    }


def test_types_that_have_no_name_are_numbered() -> None:
    assert (type_name(A), type_name(65), type_name(1234)) == ("A", "HTTPS", "TYPE1234")


# -- whether it is an answer ------------------------------------------------------------------------------------------


def test_the_kinds_of_negative_answers_of_a_capture() -> None:
    found = answers_of("built/dns-answers")
    assert {frame: answer.content for frame, answer in found.items()} == {
        2: "nodata",
        4: "nodata",
        6: "nxdomain",
        8: "referral",
        10: "data",
        12: "data",
        16: "truncated",
        18: "records",
    }
    assert found[4].last == found[6].last == "web.lab.test"  # it is this name of which they speak
    assert [(found[frame].zone, found[frame].soa) for frame in (2, 8, 10)] == [
        ("lab.test", True),
        ("lab.test", False),
        ("", False),
    ]
    assert found[18].circle


def test_real_servers_failures() -> None:
    assert {answer.content for answer in answers_of("dns-nxdomain").values()} == {"nxdomain"}
    assert {answer.content for answer in answers_of("dns-refused").values()} == {"refused"}
    assert {answer.content for answer in answers_of("dns-servfail").values()} == {"servfail"}
    assert [answer.content for answer in answers_of("dns-truncated-tcp").values()] == ["truncated", "data"]


@pytest.mark.parametrize(
    ("rcode", "content"), [(1, "error"), (2, "servfail"), (3, "nxdomain"), (4, "error"), (5, "refused")]
)
def test_an_error_is_one_whatever_records_come_with_it(rcode: int, content: str) -> None:
    answer = read("www.lab.test", A, address("www.lab.test", 7), flags=RESOLVED | rcode)
    assert (answer.content, answer.rcode) == (content, rcode)


def test_truncated_counts_more_than_the_records_that_fitted() -> None:
    assert read("www.lab.test", A, address("www.lab.test", 7), flags=TRUNCATED).content == "truncated"


def test_an_authoritative_answer_without_records_is_no_referral() -> None:
    servers = [record("lab.test", NS, name("ns.lab.test"))]
    assert read("www.lab.test", A, authorities=servers, flags=0x8000).content == "referral"
    assert read("www.lab.test", A, authorities=servers, flags=AUTHORITATIVE).content == "nodata"
    assert read("www.lab.test", A, authorities=[*servers, authority("lab.test")], flags=0x8000).content == "nodata"
    after = read("www.lab.test", A, alias("www.lab.test", "web.other.test"), authorities=servers, flags=0x8000)
    assert (after.content, after.last) == ("nodata", "web.other.test")


def test_the_start_of_authority_is_the_evidence_of_a_negative_answer() -> None:
    (evidence,) = read("no.lab.test", A, authorities=[authority("lab.test")], flags=0x8183).evidence(5)
    assert evidence == Evidence(5, "dns.resp.name", "lab.test")
    assert read("www.lab.test", A, address("www.lab.test", 7)).evidence(5) == ()


@pytest.mark.parametrize(
    ("flags", "resolver"), [(RESOLVED, True), (AUTHORITATIVE, False), (0x8480, False), (0x8000, False), (0x8182, False)]
)
def test_who_answers(flags: int, *, resolver: bool) -> None:
    """A resolver: recursion available, not authoritative; an error of its own tells nothing."""
    assert read("www.lab.test", A, address("www.lab.test", 7), flags=flags).from_resolver == resolver


def test_another_operation_is_no_answer() -> None:
    answer = read("lab.test", SOA, flags=0xA800)  # an update
    assert answer.content == "opcode" and not answer.from_resolver


def test_a_message_that_was_cut_is_not_read() -> None:
    data = packets_of(ek("dns-basic").replace(b'"dns_dns_count_answers":"1"', b'"dns_dns_count_answers":"9"'))
    cut = next(packet.dns for packet in data if packet.dns is not None and packet.dns.flags_response)
    assert read_answer(cut).content == "unread"


# -- names of addresses -----------------------------------------------------------------------------------------------


@given(st.ip_addresses())
def test_a_reverse_name_stands_for_its_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert reversed_address(address.reverse_pointer) == str(address)
    assert reversed_address(address.reverse_pointer.upper()) == str(address)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "arpa",
        "in-addr.arpa",
        "0.10.in-addr.arpa",
        "lb._dns-sd._udp.0.2.0.10.in-addr.arpa",
        "1.2.3.4.5.in-addr.arpa",
        "256.0.0.10.in-addr.arpa",
        "_http._tcp.lab.test",
        "0.10.ip6.arpa",
        "ab." * 16 + "ip6.arpa",
        "g." * 32 + "ip6.arpa",
        " ." * 32 + "ip6.arpa",
    ],
)
def test_other_names_stand_for_none(name: str) -> None:
    assert reversed_address(name) is None

"""Whatever comes, in whatever order: no exception, a verdict on every packet, bounded state."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import judge

from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.tcp.endpoint import HOLES_LIMIT, OUTSTANDING_LIMIT, Endpoint

numbers = st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(2**32 - 40, 2**32 - 1))
segments = st.fixed_dictionaries(
    {
        "client": st.booleans(),
        "flags": st.one_of(st.sampled_from([0x02, 0x12, 0x10, 0x18, 0x11, 0x14, 0x04]), st.integers(0, 0xFFF)),
        "seq": numbers,
        "ack": numbers,
        "len": st.integers(0, 20),
        "window": st.sampled_from([0, 1, 1000, 65535]),
        "time": st.integers(0, 10_000_000),
    }
)


def line(number: int, one: dict[str, Any], **others: Any) -> str:
    """A line of EK with the few fields that an analysis of TCP needs."""
    ports = ("50000", "80") if one["client"] else ("80", "50000")
    addresses = ("10.0.0.1", "10.0.0.2") if one["client"] else ("10.0.0.2", "10.0.0.1")
    tcp = {
        "tcp_tcp_srcport": ports[0],
        "tcp_tcp_dstport": ports[1],
        "tcp_tcp_stream": "0",
        "tcp_tcp_len": str(one["len"]),
        "tcp_tcp_seq": str(one["seq"]),
        "tcp_tcp_seq_raw": str(one["seq"]),
        "tcp_tcp_ack": str(one["ack"]),
        "tcp_tcp_ack_raw": str(one["ack"]),
        "tcp_tcp_flags": f"0x{one['flags']:04x}",
        "tcp_tcp_window_size_value": str(one["window"]),
        "tcp_tcp_window_size": str(one["window"]),
        **others,
    }
    frame = {
        "frame_frame_number": str(number),
        "frame_frame_time_epoch": f"1700000000.{one['time']:09d}",
        "frame_frame_len": "60",
        "frame_frame_protocols": "eth:ethertype:ip:tcp",
    }
    ip = {"ip_ip_src": addresses[0], "ip_ip_dst": addresses[1], "ip_ip_ttl": "64"}
    layers = {"frame": frame, "ip": ip, "tcp": tcp}
    return json.dumps({"timestamp": "1700000000000", "layers": layers}, separators=(",", ":")) + "\n"


def lines(found: list[dict[str, Any]]) -> bytes:
    """Lines of EK, numbered."""
    return "".join(line(number, one) for number, one in enumerate(found, 1)).encode()


@settings(max_examples=300, deadline=None)
@given(st.lists(segments, max_size=30))
def test_any_segments_in_any_order(found: list[dict[str, Any]]) -> None:
    result = judge(lines(found))
    assert not result.problems
    decided = {verdict.frame for verdicts in result.verdicts.values() for verdict in verdicts}
    assert decided >= set(range(1, len(found) + 1))
    for packet in result.packets:
        assert packet.segment is not None
        assert packet.segment.client_state
    for connection in result.conversations:
        assert isinstance(connection, Conversation)
        assert connection.conn_state
        assert connection.client.bytes <= sum(one["len"] for one in found)


def _filled(endpoint: Endpoint) -> None:
    assert len(endpoint.outstanding) <= OUTSTANDING_LIMIT
    assert len(endpoint.holes) <= HOLES_LIMIT
    assert len(endpoint.overtakers) <= HOLES_LIMIT + 1


def test_a_flood_of_gaps_stays_bounded() -> None:
    flood = [
        {"client": True, "flags": 0x18, "seq": 100 * number, "ack": 1, "len": 10, "window": 10, "time": number}
        for number in range(OUTSTANDING_LIMIT + 500)
    ]
    (connection,) = judge(lines(flood)).conversations
    assert isinstance(connection, Conversation)
    _filled(connection.client)
    _filled(connection.server)
    assert connection.client.dropped


def test_times_that_run_backwards_change_no_verdict_but_give_no_nonsense() -> None:
    steps = [
        {"client": True, "flags": 0x02, "seq": 7, "ack": 0, "len": 0, "window": 10, "time": 9_000},
        {"client": False, "flags": 0x12, "seq": 90, "ack": 8, "len": 0, "window": 10, "time": 5_000},
        {"client": True, "flags": 0x10, "seq": 8, "ack": 91, "len": 0, "window": 10, "time": 1_000},
    ]
    result = judge(lines(steps))
    assert [result.codes(frame)[0] for frame in (1, 2, 3)] == ["tcp.open.syn", "tcp.open.syn-ack", "tcp.open.ack"]
    assert not result.frames("tcp.ack.delayed")
    assert not result.frames("tcp.rtt")
    assert result.verdict(3, "tcp.open.ack").wording == "untimed"


def test_tcp_without_ports_is_passed_over() -> None:
    bare = line(1, {"client": True, "flags": 2, "seq": 1, "ack": 0, "len": 0, "window": 1, "time": 1})
    result = judge(bare.replace('"tcp_tcp_srcport":"50000",', "").encode())
    assert not result.verdicts
    assert result.packets[0].segment is None

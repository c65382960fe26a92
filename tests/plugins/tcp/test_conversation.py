"""Whatever comes, in whatever order: no exception, a verdict on every packet, bounded state."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.tcp.endpoint import HOLES_LIMIT, OUTSTANDING_LIMIT, Endpoint
from tests.conftest import Annotated, ek, judge

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
    assert not [code for code in result.codes(1) if code.startswith("tcp.")]
    assert result.packets[0].segment is None


def _everything(result: Annotated) -> list[object]:
    """All that was found out, in a form that can be compared."""
    found: list[object] = []
    for packet in result.packets:
        segment = packet.segment
        assert segment is not None
        found.append(
            [getattr(segment, name) for name in segment.__struct_fields__ if name not in ("sender", "receiver")]
        )
        found.append(result.codes(packet.number))
    for connection in result.conversations:
        assert isinstance(connection, Conversation)
        found.append((connection.conn_state, connection.history, connection.last_frame, connection.last_time))
        for endpoint in (connection.client, connection.server):
            found.append([getattr(endpoint, name) for name in Endpoint.__slots__])
    return found


def _by_the_longer_way(data: bytes) -> list[object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Conversation, "_settles", lambda *_: False)
        return _everything(judge(data))


exchanges = st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 3), st.booleans()), max_size=30)


@settings(max_examples=200, deadline=None)
@given(exchanges, numbers, numbers)
def test_the_short_way_for_routine_segments_comes_to_the_same(
    steps: list[tuple[bool, int, int, bool]], ours: int, theirs: int
) -> None:
    following = {True: (ours + 1) % 2**32, False: (theirs + 1) % 2**32}
    found = [
        {"client": True, "flags": 0x02, "seq": ours, "ack": 0, "len": 0, "window": 9, "time": 0},
        {"client": False, "flags": 0x12, "seq": theirs, "ack": following[True], "len": 0, "window": 9, "time": 1},
        {
            "client": True,
            "flags": 0x10,
            "seq": following[True],
            "ack": following[False],
            "len": 0,
            "window": 9,
            "time": 2,
        },
    ]
    for number, (client, length, odd, push) in enumerate(steps):
        seq, ack = following[client], following[not client]
        if odd == 1:  # something was missed, or comes again
            seq = (seq - 5) % 2**32 if push else (seq + 5) % 2**32
        elif odd == 2:
            ack = (ack - length) % 2**32
        one = {"client": client, "flags": 0x18 if push else 0x10, "seq": seq, "ack": ack, "len": length}
        found.append({**one, "window": 9 + odd, "time": number + 3})
        following[client] = (seq + length) % 2**32
    data = lines(found)
    assert _everything(judge(data)) == _by_the_longer_way(data)


@pytest.mark.parametrize(
    "name", ["seed-web", "tcp-zero-window", "tcp-fast-retransmit-sack", "tcp-keepalive", "http-errors"]
)
def test_the_short_way_comes_to_the_same_on_captures(name: str) -> None:
    data = ek(name)
    stacks = [packet.segment for packet in judge(data).packets]
    assert any(segment is not None and segment.routine for segment in stacks)
    assert _everything(judge(data)) == _by_the_longer_way(data)

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.bridge.written import written
from tests.conftest import ek, tshark

KEYS = [
    *("proto", "stream", "client", "client_port", "server", "server_port", "conn_state", "history", "opened", "closed"),
    *("packets_client", "packets_server", "bytes_client", "bytes_server"),
    *("retransmissions_client", "retransmissions_server", "bytes_per_second_client", "bytes_per_second_server"),
    *("window_min_client", "window_max_client", "window_min_server", "window_max_server"),
    *("bytes_per_round_client", "bytes_per_round_server"),
    *("handshake_seconds", "duration_seconds"),
    *("first_frame", "last_frame"),
]


def conversations(name: str, **settings: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(ek(name), "conversations", **settings).splitlines()]


def test_keys_are_the_contracts() -> None:
    (connection,) = conversations("tcp-four-way-close")
    assert list(connection) == KEYS


def test_the_first_seed() -> None:
    (connection,) = conversations("seed-web")
    assert connection["handshake_seconds"] == pytest.approx(0.000423)
    assert connection["duration_seconds"] == pytest.approx(20.898163)
    assert (connection["client"], connection["client_port"]) == ("192.168.148.131", 50570)
    assert (connection["server"], connection["server_port"]) == ("192.168.148.1", 8000)
    assert (connection["conn_state"], connection["opened"], connection["closed"]) == ("SF", "handshake", "four")
    assert connection["packets_client"] + connection["packets_server"] == 2125
    assert (connection["bytes_client"], connection["bytes_server"]) == (1568, 2601805)
    assert (connection["retransmissions_client"], connection["retransmissions_server"]) == (0, 0)
    assert (connection["first_frame"], connection["last_frame"]) == (1, 2125)


COMPLETE = [
    *("tcp-four-way-close", "tcp-half-close", "tcp-keepalive", "tcp-fast-retransmit-sack", "tcp-rto", "tcp-seq-wrap"),
    *("tcp-out-of-order", "tcp-corrupted-segment", "tcp-zero-window", "tcp-fast-open", "tcp-port-reuse", "http-get"),
    *("tls13", "ipv6-tcp-http", "seed-stack-web", "tunnel-gre", "vlan-qinq", "tcp-tail-loss-probe"),
]


@pytest.mark.parametrize("name", COMPLETE)
def test_bytes_and_packets_are_those_of_tshark(name: str) -> None:
    """Payload against ``follow`` (which puts the stream together), packets against ``-T fields``."""
    lines = tshark(name, "-Y", "tcp and not icmp", "-T", "fields", "-e", "tcp.stream", "-e", "tcp.srcport")
    sent = [tuple(int(part) for part in line.split("\t")) for line in lines.decode().splitlines()]
    for one in conversations(name):
        if one["proto"] != "tcp":
            continue
        stream = one["stream"]
        assert one["packets_client"] == sent.count((stream, one["client_port"]))
        assert one["packets_server"] == sent.count((stream, one["server_port"]))
        assert (one["bytes_client"], one["bytes_server"]) == followed(name, stream, one["client_port"])


def followed(name: str, stream: int, client_port: int) -> tuple[int, int]:
    """Payload bytes of client and server as ``tshark -z follow,tcp,raw`` puts them together."""
    lines = tshark(name, "-q", "-z", f"follow,tcp,raw,{stream}").decode().splitlines()
    node_0 = next(line for line in lines if line.startswith("Node 0"))
    begin = next(index for index, line in enumerate(lines) if line.startswith("Node 1")) + 1
    data = [line for line in lines[begin:] if line and not line.startswith("=")]
    zero = sum(len(line) // 2 for line in data if not line.startswith("\t"))
    one = sum(len(line.strip()) // 2 for line in data if line.startswith("\t"))
    return (zero, one) if node_0.endswith(f":{client_port}") else (one, zero)


ROUTINE = ["tcp-fast-retransmit-classic", "tcp-rto", "tcp-zero-window", "tcp-half-close", "seed-web", "ipv6-tcp-http"]


@pytest.mark.parametrize("name", ROUTINE)
def test_throughput_and_windows_are_those_of_the_segments(name: str) -> None:
    """Counted anew from tshark's columns: first segment with data to the first ACK of all, windows of all packets."""
    fields = ("tcp.srcport", "frame.time_epoch", "tcp.seq", "tcp.len", "tcp.ack", "tcp.window_size")
    printed = tshark(name, "-Y", "tcp and not icmp", "-T", "fields", *(part for one in fields for part in ("-e", one)))
    rows = [line.split("\t") for line in printed.decode().splitlines()]
    (connection,) = (one for one in conversations(name) if one["proto"] == "tcp")
    for end, other in (("client", "server"), ("server", "client")):
        sent = [row for row in rows if int(row[0]) == connection[f"{end}_port"]]
        windows = [int(row[5]) for row in sent]
        assert (connection[f"window_min_{end}"], connection[f"window_max_{end}"]) == (min(windows), max(windows))
        data = [row for row in sent if int(row[3])]
        if len(data) < 2:
            assert connection[f"bytes_per_second_{end}"] is None
            continue
        last = max(int(row[2]) + int(row[3]) for row in data)
        back = [row for row in rows if int(row[0]) == connection[f"{other}_port"]]
        acked = next(Decimal(row[1]) for row in back if int(row[4]) >= last)
        expected = connection[f"bytes_{end}"] / (acked - Decimal(data[0][1]))
        assert connection[f"bytes_per_second_{end}"] == pytest.approx(float(expected), abs=0.051)


def test_what_the_capture_does_not_show_is_null() -> None:
    (middle,) = conversations("tcp-mid-capture")
    assert middle["window_min_client"] is middle["window_max_server"] is None  # the scale was in the SYN
    (one_sided,) = conversations("tcp-one-sided")
    assert one_sided["bytes_client"] > 0
    assert one_sided["bytes_per_second_client"] is None  # no ACK
    assert one_sided["window_min_server"] is None


def test_udp_exchanges_have_the_same_keys() -> None:
    exchanges = [one for one in conversations("dns-basic") if one["proto"] == "udp"]
    assert exchanges
    for one in exchanges:
        assert list(one) == KEYS
        assert (one["opened"], one["closed"], one["retransmissions_client"]) == (None, None, None)
        assert (one["packets_client"], one["packets_server"], one["server_port"]) == (1, 1, 53)


def test_several_files_are_told_apart() -> None:
    (connection,) = conversations("tcp-four-way-close", file="a.pcapng")
    assert list(connection) == ["file", *KEYS]
    assert connection["file"] == "a.pcapng"


def test_pdml_tells_the_same() -> None:
    for name in ("tcp-port-reuse", "dns-truncated-tcp", "tunnel-gre"):
        assert written(tshark(name, "-T", "pdml"), "conversations") == written(ek(name), "conversations")

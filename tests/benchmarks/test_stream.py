"""The stream is what tshark could have printed of connections without a fault."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

from benchmarks.stream import BLOCK, DATA, blocks


def test_a_stream_has_the_packets_asked_for_in_blocks() -> None:
    seen = list(blocks(2 * BLOCK + 7, 10))
    assert [packets for packets, _ in seen] == [BLOCK, 2 * BLOCK, 2 * BLOCK + 7]
    lines = b"".join(block for _, block in seen).splitlines()
    numbers = [int(json.loads(line)["layers"]["frame"]["frame_frame_number"]) for line in lines[1::2]]
    assert numbers == list(range(1, 2 * BLOCK + 8))
    assert all(line.startswith(b'{"index"') for line in lines[::2])


def test_its_connections_open_and_exchange_data_without_a_loss() -> None:
    connections, turns = 50, 20
    lines = b"".join(block for _, block in blocks(connections * turns, connections))
    command = [sys.executable, "-m", "labdissect", "-o", "jsonl"]
    said = subprocess.run(command, input=lines, capture_output=True, check=True).stdout
    codes = Counter(json.loads(line)["code"] for line in said.splitlines())
    assert codes["tcp.open.syn"] == codes["tcp.open.syn-ack"] == codes["tcp.open.ack"] == connections
    assert codes["tcp.data.segment"] == connections * (turns - 3)
    assert not [code for code in codes if "retransmission" in code or "lost" in code or "out-of-order" in code]


def test_numbers_go_on_past_their_end() -> None:
    turns = 12
    lines = b"".join(block for _, block in blocks(turns, 1)).splitlines()[1::2]
    packets = [json.loads(line)["layers"]["tcp"] for line in lines]
    assert packets[-1]["tcp_tcp_seq"] == str(1 + DATA * 4) and packets[-2]["tcp_tcp_ack"] == str(1 + DATA * 4)

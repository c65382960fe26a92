"""What captures, what dissects, and what is between them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from labdissect.bridge.extcap import Replay
from labdissect.bridge.live import LiveTshark
from labdissect.bridge.pcapng.blocks import PACKETS, Block, blocks, emptied, original_length
from labdissect.bridge.tshark import find
from labdissect.bridge.tshark_options import Options
from tests.conftest import capture_path


class Tap:
    """Remembers what it sees."""

    def __init__(self) -> None:
        self.seen: list[tuple[Block, int | None, bool]] = []
        self.ended = False

    def put(self, block: Block, number: int | None, judged: bool) -> None:
        self.seen.append((block, number, judged))

    def end(self) -> None:
        self.ended = True


def frames(printed: bytes) -> list[dict[str, dict[str, str]]]:
    lines = (line for line in printed.splitlines() if not line.startswith(b'{"index'))
    return [json.loads(line)["layers"] for line in lines]


def test_all_that_is_captured_is_dissected_and_seen_by_the_tap() -> None:
    path, tap = capture_path("tcp-four-way-close"), Tap()
    running = LiveTshark(find(), Replay(path), "ek", Options(), tap=tap)
    found = frames(running.stream.read())
    assert running.outcome("the file", len(found)) is None
    running.stop()
    assert [int(layers["frame"]["frame_frame_number"]) for layers in found] == list(range(1, 14))
    assert b"".join(block.data for block, _, _ in tap.seen) == path.read_bytes()
    assert [number for _, number, _ in tap.seen if number] == list(range(1, 14))
    assert tap.ended and all(judged for _, _, judged in tap.seen)


def test_far_behind_packets_lose_their_bytes_but_not_their_numbers(tmp_path: Path) -> None:
    late = tmp_path / "tshark"
    late.write_text(f'#!/bin/sh\nsleep 2\nexec {shutil.which("tshark")} "$@"\n')
    late.chmod(0o755)
    tap = Tap()
    running = LiveTshark(late, Replay(capture_path("seed-web")), "ek", Options(), tap=tap, room=1 << 18)
    found = frames(running.stream.read())
    problem = running.outcome("the file", len(found))
    running.stop()
    assert [int(layers["frame"]["frame_frame_number"]) for layers in found] == list(range(1, 2126))
    unjudged = [number for _, number, judged in tap.seen if not judged]
    assert 0 < len(unjudged) == running.unjudged < 2125
    assert problem is not None and f"too fast to be judged: {len(unjudged)};" in problem.message
    for number in unjudged:
        assert number is not None and found[number - 1]["frame"]["frame_frame_cap_len"] == "0"
    whole = {number for _, number, judged in tap.seen if judged and number}
    assert all("tcp" in found[number - 1] for number in whole)


def test_an_emptied_packet_keeps_its_time_and_length() -> None:
    with capture_path("tcp-four-way-close").open("rb") as file:
        packets = [block for block in blocks(file) if block.kind in PACKETS]
    for block in packets:
        small = Block(block.kind, emptied(block), block.order)
        assert len(small.data) == 32
        assert small.data[8:20] == block.data[8:20]  # interface and time
        assert original_length(small) == original_length(block)

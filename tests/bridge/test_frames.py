"""The frames of a capture file: those of tshark, in its order."""

from __future__ import annotations

import gzip
import struct
import subprocess
from pathlib import Path

import pytest

from labdissect.bridge.frames import HEAD, Frame, frames
from tests.conftest import CAPTURES

GET = CAPTURES / "http-get.pcapng"
ARP = bytes.fromhex("ffffffffffff020000000001080600010800060400010200000000010a0000010000000000000a000002")


def told_by_tshark(path: Path) -> list[tuple[int | None, int, int]]:
    fields = [argument for name in ("time_epoch", "len", "cap_len") for argument in ("-e", f"frame.{name}")]
    ran = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", *fields], capture_output=True, check=False)
    lines = [line.split("\t") for line in ran.stdout.decode().splitlines()]
    return [(int(time.replace(".", "")) if time else None, int(length), int(cap)) for time, length, cap in lines]


def told_by_us(path: Path) -> list[tuple[int | None, int, int]]:
    found = frames(path)
    assert found is not None
    return [(one.time, one.length, one.captured) for one in found]


@pytest.mark.parametrize("format", ["pcap", "nsecpcap", "pcapng"])
@pytest.mark.parametrize("length", [None, 60])
def test_as_tshark_counts_and_times_them(format: str, length: int | None, tmp_path: Path) -> None:
    path = tmp_path / "capture"
    cut = [] if length is None else ["-s", str(length)]
    subprocess.run(["editcap", "-F", format, *cut, GET, path], check=True, capture_output=True)
    assert told_by_us(path) == told_by_tshark(path)


def test_frames_longer_than_what_is_kept_and_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "large.pcap"
    sizes = [14, HEAD - 1, HEAD, HEAD + 1, 200_000, 60, 262_144, 0, 1514] * 7
    with path.open("wb") as file:
        file.write(struct.pack(">IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for index, size in enumerate(sizes):
            file.write(struct.pack(">IIII", index, 999_999, size, size + 1) + bytes([index]) * size)
    found = frames(path)
    assert found is not None
    assert list(found) == [
        Frame(index * 1_000_000_000 + 999_999_000, size + 1, size, bytes([index]) * min(size, HEAD))
        for index, size in enumerate(sizes)
    ]


def block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) & 3)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def interface(link: int, resolution: int, offset: int = 0, snaplen: int = 0) -> bytes:
    options = struct.pack("<HHB3xHHqHH", 9, 1, resolution, 14, 8, offset, 0, 0)
    return block(1, struct.pack("<HHI", link, 0, snaplen) + options)


def enhanced(number: int, ticks: int, data: bytes) -> bytes:
    return block(6, struct.pack("<IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)) + data)


SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def test_units_of_time_offsets_and_blocks_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "kinds.pcapng"
    path.write_bytes(
        SECTION
        + interface(1, 6)
        + interface(1, 9, offset=1_600_000_000)
        + interface(1, 0x80 | 20)
        + enhanced(0, 1_700_000_000_123_456, ARP)
        + enhanced(1, 7_123_456_789, ARP)
        + enhanced(2, (1_700_000_000 << 20) + 12345, ARP)
        + interface(101, 6)
        + enhanced(3, 1_700_000_000_000_000, bytes.fromhex("45000014000000004001000001020304") + bytes(4))
        + block(3, struct.pack("<I", len(ARP)) + ARP)
        + block(2, struct.pack("<HHIIII", 0, 0, 395812, 3_000_000_000, len(ARP), len(ARP)) + ARP)
        + block(5, struct.pack("<III", 0, 0, 0))
        + SECTION
        + interface(1, 6, snaplen=30)
        + block(3, struct.pack("<I", len(ARP)) + ARP[:30])
    )
    assert told_by_us(path) == told_by_tshark(path)
    found = frames(path)
    assert found is not None
    assert [one.head for one in found] == [ARP, ARP, ARP, b"", ARP, ARP, ARP[:30]]


def test_a_damaged_capture_ends_there(tmp_path: Path) -> None:
    whole = GET.read_bytes()
    for size in (len(whole) - 3, len(whole) - 70, len(whole) // 2):
        path = tmp_path / f"{size}.pcapng"
        path.write_bytes(whole[:size])
        assert told_by_us(path) == told_by_tshark(path)


def test_what_tshark_reads_alone(tmp_path: Path) -> None:
    packed, text, empty = tmp_path / "a.pcapng.gz", tmp_path / "text", tmp_path / "empty"
    packed.write_bytes(gzip.compress(GET.read_bytes()))
    text.write_text("nothing of the kind")
    empty.write_bytes(b"")
    cooked = tmp_path / "cooked.pcap"
    cooked.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 113))
    cooked_ng = tmp_path / "cooked.pcapng"
    cooked_ng.write_bytes(SECTION + interface(113, 6))
    assert [frames(path) for path in (packed, text, empty, cooked, cooked_ng, tmp_path)] == [None] * 6

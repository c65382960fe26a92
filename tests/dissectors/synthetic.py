"""Packets made for a test: tshark must read of them what the layers do."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
from construct import Container

from .agreement import Seen, disagreements, every_form, walked

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
ETHERNET, RAW, COOKED, COOKED_2, BSD_LOOPBACK, RAW_IPV4, RAW_IPV6 = 1, 101, 113, 276, 0, 228, 229
"""Link types of pcap files."""

SOURCE_6, TARGET_6 = bytes.fromhex("fd00" + "00" * 13 + "01"), bytes.fromhex("fd00" + "00" * 13 + "02")


def packed(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def ipv4(protocol: int, payload: bytes, options: bytes = b"") -> bytes:
    size = 20 + len(options)
    head = struct.pack(">BBHHHBBH", 0x40 | size // 4, 0, size + len(payload), 1, 0, 64, protocol, 0)
    return head + packed("0a000001 0a000002") + options + payload


def ipv6(next_header: int, payload: bytes) -> bytes:
    return struct.pack(">IHBB", 6 << 28, len(payload), next_header, 64) + SOURCE_6 + TARGET_6 + payload


def udp(payload: bytes = b"", source: int = 5001, target: int = 5002) -> bytes:
    return struct.pack(">HHHH", source, target, 8 + len(payload), 0) + payload


def ethernet(kind: int, payload: bytes) -> bytes:
    return packed("020000000002 020000000001") + kind.to_bytes(2, "big") + payload


def seen_by_tshark(folder: Path, link: int, frame: bytes) -> Seen:
    """The frame as tshark prints it."""
    path = folder / "made.pcap"
    path.write_bytes(
        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, link)
        + struct.pack("<IIII", 1, 0, len(frame), len(frame))
        + frame
    )
    return every_form(path)[0]


def check(folder: Path, link: int, frame: bytes, *stack: str) -> None:
    """tshark's fields of the frame, in every form, and its bytes, walked, tell the same; the stack is ``stack``."""
    seen = seen_by_tshark(folder, link, frame)
    assert disagreements(seen) == []
    assert walked(seen, frame) == []
    assert tuple(entry.name for entry in seen.ek if entry.name not in ("frame", "data"))[: len(stack)] == stack


def member(value: Any, *path: str | int) -> Any:
    """A value deep in what was parsed."""
    for step in path:
        value = value[step]
    assert not isinstance(value, Container)
    return value

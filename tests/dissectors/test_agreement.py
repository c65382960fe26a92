"""tshark's fields, in EK, EK with -x and PDML, against each other and against the bytes: every packet there is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from labdissect.dissectors.stack import dissect

from .agreement import (
    BINDINGS,
    Seen,
    disagreements,
    ek_packets,
    encapsulation,
    every_form,
    pcap_frames,
    pdml_packets,
    walked,
)

DATA = Path(__file__).parent.parent / "data"
CAPTURES = sorted((DATA / "captures").glob("*.pcapng"))
VERSIONS = ("3.4", "4.0", "4.4", "4.6")

REASSEMBLED = ("http", "tls", "dns")
"""Carried by TCP: tshark shows them in the packet that completes them, bytes show where they begin."""


def explained(difference: tuple[object, ...]) -> bool:
    """Whether stacks differ only in what was reassembled, or is a first fragment, whose header tshark holds back."""
    if difference[0] != "stack":
        return False
    mine, theirs = (list(one) for one in difference[1:])  # type: ignore[call-overload]
    one, another = ([name for name in names if name not in REASSEMBLED] for names in (mine, theirs))
    cut_quotation = "icmp" in one and another[: len(one)] == one
    return one == another or ["eth", "ip"] in (one, another) or cut_quotation


@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_every_form_of_every_packet_agrees(capture: Path) -> None:
    for number, seen in enumerate(every_form(capture), 1):
        assert disagreements(seen) == [], f"frame {number}"
        frame = next(entry.raw for entry in seen.hex or [] if entry.name == "frame")
        assert frame is not None
        assert [one for one in walked(seen, frame) if not explained(one)] == [], f"frame {number}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["http", "icmp", "lab8"])
def test_forms_agree_in_every_version(version: str, name: str) -> None:
    folder = DATA / "samples" / version
    plain, with_hex = (
        ek_packets((folder / f"{name}.ek").read_bytes()),
        ek_packets((folder / f"{name}.ekx").read_bytes()),
    )
    pdml_file = folder / f"{name}.pdml"
    pdml = pdml_packets(pdml_file.read_bytes()) if pdml_file.exists() else []
    assert plain and with_hex
    for entries in with_hex:
        number = _number(entries)
        same = next((one for one in plain if _number(one) == number), entries)
        xml = next((one for one in pdml if _number(one) == number), None)
        assert disagreements(Seen(same, entries, xml)) == [], f"frame {number}"


def _number(entries: list[object]) -> str:
    return str(next(entry for entry in entries if entry.name == "frame").fields["frame_number"][0])  # type: ignore[attr-defined]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["arpdhcp", "dns", "http", "icmp", "tunnels"])
def test_fields_of_every_version_agree_with_the_bytes(version: str, name: str) -> None:
    frames = pcap_frames(DATA / "samples" / "pcap" / f"{name}.pcap")
    for entries in ek_packets((DATA / "samples" / version / f"{name}.ek").read_bytes()):
        number = int(_number(entries))
        differences = walked(Seen(entries), frames[number - 1])
        assert [one for one in differences if not explained(one)] == [], f"frame {number}"


@pytest.mark.parametrize("name", ["malformed", "nasty", "snap50"])
def test_broken_packets_are_walked_as_far_as_they_go(name: str) -> None:
    frames = pcap_frames(DATA / "samples" / "pcap" / f"{name}.pcap")
    packets = ek_packets((DATA / "samples" / "4.0" / f"{name}.ek").read_bytes())
    for entries in packets:
        data = frames[int(_number(entries)) - 1]
        found = dissect(data, encapsulation(Seen(entries)), BINDINGS)
        assert found[0].name == "eth"
        assert all(one.offset + one.size <= len(data) for one in found)

"""Where packets begin and end."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.jobs import packets as module
from labdissect.bridge.jobs.packets import CaptureFile, NotSplit
from tests.bridge.jobs.made import block, pcap, pcapng
from tests.conftest import CAPTURES

ORDERS = st.sampled_from("<>")
CHANGES = st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=4)
PACKETS = st.lists(st.binary(max_size=90), max_size=30)


def records(path: Path) -> list[bytes]:
    """Every packet's bytes, by what the batches say."""
    found = []
    for batch in CaptureFile(path).batches():
        begin = batch.begin
        for end in batch.ends:
            size = end - begin - batch.data
            if batch.length is not None:
                (size,) = batch.length.unpack_from(batch.buffer, begin)
            found.append(batch.buffer[begin + batch.data : begin + batch.data + size])
            begin = end
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made") / "made"


@given(packets=PACKETS, order=ORDERS, nanoseconds=st.booleans(), chunk=st.integers(1, 200))
def test_pcap(file: Path, packets: list[bytes], order: str, nanoseconds: bool, chunk: int) -> None:
    file.write_bytes(pcap(packets, order, nanoseconds=nanoseconds))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        assert records(file) == packets


@given(packets=PACKETS, order=ORDERS, interfaces=st.integers(1, 3), names=st.integers(0, 3), chunk=st.integers(1, 200))
def test_pcapng(file: Path, packets: list[bytes], order: str, interfaces: int, names: int, chunk: int) -> None:
    file.write_bytes(pcapng(packets, order, links=[1, 101, 113][:interfaces], names_every=names))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        assert records(file) == packets


@given(packets=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5), form=st.booleans(), data=st.data())
def test_a_cut_file_is_not_split(file: Path, packets: list[bytes], form: bool, data: st.DataObject) -> None:
    whole = pcapng(packets) if form else pcap(packets)
    last = 32 + len(packets[-1]) + -len(packets[-1]) % 4 if form else 16 + len(packets[-1])
    file.write_bytes(whole[: -data.draw(st.integers(1, last - 1))])
    with pytest.raises(NotSplit, match="cut"):
        records(file)


@given(
    packets=PACKETS, form=st.booleans(), changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=4)
)
def test_whatever_stands_in_a_file(
    file: Path, packets: list[bytes], form: bool, changes: list[tuple[int, int]]
) -> None:
    hostile = bytearray(pcapng(packets) if form else pcap(packets))
    for at, value in changes:
        hostile[at % len(hostile)] = value
    file.write_bytes(hostile)
    try:
        found = records(file)
    except NotSplit:
        return
    assert sum(map(len, found)) < len(hostile)


def test_a_section_of_another_byte_order(file: Path) -> None:
    file.write_bytes(pcapng([b"one"], "<") + pcapng([b"two", b"three"], ">", links=[101]))
    assert records(file) == [b"one", b"two", b"three"]
    first, second = CaptureFile(file).batches()
    assert (first.links, second.links) == ((1,), (101,))


def test_a_section_that_announces_its_length_does_so_no_more(file: Path) -> None:
    body = pcapng([b"one"])[28:]
    file.write_bytes(block("<", 0x0A0D0D0A, struct.pack("<LHHq", 0x1A2B3C4D, 1, 0, len(body))) + body)
    (batch,) = CaptureFile(file).batches()
    assert batch.before == pcapng([])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "neither"),
        (b"\xa1\xb2\xc3", "neither"),
        (gzip.compress(pcap([b"x"])), "compressed"),
        (struct.pack("<LHHlLLL", 0xA1B2C3D4, 2, 3, 0, 0, 1, 1), "another version"),
        (struct.pack("<LHHlLLL", 0xA1B2C3D4, 2, 4, 0, 0, 1, 1 << 28), "another version"),
        (pcap([]) + struct.pack("<LLLL", 0, 0, 1 << 30, 1 << 30), "damaged"),
        (pcapng([]) + block("<", 10, bytes(8)), "0xa"),  # secrets, by which TLS is decrypted across connections
        (pcapng([]) + block("<", 3, bytes(8)), "0x3"),
        (pcapng([]) + block("<", 0xBAD, bytes(8)), "0xbad"),
        (pcapng([b"x"])[:-4] + bytes(4), "damaged"),
        (pcapng([b"x"])[:-40] + b"\n\r\r\n" + bytes(36), "damaged"),
    ],
)
def test_what_is_not_split(file: Path, data: bytes, why: str) -> None:
    file.write_bytes(data)
    with pytest.raises(NotSplit, match=why):
        records(file)


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    with pytest.raises(NotSplit, match="cannot be read"):
        CaptureFile(tmp_path / "none")
    with pytest.raises(NotSplit):
        CaptureFile(tmp_path)


def test_a_file_that_grows_is_read_as_far_as_it_went(file: Path) -> None:
    file.write_bytes(pcap([b"one"]))
    capture = CaptureFile(file)
    with file.open("ab") as out:
        out.write(pcap([b"two"])[24:])
    (batch,) = capture.batches()
    assert len(batch.ends) == 1


def test_a_file_that_shrinks_is_told(file: Path) -> None:
    file.write_bytes(pcap([b"one", b"two"]))
    capture = CaptureFile(file)
    file.write_bytes(pcap([b"one"]))
    with pytest.raises(NotSplit, match="cut meanwhile"):
        list(capture.batches())


def test_the_bundled_captures_have_as_many_packets_as_wireshark_says() -> None:
    assert len(records(CAPTURES / "seed-web.pcapng")) == 2125
    assert len(records(CAPTURES / "seed-stack-web.pcapng")) == 320

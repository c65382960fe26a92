"""Several tsharks say what one says."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from labdissect.bridge.jobs.merging import Merger, _numbers, _packet_lines, _Places, _Streams
from labdissect.bridge.jobs.packets import CaptureFile, NotSplit
from labdissect.bridge.jobs.plan import Plan, planned
from labdissect.testing import Frame, write_pcap
from tests.bridge.asked import read
from tests.bridge.jobs.made import connection, dns, echoes, interleaved, mixture, pcapng, unreachable
from tests.conftest import BUILT, CAPTURES

EVERY = sorted(path for folder in (CAPTURES, BUILT) for path in folder.iterdir() if path.suffix in (".pcap", ".pcapng"))
TOGETHER = "all of its packets belong together"


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All captures that can be split, one after the other: several interfaces, several link types."""
    alone = {"ipv6-extension-headers", "icmp-errors", "icmpv6-errors"}
    joined = tmp_path_factory.mktemp("joined") / "all.pcapng"
    some = [path for path in EVERY if path.stem not in alone]
    subprocess.run(["mergecap", "-a", "-w", joined, *some], check=True, capture_output=True)
    return joined


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_two_tsharks_say_what_one_says(path: Path) -> None:
    try:
        planned(path, 2)
    except NotSplit as why:
        assert str(why) == TOGETHER or "IP protocol" in str(why)
        return
    one, two = read(path, "jsonl"), read(path, "jsonl", jobs=2)
    assert (two.out, two.problems, two.one_job) == (one.out, one.problems, "")


def test_some_of_them_are_split() -> None:
    for name in ("seed-stack-web.pcapng", "dns-basic.pcapng", "icmp-echoes.pcap", "cooked-any.pcapng"):
        assert planned(next(path for path in EVERY if path.name == name), 2)


@pytest.mark.parametrize("output", ["jsonl", "conversations"])
def test_of_all_captures_joined(joined: Path, output: str) -> None:
    one = read(joined, output)
    for jobs in (2, 3):
        several = read(joined, output, jobs=jobs)
        assert not several.one_job
        assert (several.out, several.problems) == (one.out, one.problems)


@pytest.mark.parametrize("output", ["jsonl", "conversations"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_of_tunnels_fragments_and_errors_interleaved(tmp_path: Path, output: str, order: str) -> None:
    path = tmp_path / "mixture.pcapng"
    path.write_bytes(pcapng([frame.data for frame in mixture()], order, links=[1, 1], names_every=7))
    one, two = read(path, output), read(path, output, jobs=2)
    assert (two.out, two.problems, two.one_job) == (one.out, one.problems, "")
    assert one.looked_again and two.looked_again


def test_many_conversations_one_after_the_other(tmp_path: Path) -> None:
    """More than there are groups, and references to frames far back."""
    flows = [connection(number, server=f"10.0.{number % 40}.1") for number in range(260)]
    late = interleaved([[dns(number, answer=False)] + [*connection(1000 + number)] * 30 for number in range(3)])
    frames: list[Frame] = [frame for flow in flows for frame in flow] + late
    frames += [dns(number, answer=True) for number in range(3)] + [unreachable(connection(2000)[0]), *echoes(9)]
    path = write_pcap(tmp_path / "many.pcap", frames)
    one = read(path, "jsonl")
    for jobs in (2, 5):
        several = read(path, "jsonl", jobs=jobs)
        assert (several.out, several.problems, several.one_job) == (one.out, one.problems, "")


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_the_lines_of_packets(size: int) -> None:
    lines = [b'{"timestamp":"%d","layers":{}}' % number for number in (1, 20, 300)]
    index = [
        b'{"index":{"_index":"packets-2023-11-14"}}',
        b'{"index":{"_index":"packets-2023-11-15 "}}',
        b'{"index":{}}',
    ]
    text = b"".join(b"%b\n%b\n" % pair for pair in zip(index, lines, strict=True)) + b'{"index":{}}\n{"time'
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    assert [line for some in _packet_lines(iter(chunks)) for line in some] == lines


def test_numbers_in_a_row() -> None:
    assert _numbers(9, 3) == [b"9", b"10", b"11"]


def test_the_places_of_a_shards_frames() -> None:
    order = bytes(number % 3 % 2 for number in range(1000))
    frames = [number for number, shard in enumerate(order, 1) if shard == 1]
    for numbers in (range(1, len(frames) + 1), range(len(frames), 0, -1)):
        places = _Places(order, 1)
        assert [places.frame(number) for number in numbers] == [frames[number - 1] for number in numbers]
    assert _Places(order, 1).frame(len(frames) + 1) == len(frames) + 1
    assert _Places(order, 1).frame(10**9) == 10**9


def test_streams_are_numbered_as_they_come() -> None:
    streams = _Streams(2)
    asked = [(1, b"0"), (0, b"0"), (1, b"0"), (0, b"2"), (1, b"1"), (0, b"1")]
    # what shard 0 calls 1 was not seen when 2 was: one tshark had given it a number by then
    assert [streams.of(shard, stream) for shard, stream in asked] == [b"0", b"1", b"0", b"3", b"4", b"2"]


def line(number: int, stream: int) -> bytes:
    head = b'{"timestamp":"1","no_":"1","layers":{"frame_number":["%d"],"tcp_stream":["%d"],' % (number, stream)
    return b'{"index":{}}\n%b"frame_protocols":["eth"],"tcp_len":["0"]}}\n' % head


def merged(*outputs: list[bytes], order: bytes) -> tuple[Merger, list[bytes]]:
    file = CaptureFile(CAPTURES / "dns-basic.pcapng")
    plan = Plan(file, order, tuple(order.count(shard) for shard in range(len(outputs))))
    merger = Merger(plan, [iter(output) for output in outputs], ["tcp.analysis.acks_frame"])
    return merger, b"".join(merger.chunks()).splitlines()


def test_lines_are_put_in_order_and_numbered() -> None:
    merger, lines = merged([line(1, 0), line(2, 0)], [line(1, 0) + line(2, 1)], order=b"\1\0\1\0")
    assert [part.split(b'"frame_protocols')[0][47:] for part in lines] == [
        b'ber":["1"],"tcp_stream":["0"],',
        b'ber":["2"],"tcp_stream":["1"],',
        b'ber":["3"],"tcp_stream":["2"],',
        b'ber":["4"],"tcp_stream":["1"],',
    ]
    assert (merger.ended, merger.done) == (None, 4)


def values(values: str, layers: str = "") -> bytes:
    return f'{{"index":{{}}}}\n{{"timestamp":"1","values":"{values}","layers":{{{layers}}}}}\n'.encode()


def test_numbers_in_the_column_of_values() -> None:
    """TCP's streams before the protocols, UDP's behind them; what is behind TCP's protocols is something else."""
    tcp, udp, both = "eth:ethertype:ip:tcp", "eth:ethertype:ipv6:udp:dns", "eth:ethertype:ip:udp:vxlan:eth:ip:tcp"
    one = [values(f"1,0,{tcp},Unverified,7,8"), values(f"2,0,{udp},Unverified"), values(f"3,1,{both},1,2,Unverified,9")]
    acks = '"tcp_analysis_acks_frame":["1"],"tcp_analysis_flags":["1"]'
    other = [values(f"1,{udp},0,Unverified"), values(f"2,0,{tcp},7,8", acks), values("3,eth:ethertype:arp,5")]
    merger, lines = merged(one, other, order=b"\1\0\1\0\1\0")
    assert (merger.ended, merger.done) == (None, 6)
    assert [part.split(b'"', 8)[7].decode() for part in lines] == [
        f"1,{udp},0,Unverified",
        f"2,0,{tcp},Unverified,7,8",
        f"3,1,{tcp},7,8",
        f"4,0,{udp},Unverified",
        "5,eth:ethertype:arp,5",
        f"6,2,{both},2,3,Unverified,9",
    ]
    assert b'"tcp_analysis_acks_frame":["1"],"tcp_analysis_flags":["1"]' in lines[2]


@pytest.mark.parametrize("made", [line, lambda number, stream: values(f"{number},{stream},eth:ethertype:ip:tcp,7")])
@pytest.mark.parametrize(("numbers", "disordered"), [((1,), False), ((1, 3), True)])
def test_a_shard_that_ends_early_or_leaves_packets_out(
    made: Callable[[int, int], bytes], numbers: Sequence[int], disordered: bool
) -> None:
    second = [made(number, 0) for number in numbers]
    merger, lines = merged([made(1, 0), made(2, 0)], second, order=b"\1\0\1\0")
    assert (merger.ended, merger.disordered, merger.done, len(lines)) == (1, disordered, 2, 2)

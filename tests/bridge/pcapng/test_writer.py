"""``-o pcapng``, read back with tshark and capinfos."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from labdissect.bridge.pcapng.blocks import MARK
from tests.bridge.program import labdissect, quiet
from tests.conftest import BUILT, CAPTURES, DATA, capture_path

from .built import ARP, TIME, block, enhanced, interface, obsolete, option, section, simple

SEEDS = ("seed-web", "seed-stack-web")


def annotated(file: Path, output: Path, *arguments: str | Path) -> Path:
    quiet(labdissect(file, "-o", "pcapng", "-w", output, *arguments))
    return output


def printed(file: Path, *arguments: str) -> str:
    return subprocess.run(["tshark", "-r", str(file), *arguments], capture_output=True, text=True, check=True).stdout


def details(file: Path) -> list[str]:
    """``tshark -V`` without packet comments."""
    lines, within = [], False
    for line in printed(file, "-n", "-V").splitlines():
        within = line == "Packet comments" or (within and line.startswith(" "))
        if not within:
            lines.append(re.sub(r"\[Protocols in frame: pkt_comment:", "[Protocols in frame: ", line))
    return lines


def comments(file: Path) -> dict[int, list[str]]:
    lines = printed(file, "-T", "fields", "-E", "aggregator=|", "-e", "frame.comment").splitlines()
    return {number: line.split("|") if line else [] for number, line in enumerate(lines, 1)}


def facts(file: Path) -> list[str]:
    """What capinfos says of a capture, but for what a longer file must change, and the comments, which 4.4 prints."""
    ran = subprocess.run(["capinfos", "-M", str(file)], capture_output=True, text=True, check=True)
    different = ("File name", "File size", "SHA", "RIPEMD")
    kept = (line for line in ran.stdout.splitlines() if not re.match(r"Packet \d+ Comment:", line))
    return [line for line in kept if not line.startswith(different)]


@pytest.mark.parametrize("name", [*SEEDS, "tcp-two-connections", "cooked-any", "short-snaplen"])
def test_tshark_and_capinfos_see_the_same_capture(name: str, tmp_path: Path) -> None:
    before, after = capture_path(name), annotated(capture_path(name), tmp_path / "after.pcapng")
    assert printed(before) == printed(after)
    assert details(before) == details(after)
    assert facts(before) == facts(after)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_packet_has_all_that_is_said_of_it(language: str, tmp_path: Path) -> None:
    file = capture_path("seed-stack-web")
    expected: dict[int, set[str]] = defaultdict(set)
    for line in quiet(labdissect(file, "-o", "jsonl", "--lang", language)).lines:
        one = json.loads(line)
        expected[one["about"]].add(one["text"])
    for number, found in comments(annotated(file, tmp_path / "after.pcapng", "--lang", language)).items():
        texts = [text.removesuffix(MARK.decode()) for text in found]
        assert {texts[0], *texts[2:]} == expected[number]
        assert re.fullmatch(r"(chat|note|warn|error)( [a-z0-9.-]+)+", texts[1])
        assert all(text.endswith(MARK.decode()) for text in found)


@pytest.mark.parametrize("name", SEEDS)
def test_the_first_packets_comments_are_as_they_were(name: str, tmp_path: Path) -> None:
    """Only TCP's, so that a new rule of another layer changes nothing here."""
    import os

    after = annotated(capture_path(name), tmp_path / "after.pcapng", "--only", "tcp,http")
    found = "".join(
        f"{number}\t{text}\n" for number, texts in comments(after).items() if number <= 16 for text in texts
    )
    golden = DATA / "golden" / f"{name}.comments.txt"
    if os.environ.get("LABDISSECT_GOLDEN") == "update":
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_what_later_frames_tell_is_on_the_frame_that_it_is_about(tmp_path: Path) -> None:
    found = comments(annotated(capture_path("seed-web"), tmp_path / "after.pcapng"))
    assert "Answered by frame 8 after 1.65 ms: 200 OK. [labdissect]" in found[4]
    assert " http.answered" in found[4][1]


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    file = capture_path("tcp-two-connections")
    once = annotated(file, tmp_path / "once.pcapng")
    chinese = annotated(once, tmp_path / "chinese.pcapng", "--lang", "zh")
    assert chinese.read_bytes() != once.read_bytes()
    again = annotated(chinese, tmp_path / "again.pcapng")
    assert again.read_bytes() == once.read_bytes()


def test_without_anything_to_say_the_file_is_as_it_was(tmp_path: Path) -> None:
    """tcp.open.fast-open fires nowhere here; so it also takes out what an earlier run wrote."""
    file = capture_path("tcp-two-connections")
    once = annotated(file, tmp_path / "once.pcapng")
    none = annotated(once, tmp_path / "none.pcapng", "--only", "tcp.open.fast-open")
    assert none.read_bytes() == file.read_bytes()


def test_display_filters_find_codes_and_severities(tmp_path: Path) -> None:
    after = annotated(capture_path("tcp-four-way-close"), tmp_path / "after.pcapng")
    closing = printed(after, "-Y", 'frame.comment contains " tcp.fin."', "-T", "fields", "-e", "frame.number").split()
    expected = quiet(labdissect(capture_path("tcp-four-way-close"), "-o", "jsonl", "--only", "tcp.fin")).lines
    assert {int(number) for number in closing} == {json.loads(line)["about"] for line in expected}
    assert not printed(after, "-Y", r'frame.comment matches "^error .*\\[labdissect\\]$"')


def test_y_comments_only_the_chosen_packets_and_keeps_all(tmp_path: Path) -> None:
    file = capture_path("tcp-four-way-close")
    found = comments(annotated(file, tmp_path / "after.pcapng", "-Y", "tcp.flags.fin == 1"))
    chosen = {
        int(number)
        for number in printed(file, "-Y", "tcp.flags.fin == 1", "-T", "fields", "-e", "frame.number").split()
    }
    assert {number for number, texts in found.items() if texts} == chosen
    assert len(found) == len(printed(file).splitlines())


def test_fields_of_plugins_layers_are_a_comment(tmp_path: Path) -> None:
    file = capture_path("rdt-stop-and-wait")
    plugin = Path(__file__).parents[3] / "examples" / "labrdt.py"
    found = comments(annotated(file, tmp_path / "after.pcapng", "--plugin", plugin))
    assert re.fullmatch(
        r"Reliable data transfer.*: seq \d+, ack \d+, flags 0x.*window \d+.* \[labdissect\]", found[1][-1]
    )


# other kinds of input


@pytest.mark.parametrize("kind", ["pcap", "nsecpcap", "modpcap"])
@pytest.mark.parametrize("packed", [False, True])
def test_pcap_and_gzip(kind: str, packed: bool, tmp_path: Path) -> None:
    file = tmp_path / "before.pcap"
    subprocess.run(["editcap", "-F", kind, str(capture_path("tcp-two-connections")), str(file)], check=True)
    if packed:
        file = tmp_path / "before.pcap.gz"
        file.write_bytes(gzip.compress((tmp_path / "before.pcap").read_bytes()))
    after = annotated(file, tmp_path / "after.pcapng")
    assert printed(after) == printed(file)
    times = ("-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len")
    assert printed(after, *times) == printed(file, *times)
    assert all(comments(after).values())
    precision = [line for line in facts(after) if line.startswith("File timestamp precision")]
    assert precision == [line for line in facts(file) if line.startswith("File timestamp precision")]


def test_big_endian_pcap(tmp_path: Path) -> None:
    import struct

    file = tmp_path / "big.pcap"
    record = struct.pack(">LLLL", 1_700_000_000, 5, len(ARP), len(ARP)) + ARP
    file.write_bytes(struct.pack(">LHHlLLL", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + record)
    after = annotated(file, tmp_path / "after.pcapng")
    assert printed(after) == printed(file) and comments(after)[1]


def test_gzipped_pcapng_comes_out_byte_for_byte(tmp_path: Path) -> None:
    file = capture_path("tcp-two-connections")
    packed = tmp_path / "packed.pcapng.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert annotated(packed, tmp_path / "a.pcapng").read_bytes() == annotated(file, tmp_path / "b.pcapng").read_bytes()


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd makes the input")
def test_what_tshark_rewrites_is_said(tmp_path: Path) -> None:
    packed = tmp_path / "packed.pcapng.zst"
    subprocess.run(["zstd", "-q", str(capture_path("tcp-two-connections")), "-o", str(packed)], check=True)
    ran = labdissect(packed, "-o", "pcapng", "-w", tmp_path / "after.pcapng")
    assert ran.code == 0 and "is compressed by zstd: tshark rewrites it" in ran.err
    assert all(comments(tmp_path / "after.pcapng").values())


def test_blocks_that_only_some_versions_count_as_frames(tmp_path: Path) -> None:
    """Custom blocks, the journal's, simple packets: comments are on the right frames, and those without are counted."""
    file = tmp_path / "mixed.pcapng"
    journal = b"__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hi\n"
    parts = [section(), interface(), enhanced(), block(0xBAD, b"\xd9\x7e\0\0hello123"), enhanced(time=TIME + 1)]
    parts += [simple(), block(9, journal), block(0x12345, b"unknown"), obsolete(time=TIME + 2)]
    parts += [section(">"), interface(">"), enhanced(">", time=TIME + 3, options=option(1, b"theirs", ">") + bytes(4))]
    file.write_bytes(b"".join(parts))
    after = tmp_path / "after.pcapng"
    ran = labdissect(file, "-o", "pcapng", "-w", after)
    assert ran.code == 0
    assert printed(after) == printed(file)
    protocols = printed(file, "-T", "fields", "-e", "frame.protocols", "-e", "frame.time_epoch").splitlines()
    for number, (line, found) in enumerate(zip(protocols, comments(after).values(), strict=True), 1):
        is_packet = line.startswith("eth") and not line.endswith("\t")  # a simple packet has no time
        assert bool(found) == is_packet, number
    assert comments(after)[len(protocols)][-1] == "theirs"
    assert re.search(r"labdissect: \d packets? ha(s|ve) no comments: simple packet blocks", ran.err)


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_capture_cut_short_what_can_be_read_is_written(packed: bool, tmp_path: Path) -> None:
    whole = capture_path("seed-web").read_bytes()[:700_000]
    file = tmp_path / ("cut.pcapng.gz" if packed else "cut.pcapng")
    file.write_bytes(gzip.compress(whole) if packed else whole)
    after = tmp_path / "after.pcapng"
    ran = labdissect(file, "-o", "pcapng", "-w", after)
    assert ran.code == 4 and "cut short" in ran.err
    plain = subprocess.run(["tshark", "-r", str(file)], capture_output=True, text=True, check=False).stdout
    assert printed(after) == plain
    assert all(comments(after).values())


# what it refuses


def test_it_needs_the_capture_in_a_file(tmp_path: Path) -> None:
    saved = tmp_path / "saved.ek"
    saved.write_bytes(
        subprocess.run(
            ["tshark", "-r", str(BUILT / "tcp-one-syn.pcap"), "-T", "ek"], capture_output=True, check=True
        ).stdout
    )
    target = tmp_path / "kept.pcapng"
    target.write_bytes(b"precious")
    for arguments, stdin in (((saved,), b""), ((), saved.read_bytes())):
        ran = labdissect(*arguments, "-o", "pcapng", "-w", target, stdin=stdin)
        assert ran.code == 2 and "-o pcapng needs the capture in a file" in ran.err
    assert target.read_bytes() == b"precious"


def test_it_takes_one_file(tmp_path: Path) -> None:
    file = CAPTURES / "tcp-one-sided.pcapng"
    ran = labdissect(file, file, "-o", "pcapng", "-w", tmp_path / "after.pcapng")
    assert ran.code == 2 and "takes one file" in ran.err

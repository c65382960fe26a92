"""The loop: what goes in comes out with its verdicts, whatever state the input is in."""

from __future__ import annotations

import fcntl
import io
import json
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from labdissect.bridge import run
from labdissect.bridge.failures import Failure
from labdissect.bridge.readers.ek import EkReader
from labdissect.bridge.run import annotate
from labdissect.plugins.packet import Packet
from labdissect.plugins.registry import Registry
from labdissect.plugins.rule import Verdict
from labdissect.plugins.writer import BaseWriter, Problem, Record, Summary, WriterSettings
from tests.bridge.program import COMMAND, ROOT, Ran, environment, labdissect, quiet
from tests.bridge.written import written
from tests.conftest import CAPTURES, ek, tshark

NAME = "tcp-four-way-close"
OURS = b'"labdissect":{'


def packets(ran: Ran) -> list[bytes]:
    """The output's packet lines."""
    return [line for line in ran.lines if not line.startswith(b'{"index"')]


def with_frame_lines(data: bytes) -> list[bytes]:
    return [line for line in data.splitlines(keepends=True) if not line.startswith(b'{"index"')]


# what is well


def test_each_packet_gets_our_layer_and_every_other_byte_stays() -> None:
    data = ek(NAME)
    ran = quiet(labdissect(stdin=data))
    assert len(ran.lines) == data.count(b"\n")
    for before, after in zip(data.split(b"\n"), ran.lines, strict=False):
        if before.startswith(b'{"index"'):
            assert after == before
        else:
            head, _, _ = after.rpartition(b"," + OURS)
            assert head + b"}}" == before


def test_output_read_again_gives_the_same_output() -> None:
    once = quiet(labdissect(stdin=ek(NAME))).out
    assert quiet(labdissect(stdin=once)).out == once


@pytest.mark.parametrize("size", [1, 7, 1000, 65536])
def test_chunks_of_any_size_make_the_same_output(registry: Registry, size: int) -> None:
    data = ek("arp-request-reply") if size == 1 else ek(NAME)
    assert in_chunks(registry, data, size) == in_chunks(registry, data, len(data))


@pytest.mark.parametrize("output", ["ek", "jsonl", "pdml"])
@pytest.mark.parametrize("name", ["seed-stack-web", "tcp-two-connections", "dns-basic"])
def test_packets_handed_over_later_are_written_as_at_once(
    output: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tshark(name, "-T", "pdml") if output == "pdml" else ek(name)
    at_once = []
    for packets in (1, 3, 64):
        monkeypatch.setattr(run, "AT_ONCE", packets)
        at_once.append(written(data, output))
    assert at_once[1:] == at_once[:1] * 2


def test_a_writer_that_reads_the_conversation_gets_each_packet_at_once(registry: Registry) -> None:
    writer = _Following()
    annotate([ek(NAME)], registry.readers["ek"], writer, registry, lambda problem: None)
    assert writer.history == [("S", "S"), ("Sh", "Sh"), ("ShA", "ShA"), *writer.history[3:]]
    assert all(now == then for now, then in writer.history)
    assert len({now for now, _ in writer.history}) > 4


class _Following(BaseWriter):
    """Compares a connection's history when its packet comes with what stands on the packet."""

    def __init__(self) -> None:
        self.history: list[tuple[str, str]] = []

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """As it is now."""
        assert packet.conversation is not None
        self.history.append((packet.conversation.history, packet.history))


def test_a_reader_that_fails_loses_nothing_that_it_read_before(registry: Registry) -> None:
    def records(self: EkReader, chunk: bytes) -> Iterator[Record]:
        yield from islice(EkReader.records(self, chunk), 5)
        raise Failure("the second look failed")

    failing = type("FailingReader", (EkReader,), {"records": records})
    reader_format = msgspec.structs.replace(
        registry.readers["ek"], make=lambda layers, report, wanted, carried: failing(layers, report, wanted, carried)
    )
    out = io.BytesIO()
    writer = registry.writers["jsonl"].make(out, WriterSettings())
    with pytest.raises(Failure, match="the second look"):
        annotate([ek(NAME)], reader_format, writer, registry, lambda problem: None)
    writer.flush()
    assert {json.loads(line)["frame"] for line in out.getvalue().splitlines()} == {1, 2, 3, 4, 5}


def in_chunks(registry: Registry, data: bytes, size: int) -> bytes:
    out = io.BytesIO()
    writer = registry.writers["ek"].make(out, WriterSettings())
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    annotate(chunks, registry.readers["ek"], writer, registry, lambda problem: None)
    return out.getvalue()


def test_what_was_read_and_found_is_counted(registry: Registry) -> None:
    writer = registry.writers["ek"].make(io.BytesIO(), WriterSettings())
    summary = annotate([ek(NAME)], registry.readers["ek"], writer, registry, lambda problem: None)
    assert (summary.packets, summary.other_lines, summary.conversations) == (
        13,
        0,
        1,
    )  # index lines go with their packets
    assert summary.codes["tcp.fin.first"] == 1
    assert summary.verdicts == sum(summary.codes.values())


def test_a_live_packets_verdict_is_out_before_the_next_packet_comes() -> None:
    lines = ek(NAME).splitlines(keepends=True)
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), cwd=ROOT, bufsize=0
    ) as program:
        assert program.stdin is not None and program.stdout is not None
        out = io.BufferedReader(program.stdout)  # type: ignore[type-var]
        for index, packet in zip(lines[0:8:2], lines[1:8:2], strict=True):
            program.stdin.write(index + packet)
            assert out.readline() == index
            assert OURS in out.readline()
        program.stdin.close()
        assert program.wait(10) == 0


# what is not


def test_empty_input() -> None:
    ran = labdissect()
    assert (ran.code, ran.out) == (0, b"")
    assert ran.err == "labdissect: standard input is empty: no packets\n"


def test_index_lines_only() -> None:
    index = ek(NAME).splitlines(keepends=True)[0]
    ran = labdissect(stdin=index * 3)
    assert (ran.code, ran.out) == (0, index * 3)
    assert ran.err == "labdissect: standard input holds no packets\n"


def test_a_line_that_is_no_json_is_passed_on_and_told() -> None:
    lines = ek(NAME).splitlines(keepends=True)
    ran = labdissect(stdin=b"".join([*lines[:4], b"{what is this\n", *lines[4:]]))
    assert ran.code == 4
    assert ran.err.startswith("labdissect: line 5: not JSON (")
    assert ran.err.count("\n") == 1
    assert b"{what is this" in ran.lines
    assert ran.out.count(OURS) == 13


NO_PACKETS = {"ek": (b'{"index"', b"{what is this\n"), "pdml": (b"<packet>", b"<packet><proto what></packet>\n")}
"""By format: how a packet begins, and a piece that cannot be read."""


@pytest.mark.parametrize("kind", NO_PACKETS)
@pytest.mark.parametrize(
    ("arguments", "becomes"),
    [
        *(((), "passed on as it is"), (("--only", "tcp.fin"), "passed on as it is")),
        *((("-o", name), "left out") for name in ("jsonl", "table", "csv", "conversations")),
        (("-o", "jsonl", "--only", "tcp.fin"), "left out"),
    ],
)
def test_what_becomes_of_what_cannot_be_read_is_said(kind: str, arguments: tuple[str, ...], becomes: str) -> None:
    begins, bad = NO_PACKETS[kind]
    ran = labdissect(*arguments, stdin=tshark(NAME, "-T", kind).replace(begins, bad + begins, 1))
    said = [line.rpartition("; ")[2] for line in ran.err.splitlines() if "not JSON" in line or "not well" in line]
    assert (ran.code, said) == (4, [becomes])
    assert (bad.rstrip() in ran.out) == (becomes != "left out")


def test_many_bad_lines_are_counted_not_listed() -> None:
    ran = labdissect(stdin=ek(NAME) + b"{bad\n" * 500)
    assert ran.code == 4
    assert ran.err.count("not JSON") == 10
    assert "490 more of the kind “bad line” not shown" in ran.err


def test_invalid_utf8_in_a_line_is_read_and_kept() -> None:
    data = ek("http-get").replace(b"/hello.txt", b"/he\xff\xfeo.txt").replace(b'"GET', b'"G\xc3T')
    assert b"\xff" in data or b"\xc3" in data
    ran = labdissect(stdin=data)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count(OURS) == len(with_frame_lines(data))
    for before, after in zip(data.split(b"\n"), ran.lines, strict=False):
        assert after.startswith(before[:-2])


def test_a_line_cut_in_the_middle() -> None:
    data = ek(NAME)
    ran = labdissect(stdin=data[:-500])
    assert ran.code == 4
    assert "line 26 has no end" in ran.err
    assert ran.out.count(OURS) == 12
    assert ran.out.endswith(data[-2000:-500])


def test_a_last_line_without_its_line_feed_may_be_cut() -> None:
    ran = labdissect(stdin=ek(NAME)[:-1])
    assert ran.code == 4
    assert "line 26 has no end" in ran.err
    assert ran.out.count(OURS) == 13


def test_a_line_of_16_megabytes() -> None:
    lines = ek(NAME).splitlines(keepends=True)
    body = b'"tcp_tcp_reassembled_data":"' + b"61:" * 5_600_000 + b'61"'
    lines[7] = lines[7][:-3] + b"," + body + b"}}\n"
    began = time.monotonic()
    ran = quiet(labdissect(stdin=b"".join(lines)))
    assert ran.out.count(OURS) == 13
    assert len(ran.out) > 16_000_000
    assert time.monotonic() - began < 20


def test_a_packet_without_tcp_ports() -> None:
    data = ek(NAME)
    lines = data.splitlines(keepends=True)
    lines[9] = lines[9].replace(b'"tcp_tcp_srcport":"8000",', b"").replace(b'"tcp_tcp_srcport":"40000",', b"")
    assert lines[9] != data.splitlines(keepends=True)[9]
    ran = labdissect(stdin=b"".join(lines))
    assert ran.code == 0
    assert ran.err.startswith("labdissect: 1 TCP packet lacks ports, sequence number or flags")
    assert ran.out.count(OURS) >= 12


def test_timestamps_that_run_backwards() -> None:
    lines = with_frame_lines(ek(NAME))
    times = [json.loads(line)["layers"]["frame"]["frame_frame_time_epoch"] for line in lines]
    turned = [
        line.replace(now.encode(), then.encode()) for line, now, then in zip(lines, times, reversed(times), strict=True)
    ]
    ran = quiet(labdissect(stdin=b"".join(turned)))
    assert ran.out.count(OURS) == 13


def test_sequence_numbers_past_32_bits() -> None:
    data = (
        ek(NAME)
        .replace(b'"tcp_tcp_seq_raw":"', b'"tcp_tcp_seq_raw":"99999')
        .replace(b'"tcp_tcp_seq":"', b'"tcp_tcp_seq":"99999999999')
    )
    ran = labdissect(stdin=data)
    assert ran.code == 0
    assert ran.err.startswith("labdissect: 13 TCP packets lack ports, sequence number or flags")
    assert ran.out.count(OURS) == 13


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((CAPTURES / f"{NAME}.pcapng").read_bytes(), "standard input is a capture; pipe `tshark -r - -T ek`"),
        (b"1 0.0 10.0.0.1 10.0.0.2 TCP\n", "standard input is neither tshark's EK nor PDML"),
        (b'[\n  {\n    "_index": "packets"', "JSON of `tshark -T json`"),
        ('{"index":{}}\n'.encode("utf-16"), "UTF-16 text, as PowerShell's > writes it"),
        (b"\x00" * 5000, "standard input is neither"),
    ],
)
def test_what_is_no_input_of_ours(data: bytes, said: str) -> None:
    ran = labdissect(stdin=data)
    assert (ran.code, ran.out) == (2, b"")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_captured_text_in_a_message_is_harmless_to_the_terminal() -> None:
    ran = labdissect("no\x1b[31msuch\u202efile")
    assert ran.code == 2
    assert "\x1b" not in ran.err and "\u202e" not in ran.err


# who reads us, who stops us


def test_a_reader_that_has_enough_is_no_error() -> None:
    data = ek("seed-web")
    with subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=ROOT,
    ) as program:
        assert program.stdin is not None and program.stdout is not None and program.stderr is not None
        try:
            program.stdin.write(data[: 1 << 20])
            program.stdin.flush()
            program.stdout.readline()
            program.stdout.close()
            program.stdin.write(data[1 << 20 :])
            program.stdin.close()
        except BrokenPipeError:
            pass
        assert program.wait(30) == 0
        assert program.stderr.read() == b""


def test_head_stops_tshark() -> None:
    script = f"{' '.join(COMMAND)} {CAPTURES / 'seed-web.pcapng'} | head -1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(
        ["bash", "-c", script], capture_output=True, env=environment(), cwd=ROOT, timeout=60, check=True
    )
    first, code = ran.stdout.splitlines()
    assert first.startswith(b'{"index"')
    assert (code, ran.stderr) == (b"0", b"")


@pytest.mark.parametrize("output", ["ek", "jsonl", "csv", "conversations"])
def test_ctrl_c_loses_nothing_that_was_read(output: str) -> None:
    data = ek(NAME)
    with subprocess.Popen(
        [*COMMAND, "-o", output],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=ROOT,
    ) as program:
        assert program.stdin is not None and program.stdout is not None and program.stderr is not None
        program.stdin.write(data)
        program.stdin.flush()
        wait_until_read(program.stdin.fileno())
        program.send_signal(signal.SIGINT)
        out, err = program.stdout.read(), program.stderr.read()
    assert (program.returncode, err) == (130, b"")
    assert out == labdissect("-o", output, stdin=data).out


def wait_until_read(pipe: int) -> None:
    """Until nothing is left in a pipe that somebody reads."""
    waiting = b"\1"
    while any(waiting):
        waiting = fcntl.ioctl(pipe, termios.FIONREAD, b"\0\0\0\0")
        time.sleep(0.01)


def test_interrupted_input_still_ends_its_conversations(registry: Registry) -> None:
    def chunks() -> Iterator[bytes]:
        yield ek(NAME)
        raise KeyboardInterrupt

    out = io.BytesIO()
    writer = registry.writers["conversations"].make(out, WriterSettings())
    summary = Summary()
    with pytest.raises(KeyboardInterrupt):
        annotate(chunks(), registry.readers["ek"], writer, registry, lambda problem: None, summary=summary)
    assert summary.conversations == 1
    assert json.loads(out.getvalue())["closed"] == "four"


def test_a_full_disk_is_said() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    ran = labdissect("-w", "/dev/full", stdin=ek(NAME))
    assert ran.code == 4
    assert "No space left on device" in ran.err


def test_problems_reach_the_caller(registry: Registry) -> None:
    problems: list[Problem] = []
    writer = registry.writers["ek"].make(io.BytesIO(), WriterSettings())
    summary = annotate([b"{\n{}\n{"], registry.readers["ek"], writer, registry, problems.append)
    assert [problem.kind for problem in problems] == ["bad line", "cut", "bad line"]
    assert (summary.bad_lines, summary.cut) == (2, True)

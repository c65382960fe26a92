"""The capture interface: packets in their order, with comments when those come in time, never held up for long."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.dumpcap import Interface
from labdissect.bridge.extcap import Passage, sentences
from labdissect.bridge.pcapng.blocks import PACKETS, SECTION, STATISTICS, Block, blocks
from tests.bridge.loopback import datagrams, loopback, server, traffic
from tests.bridge.program import COMMAND, environment, labdissect, quiet
from tests.conftest import capture_path

__all__ = ["loopback"]

DROPS = 500
"""Packets that the kernel may drop before dumpcap takes them, where the tests' machine has much to do."""
FOUR = capture_path("tcp-four-way-close")


def capture(path: Path = FOUR) -> list[Block]:
    with path.open("rb") as file:
        return list(blocks(file))


def put(passage: Passage, found: Sequence[Block], *, judged: bool = True) -> int:
    """Puts them in; the number of packets."""
    number = 0
    for block in found:
        is_packet = block.kind in PACKETS
        number += is_packet
        passage.put(block, number if is_packet else None, judged)
    return number


# the passage


def test_without_comments_all_comes_out_as_it_went_in() -> None:
    passage = Passage(patience=0)
    put(passage, capture())
    passage.end()
    out = b"".join(passage.come_out())
    assert passage.unannotated == 13
    whole = b"".join(block.data for block in capture())
    assert len(out) > len(whole)  # the last packet tells of it
    assert b"Packets up to here without verdicts: 13." in out
    assert out.startswith(b"".join(block.data for block in capture()[:3]))


def test_comments_go_to_their_packets() -> None:
    passage = Passage(patience=None)
    count = put(passage, capture())
    for number in range(1, count + 1):
        passage.comment(number, [b"verdict %d [labdissect]" % number] if number % 2 else [])
    passage.end()
    out = b"".join(passage.come_out())
    assert [out.count(b"verdict %d [" % number) for number in range(1, count + 1)] == [1, 0] * 6 + [1]
    assert passage.unannotated == 0


def test_a_packet_waits_for_its_comments_but_not_for_ever() -> None:
    passage = Passage(patience=0.3)
    put(passage, capture())
    passage.end()
    began, out = time.monotonic(), passage.come_out()
    next(out)  # what comes before the first packet
    assert time.monotonic() - began < 0.25
    threading.Timer(0.1, lambda: passage.comment(1, [b"in time [labdissect]"])).start()
    assert b"in time" in next(out)
    passage_over = b"".join(out)
    assert time.monotonic() - began < 2
    assert b"without verdicts: 12." in passage_over
    passage.comment(2, [b"too late"])  # is forgotten
    assert not passage._comments


def test_when_too_much_waits_packets_do_not_wait() -> None:
    found = capture()
    passage = Passage(patience=60, room=sum(len(block.data) for block in found) // 3)
    put(passage, found)
    passage.end()
    began = time.monotonic()
    out = passage.come_out()
    next(out)
    assert passage.unannotated >= 4  # until no more than the room is taken
    passage.hurry()
    b"".join(out)
    assert time.monotonic() - began < 10


def test_when_nobody_takes_what_comes_out_who_puts_in_waits() -> None:
    found = capture()
    passage = Passage(patience=60, room=sum(len(block.data) for block in found) // 8)
    putting = threading.Thread(target=put, args=(passage, found), daemon=True)
    putting.start()
    putting.join(0.5)
    assert putting.is_alive()
    passage.hurry()
    putting.join(10)
    passage.end()
    assert not putting.is_alive() and b"".join(passage.come_out())


def test_the_next_comment_tells_of_packets_without() -> None:
    passage = Passage("zh", patience=None)
    found = capture()
    put(passage, found[:4], judged=False)
    passage.put(found[-2], 3, True)
    passage.comment(3, [b"verdict [labdissect]"])
    passage.end()
    out = b"".join(passage.come_out())
    assert out.index(b"verdict [") < out.index("没有解读的分组：2 个".encode())
    assert passage.unannotated == 2


@given(late=st.sets(st.integers(1, 13)), kept_back=st.sets(st.integers(1, 13)))
def test_the_packets_keep_their_order_whatever_comes_late(late: set[int], kept_back: set[int]) -> None:
    passage, found, number = Passage(patience=0), capture(), 0
    out = b""
    for block in found:
        if block.kind not in PACKETS:
            passage.put(block, None, True)
            continue
        number += 1
        passage.put(block, number, number not in kept_back)
        if number not in late:
            passage.comment(number, [b"%d [labdissect]" % number])
    passage.end()
    out = b"".join(passage.come_out())

    class Whole:
        def __init__(self) -> None:
            self.left = out

        def read(self, size: int, /) -> bytes:
            piece, self.left = self.left[:size], self.left[size:]
            return piece

    came = list(blocks(Whole()))
    assert [block.kind for block in came] == [block.kind for block in found]
    assert all(one.data[8:28] == other.data[8:28] for one, other in zip(came, found, strict=True) if one.kind == 6)


# its answers


def test_it_lists_itself_and_the_interfaces() -> None:
    text = quiet(labdissect("wireshark", "extcap", "--extcap-interfaces", "--extcap-version=4.0")).text
    assert "extcap {version=" in text and "\ninterface {value=labdissect}{display=" in text
    assert "dlt {number=" in quiet(labdissect("wireshark", "extcap", "--extcap-dlts")).text
    config = quiet(labdissect("wireshark", "extcap", "--extcap-config", "--extcap-interface", "labdissect")).text
    assert "{call=--interface}" in config and "{call=--file}" in config


def test_an_interface_with_braces_in_its_title_breaks_nothing() -> None:
    lines = sentences([Interface("eth0", "a {strange} title"), Interface("lo", "")])
    assert "value {arg=0}{value=eth0}{display=eth0 (a (strange) title)}{default=true}" in lines
    assert "value {arg=0}{value=lo}{display=lo}" in lines
    windows = sentences([Interface("eth0", ""), Interface(r"\Device\NPF_{1234}", "Wi-Fi")])
    assert r"value {arg=0}{value=2}{display=\Device\NPF_(1234) (Wi-Fi)}" in windows


def test_a_capture_without_a_pipe_is_refused() -> None:
    assert labdissect("wireshark", "extcap", "--capture").code == 2


# in tshark


@pytest.fixture
def home(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment in which tshark has the interface."""
    changes = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""}
    quiet(labdissect("wireshark", "install", "--extcap", changes=changes))
    yield environment(changes)


def tshark(home: dict[str, str], *arguments: str) -> str:
    ran = subprocess.run(
        ["tshark", *arguments], env=home, capture_output=True, text=True, timeout=60, check=False, cwd=home["HOME"]
    )
    return ran.stdout


def test_tshark_lists_it(home: dict[str, str]) -> None:
    assert "labdissect (packets with verdicts)" in tshark(home, "-D")


@pytest.mark.parametrize("name", ["tcp-four-way-close", "seed-stack-web"])
def test_a_file_is_replayed_with_all_its_verdicts(home: dict[str, str], name: str) -> None:
    frames = subprocess.run(
        ["tshark", "-r", capture_path(name), "-T", "fields", "-e", "frame.number"], capture_output=True, check=True
    ).stdout.count(b"\n")
    arguments = ["-i", "labdissect", "-o", f"extcap.labdissect.file:{capture_path(name)}", "-n"]
    rows = tshark(
        home, *arguments, "-c", str(frames), "-T", "fields", "-e", "frame.number", "-e", "frame.comment"
    ).splitlines()
    assert [int(row.split("\t")[0]) for row in rows] == list(range(1, frames + 1))
    wanted = {
        line.split("\t")[0]: line.split("\t")[1]
        for line in quiet(labdissect(capture_path(name), "-o", "tsv", "--columns", "number,headline")).text.splitlines()
        if line.split("\t")[0].isdigit()
    }
    for row in rows:
        number, comments = row.split("\t")
        if wanted[number] and "," not in wanted[number]:
            assert comments.split(" [labdissect]")[0].startswith(wanted[number][:40]), number
    assert any(" tcp.open.syn" in row for row in rows)


def test_a_file_that_is_cut_is_replayed_as_far_as_it_goes(tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(FOUR.read_bytes()[:-150])
    running = start(tmp_path / "fifo", "--file", str(cut))
    with running, (tmp_path / "fifo").open("rb", buffering=0) as pipe:
        came = list(blocks(pipe))
        _, said = running.communicate(timeout=30)
    assert sum(block.kind in PACKETS for block in came) == 11
    assert all(b"[labdissect]" in block.data for block in came if block.kind in PACKETS)
    assert b"ends within a block" in said


def test_a_tshark_that_dies_holds_nothing_up(tmp_path: Path) -> None:
    dying = tmp_path / "tshark"
    dying.write_text("#!/bin/sh\nexit 1\n")
    dying.chmod(0o755)
    running = start(tmp_path / "fifo", "--file", str(FOUR), LABDISSECT_TSHARK=str(dying))
    with running, (tmp_path / "fifo").open("rb", buffering=0) as pipe:
        came = list(blocks(pipe))
        _, said = running.communicate(timeout=30)
    assert [block.data[8:28] for block in came] == [block.data[8:28] for block in capture()]
    assert b"packets passed on without verdicts: 13" in said


def test_a_live_capture_has_verdicts(home: dict[str, str], loopback: str) -> None:
    with server() as port, traffic(port):
        arguments = ["-i", "labdissect", "-o", f"extcap.labdissect.interface:{loopback}", "-f", f"tcp port {port}"]
        out = tshark(home, "-n", *arguments, "-c", "60", "-T", "fields", "-e", "frame.number", "-e", "frame.comment")
    rows = [row.split("\t") for row in out.splitlines()]
    assert len(rows) == 60
    commented = [comment for _, comment in rows if comment]
    assert len(commented) > 40
    assert any("Handshake 1 of 3" in comment for comment in commented)


def start(fifo: Path, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
    os.mkfifo(fifo)
    return subprocess.Popen(
        [*COMMAND, "wireshark", "extcap", "--capture", "--extcap-interface", "labdissect", "--fifo", fifo, *arguments],
        env=environment(changes),
        stderr=subprocess.PIPE,
    )


def test_the_capture_goes_on_when_nothing_is_judged_in_time(loopback: str, tmp_path: Path) -> None:
    slow = tmp_path / "tshark"
    slow.write_text(f'#!/bin/sh\ncase "$*" in *" -r "*) sleep 12;; esac\nexec {shutil.which("tshark")} "$@"\n')
    slow.chmod(0o755)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    filtered = ["--extcap-capture-filter", f"udp dst port {port}"]
    running = start(
        tmp_path / "fifo", "--interface", loopback, *filtered, "--patience", "0.2", LABDISSECT_TSHARK=str(slow)
    )
    count = 5000  # 3.4 MB with their headers: more than the pipes hold
    with running, (tmp_path / "fifo").open("rb", buffering=0) as pipe:
        came = blocks(pipe)
        assert next(came).kind == SECTION  # dumpcap captures from here on
        sending = threading.Thread(target=datagrams, args=(port, count, 600), kwargs={"at_once": 10})
        sending.start()
        packets = (block for block in came if block.kind in PACKETS)
        numbers = [int.from_bytes(block.data[28 + 42 : 28 + 46]) for block in islice(packets, count - DROPS)]
        sending.join()
        time.sleep(1)  # dumpcap takes what the kernel has four times a second
        running.send_signal(signal.SIGTERM)
        left = list(came)
        numbers += [int.from_bytes(block.data[28 + 42 : 28 + 46]) for block in left if block.kind in PACKETS]
        _, said = running.communicate(timeout=30)
    assert left[-1].kind == STATISTICS
    assert numbers == sorted(numbers)
    assert len(numbers) == count or b"came too fast to be captured" in said  # by the kernel, on a busy machine
    assert b"packets passed on without verdicts: %d;" % len(numbers) in said
    assert running.returncode == 0


def test_it_ends_when_wireshark_closes_the_pipe(loopback: str, tmp_path: Path) -> None:
    with server() as port, traffic(port):
        running = start(tmp_path / "fifo", "--interface", loopback, "--extcap-capture-filter", f"tcp port {port}")
        with running, (tmp_path / "fifo").open("rb", buffering=0) as pipe:
            assert pipe.read(4) == b"\n\r\r\n"
            pipe.close()
            running.communicate(timeout=30)
    assert running.returncode == 0


def test_sigterm_ends_it_and_what_was_captured_comes_out(loopback: str, tmp_path: Path) -> None:
    with server() as port:
        running = start(tmp_path / "fifo", "--interface", loopback, "--extcap-capture-filter", f"tcp port {port}")
        with running, (tmp_path / "fifo").open("rb", buffering=0) as pipe:
            out = b""
            with traffic(port):
                while b"[labdissect]" not in out:
                    out += pipe.read(65536)
            running.send_signal(signal.SIGTERM)
            while piece := pipe.read(65536):
                out += piece
            _, said = running.communicate(timeout=30)
    assert (running.returncode, said) == (0, b"") or b"without verdicts" in said
    (tmp_path / "out.pcapng").write_bytes(out)
    subprocess.run(["capinfos", tmp_path / "out.pcapng"], check=True, capture_output=True)  # whole to its last block


def test_what_cannot_be_captured_is_said(tmp_path: Path) -> None:
    running = start(tmp_path / "fifo", "--interface", "nope0")
    with running, (tmp_path / "fifo").open("rb") as pipe:
        assert pipe.read() == b""
        _, said = running.communicate(timeout=30)
    assert running.returncode == 2
    assert b"there is no interface nope0" in said

"""live: real packets on loopback, as a table that follows, pauses, and ends with a summary."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.bridge.loopback import datagrams, exchange, loopback, server, traffic
from tests.bridge.program import COMMAND, ROOT, Ran, environment, labdissect

__all__ = ["loopback"]


@contextmanager
def live(*arguments: str, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program, at work."""
    running = subprocess.Popen(
        [*COMMAND, "live", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(changes),
        cwd=ROOT,
        bufsize=0,  # communicate() does not see what readline() has buffered
    )
    with running:
        try:
            yield running
        finally:
            running.kill()


def ended(running: subprocess.Popen[bytes]) -> Ran:
    out, err = running.communicate(timeout=60)
    return Ran(running.returncode, out, err.decode())


def test_it_follows_and_ends_after_so_many_packets(loopback: str) -> None:
    with server() as port, live("-i", loopback, "-f", f"tcp port {port}", "-c", "40") as running, traffic(port):
        ran = ended(running)
    assert (ran.code, ran.err) == (0, "")
    assert "Handshake 1 of 3: the client asks to open a connection." in ran.text
    assert "40 packets, " in ran.text
    assert re.search(r"TCP \d+, 127\.0\.0\.1:\d+ → 127\.0\.0\.1:\d+: opened by three-way handshake", ran.text)


def test_it_ends_after_so_many_seconds(loopback: str) -> None:
    began = time.monotonic()
    with live("-i", loopback, "-f", "udp port 9", "-a", "duration:2", "-o", "jsonl") as running:
        ran = ended(running)
    assert (ran.code, ran.out) == (0, b"")
    assert 2 <= time.monotonic() - began < 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_capture_and_the_summary_is_written(loopback: str, number: signal.Signals) -> None:
    with server() as port, live("-i", loopback, "-f", f"tcp port {port}") as running:
        assert running.stdout is not None
        with traffic(port):
            first = running.stdout.readline()  # the heading comes with the first row
        running.send_signal(number)
        ran = ended(running)
    assert b"Source" in first
    assert (ran.code, ran.err) == (0, "")
    rows = [int(found) for found in re.findall(r"(?m)^ *(\d+) +\d+\.\d{6} ", ran.text)]
    assert rows == list(range(1, len(rows) + 1))
    assert f"{len(rows)} packets, " in ran.text  # whatever was captured was judged, too


def test_other_outputs_follow_as_well(loopback: str) -> None:
    with (
        server() as port,
        live("-i", loopback, "-f", f"tcp port {port}", "-o", "jsonl", "--only", "tcp.open.syn") as running,
        traffic(port),
    ):
        assert running.stdout is not None
        assert b'"code":"tcp.open.syn"' in running.stdout.readline()  # while the capture goes on


def test_no_such_interface() -> None:
    ran = labdissect("live", "-i", "nope0")
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err.startswith("labdissect: there is no interface nope0; there are: ")
    assert ran.err.count("\n") == 1


def test_a_wrong_filter(loopback: str) -> None:
    ran = labdissect("live", "-i", loopback, "-f", "foo(")
    assert (ran.code, ran.out) == (2, b"")
    assert 'Invalid capture filter "foo("' in ran.err
    assert ran.err.count("\n") == 1


def test_a_wrong_end(loopback: str) -> None:
    ran = labdissect("live", "-i", loopback, "-a", "nonsense:1")
    assert ran.code == 2
    assert 'unknown -a flag "nonsense"' in ran.err


def test_who_may_not_capture_is_told_what_to_do() -> None:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv, to be without the right to capture")
    without = ["setpriv", "--bounding-set", "-net_raw,-net_admin", "--inh-caps", "-net_raw,-net_admin"]
    ran = subprocess.run(
        [*without, *COMMAND, "live", "-i", "lo"], capture_output=True, env=environment(), cwd=ROOT, check=False
    )
    assert (ran.returncode, ran.stdout) == (3, b"")
    said = ran.stderr.decode()
    assert said.startswith("labdissect: not allowed to capture on lo; ")
    assert "usermod -aG wireshark" in said and said.count("\n") == 1


# under load


def test_a_slow_tshark_does_not_keep_dumpcap_waiting(loopback: str, tmp_path: Path) -> None:
    late = tmp_path / "tshark"
    late.write_text(f'#!/bin/sh\ncase "$*" in *" -r "*) sleep 6;; esac\nexec {shutil.which("tshark")} "$@"\n')
    late.chmod(0o755)
    count = 20_000  # 13 MB with their headers: more than pipes and memory hold
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["-i", loopback, "-f", f"udp dst port {port}", "-c", str(count), "-o", "conversations"]
    with live(*arguments, LABDISSECT_TSHARK=str(late)) as running:
        flooding = threading.Thread(target=flood, args=(running, port))
        flooding.start()
        ran = ended(running)
        flooding.join()
    assert sum(json.loads(line)["packets_client"] for line in ran.lines) == count
    assert (ran.code, ran.err) == (
        0,
        "",
    ) or "came too fast to be captured" in ran.err  # by the kernel, on a busy machine


def flood(running: subprocess.Popen[bytes], port: int) -> None:
    """Datagrams until the capture has enough of them."""
    while running.poll() is None:
        datagrams(port, 1000, 600)


# on a terminal

SPACE, CTRL_C, CTRL_Z = b" ", b"\x03", b"\x1a"


class Terminal:
    """A terminal with the program in it, as a person would use it."""

    def __init__(self, *arguments: str, before: Sequence[str] = ()) -> None:
        import pty
        import termios

        self._ended = False
        self._child, self._screen = pty.fork()
        if self._child == 0:
            os.chdir(ROOT)
            command = [*before, *COMMAND, "live", *arguments]
            os.execvpe(command[0], command, environment({"TERM": "xterm"}))
        self.seen = b""
        self._termios = termios
        self.before = termios.tcgetattr(self._screen)

    @property
    def settings(self) -> list[object]:
        return self._termios.tcgetattr(self._screen)

    def press(self, key: bytes) -> None:
        os.write(self._screen, key)

    def wait_for(self, what: Callable[[bytes], bool], seconds: float = 30) -> bytes:
        """What was written since the last time, as soon as it is as wanted."""
        import select

        deadline = time.monotonic() + seconds
        while not what(self.seen):
            ready, _, _ = select.select([self._screen], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"not seen: {self.seen!r}"
            try:
                self.seen += os.read(self._screen, 65536)
            except OSError:  # Linux: the program has closed the terminal
                break
        seen, self.seen = self.seen, b""
        return seen

    def quiet_for(self, seconds: float) -> bool:
        import select

        return not self.seen and not select.select([self._screen], [], [], seconds)[0]

    def signal(self, number: int) -> None:
        os.kill(self._child, number)

    def exit_code(self) -> int:
        self.wait_for(lambda seen: False)
        _, status = os.waitpid(self._child, 0)
        self._ended = True
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        if not self._ended:
            self.signal(signal.SIGKILL)
            os.waitpid(self._child, 0)
        os.close(self._screen)


@pytest.fixture
def watched(loopback: str) -> Iterator[tuple[Terminal, int]]:
    """A terminal in which `labdissect live` shows the packets of a server on this port."""
    pytest.importorskip("pty")
    with server() as port:
        terminal = Terminal("-i", loopback, "-f", f"tcp port {port}")
        with closing(terminal):
            with traffic(port):
                terminal.wait_for(lambda seen: b"Handshake 1 of 3" in seen)
            while not terminal.quiet_for(1.5):
                terminal.wait_for(bool)
            yield terminal, port


def test_space_holds_the_table_and_nothing_is_lost(watched: tuple[Terminal, int]) -> None:
    terminal, port = watched
    terminal.press(SPACE)
    assert b"paused" in terminal.wait_for(lambda seen: b"\n" in seen)
    exchange(port)
    assert terminal.quiet_for(1.5)
    terminal.press(SPACE)
    rows = terminal.wait_for(lambda seen: b"Close, step" in seen)
    assert b"Handshake 1 of 3" in rows
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 0
    assert terminal.settings == terminal.before


def test_ctrl_c_ends_a_table_that_is_held(watched: tuple[Terminal, int]) -> None:
    terminal, port = watched
    terminal.press(SPACE)
    terminal.wait_for(lambda seen: b"paused" in seen)
    exchange(port)
    time.sleep(1)
    terminal.press(CTRL_C)
    rows = terminal.wait_for(lambda seen: re.search(rb"\d+ packets, \d+ TCP connection", seen) is not None)
    assert b"Handshake 3 of 3" in rows
    assert terminal.exit_code() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_as_before_after_a_signal(watched: tuple[Terminal, int], number: signal.Signals) -> None:
    terminal, _ = watched
    assert terminal.settings != terminal.before
    terminal.signal(number)
    assert terminal.exit_code() == 0
    assert terminal.settings == terminal.before


def test_the_terminal_is_as_before_while_the_program_is_stopped(loopback: str) -> None:
    pytest.importorskip("pty")
    shell = ["sh", "-mc", '"$@"; echo STOPPED; read go; fg; echo ENDED $?', "-"]  # only a shell's job can be stopped
    with server() as port:
        terminal = Terminal("-i", loopback, "-f", f"tcp port {port}", before=shell)
        with closing(terminal), traffic(port):
            terminal.wait_for(lambda seen: b"Handshake 1 of 3" in seen)
            during = terminal.settings
            terminal.press(CTRL_Z)
            terminal.wait_for(lambda seen: b"STOPPED" in seen)
            assert terminal.settings == terminal.before != during
            terminal.press(b"\n")
            terminal.wait_for(lambda seen: b"Handshake 1 of 3" in seen)
            assert terminal.settings == during
            terminal.press(CTRL_C)
            terminal.wait_for(lambda seen: b"ENDED 0" in seen)
            assert terminal.exit_code() == 0
            assert terminal.settings == terminal.before

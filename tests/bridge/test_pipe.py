"""The room of standard input's pipe: made before the imports, and only where there is a pipe."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labdissect.bridge.pipe import PIPE_SIZE, enlarge_pipe, pipe_room
from labdissect.bridge.run import annotate
from labdissect.plugins.writer import Problem, WriterSettings
from tests.bridge.program import COMMAND, ROOT, environment, labdissect, quiet
from tests.conftest import built_in, ek

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a program choose")


@linux
def test_a_pipe_gets_more_room() -> None:
    reading, writing = os.pipe()
    assert 0 < pipe_room(reading) < PIPE_SIZE
    enlarge_pipe(reading)
    assert pipe_room(reading) == pipe_room(writing) == PIPE_SIZE
    os.close(reading)
    os.close(writing)
    enlarge_pipe(reading)
    assert pipe_room(reading) == 0


def test_what_is_no_pipe_is_left_alone(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        enlarge_pipe(file.fileno())
        assert pipe_room(file.fileno()) == 0


@linux
def test_there_is_room_before_the_imports() -> None:
    """tshark need not wait for them; what it printed meanwhile is read, all of it and in order."""
    script = (
        "import builtins, sys\n"
        "usual = builtins.__import__\n"
        "def slow(name, *rest, **more):\n"
        "    if name == 'labdissect.bridge.cli':\n"
        "        print('importing', file=sys.stderr, flush=True)\n"
        "        open('/dev/fd/' + sys.argv.pop(), 'rb').read()\n"
        "    return usual(name, *rest, **more)\n"
        "builtins.__import__ = slow\n"
        "from labdissect.__main__ import run\n"
        "run()\n"
    )
    data = ek("tcp-four-way-close") * 10
    assert 1 << 16 < len(data) < PIPE_SIZE
    waiting, done = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", script, "-o", "ek", str(waiting)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=ROOT,
        pass_fds=[waiting],
    ) as program:
        assert program.stdin is not None
        assert program.stderr is not None
        assert program.stderr.readline() == b"importing\n"
        os.set_blocking(program.stdin.fileno(), False)
        assert os.write(program.stdin.fileno(), data) == len(data)
        os.close(done)
        os.close(waiting)
        out, err = program.communicate()
    assert (program.returncode, err) == (0, b"")
    assert out == quiet(labdissect("-o", "ek", stdin=data)).out


def test_closed_standard_input_is_said() -> None:
    command = 'exec "$@" <&-'
    ran = subprocess.run(
        ["sh", "-c", command, "sh", *COMMAND], capture_output=True, env=environment(), cwd=ROOT, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr.startswith(b"labdissect: standard input is closed")


@pytest.mark.parametrize("command", ["why x 1", "explain tcp.syn", "rules", "layers", "elastic-mapping", "doctor"])
def test_closed_standard_output_is_said(command: str) -> None:
    ran = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, *command.split()],
        capture_output=True,
        env=environment(),
        cwd=ROOT,
        check=False,
    )
    assert (ran.returncode, ran.stderr[:39]) == (2, b"labdissect: standard output is closed; ")


def test_a_closed_stream_does_not_become_the_output(tmp_path: Path) -> None:
    """The first file opened would be descriptor 2, and what is said on stderr would stand in it."""
    script = (
        "import os, sys\n"
        "from labdissect.__main__ import _occupy_closed\n"
        "_occupy_closed()\n"
        f"os._exit(os.open({str(tmp_path / 'out')!r}, os.O_WRONLY | os.O_CREAT))\n"
    )
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", script]
    assert subprocess.run(command, env=environment(), cwd=ROOT, check=False).returncode > 2


@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_a_byte_order_mark_is_passed_on(chunk: int) -> None:
    data = ek("tcp-four-way-close")
    marked = b"\xef\xbb\xbf" + data
    registry, out, problems = built_in(), io.BytesIO(), list[Problem]()
    writer = registry.writers["ek"].make(out, WriterSettings())
    chunks = [marked[at : at + chunk] for at in range(0, len(marked), chunk)]
    annotate(chunks, registry.readers["ek"], writer, registry, problems.append)
    assert problems == []
    expected = quiet(labdissect("-o", "ek", stdin=data)).out
    assert out.getvalue() == b"\xef\xbb\xbf" + expected
    assert quiet(labdissect("-o", "ek", stdin=marked)).out == b"\xef\xbb\xbf" + expected
    assert quiet(labdissect("-o", "jsonl", stdin=marked)).out == quiet(labdissect("-o", "jsonl", stdin=data)).out

"""What a plugin's function raises, or never returns from, ends the plugin: its line is named, and all else goes on."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from labdissect.bridge.capture import open_capture
from labdissect.bridge.guarded import called, called_for_a_packet, guarded_columns, place
from labdissect.bridge.watchdog import Watchdog
from labdissect.dissectors.layer import Text
from labdissect.plugins.column import Column
from labdissect.plugins.guard import PluginGaveUp, PluginTooSlow
from labdissect.plugins.packet import Packet
from labdissect.plugins.writer import Problem
from tests.bridge.program import Ran, labdissect
from tests.conftest import CAPTURES, ek, judged

NAME = "tcp-four-way-close"
PACKETS = 13
PLUGIN = """
import asyncio, sys, time
from construct import Computed, GreedyBytes, Struct
from labdissect import BaseAnalyzer, BaseWriter, Column, Layer, Text, WriterFormat, hookimpl

def leave(*arguments):
    {leaving}  # line 7

def nothing(*arguments):
    return None

class Leaving(BaseAnalyzer):
    layers = ("tcp",)
    analyze = {analyze}
    ended = {ended}
    finish = {finish}

@hookimpl
def labdissect_analyzers(settings):
    return [Leaving()]

@hookimpl
def labdissect_columns():
    return [Column("lab", Text("Lab", "实验"), {column}, everywhere=True)]

@hookimpl
def labdissect_finish(summary):
    {hook}(summary)

@hookimpl
def labdissect_layers():
    over = (("tcp.port", "*"),)
    return [Layer("lableave", Text("Lab", "实验"), Struct("all" / GreedyBytes), over=over, matches={matches})]

class Writes(BaseWriter):
    def __init__(self, out, settings):
        self.out = out
        {make}()
    def packet(self, record, packet, verdicts):
        self.out.write(b"%d\\n" % packet.number)
        {packet}()
    def conversation(self, conversation, verdicts):
        {conversation}()
    def flush(self):
        {flush}()
    def end(self, summary, verdicts):
        {end}()

@hookimpl
def labdissect_writers():
    return [WriterFormat("lab", "leaves", Writes)]
"""
PLACES = (
    *("analyze", "ended", "finish", "column", "hook", "matches"),
    *("make", "packet", "conversation", "flush", "end"),
)
RESULTS = ("analyze", "ended", "finish", "column", "hook", "matches")
"""Where a plugin adds to the output; the others write it."""
LEAVING = {
    "sys.exit": ("sys.exit(3)", "SystemExit(3)"),
    "cancelled": ("raise asyncio.CancelledError('stop')", "CancelledError('stop')"),
}
FOR_EVER = "while True: pass"


def ran_with(folder: Path, where: str, leaving: str, *arguments: str) -> tuple[Ran, Path]:
    """The program with a plugin that does this in one of its functions."""
    path = folder / "leaves.py"
    functions = {one: "leave" if one == where else "nothing" for one in PLACES}
    path.write_text(PLUGIN.format(leaving=leaving, **functions), encoding="utf-8")
    return labdissect("--plugin", path, *arguments, stdin=ek(NAME)), path


@pytest.mark.parametrize("how", LEAVING)
@pytest.mark.parametrize("where", RESULTS)
def test_a_plugin_that_would_end_the_program_ends_alone(where: str, how: str, tmp_path: Path) -> None:
    leaving, said = LEAVING[how]
    ran, path = ran_with(tmp_path, where, leaving)
    assert ran.code == 4
    assert f"PluginGaveUp: {said} ({path}:7)" in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out.count(b'"labdissect":{') == PACKETS  # nothing that was read is lost


@pytest.mark.parametrize("how", LEAVING)
@pytest.mark.parametrize("where", ["make", "packet", "conversation", "flush", "end"])
def test_a_writer_that_would_end_the_program_is_named(where: str, how: str, tmp_path: Path) -> None:
    leaving, said = LEAVING[how]
    ran, path = ran_with(tmp_path, where, leaving, "-o", "lab")
    assert ran.code == 4
    assert ran.err.startswith(f"labdissect: the plugin that writes lab failed: PluginGaveUp: {said} ({path}:")
    assert ran.err.count("\n") == 1
    written = {"make": 0, "packet": 1, "conversation": None, "flush": PACKETS, "end": PACKETS}[where]
    assert written is None or len(ran.lines) == written


@pytest.mark.parametrize("where", ["make", "packet", "end"])
def test_a_writer_that_fails_at_a_file_of_its_own_is_named(where: str, tmp_path: Path) -> None:
    ran, path = ran_with(tmp_path, where, f"open({str(tmp_path / 'none' / 'own')!r})", "-o", "lab")
    assert ran.code == 4
    said = f"FileNotFoundError: [Errno 2] No such file or directory: '{tmp_path}/none/own'"
    assert ran.err.startswith(f"labdissect: the plugin that writes lab failed: {said} ({path}:")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("where", ["packet", "conversation"])
def test_a_writer_that_never_returns_is_ended_and_named(where: str, tmp_path: Path) -> None:
    ran, path = ran_with(tmp_path, where, FOR_EVER, "-o", "lab", "--plugin-timeout", "0.3")
    assert ran.code == 4
    said = "PluginTooSlow: it took longer than 0.3 s (--plugin-timeout)"
    assert ran.err == f"labdissect: the plugin that writes lab failed: {said} ({path}:7)\n"


def test_a_writer_may_wait_for_its_reader(tmp_path: Path) -> None:
    """A pager that nobody pages through; it is no fault of the plugin's, and what is at its end may take its time."""
    ran, _ = ran_with(tmp_path, "packet", "time.sleep(0.4)", "-o", "lab", "--plugin-timeout", "0.1")
    assert (ran.code, ran.err, len(ran.lines)) == (0, "", PACKETS)
    ran, _ = ran_with(tmp_path, "end", "sum(range(20_000_000))", "-o", "lab", "--plugin-timeout", "0.05")
    assert (ran.code, ran.err, len(ran.lines)) == (0, "", PACKETS)


@pytest.mark.parametrize("body", ["sys.exit('no')", "raise ValueError('no')"])
def test_a_plugin_that_cannot_add_its_commands(body: str, tmp_path: Path) -> None:
    path = tmp_path / "adds.py"
    path.write_text(
        f"import sys\nfrom labdissect import hookimpl\n@hookimpl\ndef labdissect_commands(cli):\n    {body}\n"
    )
    ran = labdissect("--plugin", path, "greet")
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err.startswith("labdissect: plugin adds: labdissect_commands: ") and f"({path}:5)" in ran.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import sys\nsys.exit('as a script does')\n", 2),
        (
            "import sys\nfrom labdissect import hookimpl\n@hookimpl\ndef labdissect_rules():\n"
            "    sys.exit('as a script does')\n",
            5,
        ),
        (
            "import sys\nfrom labdissect import hookimpl\n@hookimpl\ndef labdissect_analyzers(settings):\n"
            "    sys.exit('as a script does')\n",
            5,
        ),
    ],
    ids=["import", "rules", "analyzers"],
)
def test_a_plugin_that_would_end_the_program_while_it_is_loaded(text: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(text)
    ran = labdissect("--plugin", path, stdin=ek(NAME))
    assert (ran.code, ran.out) == (2, b"")
    assert f"line {line}: " in ran.err and "PluginGaveUp: SystemExit('as a script does')" in ran.err
    assert "Traceback" not in ran.err


# -- in this process --------------------------------------------------------------------------------------------------


def test_a_call_gives_what_the_function_gives() -> None:
    assert called(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        called(divmod, 7, 0)
    with pytest.raises(PluginGaveUp, match=r"^SystemExit\(3\)$"):
        called(exec, "raise SystemExit(3)")
    with pytest.raises(KeyboardInterrupt):
        called(exec, "raise KeyboardInterrupt")


def test_a_call_that_takes_too_long_is_ended() -> None:
    def for_ever() -> None:
        while True:
            pass

    with Watchdog(0.2).watching(), pytest.raises(PluginTooSlow, match=r"longer than 0\.2 s"):
        called_for_a_packet(for_ever)


def test_the_place_is_the_last_line_of_the_functions_own_file() -> None:
    def outer() -> None:
        int("no number".join(["", ""]), 99)

    try:
        outer()
    except ValueError as error:
        line = outer.__code__.co_firstlineno + 1
        assert place(error, outer).endswith(f" ({__file__}:{line})")
        assert place(error, len).startswith("ValueError: int() base must be")  # no function of Python's: any line
        assert place(ValueError("never raised"), outer) == "ValueError: never raised"


def test_a_column_is_switched_off_once() -> None:
    problems: list[Problem] = []
    asked: list[int] = []

    def value(packet: Packet) -> int:
        asked.append(packet.number)
        if packet.number == 2:
            raise SystemExit
        return packet.number

    packets = judged("udp-exchange").packets
    column = guarded_columns({"lab": Column("lab", Text("Lab", "实验"), value)}, problems.append)["lab"]
    assert len(packets) > 2
    assert [column.value(packet) for packet in packets] == [1, *[None] * (len(packets) - 1)]
    assert asked == [1, 2]
    (problem,) = problems
    assert problem.fatal and problem.kind == "plugin"
    assert problem.message.startswith("column lab failed at frame 2: PluginGaveUp: SystemExit() (")
    assert problem.message.endswith("; switched off")


READER = """
import sys
from labdissect import hookimpl
from labdissect.plugins.packet import Packet
from labdissect.plugins.writer import ReaderFormat, Record

def {where}_fails(*arguments):
    {leaving}  # line 8

def detects(head):
    {detects}
    return head.startswith(b"LAB")

class Layers:
    def header(self, name):
        {header}
    def headers(self):
        return []
    def columns(self):
        {columns}
        return {{}}

class LabReader:
    def __init__(self, layers, report, wanted, carried):
        {make}
        self.count = 0
    def records(self, chunk):
        for line in chunk.splitlines(True):
            self.count += 1
            if self.count == 3:
                {records}
            yield Record(line, Packet(Layers(), self.count, None, None, "lab"))
    def end(self):
        {end}

@hookimpl
def labdissect_readers():
    return [ReaderFormat("lab", "lines of a lab", detects, LabReader)]
"""
LINES = b"LAB 1\nLAB 2\nLAB 3\nLAB 4\n"
REST = "; the rest of the input is not read"


def read_with(folder: Path, where: str, leaving: str, *arguments: str, stdin: bytes = LINES) -> tuple[Ran, Path]:
    """The program with a plugin whose reader does this in one place."""
    path = folder / "reads.py"
    places = dict.fromkeys(("detects", "header", "columns", "make", "records", "end"), "pass")
    code = READER.format(**(places | {where: f"{where}_fails()"}), where=where, leaving=leaving)
    path.write_text(code, encoding="utf-8")
    return labdissect("--plugin", path, *arguments, stdin=stdin), path


RAISING = {
    "raises": ("raise ValueError('no')", "ValueError: no"),
    "exits": ("sys.exit(3)", "PluginGaveUp: SystemExit(3)"),
}


@pytest.mark.parametrize("how", RAISING)
@pytest.mark.parametrize(
    ("where", "when", "packets"),
    [("make", "before the first packet", 0), ("records", "after frame 2", 2), ("end", "after frame 4", 4)],
)
def test_a_reader_that_fails_is_named_and_what_it_read_is_written(
    where: str, when: str, packets: int, how: str, tmp_path: Path
) -> None:
    leaving, said = RAISING[how]
    ran, path = read_with(tmp_path, where, leaving, "-o", "json")
    rest = "" if where == "make" else REST
    assert ran.err == f"labdissect: plugin reads: reader lab failed {when}: {said} ({path}:8){rest}\n"
    assert ran.code == 4
    assert [one["number"] for one in json.loads(ran.out)] == list(range(1, packets + 1))  # the array is closed


def test_a_reader_that_never_returns_is_ended(tmp_path: Path) -> None:
    ran, path = read_with(tmp_path, "records", FOR_EVER, "-o", "jsonl", "--plugin-timeout", "0.3")
    said = "PluginTooSlow: it took longer than 0.3 s (--plugin-timeout)"
    assert (ran.code, ran.err) == (
        4,
        f"labdissect: plugin reads: reader lab failed after frame 2: {said} ({path}:8){REST}\n",
    )


@pytest.mark.parametrize("how", RAISING)
def test_a_reader_that_cannot_look_leaves_the_others_their_input(how: str, tmp_path: Path) -> None:
    leaving, said = RAISING[how]
    capture = CAPTURES / f"{NAME}.pcapng"  # no reader of ours knows it, so that the plugin's is asked
    ran, path = read_with(tmp_path, "detects", leaving, "-o", "jsonl", str(capture))
    expected = f"labdissect: plugin reads: reader lab failed at the first bytes: {said} ({path}:8); switched off\n"
    assert (ran.code, ran.err) == (4, expected)
    assert ran.out == labdissect(capture, "-o", "jsonl").out
    ran, _ = read_with(tmp_path, "detects", leaving)
    assert ran.code == 2 and ran.err.startswith(expected) and ran.err.count("\n") == 2


@pytest.mark.parametrize("where", ["header", "columns"])
def test_packets_that_fail_are_their_readers(where: str, tmp_path: Path) -> None:
    ran, path = read_with(tmp_path, where, "raise ValueError('no')", "-o", "json")
    said = f"labdissect: plugin reads: reader lab gave a packet that failed: ValueError: no ({path}:8){REST}\n"
    assert (ran.code, ran.err, json.loads(ran.out)) == (4, said, [])


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        ("return 5", "records returned 5; it should return or yield records"),
        ("yield 5", "records gave 5; a Record(raw, packet) was expected"),
        ("yield None", "records gave None; a Record(raw, packet) was expected"),
        ("yield Record(b'', 7)", "records gave Record(raw=b'', packet=7); a Record(raw, packet) was expected"),
        (
            "yield Record(b'', Packet(Layers(), '1', None, None, ''))",
            "records gave Record(raw=b'', packet=<Packet 1 >); a Record(raw, packet) was expected",
        ),
    ],
)
def test_what_is_no_record_is_shown(gives: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "reads.py"
    nothing = dict.fromkeys(("detects", "header", "columns", "make", "records", "end"), "pass")
    code = READER.format(**nothing, where="no", leaving="pass").replace(
        "    def end", f"    def records(self, chunk):\n        {gives}\n    def end"
    )
    path.write_text(code, encoding="utf-8")
    ran = labdissect("--plugin", path, "-o", "jsonl", stdin=LINES)
    line = code[: code.index(gives)].count("\n")
    assert (ran.code, ran.out) == (4, b"")
    assert (
        ran.err
        == f"labdissect: plugin reads: reader lab failed before the first packet: {said} ({path}:{line}){REST}\n"
    )


def test_what_is_no_reader_is_shown(tmp_path: Path) -> None:
    _, path = read_with(tmp_path, "records", "pass")
    path.write_text(path.read_text(encoding="utf-8").replace("detects, LabReader)", "detects, detects_nothing)"))
    path.write_text(path.read_text(encoding="utf-8") + "def detects_nothing(*arguments):\n    return None\n")
    ran = labdissect("--plugin", path, "-o", "json", stdin=LINES)
    line = path.read_text(encoding="utf-8").count("\n") - 1
    said = f"make gave None; a Reader, with records and end, was expected ({path}:{line})"
    assert (ran.code, ran.err) == (4, f"labdissect: plugin reads: reader lab: {said}\n")
    assert json.loads(ran.out) == []


def test_the_library_tells_of_a_reader_that_fails(tmp_path: Path) -> None:
    _, path = read_with(tmp_path, "records", "raise ValueError('no')")
    with open_capture(io.BytesIO(LINES), plugins=[path]) as capture:
        assert [packet.number for packet in capture] == [1, 2]
    assert capture.problems == [f"plugin reads: reader lab failed after frame 2: ValueError: no ({path}:8){REST}"]


@pytest.mark.parametrize(("own", "becomes"), [("", "left out"), ("passes_on = True", "passed on as it is")])
def test_a_writer_tells_what_becomes_of_what_cannot_be_read(own: str, becomes: str, tmp_path: Path) -> None:
    plugin = tmp_path / "lines.py"
    plugin.write_text(
        "from labdissect import BaseWriter, WriterFormat, hookimpl\n"
        "class Lines(BaseWriter):\n"
        f"    {own}\n"
        "    def __init__(self, out, settings):\n"
        "        pass\n"
        "@hookimpl\n"
        "def labdissect_writers():\n"
        "    return [WriterFormat('lines', 'nothing', Lines)]\n"
    )
    ran = labdissect("--plugin", plugin, "-o", "lines", stdin=ek(NAME) + b"{bad\n")
    assert ran.code == 4 and ran.err.endswith(f"; {becomes}\n")

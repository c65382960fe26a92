"""The command line's contract: defaults, choices, exit codes, files against commands, plugins."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labdissect.bridge.options import SEVERITIES
from labdissect.plugins import rule
from labdissect.plugins.registry import BUILT_IN, Registry
from tests.bridge.program import COMMAND, ROOT, environment, labdissect, quiet
from tests.conftest import CAPTURES, ek, tshark

NAME = "tcp-four-way-close"
FOUR = CAPTURES / f"{NAME}.pcapng"
OTHER = CAPTURES / "tcp-simultaneous-close.pcapng"


def on_a_terminal(*arguments: str | Path, changes: dict[str, str] | None = None, columns: int = 120) -> str:
    """What a person sees."""
    master, slave = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "rows", "40"], stdin=slave, check=True)
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env=environment({"TERM": "xterm", **(changes or {})}),
        cwd=ROOT,
    ) as program:
        os.close(slave)
        seen = b""
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # Linux's way of saying that the other side is closed
                break
            if not chunk:
                break
            seen += chunk
    os.close(master)
    assert program.returncode == 0, seen.decode()
    return seen.decode().replace("\r\n", "\n")


# defaults


def test_on_a_terminal_it_is_a_table_in_the_locales_language() -> None:
    english = on_a_terminal(FOUR)
    assert "Handshake 1 of 3" in english and "\x1b[" in english
    chinese = on_a_terminal(FOUR, changes={"LC_ALL": "zh_CN.UTF-8"})
    assert "第一次握手" in chinese or "三次握手" in chinese
    assert "Handshake 1 of 3" in on_a_terminal(FOUR, "--lang", "en", changes={"LC_ALL": "zh_CN.UTF-8"})


def test_colours_can_be_refused() -> None:
    assert "\x1b[" not in on_a_terminal(FOUR, changes={"NO_COLOR": "1"})
    assert "\x1b[" not in on_a_terminal(FOUR, "--color", "never")
    assert b"\x1b[" not in quiet(labdissect(FOUR, "-o", "table")).out
    assert b"\x1b[" in quiet(labdissect(FOUR, "-o", "table", "--color", "always")).out


def test_elsewhere_it_is_what_came_in_in_english() -> None:
    ran = quiet(labdissect(FOUR, changes={"LC_ALL": "zh_CN.UTF-8", "LANG": "zh_CN.UTF-8"}))
    assert ran.out.startswith(b'{"index"') and b"Handshake 1 of 3" in ran.out
    assert quiet(labdissect(stdin=tshark(NAME, "-T", "pdml"))).out.startswith(b"<?xml")


def test_both_languages_can_be_asked_for() -> None:
    assert "握手" in quiet(labdissect(FOUR, "--lang", "zh")).text


def test_a_file_may_be_ek_or_pdml(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(ek(NAME))
    (tmp_path / "a.pdml").write_bytes(tshark(NAME, "-T", "pdml"))
    assert quiet(labdissect(tmp_path / "a.json")).out == quiet(labdissect(stdin=ek(NAME))).out
    assert quiet(labdissect(tmp_path / "a.pdml")).out.count(b'<proto name="labdissect"') == 13


def test_standard_input_by_name() -> None:
    assert quiet(labdissect("-", stdin=ek(NAME))).out == quiet(labdissect(stdin=ek(NAME))).out


def test_pdml_of_a_capture_and_of_an_empty_input() -> None:
    assert quiet(labdissect(FOUR, "-o", "pdml")).out.rstrip().endswith(b"</pdml>")
    assert labdissect("-o", "pdml").code == 0


# destinations and several files


def test_w_writes_a_file(tmp_path: Path) -> None:
    ran = quiet(labdissect(FOUR, "-o", "jsonl", "-w", tmp_path / "out.jsonl"))
    assert ran.out == b""
    assert (tmp_path / "out.jsonl").read_bytes() == quiet(labdissect(FOUR, "-o", "jsonl")).out


def test_w_never_overwrites_the_input(tmp_path: Path) -> None:
    copy = tmp_path / "copy.pcapng"
    shutil.copy(FOUR, copy)
    ran = labdissect("copy.pcapng", "-w", "./copy.pcapng", folder=tmp_path)
    assert ran.code == 2
    assert "is the input itself" in ran.err
    assert copy.read_bytes() == FOUR.read_bytes()


def test_w_keeps_an_old_file_when_the_input_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    assert labdissect("no-such.pcap", "-w", tmp_path / "out").code == 2
    assert (tmp_path / "out").read_text() == "precious"


def test_w_to_a_place_that_is_not(tmp_path: Path) -> None:
    ran = labdissect(FOUR, "-w", tmp_path / "no" / "such" / "folder")
    assert ran.code == 2
    assert "No such file or directory" in ran.err


@pytest.mark.parametrize("output", ["jsonl", "conversations"])
def test_several_files_get_a_key(output: str) -> None:
    lines = quiet(labdissect("-o", output, FOUR, OTHER)).lines
    assert {json.loads(line)["file"] for line in lines} == {str(FOUR), str(OTHER)}


@pytest.mark.parametrize(("output", "between"), [("csv", ","), ("tsv", "\t")])
def test_several_files_share_one_heading(output: str, between: str) -> None:
    lines = quiet(labdissect("-o", output, FOUR, OTHER)).text.splitlines()
    assert lines[0].startswith(f"file{between}number")
    assert sum(line.startswith(f"file{between}") for line in lines) == 1
    assert lines[1].startswith(str(FOUR)) and lines[-1].startswith(str(OTHER))


def test_several_files_in_a_table_have_a_heading_each() -> None:
    text = quiet(labdissect("-o", "table", FOUR, OTHER)).text
    assert text.count(str(FOUR)) == 1 and text.count(str(OTHER)) == 1


@pytest.mark.parametrize("options", [[], ["-o", "ek"], ["-o", "pdml"]])
def test_ek_and_pdml_take_one_file(options: list[str]) -> None:
    ran = labdissect(*options, FOUR, OTHER)
    assert (ran.code, ran.out) == (2, b"")
    assert "takes one file" in ran.err


def test_one_bad_file_among_several_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("nothing of the kind")
    ran = labdissect("-o", "jsonl", FOUR, tmp_path / "bad", OTHER)
    assert ran.code == 4
    assert "tshark cannot read" in ran.err
    assert {json.loads(line)["file"] for line in ran.lines} == {str(FOUR), str(OTHER)}
    assert labdissect("-o", "jsonl", tmp_path / "bad", tmp_path / "bad").code == 3


# choices


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "exel"], "there is no output format exel"),
        (["-o", "ek", "-o", "csv"], "one output a run"),
        (["--only", "tcp.fni"], "there is no code tcp.fni; near: "),
        (["--ignore", "nothing"], "there is no code nothing"),
        (["--min-severity", "fatal"], "Invalid value for '--min-severity'"),
        (["--lang", "de"], "Invalid value for '--lang'"),
        (["--set", "novalue"], "write NAME=VALUE"),
        (["--nonsense"], "No such option"),
        (["--jobs", "1.5"], "'1.5' is not a valid whole number."),
        (["--plugin-timeout", "x"], "'x' is not a valid number."),
        (["why", "web.pcap", "first"], "Invalid value for 'FRAME': 'first' is not a valid whole number."),
        (["-o", "csv", "--columns", "numbr"], "numbr"),
        (["--plugin", "no-such.py"], "no-such.py: no such file"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    ran = labdissect(*arguments, stdin=ek(NAME))
    assert (ran.code, ran.out) == (2, b"")
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("option", [["-Y", "tcp"], ["-2"], ["-d", "tcp.port==1,http"], ["-o", "tcp.relative:FALSE"]])
def test_what_only_tshark_can_do_is_refused_on_a_pipe(option: list[str]) -> None:
    ran = labdissect(*option, stdin=ek(NAME))
    assert (ran.code, ran.out) == (2, b"")
    assert "give them to tshark, or name the capture" in ran.err


def test_formats_that_do_not_fit_the_input() -> None:
    ran = labdissect("-o", "pdml", stdin=ek(NAME))
    assert ran.code == 2
    assert "-o pdml needs pdml as input, and standard input is ek" in ran.err


def codes(*arguments: str | Path) -> set[str]:
    return {json.loads(line)["code"] for line in quiet(labdissect("-o", "jsonl", *arguments, FOUR)).lines}


def test_verdicts_are_chosen_by_code_and_severity() -> None:
    every = codes()
    fins = {code for code in every if code.startswith("tcp.fin.")}
    assert fins and every - fins
    assert codes("--only", "tcp.fin") == codes("--only", "tcp.fin.*") == fins
    assert codes("--only", "tcp.fin.first,tcp.fin.second") == {"tcp.fin.first", "tcp.fin.second"}
    assert codes("--ignore", "tcp.fin") == every - fins
    assert codes("--only", "tcp.fin", "--ignore", "tcp.fin.first") == fins - {"tcp.fin.first"}
    assert codes("--min-severity", "error") == set()


def test_states_stay_when_verdicts_are_left_out() -> None:
    ran = quiet(labdissect("--only", "tcp.rst", stdin=ek(NAME)))
    assert ran.out.count(b"labdissect_labdissect_state_client") == 13
    assert b"labdissect_labdissect_verdict" not in ran.out


def test_severities_are_those_of_the_rules() -> None:
    assert rule.SEVERITIES == SEVERITIES


# files and commands


def test_options_may_stand_before_and_behind_files() -> None:
    assert quiet(labdissect("-o", "jsonl", FOUR)).out == quiet(labdissect(FOUR, "-o", "jsonl")).out


def test_a_commands_name_wins_over_a_files(tmp_path: Path) -> None:
    shutil.copy(FOUR, tmp_path / "rules")
    assert b"tcp.fin.first" in quiet(labdissect("rules", folder=tmp_path)).out
    assert len(quiet(labdissect("./rules", folder=tmp_path)).lines) == 26


def test_help_names_every_command_and_the_exit_codes() -> None:
    text = quiet(labdissect("--help")).text
    for name in ("why", "explain", "rules", "layers", "plugins", "doctor", "-o", "-Y", "Exit: 0"):
        assert name in text


def test_version() -> None:
    import labdissect as package

    assert quiet(labdissect("--version")).text == f"labdissect {package.__version__}\n"


# how long the start takes, the benchmark measures; these name what must not come back


def imported(*arguments: str, stdin: bytes = b"") -> set[str]:
    """The modules that a run imports."""
    script = f"import sys; from labdissect.bridge.cli import code_of; code_of({list(arguments)}); print(*sys.modules)"
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, input=stdin, capture_output=True, env=environment(), check=True, cwd=ROOT)
    return set(ran.stdout.decode().splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["rules", "--help"], ["batch", "--help"]])
def test_help_imports_neither_the_rules_nor_what_they_need(arguments: list[str]) -> None:
    slow = {"pyshark", "rich", "asyncio", "lxml", "subprocess", "construct", "msgspec", "pluggy", "importlib.metadata"}
    assert not imported(*arguments) & {*slow, "labdissect.plugins.registry", "labdissect.plugins.rule"}


def test_the_first_verdict_needs_no_slow_import() -> None:
    slow = {"pyshark", "rich", "asyncio", "lxml", "subprocess", "importlib.metadata"}
    assert not imported("-o", "ek", stdin=ek("arp-request-reply")) & slow


def test_no_built_in_plugin_adds_a_command(registry: Registry) -> None:
    """For which reason ``--help`` need not load them."""
    hooks = registry.manager.hook.labdissect_commands.get_hookimpls()
    assert [hook.plugin_name for hook in hooks if registry.sources[hook.plugin_name] == BUILT_IN] == []


# plugins

GOOD = """
from labdissect import BaseAnalyzer, Column, Rule, Text, Verdict, hookimpl
import click

SEEN = Rule("lab.seen", "tcp", "note", 90, Text("Seen {number}.", "看到 {number}。"))

class Sees(BaseAnalyzer):
    layers = ("tcp",)
    def analyze(self, packet):
        BODY

@hookimpl
def labdissect_rules():
    return [SEEN]

@hookimpl
def labdissect_analyzers(settings):
    return [Sees()]

@hookimpl
def labdissect_columns():
    return [Column("double", Text("Double", "双倍"), lambda packet: COLUMN, everywhere=True)]

@hookimpl
def labdissect_commands(cli):
    @cli.command("greet")
    def greet():
        click.echo("hello")

@hookimpl
def labdissect_finish(summary):
    FINISH
"""


def plugin(
    folder: Path,
    body: str = 'return [Verdict(SEEN, packet.number, {"number": packet.number})]',
    column: str = "packet.number * 2",
    finish: str = "pass",
) -> Path:
    path = folder / "sees.py"
    path.write_text(GOOD.replace("BODY", body).replace("COLUMN", column).replace("FINISH", finish))
    return path


def test_a_plugin_adds_verdicts_columns_and_commands(tmp_path: Path) -> None:
    path = plugin(tmp_path)
    ran = quiet(labdissect("--plugin", path, stdin=ek(NAME)))
    assert b'"labdissect_labdissect_headline":"Seen 1."' in ran.out
    assert b'"labdissect_labdissect_double":"26"' in ran.out
    assert quiet(labdissect("--plugin", path, "greet")).text == "hello\n"
    assert "greet" in quiet(labdissect("--plugin", path, "--help")).text
    assert "lab.seen" in quiet(labdissect("explain", "lab.seen", "--plugin", path)).text
    named = {"LABDISSECT_PLUGINS": str(path)}
    assert quiet(labdissect(stdin=ek(NAME), changes=named)).out == ran.out
    assert "greet" in quiet(labdissect("--help", changes=named)).text


def test_an_installed_plugin_adds_commands(tmp_path: Path) -> None:
    plugin(tmp_path)
    information = tmp_path / "lab_sees-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-sees\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[labdissect]\nsees = sees\n")
    on_the_path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    assert "greet" in quiet(labdissect("--help", changes=on_the_path)).text
    assert quiet(labdissect("greet", changes=on_the_path)).text == "hello\n"


def test_a_plugin_in_the_working_directory_is_not_loaded_by_itself(tmp_path: Path) -> None:
    plugin(tmp_path)
    assert b"Seen" not in quiet(labdissect(stdin=ek(NAME), folder=tmp_path)).out


def test_a_plugin_that_raises_is_switched_off_and_the_stream_goes_on(tmp_path: Path) -> None:
    path = plugin(tmp_path, body='if packet.number == 5: raise RuntimeError("oh \\x1b[31mno")')
    ran = labdissect("--plugin", path, stdin=ek(NAME))
    assert ran.code == 4
    assert "failed at frame 5: RuntimeError: oh \\x1b[31mno" in ran.err
    assert f"{path}:10" in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out.count(b'"labdissect":{') == 13
    assert ran.out.count(b"plugin.failed") == 1


@pytest.mark.parametrize("output", ["ek", "json", "jsonl", "csv", "table"])
def test_a_verdict_that_no_sentence_can_be_made_of_is_left_out(tmp_path: Path, output: str) -> None:
    path = plugin(tmp_path, body="return [Verdict(SEEN, packet.number, {})] if packet.number == 5 else None")
    ran = labdissect("--plugin", path, "-o", output, stdin=ek(NAME))
    assert ran.code == 4
    assert ran.err == "labdissect: no sentence can be made of lab.seen at frame 5: KeyError: 'number'; left out\n"
    assert "Close, step 1" in ran.text


ENDS = """    def ended(self, conversation):
        yield Verdict(SEEN, 5, {})
    def analyze"""


@pytest.mark.parametrize("output", ["json", "jsonl", "table"])
def test_so_is_one_of_a_conversations_end(tmp_path: Path, output: str) -> None:
    path = plugin(tmp_path, body="return None")
    path.write_text(path.read_text().replace("    def analyze", ENDS))
    ran = labdissect("--plugin", path, "-o", output, stdin=ek(NAME))
    assert ran.err == "labdissect: no sentence can be made of lab.seen at frame 5: KeyError: 'number'; left out\n"
    assert ran.code == 4
    if output == "json":
        assert len(json.loads(ran.out)) >= 13


@pytest.mark.parametrize("frame", ["4", "5", "6"])
def test_why_leaves_it_out_too(tmp_path: Path, frame: str) -> None:
    path = plugin(tmp_path, body="return [Verdict(SEEN, 5, {})] if packet.number in (5, 6) else None")
    ran = labdissect("why", CAPTURES / f"{NAME}.pcapng", frame, "--plugin", path)
    assert set(ran.err.splitlines()) <= {
        "labdissect: no sentence can be made of lab.seen at frame 5: KeyError: 'number'; left out"
    }
    assert ran.code == (4 if ran.err else 0) and ran.text.startswith(f"Frame {frame} ")
    assert frame != "5" or ran.code == 4


def test_a_writer_that_closes_the_output(tmp_path: Path) -> None:
    path = plugin(tmp_path)
    writer = """
from labdissect import BaseWriter, WriterFormat
class Closes(BaseWriter):
    def __init__(self, out, settings):
        self._out = out
    def packet(self, record, packet, verdicts):
        self._out.write(b"one\\n") if packet.number == 1 else self._out.close()
@hookimpl
def labdissect_writers():
    return [WriterFormat("closes", "closes", Closes)]
"""
    path.write_text(path.read_text() + writer)
    assert quiet(labdissect("--plugin", path, "-o", "closes", stdin=ek(NAME))).out == b"one\n"


def test_a_column_that_raises_is_switched_off(tmp_path: Path) -> None:
    ran = labdissect("--plugin", plugin(tmp_path, column="packet.number // (packet.number - 3)"), stdin=ek(NAME))
    assert ran.code == 4
    assert "column double failed at frame 3: ZeroDivisionError" in ran.err
    assert ran.out.count(b"labdissect_double") == 2
    assert ran.out.count(b'"labdissect":{') == 13


def test_a_plugin_that_fails_at_the_end(tmp_path: Path) -> None:
    ran = labdissect("--plugin", plugin(tmp_path, finish="raise ValueError(summary.packets)"), stdin=ek(NAME))
    assert ran.code == 4
    assert "ValueError: 13" in ran.err
    assert ran.out.count(b'"labdissect":{') == 13


def test_a_writer_of_a_plugin_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "writes.py"
    path.write_text(
        "from labdissect import hookimpl\n"
        "from labdissect.plugins.writer import WriterFormat\n"
        "class Bad:\n"
        "    def __init__(self, out, settings): pass\n"
        "    def packet(self, record, packet, verdicts): raise KeyError('x')\n"
        "    def other(self, record): pass\n"
        "@hookimpl\n"
        "def labdissect_writers():\n"
        "    return [WriterFormat('bad', 'fails', Bad)]\n"
    )
    ran = labdissect("--plugin", path, "-o", "bad", stdin=ek(NAME))
    assert ran.code == 4
    assert "the plugin that writes bad failed: KeyError: 'x'" in ran.err and "writes.py:5" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "line 1: "),
        ("import nothing_of_the_kind\n", "line 1: ModuleNotFoundError"),
        ("from labdissect import hookimpl\n@hookimpl\ndef labdissect_ruels():\n    return []\n", "labdissect_ruels"),
    ],
)
def test_a_plugin_that_cannot_be_loaded(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    ran = labdissect("--plugin", path, stdin=ek(NAME))
    assert (ran.code, ran.out) == (2, b"")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_columns_are_never_ignored_in_silence(tmp_path: Path) -> None:
    for output in ("ek", "jsonl", "conversations"):
        ran = labdissect(FOUR, "-o", output, "--columns", "number")
        assert (ran.code, ran.out) == (2, b"")
        assert "--columns is for " in ran.err and f"; -o {output} has no columns" in ran.err
    kept = tmp_path / "kept.csv"
    kept.write_text("old")
    ran = labdissect(FOUR, "-o", "csv", "-w", kept, "--columns", "number,tcp.sek")
    assert ran.code == 2 and "perhaps tcp.seq" in ran.err
    assert kept.read_text() == "old"


def test_ignoring_a_verdict_keeps_its_packet() -> None:
    every, without = (labdissect(FOUR, "-o", "tsv", *more).lines for more in ((), ("--ignore", "tcp")))
    assert len(every) == len(without) == 14
    assert len(labdissect(FOUR, "-o", "tsv", "--min-severity", "error").lines) == 1


def test_pages_are_utf8_wherever_they_go() -> None:
    """A file or pipe of a system whose locale is another, as Windows' are."""
    ran = quiet(labdissect("explain", "tcp.open.syn", "--lang", "zh", changes={"PYTHONIOENCODING": "cp1252"}))
    assert "第一次握手" in ran.out.decode("utf-8")
    failed = labdissect("文件.pcap", changes={"PYTHONIOENCODING": "cp1252"})
    assert (failed.code, failed.err) == (2, "labdissect: cannot read 文件.pcap: there is no such file\n")


# Ctrl-C before anything is read


INTERRUPTING = """
import os, sys

left = int(os.environ["INTERRUPTED_AT"])

def seen(event, arguments):
    global left
    if event == "import" and "labdissect" in sys.modules:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 2)

sys.addaudithook(seen)
"""
"""A sitecustomize.py that presses Ctrl-C at one of the modules that are imported from our first line on."""


@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 20, 50, 80, 110, 140, 170, 200, 230])
def test_ctrl_c_while_it_starts_ends_it_quietly(count: int, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTING)
    ran = subprocess.run(
        COMMAND,
        input=ek(NAME),
        capture_output=True,
        env=environment({"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "INTERRUPTED_AT": str(count)}),
        cwd=ROOT,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


@pytest.mark.parametrize("order", ["import labdissect", "from labdissect import open"])
def test_importing_the_package_leaves_ctrl_c_alone(order: str) -> None:
    script = f"import signal; {order}; assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    subprocess.run([sys.executable, "-c", script], env=environment(), cwd=ROOT, check=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "arguments", [("rules",), ("--help",), ("explain", "tcp.fin.first"), ("why", FOUR, "3"), ("-o", "table", FOUR)]
)
def test_a_full_disk_is_said_by_every_command(arguments: tuple[str | Path, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            cwd=ROOT,
        )
    assert ran.returncode == 4
    assert ran.stderr == "labdissect: the output: No space left on device\n"

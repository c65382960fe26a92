"""`labdissect plugins check`: what it prints, and its exit codes."""

from __future__ import annotations

from pathlib import Path

from labdissect.bridge.handmade.frames import udp, write_pcap
from tests.bridge.program import ROOT, labdissect, quiet
from tests.conftest import capture_path

LOW_TTL = ROOT / "examples" / "low_ttl.py"
PRINTED = """\
labnote.py adds
  layer     labnote      over udp.port 9002; fields kind, seq, body
  rule      labnote.gap  warn, about labnote
  analyzer  Gaps         of labnote packets

in 1 capture, 3 packets
  layer     labnote      3 packets, first at frame 1 of lab.pcap
  rule      labnote.gap  1 time, first at frame 3 of lab.pcap: Note 9 follows note 2 of frame 2: 6 in between did not
                         come by here.
  analyzer  Gaps         3 packets

labnote.py:14: warning: layer labnote: no analyzer or column reads body
1 warning
"""


def test_the_template_has_one_field_that_is_only_shown(tmp_path: Path) -> None:
    quiet(labdissect("plugins", "new", "labnote", "-w", tmp_path))
    write_pcap(tmp_path / "lab.pcap", [udp(bytes((1, 0, seq)), dport=9002) for seq in (1, 2, 9)])
    ran = labdissect("plugins", "check", "labnote.py", "lab.pcap", folder=tmp_path, changes={"PYTHONPATH": str(ROOT)})
    assert (ran.code, ran.err) == (0, "")
    assert ran.text == PRINTED


def test_rules_for_a_layer_of_tsharks(tmp_path: Path) -> None:
    ran = quiet(
        labdissect("plugins", "check", LOW_TTL, capture_path("icmp-traceroute-udp"), capture_path("arp-unanswered"))
    )
    assert "in 2 captures, " in ran.text and "Router 1 will drop it." in ran.text
    assert f"{LOW_TTL}:5: warning: rule lab.low-ttl: no sources" in ran.text


def test_without_a_capture(tmp_path: Path) -> None:
    ran = quiet(labdissect("plugins", "check", LOW_TTL))
    assert "never fired" not in ran.text and "captures" not in ran.text
    (tmp_path / "empty.py").write_text("")
    assert "empty.py adds nothing" in quiet(labdissect("plugins", "check", tmp_path / "empty.py")).text


def test_errors_are_exit_code_4(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import os\nx = [\n")
    ran = labdissect("plugins", "check", "broken.py", folder=tmp_path)
    assert (ran.code, ran.err) == (4, "")
    assert ran.text == "broken.py:2: error: '[' was never closed\n1 error\n"


def test_what_a_plugin_says_is_harmless_to_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text("raise ValueError('\\x1b[31mred\\x07')\n")
    ran = labdissect("plugins", "check", tmp_path / "loud.py")
    assert ran.code == 4 and b"\x1b" not in ran.out and "\\x1b[31mred\\x07" in ran.text


def test_wrong_usage(tmp_path: Path) -> None:
    assert labdissect("plugins", "check").code == 2
    assert labdissect("plugins", "check", LOW_TTL, tmp_path / "none.pcap").code == 2
    assert labdissect("plugins", "check", LOW_TTL, "--set", "nothing").code == 2
    assert labdissect("plugins", "chekc", LOW_TTL).code == 2
    ran = labdissect("plugins", "check", tmp_path / "none.py")
    assert ran.code == 4 and "no such file" in ran.text


def test_no_tshark(tmp_path: Path) -> None:
    ran = labdissect(
        "plugins", "check", LOW_TTL, capture_path("udp-exchange"), changes={"LABDISSECT_TSHARK": "/nowhere/tshark"}
    )
    assert ran.code == 3 and "/nowhere/tshark" in ran.err


def test_on_another_port(tmp_path: Path) -> None:
    quiet(labdissect("plugins", "new", "labnote", "-w", tmp_path))
    write_pcap(tmp_path / "lab.pcap", [udp(bytes((1, 0, seq)), dport=9055) for seq in (1, 9)])
    arguments = ["plugins", "check", tmp_path / "labnote.py", tmp_path / "lab.pcap"]
    assert "layer labnote was never found in 1 capture" in quiet(labdissect(*arguments)).text
    ran = quiet(labdissect(*arguments, "--decode-as", "udp.port==9055,labnote"))
    assert "rule      labnote.gap  1 time, first at frame 2 of lab.pcap" in ran.text
    assert labdissect(*arguments, "--decode-as", "udp.port==9055,nothing").code == 2


def test_a_plugin_that_needs_another(tmp_path: Path) -> None:
    quiet(labdissect("plugins", "new", "labnote", "-w", tmp_path))
    (tmp_path / "above.py").write_text(
        "from labdissect import BaseAnalyzer, Rule, Text, Verdict, hookimpl\n"
        "R = Rule('lab.note', 'labnote', 'chat', 1, Text('note', '便条'))\n"
        "class Notes(BaseAnalyzer):\n"
        "    layers = ('labnote',)\n"
        "    def analyze(self, packet):\n"
        "        return [Verdict(R, packet.number, {})]\n"
        "@hookimpl\n"
        "def labdissect_rules():\n"
        "    return [R]\n"
        "@hookimpl\n"
        "def labdissect_analyzers(settings):\n"
        "    return [Notes()]\n"
    )
    write_pcap(tmp_path / "lab.pcap", [udp(bytes((1, 0, seq)), dport=9002) for seq in (1, 9)])
    arguments = ["plugins", "check", tmp_path / "above.py", tmp_path / "lab.pcap"]
    assert "there is no layer labnote" in labdissect(*arguments).text
    ran = quiet(labdissect("--plugin", tmp_path / "labnote.py", *arguments))
    assert "2 times, first at frame 1 of lab.pcap: note" in ran.text and "labnote.gap" not in ran.text


FOR_SCRIPTS = """
import click
from labdissect import hookimpl
from labdissect.plugins.writer import ReaderFormat
@hookimpl
def labdissect_commands(cli):
    {adding}
    @cli.command("greet")
    def greet():
        \'\'\'Says hello.\'\'\'
@hookimpl
def labdissect_finish(summary):
    {finishing}
@hookimpl
def labdissect_readers():
    return [ReaderFormat("labtext", "lines of a lab", lambda head: head.startswith(b"LAB"), None)]
"""


def test_what_a_plugin_adds_besides_verdicts(tmp_path: Path) -> None:
    path = tmp_path / "scripts.py"
    path.write_text(FOR_SCRIPTS.format(adding="pass", finishing="pass"))
    ran = quiet(labdissect("plugins", "check", path, capture_path("udp-exchange")))
    assert ran.text.startswith(f"{path} adds\n  input    labtext  lines of a lab\n  command  greet    Says hello.\n")
    assert "nothing to complain about" in ran.text


def test_hooks_that_fail_beside_packets(tmp_path: Path) -> None:
    path = tmp_path / "scripts.py"
    path.write_text(FOR_SCRIPTS.format(adding="raise ValueError('added')", finishing="raise SystemExit(1)"))
    ran = labdissect("plugins", "check", path, capture_path("udp-exchange"))
    assert (ran.code, ran.err) == (4, "")
    assert f"{path}: error: labdissect_commands failed: ValueError: added ({path}:7)" in ran.text
    why = f"labdissect_finish failed at the end of udp-exchange.pcapng: PluginGaveUp: SystemExit(1) ({path}:13)"
    assert f"{path}: error: {why}" in ran.text

"""What a plugin does wrong, or does for ever, ends with the plugin: named, switched off, the stream unharmed."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from labdissect.bridge.watchdog import Watchdog
from labdissect.plugins.time_limit import TookTooLong, limited
from tests.bridge.program import labdissect
from tests.conftest import ek

HEAD = """
from construct import Computed, GreedyBytes, GreedyRange, Int8ub, Struct
from labdissect import BaseAnalyzer, Column, Layer, Rule, Settings, Text, Verdict, hookimpl
SAID = Rule("lab.said", "udp", "note", 99, Text("Said.", "已说。"))
def for_ever(*arguments):
    while True:
        try:
            pass
        except Exception:
            pass
"""
LAYER = """
@hookimpl
def labdissect_layers():
    return [Layer("labbad", Text("Bad", "坏"), {struct}, over=(("udp.port", 9000),){more})]
"""
ANALYZER = """
class Bad(BaseAnalyzer):
    layers = ("udp",)
    def analyze(self, packet):
        {body}
@hookimpl
def labdissect_analyzers(settings):
    return [Bad()]
"""
COLUMN = """
@hookimpl
def labdissect_columns():
    return [Column("bad", Text("Bad", "坏"), for_ever, everywhere=True)]
"""
PLAIN = 'Struct("kind" / Int8ub, "rest" / GreedyBytes)'

SLOW = {
    "analyze": ANALYZER.format(body="for_ever()"),
    "matches": LAYER.format(struct=PLAIN, more=", matches=for_ever"),
    "definition": LAYER.format(struct='Struct("all" / GreedyRange(Computed(1)))', more=""),
    "column": COLUMN,
}
WRONG = {
    "a text": (ANALYZER.format(body='return "text"'), "analyze returned 'text'"),
    "no verdict": (ANALYZER.format(body="return [1]"), "analyze gave 1"),
    "a verdict alone": (ANALYZER.format(body="return Verdict(SAID, packet.number, {})"), "analyze returned Verdict("),
    "a rule's name": (ANALYZER.format(body='yield Verdict("lab.said", packet.number, {})'), "analyze gave Verdict("),
    "an error": (ANALYZER.format(body="return packet.nothing"), "no attribute 'nothing'"),
    "matches": (
        LAYER.format(struct=PLAIN, more=", matches=lambda data: data.nothing"),
        "AttributeError: 'bytes' object",
    ),
    "payload_length": (
        LAYER.format(struct=PLAIN, more=', payload_length=lambda header: "8", selects=("labbad.kind", "kind")'),
        "payload_length gives '8'",
    ),
}


def plugin(folder: Path, text: str) -> Path:
    path = folder / "bad.py"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


@pytest.mark.parametrize("what", SLOW)
def test_what_takes_too_long_is_ended_and_named(what: str, tmp_path: Path) -> None:
    data = ek("rdt-stop-and-wait")
    began = time.monotonic()
    ran = labdissect("--plugin", plugin(tmp_path, SLOW[what]), "--plugin-timeout", "0.5", stdin=data)
    assert time.monotonic() - began < 60
    assert ran.code == 4
    assert "frame 1: " in ran.err and "it took longer than 0.5 s (--plugin-timeout)" in ran.err
    assert "bad.py:" in ran.err and ran.err.count("switched off") == 1
    assert len(ran.lines) == data.count(b"\n")
    assert sum(b'"labdissect":{' in line for line in ran.lines) == 19


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_and_the_rest_goes_on(what: str, tmp_path: Path) -> None:
    text, said = WRONG[what]
    path = plugin(tmp_path, text)
    data = ek("rdt-stop-and-wait")
    ran = labdissect("--plugin", path, stdin=data)
    assert ran.code == 4
    assert said in ran.err and f"({path}:" in ran.err and "at frame 1" in ran.err
    assert sum(b'"labdissect":{' in line for line in ran.lines) == 19
    assert sum(b'"plugin.failed"' in line for line in ran.lines) == 1


@limited
def _busy(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_many_short_calls_are_no_long_one() -> None:
    with Watchdog(0.2).watching():
        for _ in range(12):
            _busy(0.05)


def test_the_timer_is_gone_afterwards() -> None:
    handler = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TookTooLong), Watchdog(0.1).watching():
        _busy(30)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == handler


def test_no_limit() -> None:
    with Watchdog(0).watching():
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

"""One plugin alone: over frames made by hand, over captures, and when it fails."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path

import pytest

from labdissect.bridge.failures import UsageFailure
from labdissect.bridge.handmade.ek import ek_lines
from labdissect.bridge.handmade.frames import Frame, tcp_connection, udp
from labdissect.bridge.trial import PluginFailed, assert_no_verdict, assert_verdict, run
from labdissect.plugins.registry import PluginError
from tests.bridge.program import ROOT
from tests.conftest import capture_path

LOW_TTL = ROOT / "examples" / "low_ttl.py"
PROBES = [udp(b"probe", dport=33434 + ttl, ttl=ttl) for ttl in (1, 2, 64)]
EVERY = """
from labdissect import BaseAnalyzer, Rule, Text, Verdict, hookimpl

SEEN = Rule("lab.seen", "frame", "chat", 1, Text("{what} seen", "看到 {what}"))


class Every(BaseAnalyzer):
    layers = ("frame",)

    def analyze(self, packet):
        %s
        yield Verdict(SEEN, packet.number, {"what": packet.protocols})


@hookimpl
def labdissect_rules():
    return [SEEN]


@hookimpl
def labdissect_analyzers(settings):
    return [Every()]
"""


def plugin(folder: Path, line: str = "") -> Path:
    """A plugin that sees every packet and runs this line first."""
    path = folder / "every.py"
    path.write_text(EVERY % (line or "pass"), encoding="utf-8")
    return path


@pytest.mark.parametrize("tshark", [False, True])
def test_frames_made_by_hand(tshark: bool) -> None:
    result = run(LOW_TTL, PROBES, tshark=tshark)
    assert result.codes == {1: ["lab.low-ttl"], 2: ["lab.low-ttl"]}
    assert [packet.ip.ttl for packet in result.packets] == [1, 2, 64]
    assert result.texts("zh") == ["第 1 个路由器将丢弃它。", "第 2 个路由器将丢弃它。"]
    assert result.problems == []


def test_a_capture() -> None:
    result = run(LOW_TTL, capture_path("icmp-traceroute-udp"))
    assert result.frames("lab.low-ttl")[0] == 1
    assert {verdict.rule.code for verdict in result.verdicts} == {"lab.low-ttl"}


def test_a_file_of_tsharks_output(tmp_path: Path) -> None:
    (tmp_path / "probes.ek").write_bytes(ek_lines(PROBES))
    assert run(LOW_TTL, tmp_path / "probes.ek").frames("lab.low-ttl") == [1, 2]


def test_through_tshark_a_port_can_be_decoded_as_another_protocol() -> None:
    frames = [udp(b"<14>a note", dport=40514)]
    assert run(LOW_TTL, frames, tshark=True).packet(1).protocols == "eth:ethertype:ip:udp:data"
    decoded = run(LOW_TTL, frames, tshark=True, tshark_decode_as=["udp.port==40514,syslog"])
    assert decoded.packet(1).protocols == "eth:ethertype:ip:udp:syslog"


LINES = """
from construct import Bytes, Int8ub, Struct, this
from labdissect import Layer, Text, hookimpl

LAYER = Layer(
    "lablines",
    Text("lines", "行"),
    Struct("size" / Int8ub, "text" / Bytes(this.size)),
    over=(("tcp.port", 9001), ("udp.port", 9001)),
    message_length=lambda data: 1 + data[0] if data else None,
)


@hookimpl
def labdissect_layers():
    return [LAYER]
"""


@pytest.mark.parametrize("tshark", [False, True])
def test_messages_over_tcp_however_they_were_cut_and_sent(tmp_path: Path, tshark: bool) -> None:
    path = tmp_path / "lablines.py"
    path.write_text(LINES, encoding="utf-8")
    sent = b"\5hello\2to\4many"
    frames = tcp_connection([("client", sent)], dport=9001, mss=4)
    handshake, segments, rest = frames[:3], frames[3:7], frames[7:]
    swapped = [segments[0], segments[2], segments[0], segments[1], segments[3]]  # out of order, and one again
    result = run(path, [*handshake, *swapped, *rest], tshark=tshark)
    messages = [message for packet in result.packets for message in packet.messages]
    assert [message.header.text for message in messages] == [b"hello", b"to", b"many"]
    assert [message.frames[-1] for message in messages] == [7, 7, 8]


def test_a_layer_moves_to_another_port(tmp_path: Path) -> None:
    path = tmp_path / "lablines.py"
    path.write_text(LINES, encoding="utf-8")
    frames = [udp(b"\2hi", dport=9055)]
    assert run(path, frames).packet(1).lablines is None
    assert run(path, frames, decode_as=["udp.port==9055,lablines"]).packet(1).lablines.text == b"hi"
    with pytest.raises(UsageFailure):
        run(path, frames, decode_as=["udp.port==9055,labnothing"])


def test_conversations_are_followed() -> None:
    result = run(LOW_TTL, tcp_connection([("client", b"hello")], dport=9001))
    (conversation,) = result.conversations
    assert conversation.conn_state == "SF"
    assert result.packet(3).segment.client_state == "ESTABLISHED"
    with pytest.raises(LookupError, match="there is no frame 99; the last is 9"):
        result.packet(99)


def test_a_plugin_that_fails_raises_and_names_its_line(tmp_path: Path) -> None:
    path = plugin(tmp_path, "1 / (2 - packet.number)")
    with pytest.raises(PluginFailed, match=r"failed at frame 2: ZeroDivisionError: .*every\.py:11"):
        run(path, PROBES)
    result = run(path, PROBES, check=False)
    assert result.codes == {1: ["lab.seen"], 2: ["plugin.failed"]}
    assert len(result.problems) == 1


def test_a_verdict_that_cannot_be_said_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "unsayable.py"
    path.write_text(EVERY.replace('"what": ', '"waht": ') % "pass", encoding="utf-8")
    with pytest.raises(PluginFailed, match=r"no sentence can be made of lab\.seen at frame 1"):
        run(path, PROBES[:1])


def test_settings_reach_the_plugin(tmp_path: Path) -> None:
    source = (EVERY % "pass").replace("[Every()]", '[Every()] if settings.options.get("on") == "yes" else []')
    (tmp_path / "optional.py").write_text(source, encoding="utf-8")
    assert run(tmp_path / "optional.py", PROBES).verdicts == []
    assert len(run(tmp_path / "optional.py", PROBES, settings={"on": "yes"}).verdicts) == 3


def test_no_other_plugin_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABDISSECT_PLUGINS", os.fspath(plugin(tmp_path)))
    assert run(LOW_TTL, PROBES).frames("lab.seen") == []


def test_what_cannot_be_had_says_why(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="no such file"):
        run(tmp_path / "none.py", PROBES)
    with pytest.raises(UsageFailure, match="there is no such file"):
        run(LOW_TTL, tmp_path / "none.pcap")


def test_assertions_return_what_they_found() -> None:
    result = run(LOW_TTL, PROBES)
    assert assert_verdict(result, 2, "lab.low-ttl", ttl=2).about == 2
    assert_no_verdict(result, "lab.low-ttl", frame=3)
    assert_no_verdict(result, "lab.other")


@pytest.mark.parametrize(
    ("frame", "code", "params", "message"),
    [
        (3, "lab.low-ttl", {}, "about it: none; lab.low-ttl is about frames: 1, 2"),
        (1, "lab.other", {}, "about it: lab.low-ttl; lab.other is about frames: none"),
        (1, "lab.low-ttl", {"ttl": 7}, "{'ttl': 7}:\n  {'ttl': 1}"),
        (1, "lab.low-ttl", {"hops": None}, "{'hops': None}:\n  {'ttl': 1}"),
    ],
)
def test_assertions_say_what_there_is_instead(frame: int, code: str, params: dict[str, int], message: str) -> None:
    result = run(LOW_TTL, PROBES)
    with pytest.raises(AssertionError) as raised:
        assert_verdict(result, frame, code, **params)
    assert message in str(raised.value)


def test_the_absence_that_is_none() -> None:
    with pytest.raises(AssertionError, match=r"lab\.low-ttl about frame 1: Router 1 will drop it\."):
        assert_no_verdict(run(LOW_TTL, PROBES), "lab.low-ttl")


def test_no_packets_at_all() -> None:
    none: list[Frame] = []
    assert run(LOW_TTL, none).packets == []


def test_what_a_run_read_is_let_go_of() -> None:
    packets = []
    for _ in range(2):
        result = run(ROOT / "examples" / "low_ttl.py", [udp(b"abc", sport=1, dport=2)])
        packets.append(weakref.ref(result.packets[0]))
        del result
    gc.collect()
    assert [packet() for packet in packets] == [None, None]

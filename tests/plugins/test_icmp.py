from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from labdissect.bridge.engine import Engine
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.icmp import REQUESTS_LIMIT, RUNS_LIMIT, Icmp
from labdissect.plugins.icmp_errors import FRAG_NEEDED, REMEMBERED_LIMIT
from labdissect.plugins.rule import render
from labdissect.plugins.writer import Problem
from tests.conftest import Registry, ek, judged
from tests.plugins.built_captures import BUILT, built

# -- echo -------------------------------------------------------------------------------------------------------------


def test_echoes_of_the_second_seed_and_their_pairs() -> None:
    lan = judged("seed-stack-lan")
    assert lan.frames("icmp.echo") == [12, 14, 18, 20]
    assert {frame: lan.verdict(frame, "icmp.reply").params["request"] for frame in lan.frames("icmp.reply")} == {
        13: 12,
        16: 14,
        19: 18,
        21: 20,
    }
    assert lan.verdict(12, "icmp.echo").wording == "windows"
    assert "0.512 ms later" in render(lan.verdict(13, "icmp.reply"))
    assert not lan.frames("icmp.unanswered")


def test_one_number_in_two_byte_orders_is_said_once() -> None:
    lan = judged("seed-stack-lan")
    assert lan.frames("icmp.be-le") == [12]
    assert lan.verdict(12, "icmp.be-le").params == {"seq": 1, "seq_le": 256}
    assert "0x0001 = 1, little endian 0x0100 = 256" in render(lan.verdict(12, "icmp.be-le"))
    assert not judged("ipv6-ndp-ping").frames("icmp.be-le")


def test_the_checksum_of_the_reply_by_hand() -> None:
    lan = judged("seed-stack-lan")
    delta = lan.verdict(13, "icmp.checksum-delta")
    assert (delta.params["before"], delta.params["after"]) == (0x4C5B, 0x545B)
    assert lan.frames("icmp.checksum-delta") == [13]
    carried = built("icmp-echoes").verdict(10, "icmp.checksum-delta")
    assert carried.wording == "carry"
    assert "0xfc00 (frame 9) + 0x0800 = 0x10400, the carry added back: 0x0401" in render(carried)
    v6 = judged("ipv6-ndp-ping").verdict(4, "icmp.checksum-delta")
    assert (v6.wording, v6.params["before"] - v6.params["after"]) == ("v6", 0x0100)
    assert "icmp.checksum-delta" not in built("icmp-echoes").codes(16)  # other data came back


def test_data_lengths() -> None:
    assert judged("icmp-echo").verdict(1, "icmp.echo").wording == "unix"
    assert judged("icmp-fragmented-ping").verdict(3, "icmp.echo").params["size"] == 4000
    assert judged("ipv6-ndp-ping").verdict(3, "icmp.echo").params["size"] == 56
    assert judged("raw-ip-tun").verdict(1, "icmp.echo").params["size"] == 56


def test_the_unanswered_request_and_no_other() -> None:
    loss = judged("icmp-echo-loss")
    assert loss.frames("icmp.unanswered") == [3]
    assert loss.verdict(3, "icmp.unanswered").wording == ""  # the next one was answered, so it is not just late
    assert judged("icmp-net-unreachable").verdict(1, "icmp.unanswered").params["error"] == 2
    assert not judged("icmp-redirect").frames("icmp.unanswered")
    echoes = built("icmp-echoes")
    assert {frame: echoes.verdict(frame, "icmp.unanswered").wording for frame in echoes.frames("icmp.unanswered")} == {
        14: "",
        17: "error",
        21: "soon",
    }


def test_echoes_are_not_paired_falsely() -> None:
    echoes = built("icmp-echoes")
    wordings = {frame: echoes.verdict(frame, "icmp.reply").wording for frame in echoes.frames("icmp.reply")}
    assert wordings == {
        3: "either",
        5: "unseen",
        6: "unseen",
        7: "",
        8: "again",
        10: "",
        12: "",
        13: "",
        16: "",
        20: "traceroute",
    }
    assert echoes.verdict(3, "icmp.reply").params["requests"] == [1, 2]
    assert echoes.verdict(7, "icmp.reply").params["request"] == 4
    assert echoes.verdict(13, "icmp.reply").params["request"] == 11  # broadcast: each host may answer


def test_no_ports_is_said_once_of_each_kind() -> None:
    assert judged("icmp-echo").frames("icmp.no-ports") == [1]
    trace = judged("icmp-traceroute-udp")
    assert trace.frames("icmp.no-ports") == [2]
    assert trace.verdict(2, "icmp.no-ports").params == {"first": 43163, "second": 33434}


def test_pairs_agree_with_wiresharks_own() -> None:
    for name in ("icmp-echo", "icmp-echo-loss", "icmp-redirect", "seed-stack-lan", "raw-ip-tun", "ipv6-ndp-ping"):
        result = judged(name)
        for packet in result.packets:
            message = packet.icmp or packet.icmpv6
            if message is not None and message.resp_to:
                assert result.verdict(packet.number, "icmp.reply").params["request"] == message.resp_to


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capture", "code", "pairs"),
    [
        ("icmp-port-unreachable", "icmp.port-unreachable", {2: 1}),
        ("icmp-net-unreachable", "icmp.net-unreachable", {2: 1}),
        ("icmp-host-unreachable", "icmp.host-unreachable", {2: 1}),
        ("icmp-fragmentation-needed", "icmp.frag-needed", {2: 1}),
        ("tcp-path-mtu-discovery", "icmp.frag-needed", {9: 4, 10: 5, 11: 6, 12: 7, 13: 8}),
        ("icmp-redirect", "icmp.redirect", {2: 1, 5: 4}),
        ("icmp-traceroute-udp", "icmp.ttl-exceeded", {2: 1, 4: 3}),
        ("icmp-traceroute-udp", "icmp.port-unreachable", {6: 5}),
        ("tcp-syn-filtered-icmp", "icmp.admin", {2: 1}),
        ("ipv6-port-unreachable", "icmp.port-unreachable", {2: 1}),
        ("dns-port-closed", "icmp.port-unreachable", {2: 1, 4: 3}),
    ],
)
def test_errors_find_the_frames_that_they_quote(capture: str, code: str, pairs: dict[int, int]) -> None:
    result = judged(capture)
    assert {frame: result.verdict(frame, code).params["sent"] for frame in result.frames(code)} == pairs
    if code != "icmp.redirect":
        assert set(pairs.values()) <= set(result.frames("icmp.reported"))
    else:
        assert not result.frames("icmp.reported")


def test_traceroute_names_its_hops_and_its_end() -> None:
    trace = judged("icmp-traceroute-udp")
    hops = {frame: trace.verdict(frame, "icmp.ttl-exceeded") for frame in (2, 4)}
    assert {frame: (v.params["ttl"], v.params["reporter"]) for frame, v in hops.items()} == {
        2: (1, "10.0.0.254"),
        4: (2, "10.0.2.2"),
    }
    assert trace.verdict(6, "icmp.port-unreachable").wording == "traceroute"
    closed = judged("icmp-port-unreachable").verdict(2, "icmp.port-unreachable")
    assert closed.wording == ""
    assert "no program there listens on it, or its firewall rejects it" in render(closed)  # iptables -j REJECT


def test_the_next_segments_size_by_hand() -> None:
    verdict = judged("tcp-path-mtu-discovery").verdict(9, "icmp.frag-needed")
    assert "1000 − 20 − 32 = 948 bytes of data" in render(verdict)
    ping = judged("icmp-fragmentation-needed").verdict(2, "icmp.frag-needed")
    assert ping.params["mtu"] == 1000
    assert "the path MTU is at most 1000 bytes" in render(ping)  # of a later link it may be less
    assert built("icmp-errors").verdict(16, "icmp.frag-needed").wording == "unknown"


def test_rare_errors() -> None:
    rare = built("icmp-errors")
    expected = {
        2: ("icmp.protocol-unreachable", "", 1),
        4: ("icmp.reassembly-timeout", "", 3),
        6: ("icmp.ttl-exceeded", "loop", 5),
        8: ("icmp.port-unreachable", "device", 7),
        10: ("icmp.port-unreachable", "tcp", 9),
        11: ("icmp.host-unreachable", "unseen", None),
        14: ("icmp.admin", "", 13),
        16: ("icmp.frag-needed", "unknown", 15),
    }
    for frame, (code, wording, sent) in expected.items():
        verdict = rare.verdict(frame, code)
        assert (verdict.wording, verdict.params.get("sent")) == (wording, sent), frame
        assert rare.codes(frame)[0] == code
    assert rare.verdict(12, "icmp.message").wording == "timestamp"


def test_errors_of_icmpv6() -> None:
    rare = built("icmpv6-errors")
    expected = {
        2: ("icmp.frag-needed", "ipv6", 1),
        4: ("icmp.ttl-exceeded", "hop", 3),
        6: ("icmp.net-unreachable", "", 5),
        8: ("icmp.admin", "", 7),
        10: ("icmp.host-unreachable", "", 9),
        12: ("icmp.protocol-unreachable", "", 11),
        13: ("icmp.redirect", "ipv6", None),
        14: ("icmp.redirect", "onlink", None),
        15: ("icmp.reassembly-timeout", "ipv6", 3),
    }
    for frame, (code, wording, sent) in expected.items():
        verdict = rare.verdict(frame, code)
        assert (verdict.wording, verdict.params.get("sent")) == (wording, sent), frame


def test_neighbor_discovery_and_listener_reports_are_left_to_their_own_rules() -> None:
    for name in ("ipv6-dad-and-router", "ipv6-port-unreachable"):
        result = judged(name)
        for packet in result.packets:
            if packet.icmpv6 is not None and packet.icmpv6.type > 129:
                assert not [code for code in result.codes(packet.number) if code.startswith("icmp.")]


def test_state_is_bounded_and_what_it_forgets_is_said(registry: Registry) -> None:
    line = ek("icmp-echo").split(b"\n")[1]
    assert b'"icmp_icmp_seq":"1"' in line
    lines = []
    for count in range(REQUESTS_LIMIT + RUNS_LIMIT + 10):
        one = line.replace(b'"icmp_icmp_seq":"1"', b'"icmp_icmp_seq":"%d"' % (count % 65536))
        one = one.replace(b'"icmp_icmp_ident":"14126"', b'"icmp_icmp_ident":"%d"' % (count % 5000))
        lines.append(re.sub(rb'"frame_frame_number":"\d+"', b'"frame_frame_number":"%d"' % (count + 1), one))
    engine = Engine(registry, Settings(), lambda problem: None)
    (analyzer,) = [one for one in engine._analyzers if isinstance(one, Icmp)]
    codes = []
    for record in registry.readers["ek"].make(registry.layers, lambda problem: None).records(b"\n".join(lines) + b"\n"):
        assert record.packet is not None
        codes += [verdict.rule.code for verdict in engine.annotate(record.packet)]
    assert len(analyzer._requests) == REQUESTS_LIMIT
    assert len(analyzer._runs) <= RUNS_LIMIT
    assert len(analyzer._errors.sent._packets) == REMEMBERED_LIMIT
    assert codes.count("icmp.unanswered") == RUNS_LIMIT + 10


def test_a_traceroute_by_pings_is_paired_probe_by_probe() -> None:
    traced = built("icmp-traceroute-echo")
    hops = {frame: traced.verdict(frame, "icmp.ttl-exceeded") for frame in traced.frames("icmp.ttl-exceeded")}
    assert list(hops) == [2, 4, 6, 8, 10, 12]
    for frame, verdict in hops.items():
        assert verdict.params["sent"] == frame - 1
        assert verdict.params["ttl"] == (1 if frame <= 6 else 2)
        assert verdict.params["reporter"] == ("10.0.0.254" if frame <= 6 else "10.0.1.254")
        assert verdict.params["what"].endswith(f", seq {frame // 2}")
    replies = {frame: traced.verdict(frame, "icmp.reply").params["request"] for frame in traced.frames("icmp.reply")}
    assert replies == {14: 13, 16: 15, 18: 17}


def test_both_sides_of_a_nat_tell_the_same_of_the_same_segments() -> None:
    """All that differs is what the NAT rewrites; sequence numbers, lengths and codes stay."""
    inside, outside = built("nat-inside"), built("nat-outside")
    assert len(inside.packets) == len(outside.packets) == 8
    for one, other in zip(inside.packets, outside.packets, strict=True):
        assert (one.tcp.seq_raw, one.tcp.ack_raw, one.tcp.len) == (other.tcp.seq_raw, other.tcp.ack_raw, other.tcp.len)
        assert one.ip.id == other.ip.id
        from_client = one.tcp.dstport == 80
        assert (one.ip.ttl, other.ip.ttl) == ((64, 63) if from_client else (53, 54))
        assert one.ip.checksum != other.ip.checksum
        assert one.tcp.checksum != other.tcp.checksum
    assert (inside.packets[3].ip.src, outside.packets[3].ip.src) == ("192.168.1.100", "203.0.113.7")
    assert (inside.packets[3].tcp.srcport, outside.packets[3].tcp.srcport) == (4335, 62001)
    assert inside.packets[3].ip.dst == outside.packets[3].ip.dst == "198.51.100.80"


def test_the_nat_captures_are_what_their_script_builds(tmp_path: Path) -> None:
    for name in ("make_nat.py", "make_datagram.py"):
        (tmp_path / name).write_bytes((BUILT / name).read_bytes())
    subprocess.run([sys.executable, "make_nat.py"], cwd=tmp_path, check=True)
    for name in ("nat-inside.pcap", "nat-outside.pcap"):
        assert (tmp_path / name).read_bytes() == (BUILT / name).read_bytes(), name


@pytest.mark.parametrize(
    ("error", "inner"),
    [
        (
            '"icmp":{"icmp_icmp_type":"3","icmp_icmp_code":"4","icmp_icmp_mtu":"1400"',
            '"ipv6":{"ipv6_ipv6_plen":"1460"}',
        ),
        (
            '"icmpv6":{"icmpv6_icmpv6_type":"2","icmpv6_icmpv6_code":"0","icmpv6_icmpv6_mtu":"1400"',
            '"ip":{"ip_ip_len":"1500"}',
        ),
    ],
)
def test_an_error_may_quote_the_other_version_of_ip(registry: Registry, error: str, inner: str) -> None:
    """Nobody sends that but to confuse: one such packet must not switch the analyzer off."""
    quoted = inner[1 : inner.index('"', 1)]
    name = error[1 : error.index('"', 1)]
    outer = '"ip":{"ip_ip_src":"10.0.0.1","ip_ip_dst":"10.0.0.2"}'
    frame = f'"frame":{{"frame_frame_number":"1","frame_frame_protocols":"eth:ip:{name}:{quoted}"}}'
    line = f'{{"layers":{{{frame},{outer},{error},{inner}}}}}}}\n'
    problems: list[Problem] = []
    engine = Engine(registry, Settings(), problems.append)
    (record,) = registry.readers["ek"].make(registry.layers, problems.append).records(line.encode())
    assert record.packet is not None
    (verdict,) = [one for one in engine.annotate(record.packet) if one.rule.code == FRAG_NEEDED.code]
    assert not problems
    assert verdict.params["size"] == 1500
    assert "1500" in render(verdict, "en")

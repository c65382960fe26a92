from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from labdissect.plugins import arp, ethernet, frame, ip, ipv6
from labdissect.plugins.rule import Rule, placeholders, render
from labdissect.plugins.tcp.conversation import Conversation
from tests.conftest import CAPTURES, DATA, Annotated, judge, judged
from tests.plugins.built_captures import built

TABLE = yaml.safe_load((DATA / "rules" / "link.yaml").read_text())
RULES: list[Rule] = [rule for module in (frame, ethernet, arp, ip, ipv6) for rule in module.RULES]


def capture(name: str) -> Annotated:
    """A real capture, or ``built/NAME``."""
    return built(name.removeprefix("built/")) if name.startswith("built/") else judged(name)


@pytest.mark.parametrize("code", sorted(TABLE))
def test_the_table_of_rules(code: str) -> None:
    name, number = TABLE[code]["fires"]
    assert code in capture(name).codes(number)
    name, number = TABLE[code]["silent"]
    assert code not in capture(name).codes(number)
    assert not capture(name).problems


def test_every_rule_is_in_the_table_and_says_the_same_in_both_languages() -> None:
    assert sorted(rule.code for rule in RULES) == sorted(TABLE)
    for rule in RULES:
        assert rule.sources and rule.corrects and rule.explanation, rule.code
        for wording, text in rule.wordings.items():
            assert placeholders(text.en) == placeholders(text.zh), (rule.code, wording)


def everything() -> Iterator[Annotated]:
    yield from (judged(path.stem) for path in sorted(CAPTURES.glob("*.pcapng")))
    yield from (built(path.stem) for path in sorted((DATA / "built").glob("link-*.pcap")))
    yield judged("built/tcp-rough-client")


def test_every_wording_is_used_and_can_be_rendered() -> None:
    used = set()
    for result in everything():
        for verdicts in result.verdicts.values():
            for verdict in verdicts:
                if verdict.rule.code in TABLE:
                    used.add((verdict.rule.code, verdict.wording))
                    assert render(verdict, "en") and render(verdict, "zh")
                    assert verdict.evidence
    # told by the user, known only elsewhere, or the same sentence about one more protocol
    rare = {
        ("ip.same-subnet", "on"),
        ("ip.same-subnet", "off"),
        ("ip.same-subnet", "off-dhcp"),
        ("ip.ttl-probe", "same"),
    }
    rare |= {
        ("ip.ttl-probe", "silent"),
        ("vlan.tag", "service"),
        ("tunnel.encapsulated", "vxlan"),
        ("ip.ttl-origin", "255"),
    }
    rare |= {("frame.protocol", name) for name in (*frame.PURPOSES, "ip", "cut", "other")} | {("eth.cast", "multicast")}
    rare |= {("arp.unanswered", ""), ("arp.reply", "unpaired"), ("frame.length-sum", "padded")}
    wordings = {(rule.code, wording) for rule in RULES for wording in rule.wordings}
    assert wordings - used - rare == set()


def test_every_frame_of_every_capture_has_a_headline() -> None:
    for path in sorted(CAPTURES.glob("*.pcapng")):
        result = judged(path.stem)
        for packet in result.packets:
            assert any(verdict.frame == packet.number for verdict in result.verdicts.get(packet.number, [])), packet


def test_large_segments_are_split_or_merged_by_a_card() -> None:
    offload = judged("offload-bad-checksums")
    assert offload.frames("frame.larger-than-mtu") == [10, 12, 13]
    assert {offload.verdict(number, "frame.larger-than-mtu").wording for number in (10, 12, 13)} == {"offload"}
    known = built("link-offload")
    assert known.verdict(4, "frame.larger-than-mtu").wording == "out"
    assert known.verdict(6, "frame.larger-than-mtu").wording == "in"
    small = known.verdict(12, "frame.larger-than-mtu")  # 854 bytes, but more data than the receiver's MSS
    assert (small.wording, small.params["payload"], small.params["mss"]) == ("out", 800, 500)
    assert known.frames("frame.larger-than-mtu") == [4, 6, 12]
    loopback = judged("loopback-tso")
    assert loopback.frames("frame.larger-than-mtu") == [4, 6, 7, 9]
    assert loopback.verdict(7, "frame.larger-than-mtu").wording == "loopback"


def test_large_frames_that_no_card_made() -> None:
    jumbo = built("link-jumbo")
    assert jumbo.verdict(4, "frame.larger-than-mtu").wording == "jumbo"
    assert jumbo.verdict(5, "frame.larger-than-mtu").wording == "unknown"
    assert judged("tunnel-gre").frames("frame.larger-than-mtu") == [10, 11]
    assert judged("tunnel-gre").verdict(10, "frame.larger-than-mtu").wording == "tunnel"
    for tagged in ("vlan-tagged", "vlan-qinq"):
        assert not judged(tagged).frames("frame.larger-than-mtu")


def test_the_lengths_of_the_seeds_reconcile() -> None:
    assert "14 of link header + 60 in IP's own length = 74 bytes" in render(
        judged("seed-web").verdict(1, "frame.length-sum")
    )
    params = judged("seed-stack-lan").verdict(11, "frame.padded").params
    assert (params["content"], params["padding"], params["length"]) == (28, 18, 60)
    assert judged("raw-ip-tun").verdict(1, "frame.length-sum").params["link"] == 0
    assert judged("vlan-qinq").verdict(1, "frame.length-sum").params["link"] == 22


def test_what_a_short_snapshot_length_left_out() -> None:
    assert judged("short-snaplen").frames("frame.snapped") == [4, 5, 6, 7, 8]
    assert not judged("seed-web").frames("frame.snapped")


def test_a_packet_seen_twice_is_no_retransmission() -> None:
    twice = built("link-twice")
    wordings = {
        number: twice.verdict(number, "frame.captured-twice").wording for number in twice.frames("frame.captured-twice")
    }
    assert wordings == {3: "undecided", 6: "", 10: "routed", 12: "bridged"}
    for path in CAPTURES.glob("*.pcapng"):
        assert not judged(path.stem).frames("frame.captured-twice"), path.stem


def test_time_runs_backwards_in_no_real_capture() -> None:
    assert built("link-twice").frames("frame.time-backwards") == [13]
    for path in CAPTURES.glob("*.pcapng"):
        assert not judged(path.stem).frames("frame.time-backwards"), path.stem


def test_where_the_capture_was_taken_is_said_once() -> None:
    assert judged("seed-stack-web").frames("frame.captured-on") == [2]
    assert "172.24.58.38" in render(judged("seed-stack-web").verdict(2, "frame.captured-on"))
    lan = judged("seed-stack-lan").verdict(11, "frame.captured-on")
    assert [one.frame for one in lan.evidence] == [10, 11]
    assert judged("arp-request-reply").verdict(2, "frame.captured-on").wording == "both"
    assert judged("loopback-tso").verdict(1, "frame.captured-on").wording == "loopback"
    assert not judged("seed-web").frames("frame.captured-on")


def test_noise_has_a_name() -> None:
    noise = built("link-noise")
    assert [noise.verdict(number, "frame.protocol").wording for number in (1, 2, 3, 4)] == [
        "stp",
        "lldp",
        "igmp",
        "ntp",
    ]
    assert judged("ipv6-port-unreachable").frames("frame.protocol") == [3, 4, 5, 6]
    assert judged("seed-stack-lan").verdict(8, "frame.protocol").wording == "ssdp"
    assert not judged("icmp-fragmented-ping").frames("frame.protocol")


def test_a_header_that_is_cut_is_named() -> None:
    line = (
        b'{"timestamp":"0","layers":{"frame":{"frame_frame_number":"1","frame_frame_protocols":"eth:ethertype:ip:tcp"},'
    )
    result = judge(line + b'"ip":{"ip_ip_src":"10.0.0.1","ip_ip_dst":"10.0.0.2"},"tcp":{"_ws_malformed":"x"}}}\n')
    assert result.verdict(1, "frame.protocol").wording == "cut"


def test_of_a_packet_seen_twice_tcp_says_nothing_a_second_time() -> None:
    twice = judged("built/link-twice")
    for number in twice.frames("frame.captured-twice"):
        if twice.verdict(number, "frame.captured-twice").wording == "undecided":
            continue
        assert not [code for code in twice.codes(number) if code.startswith("tcp.")], number
    for conversation in twice.conversations:
        if isinstance(conversation, Conversation):
            assert (conversation.client.retransmissions, conversation.server.retransmissions) == (1, 1)

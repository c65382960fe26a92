from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from labdissect.plugins.datagram import arithmetic
from labdissect.plugins.rule import render
from tests.bridge.program import labdissect
from tests.conftest import CAPTURES, DATA, Annotated, Registry, ek, judge, judged
from tests.plugins.built_captures import BUILT, built

TABLE = yaml.safe_load((DATA / "rules" / "datagram.yaml").read_text())
MINE = ("udp.", "l4.", "icmp.", "dns.", "dhcp.")


def test_the_unfinished_checksum_of_the_second_seeds_query() -> None:
    web = judged("seed-stack-web")
    verdict = web.verdict(1, "l4.checksum-partial")
    assert verdict.params["checksum"] == 0xF17A
    assert verdict.params["arithmetic"] == "0xac18 + 0x3a26 + 0x0a01 + 0x0103 + 0x0011 + 0x0027 = 0xf17a"
    assert 2 not in web.frames("l4.checksum-partial")
    assert 189 not in web.frames("l4.checksum-partial")  # the same two hosts: said already


@pytest.mark.parametrize(
    ("capture", "frames"),
    [
        ("offload-bad-checksums", [1, 2]),  # both ends, once each
        ("loopback-tso", [1]),  # both ends are one host
        ("tcp-corrupted-segment", []),  # damage is no offload
        ("rdt-corrupted", []),
        ("seed-web", []),
    ],
)
def test_unfinished_checksums_are_those_of_offload_alone(capture: str, frames: list[int]) -> None:
    assert judged(capture).frames("l4.checksum-partial") == frames


def test_unfinished_checksums_over_ipv6_and_with_a_carry() -> None:
    odd = built("udp-headers")
    assert odd.verdict(4, "l4.checksum-partial").wording == "ipv6"
    assert "= 0x22324; 0x2324 + 0x2 = 0x2326" in odd.verdict(8, "l4.checksum-partial").params["arithmetic"]
    assert 9 not in odd.frames("l4.checksum-partial")
    assert arithmetic("255.255.255.255", "255.255.255.255", 17, 8).endswith("= 0x40015; 0x0015 + 0x4 = 0x0019")


def test_checksum_zero_is_allowed_over_ipv4_and_in_tunnels() -> None:
    assert judged("udp-zero-checksum").frames("udp.checksum-zero") == [1]
    odd = built("udp-headers")
    assert odd.frames("udp.checksum-zero") == [1, 3]  # frame 2 repeats frame 1's
    assert [odd.verdict(frame, "udp.checksum-zero").wording for frame in (1, 3)] == ["ipv6", "tunnel"]


def test_the_length_counts_the_header() -> None:
    udp = judged("udp-exchange")
    assert udp.frames("udp.length") == [1, 2]  # once for each side
    assert "14 = 8 bytes of header + 6 bytes" in render(udp.verdict(1, "udp.length"))
    assert "5008 = 8 bytes of header + 5000 bytes" in render(judged("udp-large-fragmented").verdict(4, "udp.length"))


def test_lengths_that_ip_contradicts() -> None:
    odd = built("udp-headers")
    found = {frame: odd.verdict(frame, "udp.length-wrong") for frame in odd.frames("udp.length-wrong")}
    assert {frame: verdict.wording for frame, verdict in found.items()} == {5: "less", 6: "more", 7: "short"}
    assert (found[5].params["carried"], found[5].params["rest"]) == (22, 3)
    assert not set(odd.frames("udp.length")) & {5, 6, 7}
    assert not judged("short-snaplen").frames("udp.length-wrong")


def test_datagrams_that_go_back_name_the_ones_they_follow() -> None:
    udp = judged("udp-exchange")
    assert udp.verdict(1, "udp.datagram").wording == ""
    back = udp.verdict(2, "udp.datagram")
    assert (back.wording, back.params["before"], back.params["size"]) == ("back", 1, 4)
    assert judged("udp-zero-checksum").verdict(2, "udp.datagram").wording == "next"
    assert not judged("dns-basic").frames("udp.datagram")


def test_every_udp_and_icmp_packet_has_a_verdict() -> None:
    for path in sorted((DATA / "captures").glob("*.pcapng")):
        result = judged(path.stem)
        for packet in result.packets:
            mine = [one for one in result.codes(packet.number) if one.startswith(MINE)]
            assert mine or (packet.udp is None and packet.icmp is None), (path.stem, packet.number)


# -- the table of examples --------------------------------------------------------------------------------------------


def result_of(name: str) -> Annotated:
    return built(name.removeprefix("built/")) if name.startswith("built/") else judged(name)


@pytest.mark.parametrize("code", sorted(TABLE))
def test_each_rule_fires_where_it_should_and_is_silent_where_not(code: str, registry: Registry) -> None:
    assert code in registry.rules
    fires, silent = TABLE[code]["fires"], TABLE[code]["silent"]
    assert code in result_of(fires[0]).codes(fires[1])
    assert code not in result_of(silent[0]).codes(silent[1])
    assert silent[1] <= len(result_of(silent[0]).packets)


def test_the_table_has_every_rule_of_these_layers(registry: Registry) -> None:
    assert {code for code in registry.rules if code.startswith(MINE)} <= set(TABLE)


def test_built_captures_are_what_their_script_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (BUILT / "make_datagram.py").read_text()
    copy = tmp_path / "make_datagram.py"
    copy.write_text(source)
    exec(compile(source, str(copy), "exec"), {"__name__": "__main__", "__file__": str(copy)})
    assert {path.name for path in tmp_path.glob("*.pcap")} == set(_names())
    for name in _names():
        assert (tmp_path / name).read_bytes() == (BUILT / name).read_bytes(), name


def _names() -> Iterator[str]:
    for name in (
        "dhcp-lease",
        "dns-answers",
        "dns-pairs",
        "icmp-echoes",
        "icmp-traceroute-echo",
        "icmp-errors",
        "icmpv6-errors",
        "udp-headers",
    ):
        yield f"{name}.pcap"


def test_a_damaged_segment_where_tshark_was_told_to_check() -> None:
    """Its numbers go on where the last ended, so only Wireshark's check makes it more than routine."""
    found = judge(ek("tcp-corrupted-segment", "-o", "tcp.check_checksum:TRUE"))
    assert found.frames("l4.checksum-bad") == [8]
    assert found.codes(8)[0] == "l4.checksum-bad"
    params = found.verdict(8, "l4.checksum-bad").params
    assert (params["found"], params["right"], params["other"]) == (0xEEDF, 0xEE8A, 3)  # 4 and 7 are routine
    assert "tcp.loss.rto" in found.codes(9)


@pytest.mark.parametrize("name", ["offload-bad-checksums", "loopback-tso", "seed-stack-web", "short-snaplen"])
def test_unfinished_and_cut_are_not_wrong(name: str) -> None:
    checked = judge(ek(name, "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"))
    assert not checked.frames("l4.checksum-bad")
    assert not judged(name).frames("l4.checksum-bad")


def test_a_wrong_checksum_of_udp_needs_no_option() -> None:
    verdict = judged("built/udp-headers").verdict(9, "l4.checksum-bad")
    assert (verdict.params["found"], verdict.params["right"]) == (0x1234, 0xE261)


@pytest.mark.parametrize("name", ["tcp-corrupted-segment", "udp-exchange", "offload-bad-checksums"])
def test_a_file_is_dissected_without_the_data_of_tcp(name: str) -> None:
    """tshark is asked for few fields then; what is missing leaves the checksum undecided, and breaks nothing."""
    ran = labdissect(CAPTURES / f"{name}.pcapng", "-o", "jsonl")
    assert ran.code == 0, ran.err
    assert b"l4.checksum-bad" not in ran.out

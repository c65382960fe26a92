from __future__ import annotations

import pytest

from labdissect.testing import assert_no_verdict, assert_verdict, run, udp
from tests.bridge.program import labdissect, quiet
from tests.conftest import CAPTURES
from tests.data.examples.make_captures import beacon
from tests.examples.loaded import EXAMPLES, capture, judged, module
from tests.examples.rules import check_rules

PLUGIN = EXAMPLES / "labbeacon.py"


def test_beacons_are_found_on_whatever_port() -> None:
    result = run(PLUGIN, capture("labbeacon"))
    assert result.frames("labbeacon.alive") == [1, 2, 3, 4, 5, 6]
    assert {packet.udp.dstport for packet in result.packets} == {31001, 47002}
    first = assert_verdict(result, 1, "labbeacon.alive", name="脉冲计", count=7, uptime=3, interval=0.5)
    assert first.wording == "new"
    assert assert_verdict(result, 3, "labbeacon.alive", count=8).wording == ""


def test_a_gap_in_the_count_and_a_count_that_begins_anew() -> None:
    result = run(PLUGIN, capture("labbeacon"))
    missed = assert_verdict(result, 5, "labbeacon.missed", missed=1, before=3)
    assert [one.value for one in missed.evidence] == [8, 10]
    assert_verdict(result, 6, "labbeacon.restarted", name="scope", last=91, count=0, before=4)


def test_it_comes_out_as_a_layer_of_its_own() -> None:
    ran = quiet(
        labdissect("--plugin", PLUGIN, "--columns", "labbeacon.name,labbeacon.count", "-o", "csv", capture("labbeacon"))
    )
    assert ran.text.splitlines()[:3] == ["labbeacon.name,labbeacon.count", "脉冲计,7", "scope,90"]


def test_what_only_comes_close_is_left_alone() -> None:
    result = judged("labbeacon", "labbeacon-none")
    assert len(result.packets) == 7
    assert {packet.labbeacon for packet in result.packets} == {None}
    codes = {code for frame in range(1, 8) for code in result.codes(frame)}
    assert not [code for code in codes if code.startswith(("labbeacon", "layer"))], codes


@pytest.mark.parametrize("name", ["dns-basic", "dhcp-dora", "udp-exchange", "rdt-go-back-n", "icmp-traceroute-udp"])
def test_no_real_packet_is_taken_for_a_beacon(name: str) -> None:
    result = run(PLUGIN, CAPTURES / f"{name}.pcapng")
    assert not result.verdicts


def test_devices_are_told_apart_and_forgotten() -> None:
    many = module("labbeacon").DEVICES
    frames = [udp(beacon(1, 1, device=device), dport=31001) for device in (0, 1, 0, *range(2, many + 2))]
    result = run(PLUGIN, [*frames, udp(beacon(5, 5, device=0), dport=31001)])
    assert_no_verdict(result, "labbeacon.missed")
    assert assert_verdict(result, len(frames) + 1, "labbeacon.alive").wording == "new"


def test_the_rules_speak_both_languages() -> None:
    check_rules("labbeacon")

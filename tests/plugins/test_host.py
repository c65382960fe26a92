from __future__ import annotations

import pytest

from labdissect.plugins.analyzer import Settings
from labdissect.plugins.host import CaptureHost
from tests.conftest import ek
from tests.plugins.built_captures import built
from tests.plugins.judging import packets_of, told


def senders(name: str, **known: str) -> tuple[list[bool | None], CaptureHost]:
    """Of each frame, whether the capturing host sent it, as known at the end of the capture."""
    result, settings = told(name, **known)
    return [settings.host.sent(packet) for packet in result.packets], settings.host


def test_unfinished_packets_of_one_host_show_where_the_capture_was_taken() -> None:
    sent, host = senders("seed-stack-web")
    assert host.known
    assert sent[:4] == [True, False, True, True]
    assert sent[4] is False  # ARP of another host
    sent, _ = senders("seed-stack-lan")
    mine = [number for number, found in enumerate(sent, 1) if found]
    assert mine == [10, 12, 14, 18, 20, 23]
    assert None not in sent


def test_only_what_has_passed_is_known() -> None:
    host = Settings().host
    first, second = packets_of(ek("seed-stack-web"))[:2]
    assert host.observe(first) is None
    assert host.sent(first) is None
    assert host.looks_sent(first)
    inference = host.observe(second)
    assert inference is not None and inference.outcome == "host"
    assert (host.sent(first), host.sent(second)) == (True, False)


@pytest.mark.parametrize(
    "name", ["offload-bad-checksums", "arp-request-reply", "loopback-tso", "tcp-no-options", "seed-web"]
)
def test_where_both_ends_look_alike_nothing_is_inferred(name: str) -> None:
    sent, host = senders(name)
    assert not host.known
    assert set(sent) == {None}


def test_a_cooked_capture_says_it_itself() -> None:
    sent, _ = senders("cooked-any")
    assert sent[:6] == [True, False, True, False, True, False]


@pytest.mark.parametrize("address", ["192.168.148.131", "00:0C:29:5e:83:31"])
def test_the_user_knows_best(address: str) -> None:
    sent, host = senders("seed-web", captured_on=address)
    assert host.known and host.inference is None
    assert sent[:4] == [True, False, True, True]
    sent, _ = senders("arp-request-reply", captured_on="10.0.0.1")
    assert sent == [True, False, True, False]
    sent, _ = senders("ipv6-ndp-ping", captured_on="fd00:1::1")
    assert sent[:4] == [True, False, True, False]


def test_of_another_address_family_nothing_is_known_until_the_card_is() -> None:
    host = CaptureHost()
    host.told("10.0.0.1")
    (packet, *_) = packets_of(ek("ipv6-ndp-ping"))
    assert host.sent(packet) is None


def test_each_sign_of_an_unfinished_packet_is_named() -> None:
    assert built("link-offload").verdict(2, "frame.captured-on").wording == "ip-checksum"
    assert built("link-partial").verdict(2, "frame.captured-on").wording == "partial"
    assert built("link-gateway").verdict(2, "frame.captured-on").wording == "short"

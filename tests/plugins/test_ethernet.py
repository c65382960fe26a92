from __future__ import annotations

import pytest

from labdissect.plugins.rule import render
from tests.conftest import ek, judge, judged
from tests.plugins.built_captures import built
from tests.plugins.judging import told


def test_the_next_hop_is_no_server() -> None:
    hop = judged("seed-stack-web").verdict(3, "eth.next-hop")
    assert hop.params["mac"] == "08:35:71:eb:09:4a"
    assert hop.params["frames"] == (1, 3)
    assert judged("seed-stack-web").frames("eth.next-hop") == [3]
    assert built("link-gateway").frames("eth.next-hop") == [4]


def test_one_destination_or_an_address_on_the_link_proves_no_next_hop() -> None:
    assert not judged("icmp-redirect").frames("eth.next-hop")
    assert not built("link-shared").frames("eth.next-hop")  # two addresses of one host
    assert not judged("seed-stack-lan").frames("eth.next-hop")


def test_the_subnet_makes_a_next_hop_known() -> None:
    inside, _ = told("seed-stack-web", subnets=("172.24.58.38/19",))
    assert inside.frames("eth.next-hop") == [3]
    everything, _ = told("seed-stack-web", subnets=("0.0.0.0/0",))
    assert not everything.frames("eth.next-hop")


def test_one_receiver_or_many() -> None:
    lan = judged("seed-stack-lan")
    assert lan.verdict(1, "eth.cast").wording == "broadcast"
    assert "01:00:5e:00:00:fc: multicast for the IPv4 group 224.0.0.252" in render(lan.verdict(3, "eth.cast"))
    assert lan.verdict(8, "eth.cast").params["bits"] == "7f:ff:fa"
    assert lan.verdict(11, "eth.cast").wording == "unicast"
    assert judged("ipv6-ndp-ping").verdict(1, "eth.cast").params["group"] == "ff02::1:ff00:2"
    assert built("link-noise").verdict(1, "eth.cast").wording == "multicast"
    assert lan.frames("eth.cast") == [1, 3, 8, 11, 12]


def test_a_type_or_a_length() -> None:
    assert judged("seed-stack-lan").verdict(1, "eth.type").params == {"type": 0x0806, "protocol": "ARP"}
    assert built("link-noise").verdict(1, "eth.type").wording == "length"
    assert built("link-noise").verdict(1, "eth.type").params["size"] == 38


def test_a_tag_is_told_once_for_each_direction() -> None:
    tagged = judged("vlan-tagged")
    assert tagged.frames("vlan.tag") == [1, 2]
    assert tagged.verdict(2, "vlan.tag").params["vlan"] == 42
    double = judged("vlan-qinq")
    assert double.frames("vlan.tag") == [1, 2]
    assert double.verdict(1, "vlan.tag").params == {"outer": 100, "vlan": 42, "priority": 3}
    assert built("link-noise").verdict(6, "vlan.tag").wording == "priority"


def test_a_tunnel_is_told_once_for_each_direction() -> None:
    for name, kind in (("tunnel-gre", "GRE"), ("tunnel-ipip", "IP-in-IP")):
        tunnel = judged(name)
        assert tunnel.frames("tunnel.encapsulated") == [1, 2]
        params = tunnel.verdict(2, "tunnel.encapsulated").params
        assert params == {
            "kind": kind,
            "outer_source": "192.0.2.2",
            "outer_target": "192.0.2.1",
            "source": "10.0.0.2",
            "target": "10.0.0.1",
        }


def test_a_packet_quoted_in_an_error_is_no_tunnel() -> None:
    for name in ("icmp-port-unreachable", "ipv6-port-unreachable", "tcp-path-mtu-discovery", "icmp-redirect"):
        assert not judged(name).frames("tunnel.encapsulated")


@pytest.mark.parametrize(
    ("printed", "said"), [("0x0600", True), ("0x05ff", False), ("0x05dd", False), ("0x0000", False)]
)
def test_below_0x0600_nothing_is_called_a_type(printed: str, said: bool) -> None:
    data = ek("tcp-four-way-close").replace(b'"eth_eth_type":"0x0800"', f'"eth_eth_type":"{printed}"'.encode())
    assert bool(judge(data).frames("eth.type")) is said


@pytest.mark.parametrize(("printed", "said"), [("1500", True), ("1", True), ("0", False), ("1501", False)])
def test_above_1500_nothing_is_called_a_length(printed: str, said: bool) -> None:
    data = ek("tcp-four-way-close").replace(b'"eth_eth_type":"0x0800"', f'"eth_eth_len":"{printed}"'.encode())
    assert bool(judge(data).frames("eth.type")) is said

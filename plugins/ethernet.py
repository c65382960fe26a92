"""Ethernet: whose addresses these are, one receiver or many, tags and tunnels (IEEE 802.3, IEEE 802.1Q)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.eth import SMALLEST_TYPE
from labdissect.dissectors.layer import Text

from .analyzer import BaseAnalyzer, Settings
from .checksum import is_ipv4, number
from .frame import EVERY_PACKET, is_tunnel, own_protocols
from .hookspecs import hookimpl
from .link import Once, Remembered, is_ordinary
from .rule import Evidence, Explanation, Rule, Verdict

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet

BROADCAST = "ff:ff:ff:ff:ff:ff"
LONGEST = 1500
"""Bytes of payload that the field can tell as a length; up to the smallest type it tells nothing (IEEE 802.3)."""
DESTINATIONS_LIMIT = 8
"""Destinations beyond one MAC address that are remembered; two of them decide."""

NEXT_HOP = Rule(
    "eth.next-hop",
    "eth",
    "chat",
    9,
    Text(
        "{mac} is the next hop, a router: frames for {destinations} all go to this MAC address (frames {frames:frames}), and "
        "none of them is on this link. No server's own MAC address is seen here.",
        "{mac} 是下一跳（路由器）：发往 {destinations} 的帧都以它为目的 MAC 地址（第 {frames:frames} 帧），而这些主机都不在"
        "本链路上。此处看不到任何服务器自己的 MAC 地址。",
    ),
    ("RFC 1122 §3.3.1",),
    Text("It is the server's MAC address.", "这是服务器的 MAC 地址。"),
    Explanation(
        Text(
            "A MAC address is valid on one link only. A packet for another network goes, with the server's IP address in it, to "
            "the router's MAC address; each link on the way has its own pair.",
            "MAC 地址只在一条链路上有效。发往其他网络的分组，IP 首部写服务器的地址，帧的目的 MAC 则是路由器的；途中每条链路"
            "都换成自己的一对 MAC 地址。",
        ),
        Text(
            "One eth.dst for at least two ip.dst that are off-link: outside the known prefix, or sharing fewer than 8 leading "
            "bits with the sender, or answering with a TTL that routers have lowered.",
            "同一个 eth.dst 对应至少两个不在本链路上的 ip.dst：位于已知前缀之外，或与发送方相同的前导位少于 8 位，或其应答的 "
            "TTL 已被路由器减小。",
        ),
        Text(
            "A proxy or a router that answers ARP for others (proxy ARP) looks the same; its MAC address is still not the "
            "server's. For one destination alone the capture cannot tell without the subnet mask (--subnet).",
            "代理 ARP 的路由器看起来相同，但该 MAC 仍不是服务器的。若只有一个目的地且不知道子网掩码，则无法判断（可用 "
            "--subnet 指明）。",
        ),
    ),
)
CAST = Rule(
    "eth.cast",
    "eth",
    "chat",
    3,
    {
        "unicast": Text(
            "To {mac}: unicast, for one card. The lowest bit of the first byte (0x{byte:02x}) is 0.",
            "发往 {mac}：单播，只给一块网卡。首字节（0x{byte:02x}）的最低位为 0。",
        ),
        "broadcast": Text(
            "To ff:ff:ff:ff:ff:ff: broadcast, for every host on the link. Routers do not pass it on.",
            "发往 ff:ff:ff:ff:ff:ff：广播，给链路上的所有主机。路由器不转发。",
        ),
        "multicast": Text(
            "To {mac}: multicast, for the cards that joined the group. The lowest bit of the first byte (0x{byte:02x}) is 1.",
            "发往 {mac}：多播，给加入该组的网卡。首字节（0x{byte:02x}）的最低位为 1。",
        ),
        "ipv4": Text(
            "To {mac}: multicast for the IPv4 group {group}: 01:00:5e and the group's last 23 bits ({bits}).",
            "发往 {mac}：IPv4 多播组 {group}，由 01:00:5e 加组地址的末 23 位（{bits}）构成。",
        ),
        "ipv6": Text(
            "To {mac}: multicast for the IPv6 group {group}: 33:33 and the group's last 32 bits.",
            "发往 {mac}：IPv6 多播组 {group}，由 33:33 加组地址的末 32 位构成。",
        ),
    },
    ("IEEE 802-2014 §8.2", "RFC 1112 §6.4", "RFC 2464 §7"),
    Text("A multicast address belongs to one host.", "多播地址属于某台主机。"),
    Explanation(
        Text(
            "The I/G bit of the destination says whether a frame is for one card or for a group; ff:ff:ff:ff:ff:ff is the group "
            "of all.",
            "目的地址的 I/G 位说明该帧是给一块网卡还是一组；ff:ff:ff:ff:ff:ff 表示全部。",
        ),
        Text(
            "The lowest bit of the first byte of eth.dst. Said once for each destination.",
            "由 eth.dst 首字节的最低位判断。每个目的地址只说明一次。",
        ),
        Text(
            "Several groups share one MAC address (32 IPv4 groups do), so it does not tell the group: ip.dst does.",
            "多个组会共用一个 MAC 地址（IPv4 为 32 个组），因此不能由 MAC 得知是哪个组，须看 ip.dst。",
        ),
    ),
)
TYPE = Rule(
    "eth.type",
    "eth",
    "chat",
    1,
    {
        "": Text(
            "Type 0x{type:04x} is at least 0x0600, so the field is a type (Ethernet II): {protocol} follows.",
            "类型字段 0x{type:04x} 不小于 0x0600，因此表示类型（Ethernet II）：其后是 {protocol}。",
        ),
        "length": Text(
            "The field is {size}, at most 1500, so it is a length (IEEE 802.3): a header of LLC follows and names the protocol.",
            "该字段为 {size}，不大于 1500，因此表示长度（IEEE 802.3）：其后是 LLC 首部，由它指明协议。",
        ),
    },
    ("IEEE 802.3-2022 §3.2.6", "RFC 1042"),
    Text("The type is a length.", "类型字段是长度。"),
    Explanation(
        Text(
            "The two bytes after the addresses are a type in Ethernet II and a length in IEEE 802.3; their value tells which.",
            "地址之后的两字节在 Ethernet II 中是类型，在 IEEE 802.3 中是长度，由取值区分。",
        ),
        Text(
            "eth.type is there from 0x0600 (1536) on, eth.len up to 1500. Said once for each type.",
            "取值不小于 0x0600（1536）时为 eth.type，不大于 1500 时为 eth.len。每种类型只说明一次。",
        ),
        Text("Values between 1501 and 1535 are neither.", "1501 至 1535 之间的值两者都不是。"),
    ),
)
VLAN = Rule(
    "vlan.tag",
    "vlan",
    "chat",
    7,
    {
        "": Text(
            "Tagged for VLAN {vlan}, priority {priority}: four bytes between the addresses and the type, so a full frame has 1518.",
            "带 VLAN {vlan} 的标签，优先级 {priority}：位于地址与类型之间，共 4 字节，因此最大帧长为 1518。",
        ),
        "priority": Text(
            "Tagged with VLAN 0: no VLAN, only priority {priority}.",
            "标签中 VLAN 为 0：不指定 VLAN，只有优先级 {priority}。",
        ),
        "double": Text(
            "Two tags: outside the provider's VLAN {outer} (802.1ad), inside the customer's VLAN {vlan}, priority {priority}.",
            "双层标签：外层为运营商 VLAN {outer}（802.1ad），内层为客户 VLAN {vlan}，优先级 {priority}。",
        ),
        "service": Text(
            "Tagged for the provider's VLAN {outer} (802.1ad).",
            "带运营商 VLAN {outer} 的标签（802.1ad）。",
        ),
    },
    ("IEEE 802.1Q-2022 §9.6",),
    Text("The VLAN is a part of IP.", "VLAN 是 IP 的一部分。"),
    Explanation(
        Text(
            "A link between switches (a trunk) carries several networks; the tag says to which one a frame belongs. Hosts usually "
            "see frames without it.",
            "交换机之间的干道（trunk）承载多个网络，标签说明帧属于哪一个。普通主机通常看不到标签。",
        ),
        Text(
            "vlan.id and vlan.priority; ieee8021ad.id for the outer tag. Said once for each tag between two MAC addresses.",
            "依据 vlan.id 和 vlan.priority；外层标签为 ieee8021ad.id。两个 MAC 地址之间的每种标签只说明一次。",
        ),
        Text(
            "Some cards remove the tag before the capture sees it: then a tagged frame looks plain.",
            "有些网卡在捕获之前就去掉了标签：此时带标签的帧看起来没有标签。",
        ),
    ),
)
TUNNEL = Rule(
    "tunnel.encapsulated",
    "ip",
    "chat",
    7,
    {
        "": Text(
            "{kind} tunnel from {outer_source} to {outer_target}; it carries a packet from {source} to {target}. Only the inner "
            "addresses are those of the conversation.",
            "从 {outer_source} 到 {outer_target} 的 {kind} 隧道，承载 {source} 发往 {target} 的分组。只有内层地址属于该会话。",
        ),
        "vxlan": Text(
            "VXLAN from {outer_source} to {outer_target}, virtual network {network}; it carries a whole Ethernet frame. Only what "
            "is inside belongs to the conversation.",
            "从 {outer_source} 到 {outer_target} 的 VXLAN，虚拟网络 {network}，承载一个完整的以太网帧。只有内层属于该会话。",
        ),
    },
    ("RFC 2784 §2", "RFC 2003 §3", "RFC 7348 §5"),
    Text("The outer addresses are those of client and server.", "外层地址就是客户端和服务器的地址。"),
    Explanation(
        Text(
            "A router or host packs each packet into another one, to carry it across a network that does not know the inner "
            "addresses.",
            "路由器或主机把每个分组装入另一个分组，以穿过不认识内层地址的网络。",
        ),
        Text(
            "Two IP headers in frame.protocols; ip.proto of the outer one is 4 (IP), 41 (IPv6) or 47 (GRE), or UDP carries VXLAN. "
            "Said once for each pair of hosts inside.",
            "frame.protocols 中有两个 IP 首部；外层 ip.proto 为 4（IP）、41（IPv6）或 47（GRE），或由 UDP 承载 VXLAN。"
            "对内层的每对主机只说明一次。",
        ),
        Text(
            "An ICMP error also has two IP headers: there the inner one is quoted, not carried.",
            "ICMP 差错报文也含两个 IP 首部：但内层是引用，不是承载。",
        ),
    ),
)

RULES: Sequence[Rule] = (NEXT_HOP, CAST, TYPE, VLAN, TUNNEL)

TYPES = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x86DD: "IPv6",
    0x8100: "802.1Q (VLAN)",
    0x88A8: "802.1ad (VLAN)",
    0x88CC: "LLDP",
}


class Ethernet(BaseAnalyzer):
    """Speaks once of each address and type, of each pair of hosts, and of each tag and tunnel between two."""

    layers = EVERY_PACKET
    fields = (
        "frame.protocols",
        "eth.src",
        "eth.dst",
        "eth.len",
        "eth.type",
        "vlan",
        "ieee8021ad",
        "vxlan",
        "gre",
        "llc",
        "ip.src",
        "ip.dst",
        "ip.hdr_len",
        "ipv6.src",
        "ipv6.dst",
    )

    def __init__(self, settings: Settings) -> None:
        self._link = settings.host.link
        self._receivers, self._types, self._pairs, self._routers = Once(), Once(), Once(), Once()
        self._beyond: Remembered[str, dict[tuple[str, str], int]] = Remembered()
        """MAC address → (sender, destination behind it) → first frame."""
        self._wrappings = Once()
        """Tags between two MAC addresses, and tunnels with the hosts inside."""

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """Addresses, type, tags and tunnels of a frame."""
        segment = packet.segment
        special = is_special(packet.protocols)
        if segment is not None and not segment.first_of_sender:
            return self._wrapped(packet) if special else None
        found = self._wrapped(packet) if special else []
        if packet.protocols.startswith("eth"):
            eth = packet.eth
            if own_protocols(packet.protocols).count("eth") > 1:
                eth = packet.all("eth")[0]
            if eth is not None and eth.dst:
                found += self._addressed(packet, eth)
        return found

    def _addressed(self, packet: Packet, eth: Any) -> list[Verdict]:
        found: list[Verdict] = []
        mac, number = eth.dst, packet.number
        if self._receivers(mac):
            found.append(_cast(packet, mac))
        kind = eth.type
        if kind is None:
            if eth.len is not None and 0 < eth.len <= LONGEST:
                kind = "length"
        elif kind < SMALLEST_TYPE:  # tshark's type 0 is a length of 0
            kind = None
        if kind is not None and self._types(kind):
            found.append(_type(number, eth))
        ip = packet.ip
        if ip is not None and is_ipv4(ip.src) and is_ipv4(ip.dst) and not is_tunnel(packet.protocols):
            found += self._next_hop(packet, eth, ip)
        return found

    # -- next hop -----------------------------------------------------------------------------------------------------

    def _next_hop(self, packet: Packet, eth: Any, ip: Any) -> list[Verdict]:
        """Counts the destinations behind the receiver's MAC address, or for an answer behind its sender's."""
        if is_group(eth.dst) or not self._pairs((ip.src, ip.dst, eth.dst)):
            return []
        beyond = self._beyond.setdefault(eth.dst, {})
        if is_ordinary(number(ip.dst)) and is_ordinary(number(ip.src)) and len(beyond) < DESTINATIONS_LIMIT:
            beyond.setdefault((ip.src, ip.dst), packet.number)
        return self._judged(packet, eth.dst) or self._judged(packet, eth.src)

    def _judged(self, packet: Packet, mac: str) -> list[Verdict]:
        link, known = self._link, self._beyond.get(mac, {})
        if len(known) < 2:
            return []
        remote: dict[str, int] = {}
        evidence: list[Evidence] = []
        for (source, destination), frame in known.items():
            reason = link.off_link(source, destination)
            if reason is None or destination in remote:
                continue
            remote[destination] = frame
            evidence += [Evidence(frame, "eth.dst", mac), Evidence(frame, "ip.dst", destination)]
            if reason.why == "ttl" and reason.frame is not None:
                evidence.append(Evidence(reason.frame, "ip.ttl", reason.value))
        if len(remote) < 2 or not self._routers(mac):
            return []
        params = {"mac": mac, "destinations": ", ".join(remote), "frames": tuple(remote.values())}
        return [Verdict(NEXT_HOP, packet.number, params, tuple(evidence))]

    # -- tags and tunnels ---------------------------------------------------------------------------------------------

    def _wrapped(self, packet: Packet) -> list[Verdict]:
        found: list[Verdict] = []
        names = own_protocols(packet.protocols)
        if "vlan" in names or "ieee8021ad" in names:
            found += self._tagged(packet)
        if "vxlan" in names or is_tunnel(packet.protocols):
            found += self._tunnelled(packet)
        return found

    def _tagged(self, packet: Packet) -> list[Verdict]:
        """The tags, once for each two MAC addresses."""
        inner, outer, eth = packet.vlan, packet.ieee8021ad, packet.eth
        between = (None, None) if eth is None else (eth.src, eth.dst)
        tags = [(tag.id, tag.priority) for tag in (inner, outer) if tag is not None]
        return _tagged(packet, inner, outer) if self._wrappings((between, *tags)) else []

    def _tunnelled(self, packet: Packet) -> list[Verdict]:
        """The tunnel's ends, once for each pair of hosts that it carries."""
        headers = [header for name, header in packet.stack if name in ("ip", "ipv6")]
        if not headers or not headers[0].src:
            return []
        network = None if packet.vxlan is None else packet.vxlan.vni
        if not self._wrappings((network, *((header.src, header.dst) for header in headers))):
            return []
        known = _tunnel(packet, headers)
        if known is None:
            return []
        params, wording = known
        field = "ipv6.src" if ":" in params["outer_source"] else "ip.src"
        evidence = (
            Evidence(packet.number, field, params["outer_source"]),
            Evidence(packet.number, field.replace("src", "dst"), params["outer_target"]),
        )
        return [Verdict(TUNNEL, packet.number, params, evidence, wording)]


def is_group(mac: str) -> bool:
    """Whether the I/G bit is set: multicast or broadcast."""
    return bool(first_byte(mac) & 1)


def first_byte(mac: str) -> int:
    """Of an address; 0 of what is none, as EK that no tshark wrote may have it."""
    try:
        return int(mac[:2], 16)
    except ValueError:
        return 0


@lru_cache(maxsize=1024)
def is_special(protocols: str) -> bool:
    """Whether packets of this stack are wrapped: in a tag or a tunnel."""
    names = own_protocols(protocols)
    return "vlan" in names or "ieee8021ad" in names or "vxlan" in names or is_tunnel(protocols)


def _cast(packet: Packet, mac: str) -> Verdict:
    frame = packet.number
    params: dict[str, Any] = {"mac": mac, "byte": first_byte(mac)}
    evidence: tuple[Evidence, ...] = (Evidence(frame, "eth.dst", mac),)
    if mac == BROADCAST:
        return Verdict(CAST, frame, params, evidence, "broadcast")
    if not is_group(mac):
        return Verdict(CAST, frame, params, evidence, "unicast")
    if mac.startswith("01:00:5e") and packet.ip is not None and is_ipv4(packet.ip.dst):
        low = number(packet.ip.dst) & 0x7FFFFF
        params["group"], params["bits"] = packet.ip.dst, low.to_bytes(3).hex(":")
        return Verdict(CAST, frame, params, (*evidence, Evidence(frame, "ip.dst", packet.ip.dst)), "ipv4")
    if mac.startswith("33:33") and packet.ipv6 is not None and packet.ipv6.dst:
        params["group"] = packet.ipv6.dst
        return Verdict(CAST, frame, params, (*evidence, Evidence(frame, "ipv6.dst", packet.ipv6.dst)), "ipv6")
    return Verdict(CAST, frame, params, evidence, "multicast")


def _type(frame: int, eth: Any) -> Verdict:
    if eth.type is None:
        return Verdict(TYPE, frame, {"size": eth.len}, (Evidence(frame, "eth.len", eth.len),), "length")
    shown = f"0x{eth.type:04x}"
    params = {"type": eth.type, "protocol": TYPES.get(eth.type, shown)}
    return Verdict(TYPE, frame, params, (Evidence(frame, "eth.type", shown),))


def _tagged(packet: Packet, inner: Any, outer: Any) -> list[Verdict]:
    frame = packet.number
    params: dict[str, Any] = {}
    evidence: tuple[Evidence, ...] = ()
    if outer is not None and outer.id is not None:
        params["outer"] = outer.id
        evidence += (Evidence(frame, "ieee8021ad.id", outer.id),)
    if inner is None or inner.id is None:
        return [Verdict(VLAN, frame, params, evidence, "service")] if params else []
    params["vlan"], params["priority"] = inner.id, inner.priority
    wording = "double" if "outer" in params else "" if inner.id else "priority"
    return [Verdict(VLAN, frame, params, (*evidence, Evidence(frame, "vlan.id", inner.id)), wording)]


def _tunnel(packet: Packet, headers: Sequence[Any]) -> tuple[dict[str, Any], str] | None:
    """Addresses outside and inside, and the wording."""
    outer = headers[0]
    params: dict[str, Any] = {"outer_source": outer.src, "outer_target": outer.dst}
    if packet.vxlan is not None:
        params["network"] = packet.vxlan.vni
        return params, "vxlan"
    if len(headers) < 2:
        return None
    inner = headers[-1]
    kind = "GRE" if packet.gre is not None else "IP-in-IP"
    return params | {"source": inner.src, "target": inner.dst, "kind": kind}, ""


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Ethernet(settings)]

"""IPv6: neighbor discovery, which does ARP's work there (RFC 4861, RFC 4862), hop limit and extension headers."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.dissectors.layer import Text

from .analyzer import BaseAnalyzer, Settings
from .frame import own_protocols
from .hookspecs import hookimpl
from .link import INITIAL_TTLS, LONGEST_PATH, Once, Remembered, initial_ttl
from .rule import Evidence, Explanation, Rule, Verdict

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT, REDIRECT = 133, 134, 135, 136, 137
OPTION_SOURCE_LINK, OPTION_TARGET_LINK, OPTION_PREFIX = 1, 2, 3
UNSPECIFIED = "::"
LINK_LOCAL = ("fe8", "fe9", "fea", "feb")
"""How link-local addresses begin: fe80::/10 (RFC 4291 §2.5.6)."""
PENDING_LIMIT = 1024
"""Solicitations that wait for an answer in memory."""

NS = Rule(
    "ipv6.ndp-solicitation",
    "icmpv6",
    "chat",
    60,
    {
        "": Text(
            "Who has {target}? {source} ({mac}) asks, as ARP does in IPv4, but not everybody: only the group {group}, made of the "
            "address's last 24 bits ({bits}).",
            "谁有 {target}？{source}（{mac}）询问，作用与 IPv4 的 ARP 相同，但不是问所有主机：只问由该地址末 24 位（{bits}）构成的"
            "组 {group}。",
        ),
        "unicast": Text(
            "Is {target} still there? {source} knows its MAC address ({receiver}) and asks it alone (unicast), to keep the entry.",
            "{target} 是否仍可达？{source} 已知其 MAC 地址（{receiver}），只询问它（单播），以确认邻居表项。",
        ),
        "again": Text(
            "Who has {target}? {source} asks again, {waited:duration} after frame {before}: the capture has no answer so far.",
            "谁有 {target}？{source} 在第 {before} 帧之后 {waited:duration} 再次询问：目前捕获中没有应答。",
        ),
    },
    ("RFC 4861 §4.3", "RFC 4861 §7.2.2", "RFC 4291 §2.7.1"),
    Text("IPv6 uses ARP.", "IPv6 也使用 ARP。"),
    Explanation(
        Text(
            "A neighbor solicitation asks for the MAC address of an IPv6 address. It goes to a group that hardly any other host is "
            "in, so nobody else is disturbed.",
            "邻居请求询问某个 IPv6 地址的 MAC 地址。它发往一个几乎没有其他主机加入的组，不打扰他人。",
        ),
        Text(
            "icmpv6.type is 135 and ipv6.src is not ::. The group is ff02::1:ff and the last 24 bits of icmpv6.nd.ns.target_address.",
            "icmpv6.type 为 135，且 ipv6.src 不是 ::。组地址由 ff02::1:ff 与 icmpv6.nd.ns.target_address 的末 24 位构成。",
        ),
        Text(
            "From :: it is duplicate address detection (ipv6.ndp-dad), to one host a check of a known entry.",
            "若源地址为 ::，则是重复地址检测（ipv6.ndp-dad）；若发往单个主机，则是对已知表项的检查。",
        ),
    ),
)
DAD = Rule(
    "ipv6.ndp-dad",
    "icmpv6",
    "chat",
    62,
    {
        "": Text(
            "Does anybody have {target} already? {mac} asks before it uses the address (duplicate address detection), so it sends from "
            ":: (no address).",
            "{target} 是否已有人使用？{mac} 在启用该地址之前询问（重复地址检测），因此源地址为 ::（尚无地址）。",
        ),
        "again": Text(
            "Does anybody have {target} already? {mac} asks again, {waited:duration} after frame {before}: no objection so far.",
            "{target} 是否已有人使用？{mac} 在第 {before} 帧之后 {waited:duration} 再次询问：目前没有异议。",
        ),
    },
    ("RFC 4862 §5.4",),
    Text(":: is a wrong source address.", ":: 是错误的源地址。"),
    Explanation(
        Text(
            "A host that forms an address asks first whether it is taken. Silence for a second means free; an advertisement for it "
            "means duplicate.",
            "主机形成一个地址后先询问是否已被占用。一秒内无人应答即可使用；若收到对该地址的通告则说明重复。",
        ),
        Text(
            "icmpv6.type is 135 and ipv6.src is ::; the target is the address that the host wants.",
            "icmpv6.type 为 135 且 ipv6.src 为 ::；目标即主机想使用的地址。",
        ),
        Text(
            "That nobody answers shows in the capture only if it would see the answer, which goes to all nodes (ff02::1).",
            "无人应答只有在捕获点能看到应答时才可确认；应答发往所有节点（ff02::1）。",
        ),
    ),
)
NA = Rule(
    "ipv6.ndp-advertisement",
    "icmpv6",
    "chat",
    60,
    {
        "": Text(
            "{target} is at {mac}: the answer to frame {request}, {delay:duration} later, sent to the asker alone.",
            "{target} 的 MAC 是 {mac}：对第 {request} 帧的应答，相隔 {delay:duration}，只发给询问者。",
        ),
        "unpaired": Text(
            "{target} is at {mac}: an answer (S = 1) to a solicitation that is not in the capture.",
            "{target} 的 MAC 是 {mac}：这是应答（S = 1），但它所应答的请求不在捕获中。",
        ),
        "unsolicited": Text(
            "{target} is at {mac}: announced without being asked (S = 0), so that neighbors update what they know.",
            "{target} 的 MAC 是 {mac}：未经询问的通告（S = 0），供邻居更新表项。",
        ),
        "duplicate": Text(
            "Duplicate address: {target} is at {mac} already, so the host that asked in frame {request} must not use it.",
            "地址重复：{target} 已被 {mac} 使用，因此第 {request} 帧中询问的主机不得使用该地址。",
        ),
    },
    ("RFC 4861 §4.4", "RFC 4861 §7.2.4", "RFC 4861 §7.2.6"),
    Text("An advertisement is a broadcast.", "通告就是广播。"),
    Explanation(
        Text(
            "A neighbor advertisement tells the MAC address of an IPv6 address, as an ARP reply does in IPv4.",
            "邻居通告给出某个 IPv6 地址的 MAC 地址，作用相当于 IPv4 的 ARP 应答。",
        ),
        Text(
            "icmpv6.type is 136; it pairs with the latest solicitation of icmpv6.nd.na.target_address. The S flag marks an answer.",
            "icmpv6.type 为 136；与最近一个询问 icmpv6.nd.na.target_address 的请求配对。S 标志表示应答。",
        ),
        Text(
            "R says that the sender is a router, O that a cached address is to be replaced. Without the target option the sender's own "
            "MAC address is shown.",
            "R 表示发送方是路由器，O 表示应覆盖已缓存的地址。若没有目标链路层地址选项，则显示发送方的 MAC。",
        ),
    ),
)
RS = Rule(
    "ipv6.ndp-router-solicitation",
    "icmpv6",
    "chat",
    60,
    Text(
        "Is there a router? {source} asks all routers on the link (ff02::2) instead of waiting for their next advertisement.",
        "有路由器吗？{source} 向链路上的所有路由器（ff02::2）询问，而不等待下一次路由器通告。",
    ),
    ("RFC 4861 §4.1", "RFC 4861 §6.3.7"),
    Text("IPv6 needs DHCP for its router.", "IPv6 必须靠 DHCP 得知路由器。"),
    Explanation(
        Text(
            "A host that comes up asks for the link's prefixes and its default router.",
            "主机启动时询问链路的前缀和默认路由器。",
        ),
        Text("icmpv6.type is 133.", "icmpv6.type 为 133。"),
        Text(
            "No answer means that no router does IPv6 here: link-local addresses work all the same.",
            "没有应答说明本链路没有 IPv6 路由器：但链路本地地址仍可使用。",
        ),
    ),
)
RA = Rule(
    "ipv6.ndp-router-advertisement",
    "icmpv6",
    "chat",
    60,
    {
        "": Text(
            "Router {source}: default router for {lifetime} s, prefix {prefix}, from which hosts form their own addresses.",
            "路由器 {source}：在 {lifetime} 秒内可作默认路由器，前缀 {prefix}，主机可据此自行形成地址。",
        ),
        "answer": Text(
            "Router {source} answers frame {request}: default router for {lifetime} s, prefix {prefix}, from which hosts form their own "
            "addresses.",
            "路由器 {source} 应答第 {request} 帧：在 {lifetime} 秒内可作默认路由器，前缀 {prefix}，主机可据此自行形成地址。",
        ),
        "plain": Text(
            "Router {source}: default router for {lifetime} s; it gives no prefix from which to form addresses.",
            "路由器 {source}：在 {lifetime} 秒内可作默认路由器；没有给出可用于形成地址的前缀。",
        ),
        "prefix-only": Text(
            "Router {source} is no default router (lifetime 0), but gives the prefix {prefix}, from which hosts form their own "
            "addresses.",
            "路由器 {source} 不是默认路由器（有效时间为 0），但给出前缀 {prefix}，主机可据此自行形成地址。",
        ),
        "withdrawn": Text(
            "Router {source} is no default router (lifetime 0), or no longer: hosts do not keep it in their list of them.",
            "路由器 {source} 不是或不再是默认路由器（有效时间为 0）：主机不把它留在默认路由器列表中。",
        ),
    },
    ("RFC 4861 §4.2", "RFC 4861 §6.1.2", "RFC 4861 §6.2.6", "RFC 4862 §5.5"),
    Text("The router assigns the host's address.", "由路由器分配主机的地址。"),
    Explanation(
        Text(
            "Routers tell the link who they are and which prefixes are here, now and then and when asked. A host adds its own 64 bits "
            "to a prefix (SLAAC).",
            "路由器定期或应请求通告自己和链路的前缀。主机在前缀后加上自己的 64 位形成地址（SLAAC）。",
        ),
        Text(
            "icmpv6.type is 134; icmpv6.nd.ra.router_lifetime and the prefix options with flag A. It answers the latest solicitation, if "
            "one came within 10 s before.",
            "icmpv6.type 为 134；依据 icmpv6.nd.ra.router_lifetime 和带 A 标志的前缀选项。若 10 秒内有路由器请求，则视为其应答。",
        ),
        Text(
            "Flag M or O sends hosts to DHCPv6 for addresses or settings. A lifetime of 0 means: no default router.",
            "M 或 O 标志表示主机应向 DHCPv6 获取地址或其他配置。有效时间为 0 表示不是默认路由器。",
        ),
    ),
)
RA_IGNORED = Rule(
    "ipv6.ndp-router-ignored",
    "icmpv6",
    "warn",
    60,
    Text(
        "Router advertisement from {source}, which is no link-local address: hosts must ignore it, as they know a router by its "
        "link-local address.",
        "路由器通告的源地址 {source} 不是链路本地地址：主机必须忽略它，因为主机以链路本地地址识别路由器。",
    ),
    ("RFC 4861 §6.1.2", "RFC 4861 §4.2"),
    Text("The hosts have a router now.", "主机由此有了路由器。"),
    Explanation(
        Text(
            "A router's link-local address stays the same whatever its prefixes are, and no packet from beyond the link can bear it. "
            "An advertisement from another address is wrongly made, or forged.",
            "路由器的链路本地地址不随前缀而变，链路之外来的分组也不可能使用它。来自其他地址的通告要么构造有误，要么是伪造的。",
        ),
        Text(
            "icmpv6.type is 134 and ipv6.src does not begin with fe80:.",
            "icmpv6.type 为 134，且 ipv6.src 不以 fe80: 开头。",
        ),
        Text(
            "Some hosts may be careless and take it all the same: then their own packets go to that router.",
            "有的主机可能不严格而照样接受：此时它们的分组会发往该路由器。",
        ),
    ),
)
NDP_REDIRECT = Rule(
    "ipv6.ndp-redirect",
    "icmpv6",
    "note",
    60,
    Text(
        "Router {source}: for {destination} there is a better first hop on this link, {target}.",
        "路由器 {source}：发往 {destination} 的分组在本链路上有更好的第一跳 {target}。",
    ),
    ("RFC 4861 §4.5", "RFC 4861 §8"),
    Text("The destination has moved.", "目的主机搬走了。"),
    Explanation(
        Text(
            "The router has passed the packet on and tells the host to use the other router, or the destination itself, next time.",
            "路由器已转发该分组，并告诉主机下次直接使用另一台路由器，或直接发给目的主机。",
        ),
        Text(
            "icmpv6.type is 137; target and destination address of the message.",
            "icmpv6.type 为 137；依据报文中的目标地址和目的地址。",
        ),
        Text("Target equal to destination: it is on this link.", "若目标等于目的地址，说明目的主机就在本链路上。"),
    ),
)
HOP_LIMIT = Rule(
    "ipv6.hop-limit",
    "ipv6",
    "chat",
    5,
    {
        "": Text(
            "Hop limit {limit}, IPv6's TTL, is a value to start with: no router has passed this packet on yet.",
            "跳数限制 {limit}（相当于 IPv4 的 TTL）是初始值：该分组尚未经过路由器。",
        ),
        "hops": Text(
            "Hop limit {limit}: about {hops:router} passed so far, if it started with {initial} ({initial} − {limit} = {hops}).",
            "跳数限制 {limit}：若初始值为 {initial}，则已经过约 {hops} 个路由器（{initial} − {limit} = {hops}）。",
        ),
        "ndp": Text(
            "Hop limit 255: neighbor discovery demands it, as no router can pass on a packet and leave it 255. So it comes from this "
            "link.",
            "跳数限制 255：邻居发现要求如此，因为经过路由器就不可能仍为 255，由此可知它来自本链路。",
        ),
    },
    ("RFC 8200 §3", "RFC 4861 §3.1"),
    Text("The hop limit is a time.", "跳数限制是时间。"),
    Explanation(
        Text("Each router takes 1 and drops the packet at 0.", "每个路由器减 1，减到 0 时丢弃。"),
        Text(
            "ipv6.hlim is 64, 128 or 255, or at most 32 below one of them. Said once for each sender.",
            "ipv6.hlim 为 64、128 或 255，或比其中之一小不超过 32。每个发送方只说明一次。",
        ),
        Text("A router advertisement may tell hosts another value to start with.", "路由器通告可以规定其他初始值。"),
    ),
)
EXTENSION = Rule(
    "ipv6.extension",
    "ipv6",
    "chat",
    22,
    {
        "": Text(
            "Between the IPv6 header and {payload} lie {count} extension headers, each naming the next: {chain}.",
            "IPv6 首部与 {payload} 之间有 {count} 个扩展首部，每个指明下一个：{chain}。",
        ),
        "one": Text(
            "Between the IPv6 header and {payload} lies an extension header, which names the next: {chain}.",
            "IPv6 首部与 {payload} 之间有一个扩展首部，它指明下一个：{chain}。",
        ),
    },
    ("RFC 8200 §4",),
    Text("The next header field always names TCP or UDP.", "“下一个首部”字段总是 TCP 或 UDP。"),
    Explanation(
        Text(
            "What IPv4 has as options and fragment fields, IPv6 puts into extension headers in a chain.",
            "IPv4 中的选项和分片字段，在 IPv6 中以扩展首部链的形式出现。",
        ),
        Text(
            "The names in frame.protocols between ipv6 and the payload; ipv6.nxt begins the chain.",
            "依据 frame.protocols 中 ipv6 与载荷之间的名称；链从 ipv6.nxt 开始。",
        ),
        Text(
            "Some routers and firewalls drop packets with extension headers: a missing answer need not be a loss.",
            "有些路由器和防火墙会丢弃带扩展首部的分组：没有应答不一定是丢失。",
        ),
    ),
)

RULES: Sequence[Rule] = (NS, DAD, NA, RS, RA, RA_IGNORED, NDP_REDIRECT, HOP_LIMIT, EXTENSION)

ANSWER_WITHIN = 10_000_000_000
"""Nanoseconds; routers answer within half a second, but three seconds apart at least (RFC 4861 §10)."""
EXTENSIONS = {
    "ipv6.hopopts": "hop-by-hop options (0)",
    "ipv6.dstopts": "destination options (60)",
    "ipv6.routing": "routing (43)",
    "ipv6.fraghdr": "fragment (44)",
    "ah": "authentication (51)",
}


class Asked(msgspec.Struct, frozen=True):
    """A solicitation that waits for its answer."""

    frame: int
    time: int | None
    mac: str


class Discovery(BaseAnalyzer):
    """Pairs solicitations with advertisements."""

    layers = ("icmpv6",)
    fields = (
        "icmpv6",
        "eth.src",
        "eth.dst",
        "ipv6.src",
        "ipv6.dst",
    )

    def __init__(self, settings: Settings) -> None:
        self._open: Remembered[tuple[str, str], Asked] = Remembered(PENDING_LIMIT)
        """(target, asker) → the solicitation; the asker is :: in duplicate address detection."""
        self._solicited: Asked | None = None

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """What a message of neighbor discovery asks or tells."""
        message, ipv6 = packet.icmpv6, packet.ipv6
        kind = message.type
        if ipv6 is None or kind is None or not ROUTER_SOLICITATION <= kind <= REDIRECT:
            return None
        if kind == SOLICITATION and message.nd_ns_target_address:
            return [self._solicitation(packet, message, ipv6)]
        if kind == ADVERTISEMENT and message.nd_na_target_address:
            return [self._advertisement(packet, message, ipv6)]
        if kind == ROUTER_SOLICITATION:
            self._solicited = Asked(packet.number, packet.time, "")
            evidence = (Evidence(packet.number, "icmpv6.type", kind), Evidence(packet.number, "ipv6.dst", ipv6.dst))
            return [Verdict(RS, packet.number, {"source": ipv6.src}, evidence)]
        if kind == ROUTER_ADVERTISEMENT:
            return [self._router(packet, message, ipv6)]
        return _redirect(packet, message, ipv6) if kind == REDIRECT else None

    def _solicitation(self, packet: Packet, message: Any, ipv6: Any) -> Verdict:
        frame, target = packet.number, message.nd_ns_target_address
        mac = link_address(message, OPTION_SOURCE_LINK) or (packet.eth.src if packet.eth is not None else "")
        params: dict[str, Any] = {"target": target, "source": ipv6.src, "mac": mac, "group": ipv6.dst}
        evidence: tuple[Evidence, ...] = (
            Evidence(frame, "icmpv6.nd.ns.target_address", target),
            Evidence(frame, "ipv6.src", ipv6.src),
        )
        rule = DAD if ipv6.src == UNSPECIFIED else NS
        before = self._open.get((target, ipv6.src))
        self._open[target, ipv6.src] = Asked(frame, packet.time, mac)
        if rule is NS and not is_multicast(ipv6.dst or ""):
            params["receiver"] = packet.eth.dst if packet.eth is not None else ipv6.dst
            return Verdict(NS, frame, params, (*evidence, Evidence(frame, "ipv6.dst", ipv6.dst)), "unicast")
        if before is not None and before.mac == mac and packet.time is not None and before.time is not None:
            params["before"], params["waited"] = before.frame, (packet.time - before.time) / 1e9
            evidence += (Evidence(before.frame, "icmpv6.nd.ns.target_address", target),)
            return Verdict(rule, frame, params, evidence, "again")
        params["bits"] = _group_bits(target)
        return Verdict(rule, frame, params, (*evidence, Evidence(frame, "ipv6.dst", ipv6.dst)))

    def _advertisement(self, packet: Packet, message: Any, ipv6: Any) -> Verdict:
        frame, target = packet.number, message.nd_na_target_address
        mac = link_address(message, OPTION_TARGET_LINK) or (packet.eth.src if packet.eth is not None else "")
        params: dict[str, Any] = {"target": target, "mac": mac}
        evidence: tuple[Evidence, ...] = (
            Evidence(frame, "icmpv6.nd.na.target_address", target),
            Evidence(frame, "icmpv6.nd.na.flag.s", bool(message.nd_na_flag_s)),
        )
        tentative = self._open.get((target, UNSPECIFIED))
        if not message.nd_na_flag_s:
            if tentative is not None and tentative.mac != mac and is_recent(tentative, packet):
                del self._open[target, UNSPECIFIED]
                params["request"] = tentative.frame
                evidence += (Evidence(tentative.frame, "icmpv6.nd.ns.target_address", target),)
                return Verdict(NA, frame, params, evidence, "duplicate")
            return Verdict(NA, frame, params, evidence, "unsolicited")
        asked = self._open.pop((target, ipv6.dst), None)
        if asked is None or packet.time is None or asked.time is None:
            return Verdict(NA, frame, params, evidence, "unpaired")
        params["request"], params["delay"] = asked.frame, (packet.time - asked.time) / 1e9
        evidence += (Evidence(asked.frame, "icmpv6.nd.ns.target_address", target),)
        return Verdict(NA, frame, params, evidence)

    def _router(self, packet: Packet, message: Any, ipv6: Any) -> Verdict:
        frame, lifetime = packet.number, message.nd_ra_router_lifetime
        prefixes = [
            f"{value['prefix']}/{value['prefix.length']}"
            for value in _option_values(message, OPTION_PREFIX)
            if value.get("prefix.flag.a") and value.get("prefix")
        ]
        params: dict[str, Any] = {"source": ipv6.src, "lifetime": lifetime, "prefix": ", ".join(prefixes)}
        if ipv6.src and not ipv6.src.startswith(LINK_LOCAL):
            return Verdict(RA_IGNORED, frame, {"source": ipv6.src}, (Evidence(frame, "ipv6.src", ipv6.src),))
        evidence: tuple[Evidence, ...] = (Evidence(frame, "icmpv6.nd.ra.router_lifetime", lifetime),)
        if not prefixes:
            return Verdict(RA, frame, params, evidence, "withdrawn" if lifetime == 0 else "plain")
        evidence += tuple(Evidence(frame, "icmpv6.opt.prefix", prefix.partition("/")[0]) for prefix in prefixes)
        if lifetime == 0:
            return Verdict(RA, frame, params, evidence, "prefix-only")
        asked, self._solicited = self._solicited, None
        if asked is None or not is_recent(asked, packet):
            return Verdict(RA, frame, params, evidence)
        params["request"] = asked.frame
        return Verdict(
            RA, frame, params, (*evidence, Evidence(asked.frame, "icmpv6.type", ROUTER_SOLICITATION)), "answer"
        )


class Ipv6(BaseAnalyzer):
    """Reads IPv6 headers; of a TCP connection only the first of each side."""

    layers = ("ipv6",)
    fields = (
        "icmpv6",
        "eth.src",
        "eth.dst",
        "ipv6.src",
        "ipv6.dst",
        "ipv6.hlim",
        "ipv6.nxt",
        "ipv6.hopopts",
        "ipv6.routing",
        "ipv6.fraghdr",
        "ipv6.dstopts",
    )

    def __init__(self, settings: Settings) -> None:
        self._senders = Once()

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """Hop limit and extension headers."""
        segment = packet.segment
        if segment is not None and not segment.first_of_sender:
            return None
        ipv6, found = packet.ipv6, []
        chain = extensions(packet.protocols)
        if chain and self._senders((ipv6.src, chain)):
            found.append(_extended(packet, chain))
        if ipv6.hlim is not None and ipv6.src and not is_multicast(ipv6.dst or ""):
            if self._senders((ipv6.src, ipv6.hlim)):
                found += _hop_limit(packet, ipv6.hlim)
        elif ipv6.hlim == 255 and packet.icmpv6 is not None and self._senders((ipv6.src, "ndp")):
            found += _hop_limit(packet, 255)
        return found


def _hop_limit(packet: Packet, limit: int) -> list[Verdict]:
    frame = packet.number
    evidence = (Evidence(frame, "ipv6.hlim", limit),)
    message = packet.icmpv6
    if limit == 255 and message is not None and message.type in range(ROUTER_SOLICITATION, REDIRECT + 1):
        return [Verdict(HOP_LIMIT, frame, {}, evidence, "ndp")]
    if limit in INITIAL_TTLS:
        return [Verdict(HOP_LIMIT, frame, {"limit": limit}, evidence)]
    initial = initial_ttl(limit)
    if initial - limit > LONGEST_PATH:
        return []
    return [Verdict(HOP_LIMIT, frame, {"limit": limit, "initial": initial, "hops": initial - limit}, evidence, "hops")]


def _extended(packet: Packet, chain: tuple[str, ...]) -> Verdict:
    names = own_protocols(packet.protocols)
    after = [name for name in names[names.index(chain[-1]) + 1 :] if name not in chain]
    payload = after[0].upper().replace("V", "v") if after else "?"
    params = {
        "count": len(chain),
        "payload": payload,
        "chain": " → ".join([*(EXTENSIONS[name] for name in chain), payload]),
    }
    evidence = (
        Evidence(packet.number, "ipv6.nxt", packet.ipv6.nxt),
        Evidence(packet.number, "frame.protocols", packet.protocols),
    )
    return Verdict(EXTENSION, packet.number, params, evidence, "" if len(chain) > 1 else "one")


def _redirect(packet: Packet, message: Any, ipv6: Any) -> list[Verdict]:
    target, destination = message.nd_rd_target_address, message.rd_na_destination_address
    if not target or not destination:
        return []
    params = {"source": ipv6.src, "target": target, "destination": destination}
    evidence = (Evidence(packet.number, "icmpv6.nd.rd.target_address", target),)
    return [Verdict(NDP_REDIRECT, packet.number, params, evidence)]


def link_address(message: Any, kind: int) -> str:
    """The MAC address in an option of neighbor discovery; empty when there is none."""
    return next((str(value["linkaddr"]) for value in _option_values(message, kind) if value.get("linkaddr")), "")


def _option_values(message: Any, kind: int) -> list[dict[str, Any]]:
    options = message.options
    if not options:
        return []
    return [option["value"] for option in options["list"] if option.get("type") == kind and option.get("value")]


def is_recent(asked: Asked, packet: Packet) -> bool:
    """Whether a packet may still answer a solicitation."""
    return packet.time is not None and asked.time is not None and packet.time - asked.time < ANSWER_WITHIN


def is_multicast(address: str) -> bool:
    """ff00::/8 (RFC 4291 §2.7)."""
    return address.startswith("ff") and address[2:4].find(":") < 0


@lru_cache(maxsize=1024)
def extensions(protocols: str) -> tuple[str, ...]:
    """The extension headers of the packet's own IPv6 header, in order; each once, as tshark may list them nested."""
    return tuple(dict.fromkeys(name for name in own_protocols(protocols) if name in EXTENSIONS))


def _group_bits(address: str) -> str:
    """The last 24 bits, which an address's solicited-node group has as well; none of what a hostile line has instead."""
    try:
        return ipaddress.IPv6Address(address).packed[-3:].hex(":")
    except ValueError:
        return ""


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Discovery(settings), Ipv6(settings)]

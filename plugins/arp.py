"""ARP: who has which address on this link (RFC 826, RFC 5227)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.dissectors.layer import Text

from .analyzer import BaseAnalyzer, Settings
from .checksum import number
from .ethernet import BROADCAST, is_group
from .hookspecs import hookimpl
from .link import Link, OffLink, Once, Owner, Remembered, is_ordinary
from .rule import Evidence, Explanation, Rule, Verdict

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet

UNKNOWN_MAC = "00:00:00:00:00:00"
NO_ADDRESS = "0.0.0.0"
REQUEST_CODE, REPLY_CODE = 1, 2
PENDING_LIMIT = 1024
"""Questions that wait for an answer in memory."""
NAMED_FRAMES = 16
"""Frames of a repeated question that a verdict names."""
ASKERS_LIMIT = 8
MANY_ASKERS = 3
"""Hosts that ask for one address, from which it looks like the gateway."""
HOLDERS_LIMIT = 8
PROBERS_LIMIT = 8
"""Hosts that probe for one address in memory; the one that has been silent longest goes first."""
ANNOUNCE_WAIT = 2_000_000_000
"""Nanoseconds for which a host listens for conflicts after its last probe (RFC 5227 §2.1.1); its probes are no
further apart (PROBE_MAX)."""

RECEPTION = "RFC 826, Packet Reception"

REQUEST = Rule(
    "arp.request",
    "arp",
    "chat",
    60,
    {
        "": Text(
            "Who has {target}? {sender} ({mac}) asks everyone on the link: the frame is broadcast. Target MAC "
            "00:00:00:00:00:00 inside means “not known yet”; nothing is sent to it.",
            "谁有 {target}？{sender}（{mac}）询问链路上的所有主机：帧是广播。报文中的目标 MAC 00:00:00:00:00:00 表示“尚不知道”，"
            "并不是发往该地址。",
        ),
        "again": Text(
            "Who has {target}? {sender} asks again, {waited:duration} after frame {before}: the capture has no reply so far (it "
            "would go to the asker alone). Broadcast; target MAC 00:00:00:00:00:00 means “not known yet”.",
            "谁有 {target}？{sender} 在第 {before} 帧之后 {waited:duration} 再次询问：目前捕获中没有应答（应答只发给询问者）。"
            "广播；目标 MAC 00:00:00:00:00:00 表示“尚不知道”。",
        ),
        "filled": Text(
            "Who has {target}? {sender} ({mac}) asks everyone on the link: the frame is broadcast. The target MAC inside, "
            "{unknown}, means nothing in a request.",
            "谁有 {target}？{sender}（{mac}）询问链路上的所有主机：帧是广播。请求中的目标 MAC {unknown} 没有意义。",
        ),
        "cooked": Text(
            "Who has {target}? {sender} ({mac}) asks. Target MAC {unknown} inside means “not known yet”. A cooked capture does "
            "not keep to whom the frame went.",
            "谁有 {target}？{sender}（{mac}）询问。报文中的目标 MAC {unknown} 表示“尚不知道”。cooked 捕获没有保留帧的目的地址。",
        ),
    },
    ("RFC 826, Packet Generation",),
    Text("The request is sent to 00:00:00:00:00:00.", "请求被发往 00:00:00:00:00:00。"),
    Explanation(
        Text(
            "IP knows the next hop's IP address, Ethernet needs its MAC address. Who has to send asks the whole link; only the "
            "owner of the address answers. The MAC address that is asked for cannot be filled in.",
            "IP 知道下一跳的 IP 地址，而以太网需要它的 MAC 地址。要发送的一方向整个链路询问，只有拥有该地址的主机应答。"
            "被询问的 MAC 地址自然无法填写。",
        ),
        Text(
            "arp.opcode is 1, eth.dst is ff:ff:ff:ff:ff:ff, sender and target address differ, the sender's is not 0.0.0.0.",
            "arp.opcode 为 1，eth.dst 为 ff:ff:ff:ff:ff:ff，发送方与目标 IP 不同，且发送方 IP 不是 0.0.0.0。",
        ),
        Text(
            "A probe has sender 0.0.0.0, an announcement the same address twice, a check of a known entry goes to one MAC "
            "address.",
            "探测的发送方为 0.0.0.0；通告的两个 IP 相同；对已知表项的检查是单播。",
        ),
    ),
)
REPLY = Rule(
    "arp.reply",
    "arp",
    "chat",
    60,
    {
        "": Text(
            "{sender} is at {mac}: the answer to frame {request}, {delay:duration} later, sent to the asker {target} alone "
            "(unicast).",
            "{sender} 的 MAC 是 {mac}：对第 {request} 帧的应答，相隔 {delay:duration}，只发给询问者 {target}（单播）。",
        ),
        "unpaired": Text(
            "{sender} is at {mac}, sent to {target} alone (unicast). The request that it answers is not in the capture.",
            "{sender} 的 MAC 是 {mac}，只发给 {target}（单播）。它所应答的请求不在捕获中。",
        ),
        "broadcast": Text(
            "{sender} is at {mac}: a reply to {target}, but broadcast, so that every host updates its cache.",
            "{sender} 的 MAC 是 {mac}：给 {target} 的应答，却以广播发送，使所有主机更新缓存。",
        ),
        "cooked": Text(
            "{sender} is at {mac}: the answer to frame {request}, {delay:duration} later, for {target}.",
            "{sender} 的 MAC 是 {mac}：对第 {request} 帧的应答，相隔 {delay:duration}，发给 {target}。",
        ),
    },
    (RECEPTION,),
    Text("The reply is broadcast, too.", "应答也是广播。"),
    Explanation(
        Text(
            "The owner of the address answers with its MAC address. It knows the asker's from the request, so one unicast frame "
            "will do; the asker keeps the pair in its ARP cache.",
            "拥有该地址的主机用自己的 MAC 地址应答。它已从请求中得知询问者的 MAC，因此单播即可；询问者把结果保存在 ARP 缓存中。",
        ),
        Text(
            "arp.opcode is 2; the pair is the latest request with these two IP addresses swapped.",
            "arp.opcode 为 2；与最近一个两端 IP 互换的请求配对。",
        ),
        Text(
            "On a switch only the asker sees the reply. A router may answer for others (proxy ARP): then many addresses have one "
            "MAC.",
            "在交换网络中只有询问者能看到应答。路由器可能代他人应答（代理 ARP）：此时多个 IP 对应同一个 MAC。",
        ),
    ),
)
CHECK = Rule(
    "arp.unicast-check",
    "arp",
    "chat",
    62,
    {
        "": Text(
            "Is {target} still at {receiver}? {sender} knows the MAC address already and asks this host alone (unicast), to keep "
            "its cache entry.",
            "{target} 是否仍在 {receiver}？{sender} 已知道其 MAC 地址，只询问该主机（单播），以确认缓存项仍有效。",
        ),
        "known": Text(
            "Is {target} still at {receiver}? {sender} knows that from frame {known} and asks this host alone (unicast), to keep "
            "its cache entry.",
            "{target} 是否仍在 {receiver}？{sender} 从第 {known} 帧得知该地址，现在只询问该主机（单播），以确认缓存项仍有效。",
        ),
    },
    ("RFC 1122 §2.3.2.1",),
    Text("Another broadcast for an unknown address.", "又一次对未知地址的广播询问。"),
    Explanation(
        Text(
            "Entries of an ARP cache grow old. Before a system drops one that it still uses, it asks its owner directly; nobody "
            "else is disturbed.",
            "ARP 缓存项会过期。系统在丢弃仍在使用的表项之前，会直接询问其主机，不打扰其他主机。",
        ),
        Text(
            "arp.opcode is 1 and the I/G bit of eth.dst is 0.",
            "arp.opcode 为 1，且 eth.dst 的 I/G 位为 0。",
        ),
        Text(
            "Where the entry came from is not in the capture when no earlier exchange is named.",
            "若未指出先前的帧，则该表项的来源不在捕获中。",
        ),
    ),
)
LEARNED = Rule(
    "arp.learned",
    "arp",
    "chat",
    8,
    Text(
        "{sender} sends to {target} ({mac}) without having asked for that address: it learned it from the request in frame "
        "{request}.",
        "{sender} 没有询问就直接发往 {target}（{mac}）：该 MAC 是从第 {request} 帧的请求中得知的。",
    ),
    (RECEPTION,),
    Text("The other host must ask back.", "对方也必须再发一次 ARP 请求。"),
    Explanation(
        Text(
            "A request carries the asker's own IP and MAC address. Its target stores them before it answers, so one exchange "
            "serves both directions.",
            "请求中带有询问者自己的 IP 和 MAC 地址，被询问者在应答前就会保存，因此一次交互对双方都有效。",
        ),
        Text(
            "The receiver asked for the sender before, the sender has not asked for the receiver, and eth.dst is the MAC address "
            "in arp.src.hw_mac of that request.",
            "接收方曾询问过发送方，发送方没有询问过接收方，且 eth.dst 等于该请求中的 arp.src.hw_mac。",
        ),
        Text(
            "It may have known the address before the capture began as well.",
            "它也可能在捕获开始之前就知道该地址。",
        ),
    ),
)
GATEWAY = Rule(
    "arp.gateway",
    "arp",
    "chat",
    20,
    {
        "": Text(
            "This asks for the gateway, not for the server: frame {used} sends a packet for {destination} to the MAC address of "
            "{gateway}.",
            "这是在询问网关，而不是服务器：第 {used} 帧把发往 {destination} 的分组交给 {gateway} 的 MAC 地址。",
        ),
        "dhcp": Text(
            "{gateway} is the router that DHCP named in frame {used}: the next hop for every address outside the subnet.",
            "{gateway} 是第 {used} 帧中 DHCP 指定的路由器：发往子网以外地址的下一跳。",
        ),
        "popular": Text(
            "{count} hosts have asked for {gateway} so far (frames {askers:frames}): the gateway, or another host that all need. "
            "Without traffic through it the capture cannot tell.",
            "目前已有 {count} 台主机询问 {gateway}（第 {askers:frames} 帧）：它可能是网关，也可能是大家都要访问的其他主机。"
            "没有经过它的流量，无法判断。",
        ),
    },
    ("RFC 1122 §3.3.1",),
    Text("A host asks for the server's MAC address.", "主机询问服务器的 MAC 地址。"),
    Explanation(
        Text(
            "For a destination on another network the next hop is a router, so ARP asks for the router's address. The server's "
            "MAC address is of no use here and never known.",
            "目的主机在其他网络时，下一跳是路由器，所以 ARP 询问的是路由器的地址。服务器的 MAC 地址在此没有用处，也无从得知。",
        ),
        Text(
            "A later packet has this MAC address in eth.dst and an off-link address in ip.dst; or a DHCP message named the "
            "address (option 3).",
            "其后的分组 eth.dst 是该 MAC，而 ip.dst 是不在本链路上的地址；或 DHCP 报文（选项 3）指明了该地址。",
        ),
        Text(
            "That many hosts ask for one address fits a file server or a DNS server as well.",
            "许多主机询问同一地址，也可能因为它是文件服务器或 DNS 服务器。",
        ),
    ),
)
PROBE = Rule(
    "arp.probe",
    "arp",
    "chat",
    62,
    {
        "": Text(
            "ARP probe: does anybody have {target} already? {mac} asks before it uses the address; sender 0.0.0.0 keeps the "
            "question out of every cache.",
            "ARP 探测：{target} 是否已有人使用？{mac} 在启用该地址之前询问；发送方填 0.0.0.0，以免影响任何缓存。",
        ),
        "again": Text(
            "ARP probe {count} for {target} by {mac}, {waited:duration} after frame {before}: no host has objected so far.",
            "{mac} 对 {target} 的第 {count} 次 ARP 探测，距第 {before} 帧 {waited:duration}：目前没有主机提出异议。",
        ),
    },
    ("RFC 5227 §2.1",),
    Text("0.0.0.0 is a wrong address.", "0.0.0.0 是错误的地址。"),
    Explanation(
        Text(
            "Before a host uses an address it asks whether somebody else has it: by default three probes, one to two seconds "
            "apart. An answer means a conflict; so does another host's probe for the same address meanwhile.",
            "主机在使用一个地址之前，先询问是否有人在用：默认发三次探测，间隔 1 至 2 秒。若有应答则说明地址冲突；"
            "若其间另一台主机探测同一地址，也是冲突。",
        ),
        Text(
            "arp.opcode is 1 and arp.src.proto_ipv4 is 0.0.0.0.", "arp.opcode 为 1，且 arp.src.proto_ipv4 为 0.0.0.0。"
        ),
        Text(
            "An ordinary request has the asker's address as sender.",
            "普通请求的发送方是询问者自己的地址。",
        ),
    ),
)
ANNOUNCE = Rule(
    "arp.announce",
    "arp",
    "chat",
    62,
    {
        "": Text(
            "Gratuitous ARP: {sender} is at {mac}. It asks nobody (sender and target are the same address); the hosts on the link "
            "update their caches.",
            "免费 ARP：{sender} 的 MAC 是 {mac}。它不询问任何人（发送方与目标是同一地址），链路上的主机据此更新缓存。",
        ),
        "reply": Text(
            "Gratuitous ARP in the form of a reply: {sender} is at {mac}. Nobody asked; the hosts on the link update their caches.",
            "应答形式的免费 ARP：{sender} 的 MAC 是 {mac}。没有人询问；链路上的主机据此更新缓存。",
        ),
        "probed": Text(
            "ARP announcement: after {count:probe} without objection (the last in frame {before}) {mac} now uses {sender}.",
            "ARP 通告：{count} 次探测均无异议（最后一次为第 {before} 帧），{mac} 现在开始使用 {sender}。",
        ),
    },
    ("RFC 5227 §2.3", "RFC 5227 §3"),
    Text("The host asks for its own MAC address.", "主机在询问自己的 MAC 地址。"),
    Explanation(
        Text(
            "A host tells the link that it uses an address, or uses it with another card from now on.",
            "主机告诉链路上的其他主机：它在使用某个地址，或从现在起换用另一块网卡。",
        ),
        Text(
            "arp.src.proto_ipv4 equals arp.dst.proto_ipv4, in a request or a reply.",
            "arp.src.proto_ipv4 等于 arp.dst.proto_ipv4，请求或应答均可。",
        ),
        Text(
            "After a failover a standby router announces the shared address in the same way.",
            "主备切换之后，备用路由器也以同样方式通告共享地址。",
        ),
    ),
)
CONFLICT = Rule(
    "arp.conflict",
    "arp",
    "warn",
    70,
    {
        "": Text(
            "{address} is at {mac} here, but at {other} in frame {before}: two hosts use one address, or it moved to another card. "
            "It is a conflict if {other} goes on using it.",
            "此处 {address} 的 MAC 是 {mac}，而第 {before} 帧中是 {other}：两台主机用了同一地址，或地址移到了另一块网卡。"
            "若 {other} 继续使用它，就是地址冲突。",
        ),
        "moved": Text(
            "{mac} announces that it has {address} now, which {other} had in frame {before}: a failover or a new card if {other} "
            "falls silent, a conflict if not.",
            "{mac} 通告它现在拥有 {address}，而第 {before} 帧中该地址属于 {other}：若 {other} 从此沉默，则是主备切换或更换网卡，"
            "否则就是地址冲突。",
        ),
        "both": Text(
            "Address conflict: {address} is at {mac} again, after {other} claimed it in frame {before}. Both hosts use it.",
            "地址冲突：{other} 在第 {before} 帧声明拥有 {address} 之后，{mac} 又在使用它。两台主机都在使用该地址。",
        ),
        "defended": Text(
            "Address conflict: {mac} answers the probe of frame {before}: it has {address} already, so {other} must not use it.",
            "地址冲突：{mac} 应答了第 {before} 帧的探测：它已拥有 {address}，因此 {other} 不得使用该地址。",
        ),
        "probing": Text(
            "Address conflict: {mac} probes for {address}, too, {waited:duration} after {other} did in frame {before}. Two hosts "
            "want one address: {other}, which listens for 2 s after each probe, should treat it as in use.",
            "地址冲突：在 {other} 探测 {address}（第 {before} 帧）之后 {waited:duration}，{mac} 也在探测该地址。两台主机想用同一个"
            "地址：{other} 在每次探测后监听 2 s，应将该地址视为已被使用。",
        ),
    },
    ("RFC 5227 §2.4", "RFC 5227 §2.1.1"),
    Text("One address has two MAC addresses at will.", "一个 IP 地址可以随意对应两个 MAC 地址。"),
    Explanation(
        Text(
            "Two hosts claim the same IP address. Packets for it reach the one that was heard last, so both lose connections. Two "
            "that probe for it at the same time find out before either uses it.",
            "两台主机声称拥有同一个 IP 地址。发往该地址的分组会到达最近一次被听到的那一台，双方的连接都会中断。"
            "若两台主机同时探测它，则在启用之前就能发现冲突。",
        ),
        Text(
            "arp.src.proto_ipv4 is known from an earlier ARP packet with another arp.src.hw_mac; or somebody answers a probe; or "
            "a probe has the arp.dst.proto_ipv4 of one with another arp.src.hw_mac at most 2 s (ANNOUNCE_WAIT) before.",
            "arp.src.proto_ipv4 曾在先前的 ARP 分组中对应另一个 arp.src.hw_mac；或有人应答了探测；或某次探测之前 2 s"
            "（ANNOUNCE_WAIT）内，另一个 arp.src.hw_mac 探测过同一 arp.dst.proto_ipv4。",
        ),
        Text(
            "A failover (VRRP, a cluster), a new card, or proxy ARP: then the old MAC address stops claiming it. ARP spoofing looks "
            "like a conflict. Both probes may be of one host with two cards, or of one whose MAC address a repeater replaces.",
            "主备切换（VRRP、集群）、更换网卡或代理 ARP：此时旧 MAC 不再声明该地址。ARP 欺骗看起来与冲突相同。"
            "两次探测也可能来自有两块网卡的同一台主机，或其中一次的 MAC 被中继器替换。",
        ),
    ),
)
UNANSWERED = Rule(
    "arp.unanswered",
    "arp",
    "warn",
    65,
    {
        "": Text(
            "Nobody answered: {count} requests for {target} in {span:duration} (frames {frames:frames}), and no reply, though it "
            "would be seen here, on the asker {asker}. No host on this link has the address, or it is off.",
            "无人应答：{span:duration} 内 {count} 次询问 {target}（第 {frames:frames} 帧）都没有应答，而捕获点就在询问者 {asker} "
            "上，有应答必能看到。本链路上没有主机拥有该地址，或它已关机。",
        ),
        "likely": Text(
            "Nobody answered: {count} requests for {target} in {span:duration} (frames {frames:frames}), and no reply. The asker "
            "{asker} looks like the capturing host (frames of {length} bytes are not padded yet), so a reply would be seen.",
            "无人应答：{span:duration} 内 {count} 次询问 {target}（第 {frames:frames} 帧）都没有应答。询问者 {asker} 看来就是捕获"
            "主机（{length} 字节的帧尚未填充），有应答必能看到。",
        ),
    },
    ("RFC 1122 §2.3.2", "RFC 826, Packet Generation"),
    Text("Packets were lost.", "分组丢失了。"),
    Explanation(
        Text(
            "Without the MAC address nothing can be sent: the packets wait, then the system reports “host unreachable” to the "
            "program. The IP packet itself never appears in the capture.",
            "没有 MAC 地址就无法发送：分组先等待，随后系统向程序报告“主机不可达”。该 IP 分组本身不会出现在捕获中。",
        ),
        Text(
            "Repeated requests with the same arp.src.proto_ipv4 and arp.dst.proto_ipv4, no reply, and the asker is the host that "
            "captured.",
            "arp.src.proto_ipv4 与 arp.dst.proto_ipv4 相同的请求重复出现，没有应答，且询问者就是捕获主机。",
        ),
        Text(
            "On another host's link the reply, which is unicast, is not seen: there the rule is silent. A firewall does not "
            "suppress ARP as a rule.",
            "若捕获点不在询问者上，单播的应答本来就看不到，此时不作判断。防火墙一般不会阻止 ARP。",
        ),
    ),
)

RULES: Sequence[Rule] = (REQUEST, REPLY, CHECK, LEARNED, GATEWAY, PROBE, ANNOUNCE, CONFLICT, UNANSWERED)


class Question:
    """A request, and its repetitions, that no reply has answered yet."""

    __slots__ = ("asker", "count", "frames", "last_frame", "last_time", "length", "local", "start", "target", "trusted")

    def __init__(self, asker: str, target: str, time: int | None) -> None:
        self.asker, self.target = asker, target
        self.count = 0
        self.frames: list[int] = []
        self.last_frame = 0
        self.start = self.last_time = time
        self.local = False
        """The asker is, or looks like, the host that captured."""
        self.trusted = False
        """It is known to be."""
        self.length: int | None = 0

    def asked(self, packet: Packet) -> None:
        """One more time."""
        self.count += 1
        self.last_frame, self.last_time, self.length = packet.number, packet.time, packet.length
        if len(self.frames) < NAMED_FRAMES:
            self.frames.append(packet.number)


class Probing(msgspec.Struct, frozen=True):
    """A host's probes for one address so far."""

    probes: int
    frame: int
    """Of the latest, as the time."""
    time: int | None
    contested: bool = False
    """Another host probed for the address, too, while this one listened."""

    def listens(self, time: int | None) -> bool:
        """Whether the host is still finding out, at this time, if the address is free (RFC 5227 §2.1.1)."""
        return time is not None and self.time is not None and 0 <= time - self.time <= ANNOUNCE_WAIT


class Arp(BaseAnalyzer):
    """Pairs questions with answers and keeps the table of who has which address."""

    layers = ("arp",)
    fields = (
        "arp",
        "eth.src",
        "eth.dst",
        "sll",
        "sll2",
    )

    def __init__(self, settings: Settings) -> None:
        self._host, self._link = settings.host, settings.host.link
        self._open: Remembered[tuple[str, str], Question] = Remembered(2 * PENDING_LIMIT)
        self._probes: Remembered[str, dict[str, Probing]] = Remembered()
        """Probed address → who probes for it by MAC address, the latest last."""
        self._holders: Remembered[str, dict[str, int]] = Remembered()
        """Address → MAC addresses that claimed it, with the latest frame of each."""
        self._askers: Remembered[str, dict[str, int]] = Remembered()
        self._gateways = Once()

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """What an ARP packet asks, answers or claims."""
        arp = packet.arp
        sender, target = arp.src_proto_ipv4, arp.dst_proto_ipv4
        if not sender or not target or arp.opcode not in (REQUEST_CODE, REPLY_CODE):
            return None
        found: list[Verdict]
        if sender == NO_ADDRESS:
            found = self._probe(packet, arp, target)
        elif sender == target:
            found = [self._announcement(packet, arp, sender)]
        elif arp.opcode == REPLY_CODE:
            found = [self._reply(packet, arp, sender, target)]
        else:
            found = self._request(packet, arp, sender, target)
        if sender != NO_ADDRESS and arp.src_hw_mac:
            found += self._claimed(packet, sender, arp.src_hw_mac, announced=sender == target)
        return found

    # -- questions ----------------------------------------------------------------------------------------------------

    def _request(self, packet: Packet, arp: Any, sender: str, target: str) -> list[Verdict]:
        frame = packet.number
        receiver = packet.eth.dst if packet.eth is not None else None
        self._link.asked[sender, target] = frame
        params: dict[str, Any] = {"sender": sender, "target": target, "mac": arp.src_hw_mac, "unknown": arp.dst_hw_mac}
        if receiver and not is_group(receiver):
            return [self._check(packet, receiver, params)]
        evidence: tuple[Evidence, ...] = (
            Evidence(frame, "arp.opcode", REQUEST_CODE),
            Evidence(frame, "arp.dst.hw_mac", arp.dst_hw_mac),
        )
        if receiver:
            evidence += (Evidence(frame, "eth.dst", receiver),)
        question = self._open.get((sender, target))
        wording = "" if arp.dst_hw_mac == UNKNOWN_MAC else "filled"
        if receiver is None:
            wording = "cooked"
        elif question is not None and wording == "" and packet.time is not None and question.last_time is not None:
            params["before"], params["waited"] = question.last_frame, (packet.time - question.last_time) / 1e9
            evidence += (Evidence(question.last_frame, "arp.dst.proto_ipv4", target),)
            wording = "again"
        forgotten = self._waits(packet, sender, target, question)
        return [Verdict(REQUEST, frame, params, evidence, wording), *self._hinted(packet, sender, target), *forgotten]

    def _waits(self, packet: Packet, sender: str, target: str, question: Question | None) -> list[Verdict]:
        """Keeps the question open; judges the oldest one when there is no room for it any more."""
        forgotten = []
        if question is None:
            if len(self._open) >= PENDING_LIMIT:
                forgotten = _unanswered(self._open.popitem(last=False)[1])
            question = self._open[sender, target] = Question(sender, target, packet.time)
        question.asked(packet)
        question.trusted = self._host.sent(packet) is True
        question.local = question.trusted or self._host.looks_sent(packet)
        return forgotten

    def _check(self, packet: Packet, receiver: str, params: dict[str, Any]) -> Verdict:
        """A request to one MAC address."""
        frame = packet.number
        params["receiver"] = receiver
        evidence: tuple[Evidence, ...] = (
            Evidence(frame, "eth.dst", receiver),
            Evidence(frame, "arp.opcode", REQUEST_CODE),
        )
        question = self._open[params["sender"], params["target"]] = Question(
            params["sender"], params["target"], packet.time
        )
        question.asked(packet)
        owner = self._link.owners.get(params["target"])
        if owner is None or owner.mac != receiver:
            return Verdict(CHECK, frame, params, evidence)
        params["known"] = owner.frame
        return Verdict(CHECK, frame, params, (*evidence, Evidence(owner.frame, "arp.src.hw_mac", owner.mac)), "known")

    def _hinted(self, packet: Packet, sender: str, target: str) -> list[Verdict]:
        """Whether the question is for the gateway, as far as that can be known already."""
        frame = packet.number
        named = self._link.routers.get(target)
        if named is not None and self._gateways((sender, target)):
            params: dict[str, Any] = {"gateway": target, "used": named}
            evidence: tuple[Evidence, ...] = (
                Evidence(frame, "arp.dst.proto_ipv4", target),
                Evidence(named, "dhcp.option.router", target),
            )
            return [Verdict(GATEWAY, frame, params, evidence, "dhcp")]
        askers = self._askers.setdefault(target, {})
        if sender in askers or len(askers) >= ASKERS_LIMIT:
            return []
        askers[sender] = frame
        if named is not None or len(askers) != MANY_ASKERS:
            return []
        frames = tuple(askers.values())
        evidence = tuple(Evidence(one, "arp.dst.proto_ipv4", target) for one in frames)
        return [
            Verdict(GATEWAY, frame, {"gateway": target, "count": len(askers), "askers": frames}, evidence, "popular")
        ]

    # -- answers ------------------------------------------------------------------------------------------------------

    def _reply(self, packet: Packet, arp: Any, sender: str, target: str) -> Verdict:
        frame = packet.number
        receiver = packet.eth.dst if packet.eth is not None else None
        params: dict[str, Any] = {"sender": sender, "target": target, "mac": arp.src_hw_mac}
        evidence: tuple[Evidence, ...] = (
            Evidence(frame, "arp.opcode", REPLY_CODE),
            Evidence(frame, "arp.src.hw_mac", arp.src_hw_mac),
        )
        if receiver:
            evidence += (Evidence(frame, "eth.dst", receiver),)
        question = self._open.pop((target, sender), None)
        if question is None and target == NO_ADDRESS:
            probing = self._probes.get(sender, {})
            other = arp.dst_hw_mac if arp.dst_hw_mac in probing else next(reversed(probing), arp.src_hw_mac)
            if other != arp.src_hw_mac:
                before = probing.pop(other).frame
                params = {"address": sender, "mac": arp.src_hw_mac, "other": other, "before": before}
                evidence += (Evidence(before, "arp.dst.proto_ipv4", sender),)
                return Verdict(CONFLICT, frame, params, evidence, "defended")
        if receiver == BROADCAST:
            return Verdict(REPLY, frame, params, evidence, "broadcast")
        if question is None or packet.time is None or question.last_time is None:
            return Verdict(REPLY, frame, params, evidence, "unpaired")
        params["request"], params["delay"] = question.last_frame, (packet.time - question.last_time) / 1e9
        evidence += (Evidence(question.last_frame, "arp.dst.proto_ipv4", sender),)
        return Verdict(REPLY, frame, params, evidence, "cooked" if receiver is None else "")

    # -- claims -------------------------------------------------------------------------------------------------------

    def _probe(self, packet: Packet, arp: Any, target: str) -> list[Verdict]:
        frame, mac = packet.number, arp.src_hw_mac or ""
        params: dict[str, Any] = {"target": target, "mac": mac}
        evidence: tuple[Evidence, ...] = (
            Evidence(frame, "arp.src.proto_ipv4", NO_ADDRESS),
            Evidence(frame, "arp.dst.proto_ipv4", target),
        )
        probing = self._probes.setdefault(target, {})
        before = probing.pop(mac, None)
        conflict = self._contests(packet, mac, target, probing)
        contested = before is not None and before.contested and before.listens(packet.time)
        probing[mac] = Probing(1 if before is None else before.probes + 1, frame, packet.time, contested)
        if len(probing) > PROBERS_LIMIT:
            del probing[next(iter(probing))]
        if before is None or packet.time is None or before.time is None or contested:
            return [Verdict(PROBE, frame, params, evidence), *conflict]
        params |= {
            "count": before.probes + 1,
            "before": before.frame,
            "waited": (packet.time - before.time) / 1e9,
        }
        evidence += (Evidence(before.frame, "arp.dst.proto_ipv4", target),)
        return [Verdict(PROBE, frame, params, evidence, "again"), *conflict]

    def _contests(self, packet: Packet, mac: str, target: str, probing: dict[str, Probing]) -> list[Verdict]:
        """Whether a probe reaches others that probe for the same address; the latest of them is named."""
        rivals = [other for other, one in probing.items() if mac and other and one.listens(packet.time)]
        for other in rivals:
            probing[other] = msgspec.structs.replace(probing[other], contested=True)
        if not rivals:
            return []
        frame, other = packet.number, rivals[-1]
        before = probing[other]
        waited = ((packet.time or 0) - (before.time or 0)) / 1e9
        params = {"address": target, "mac": mac, "other": other, "before": before.frame, "waited": waited}
        evidence = (
            Evidence(frame, "arp.src.hw_mac", mac),
            Evidence(frame, "arp.dst.proto_ipv4", target),
            Evidence(before.frame, "arp.src.hw_mac", other),
            Evidence(before.frame, "arp.dst.proto_ipv4", target),
        )
        return [Verdict(CONFLICT, frame, params, evidence, "probing")]

    def _announcement(self, packet: Packet, arp: Any, sender: str) -> Verdict:
        frame, mac = packet.number, arp.src_hw_mac or ""
        params: dict[str, Any] = {"sender": sender, "mac": mac}
        evidence: tuple[Evidence, ...] = (
            Evidence(frame, "arp.src.proto_ipv4", sender),
            Evidence(frame, "arp.dst.proto_ipv4", sender),
        )
        probing = self._probes.get(sender, {}).pop(mac, None)
        if probing is not None and not probing.contested:
            params |= {"count": probing.probes, "before": probing.frame}
            evidence += (Evidence(probing.frame, "arp.src.proto_ipv4", NO_ADDRESS),)
            return Verdict(ANNOUNCE, frame, params, evidence, "probed")
        return Verdict(ANNOUNCE, frame, params, evidence, "reply" if arp.opcode == REPLY_CODE else "")

    def _claimed(self, packet: Packet, address: str, mac: str, *, announced: bool) -> list[Verdict]:
        """Notes who has an address, and tells when somebody else had it."""
        frame, link = packet.number, self._link
        owner = link.owners.get(address)
        link.owners[address] = Owner(mac, frame)
        link.cards[mac] = address
        holders = self._holders.setdefault(address, {})
        before = holders.get(mac)
        if len(holders) < HOLDERS_LIMIT or mac in holders:
            holders[mac] = frame
        if owner is None or owner.mac == mac:
            return []
        params = {"address": address, "mac": mac, "other": owner.mac, "before": owner.frame}
        evidence = (Evidence(frame, "arp.src.hw_mac", mac), Evidence(owner.frame, "arp.src.hw_mac", owner.mac))
        if before is not None:
            return [Verdict(CONFLICT, frame, params, (*evidence, Evidence(before, "arp.src.hw_mac", mac)), "both")]
        return [Verdict(CONFLICT, frame, params, evidence, "moved" if announced else "")]

    def finish(self) -> Iterable[Verdict] | None:
        """Questions of the capturing host that nobody answered."""
        return [verdict for question in self._open.values() for verdict in _unanswered(question)]


def _unanswered(question: Question) -> list[Verdict]:
    """The verdict on a repeated question of the capturing host; one of another host may have been answered unseen."""
    if not question.local or question.count < 2:
        return []
    params: dict[str, Any] = {
        "count": question.count,
        "target": question.target,
        "asker": question.asker,
        "frames": tuple(question.frames),
        "span": ((question.last_time or 0) - (question.start or 0)) / 1e9,
        "length": question.length,
    }
    evidence = tuple(Evidence(frame, "arp.dst.proto_ipv4", question.target) for frame in question.frames)
    if not question.trusted:
        evidence += (Evidence(question.last_frame, "frame.len", question.length),)
    return [Verdict(UNANSWERED, question.last_frame, params, evidence, "" if question.trusted else "likely")]


class ArpTraffic:
    """What the first packet between two hosts shows about ARP exchanges before it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._gateways = Once()

    def pair(self, packet: Packet, eth: Any, source: str, destination: str) -> list[Verdict]:
        """Verdicts of the first packet from ``source`` to ``destination``."""
        if not eth.dst or not eth.src or is_group(eth.dst):
            return []
        found = self._learned(packet, eth.dst, source, destination)
        if is_ordinary(number(source)) and is_ordinary(number(destination)):
            found += self._gateway(packet, eth.dst, source, destination)
            found += self._gateway(packet, eth.src, destination, source)
        return found

    def _learned(self, packet: Packet, mac: str, source: str, destination: str) -> list[Verdict]:
        request = self._link.asked.get((destination, source))
        owner = self._link.owners.get(destination)
        if request is None or (source, destination) in self._link.asked or owner is None or owner.mac != mac:
            return []
        params = {"sender": source, "target": destination, "mac": mac, "request": request}
        evidence = (Evidence(request, "arp.src.hw_mac", mac), Evidence(packet.number, "eth.dst", mac))
        return [Verdict(LEARNED, packet.number, params, evidence)]

    def _gateway(self, packet: Packet, mac: str, host: str, remote: str) -> list[Verdict]:
        """Whether ``host`` reaches ``remote`` by way of an address for which it asked before."""
        gateway = self._link.cards.get(mac)
        if gateway is None or gateway == remote:
            return []
        request = self._link.asked.get((host, gateway))
        reason: OffLink | None = None if request is None else self._link.off_link(host, remote)
        if request is None or reason is None or not self._gateways((host, gateway)):
            return []
        frame = packet.number
        params = {"gateway": gateway, "destination": remote, "used": frame}
        evidence: tuple[Evidence, ...] = (
            Evidence(request, "arp.dst.proto_ipv4", gateway),
            Evidence(frame, "eth.dst" if packet.eth.dst == mac else "eth.src", mac),
        )
        if reason.why == "ttl" and reason.frame is not None:
            evidence += (Evidence(reason.frame, "ip.ttl", reason.value),)
        return [Verdict(GATEWAY, request, params, evidence)]


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Arp(settings)]

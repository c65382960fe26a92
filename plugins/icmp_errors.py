"""ICMP and ICMPv6 errors: who reports what about which earlier packet (RFC 792, RFC 4443).

An error quotes the beginning of the packet that caused it. The quoted headers are that packet's, never this one's;
they serve to find the earlier frame again.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import msgspec

from labdissect.dissectors.layer import Header, Text

from .conversations import addresses
from .datagram import place
from .rule import Evidence, Explanation, Rule, Verdict
from .tcp.conversation import Conversation

if TYPE_CHECKING:
    from .packet import Packet

REMEMBERED_LIMIT = 4096
"""Flows whose newest packets are remembered, for errors to point at."""
COPIES_LIMIT = 16
"""Packets of one flow that are remembered."""
TRACES_LIMIT = 1024
"""Pairs of hosts for which expired TTLs are remembered."""
SMALL_TTL = 30
"""A packet that still had fewer hops left when captured was sent with a small TTL on purpose; systems start at 64 or
more."""

Wordings = dict[str, Text]

ABOUT = Text("It is about frame {sent}: {what}.", "涉及第 {sent} 帧：{what}。")
UNSEEN = Text(
    "It quotes {what}, which the capture does not have (before it, elsewhere, or changed on the way, as NAT does).",
    "它引用的 {what} 不在捕获中（在捕获之前、经过别处，或途中被 NAT 等修改）。",
)
UNQUOTED = Text("The input does not have the packet that it quotes.", "输入中没有它所引用的分组。")


def told(name: str, en: str, zh: str) -> Wordings:
    """The sentence with each of the ways to name the packet that it is about."""
    tails = {"": ABOUT, "unseen": UNSEEN}
    return {"-".join(filter(None, (name, key))): Text(f"{en} {tail.en}", zh + tail.zh) for key, tail in tails.items()}


def alone(en: str, zh: str) -> Wordings:
    """The sentence for an error whose quoted packet the input does not have."""
    return {"unquoted": Text(f"{en} {UNQUOTED.en}", zh + UNQUOTED.zh)}


DECIDED = Text(
    "Type and code of the message; the earlier frame is the one whose addresses and ports, identifier and sequence "
    "number, or IP identification stand in the quoted header.",
    "依据报文的类型和代码；引用首部中的地址与端口、标识符与序号或 IP 标识用来找到此前的那一帧。",
)

TTL_EXCEEDED = Rule(
    "icmp.ttl-exceeded",
    "icmp",
    "note",
    74,
    {
        "hop": Text(
            "Hop {ttl} from here is {reporter}: frame {sent} ({what}) had TTL {ttl} here and ran out there, reported "
            "{elapsed:duration} later. TTLs as small as this are traceroute's way to make each router answer; nothing is "
            "broken.",
            "从此处算起的第 {ttl} 跳是 {reporter}：第 {sent} 帧（{what}）在此处的 TTL 为 {ttl}，到该路由器耗尽，{elapsed:duration} 后收到报告。"
            "如此小的 TTL 是 traceroute 让各路由器逐个应答的方法，并非故障。",
        ),
        "hop-next": Text(
            "Hop {ttl} from here is {reporter}: frame {sent} ({what}) had TTL {ttl} here and ran out there, reported "
            "{elapsed:duration} later.",
            "从此处算起的第 {ttl} 跳是 {reporter}：第 {sent} 帧（{what}）在此处的 TTL 为 {ttl}，到该路由器耗尽，{elapsed:duration} 后收到报告。",
        ),
        "hop-untimed": Text(
            "Hop {ttl} from here is {reporter}: frame {sent} ({what}) had TTL {ttl} here and ran out there. TTLs as small as this are "
            "traceroute's way to make each router answer; nothing is broken.",
            "从此处算起的第 {ttl} 跳是 {reporter}：第 {sent} 帧（{what}）在此处的 TTL 为 {ttl}，到该路由器耗尽。"
            "如此小的 TTL 是 traceroute 让各路由器逐个应答的方法，并非故障。",
        ),
        "loop": Text(
            "{reporter} dropped frame {sent} ({what}): its TTL, {ttl} here, ran out there, {ttl:router} on. Paths are not "
            "that long: the packet probably went round in a circle.",
            "{reporter} 丢弃了第 {sent} 帧（{what}）：其 TTL 在此处为 {ttl}，经过 {ttl} 个路由器后耗尽。"
            "正常路径没有这么长：分组很可能在环路中打转。",
        ),
        **told(
            "",
            "{reporter} dropped a packet whose TTL ran out there: traceroute does that on purpose, a routing loop by accident.",
            "{reporter} 丢弃了 TTL 在该处耗尽的分组：traceroute 有意如此，路由环路则是故障。",
        ),
        **alone("{reporter} dropped a packet whose TTL ran out there.", "{reporter} 丢弃了 TTL 在该处耗尽的分组。"),
    },
    ("RFC 792", "RFC 1812 §5.3.1", "RFC 4443 §3.3"),
    Text("It is a routing error, or the destination is down.", "这是路由错误，或目的主机已关机。"),
    Explanation(
        Text(
            "Each router takes one from the TTL (IPv6: hop limit); the one that makes it 0 drops the packet and tells the "
            "sender. Its own address is the source of this message.",
            "每个路由器把 TTL（IPv6 为跳数限制）减 1；减到 0 的路由器丢弃分组并通知发送方，本报文的源地址就是该路由器的地址。",
        ),
        DECIDED,
        Text(
            "Small TTLs that rise by one are traceroute. A TTL that began at 64 or more and still ran out means a loop, "
            "or a TTL that something on the way lowered; only the routing tables tell.",
            "从小逐一增大的 TTL 是 traceroute；从 64 或更大开始仍耗尽则是环路，或途中有设备改小了 TTL，只有路由表能说明。",
        ),
    ),
)
NET = Rule(
    "icmp.net-unreachable",
    "icmp",
    "warn",
    78,
    {
        **told(
            "", "{reporter} has no route to the network of {target}.", "{reporter} 没有到达 {target} 所在网络的路由。"
        ),
        **alone("{reporter} has no route to a network.", "{reporter} 没有到达某网络的路由。"),
    },
    ("RFC 792", "RFC 1812 §5.2.7.1", "RFC 4443 §3.1"),
    Text("The destination is down.", "目的主机已关机。"),
    Explanation(
        Text(
            "The packet got as far as the router that reports; that one knows no way on. The destination never saw it.",
            "分组到达了发出报告的路由器，而它不知道下一步该往哪里走；目的主机从未收到。",
        ),
        DECIDED,
        Text(
            "A missing route at the router, a link of it that is down, or an address that exists nowhere: the capture "
            "cannot tell which.",
            "可能是路由器缺少路由、链路断开，或该地址根本不存在：仅凭捕获无法区分。",
        ),
    ),
)
HOST = Rule(
    "icmp.host-unreachable",
    "icmp",
    "warn",
    78,
    {
        **told(
            "",
            "{reporter} cannot reach host {target}, usually because its ARP (or neighbor discovery) got no answer there.",
            "{reporter} 无法到达主机 {target}，通常是因为其 ARP（或邻居发现）没有得到应答。",
        ),
        **alone("{reporter} cannot deliver to a host on its link.", "{reporter} 无法交付给其链路上的某主机。"),
    },
    ("RFC 792", "RFC 1812 §5.2.7.1", "RFC 4443 §3.1"),
    Text("The network has no route.", "网络没有路由。"),
    Explanation(
        Text(
            "The routes led to the last router, but on that link nobody has the address, or the host is off.",
            "路由可以到达最后一个路由器，但该链路上没有主机使用此地址，或主机已关机。",
        ),
        DECIDED,
        Text(
            "The host is off, the address is wrong, or the link is broken. A sender on the same link reports it to itself, "
            "when its own ARP stays unanswered.",
            "主机关机、地址错误或链路故障。发送方若与目标在同一链路，自己的 ARP 无应答时也会给自己报告。",
        ),
    ),
)
PROTOCOL = Rule(
    "icmp.protocol-unreachable",
    "icmp",
    "warn",
    80,
    {
        **told(
            "",
            "{reporter} is there, but does not speak IP protocol {protocol}.",
            "{reporter} 在线，但不支持 IP 协议号 {protocol}。",
        ),
        **alone("{reporter} does not speak the packet's protocol.", "{reporter} 不支持该分组的上层协议。"),
    },
    ("RFC 792", "RFC 1122 §3.2.2.1", "RFC 4443 §3.4"),
    Text("The host is down.", "主机已关机。"),
    Explanation(
        Text(
            "IP delivered the packet, but nothing at the destination takes the protocol that its header names.",
            "IP 已交付该分组，但目的主机上没有处理该协议号的实体。",
        ),
        DECIDED,
        Text(
            "The protocol is not installed, or a filter answers in the host's place: the capture cannot tell.",
            "可能未安装该协议，也可能是过滤设备代为应答：仅凭捕获无法区分。",
        ),
    ),
)
PORT = Rule(
    "icmp.port-unreachable",
    "icmp",
    "note",
    76,
    {
        **told(
            "",
            "{reporter} is up and refuses UDP port {port}: no program there listens on it, or its firewall rejects it.",
            "{reporter} 在线，但拒绝了 UDP 端口 {port}：没有程序监听该端口，或被其防火墙拒绝。",
        ),
        "traceroute": Text(
            "{reporter} is the target and has nothing on UDP port {port}: for traceroute that means arrived, so it is done. "
            "It is about frame {sent}: {what}.",
            "{reporter} 就是目标主机，其 UDP 端口 {port} 没有程序监听：对 traceroute 而言这表示已到达，探测结束。"
            "涉及第 {sent} 帧：{what}。",
        ),
        **told(
            "device",
            "{reporter}, not {target} itself, refuses UDP port {port}: a filter on the way, or {target} answers from "
            "another of its addresses.",
            "拒绝 UDP 端口 {port} 的是 {reporter}，而不是 {target} 本身：途中的过滤设备，或 {target} 以其另一个地址应答。",
        ),
        **told(
            "tcp",
            "{reporter} refuses TCP port {port} by ICMP. TCP itself would say RST, so a packet filter sent this.",
            "{reporter} 用 ICMP 拒绝 TCP 端口 {port}。TCP 自身会用 RST 拒绝，因此这是分组过滤器发出的。",
        ),
        **alone("{reporter} refuses a port.", "{reporter} 拒绝了某个端口。"),
    },
    ("RFC 792", "RFC 1122 §3.2.2.1", "RFC 1122 §4.1.3.1", "RFC 4443 §3.1"),
    Text("The destination is down.", "目的主机已关机。"),
    Explanation(
        Text(
            "The datagram reached the host, which is therefore up; as a rule its UDP found no program with that port.",
            "数据报到达了主机，因此主机在线；通常是其 UDP 没有找到使用该端口的程序。",
        ),
        DECIDED,
        Text(
            "A firewall may send the same message to look like a closed port; a TTL that differs from the host's other "
            "packets would show it.",
            "防火墙也可能发送同样的报文伪装成端口关闭；若其 TTL 与该主机的其他分组不同，则可看出。",
        ),
    ),
)
FRAG_NEEDED = Rule(
    "icmp.frag-needed",
    "icmp",
    "note",
    79,
    {
        **told(
            "",
            "Too big: {size:byte} with DF do not fit the next link of {reporter}, whose MTU is {mtu}; the packet was dropped. "
            "The sender now knows that the path MTU is at most {mtu} bytes.",
            "分组过大：DF 置位的 {size} 字节分组超过 {reporter} 下一段链路的 MTU（{mtu} 字节），已被丢弃。"
            "发送方由此得知路径 MTU 不超过 {mtu} 字节。",
        ),
        **told(
            "tcp",
            "Too big: {size:byte} with DF do not fit the next link of {reporter}, whose MTU is {mtu}; the segment was "
            "dropped. The sender must send it again in pieces of at most {mtu} − {network} − {header} = {payload:byte} of "
            "data.",
            "分组过大：DF 置位的 {size} 字节分组超过 {reporter} 下一段链路的 MTU（{mtu} 字节），该报文段已被丢弃。"
            "发送方须以不超过 {mtu} − {network} − {header} = {payload} 字节数据的报文段重传。",
        ),
        **told(
            "unknown",
            "Too big: {size:byte} with DF do not fit the next link of {reporter}; the packet was dropped. The router does not "
            "say how much would fit (MTU 0).",
            "分组过大：DF 置位的 {size} 字节分组超过 {reporter} 下一段链路的 MTU，已被丢弃。路由器没有给出该 MTU（字段为 0）。",
        ),
        **told(
            "ipv6",
            "Too big: {size:byte} do not fit the next link of {reporter}, whose MTU is {mtu}; the packet was dropped, as "
            "IPv6 routers never fragment.",
            "分组过大：{size} 字节超过 {reporter} 下一段链路的 MTU（{mtu} 字节），已被丢弃，因为 IPv6 路由器从不分片。",
        ),
        **alone(
            "A packet with DF did not fit the next link of {reporter}.",
            "DF 置位的分组超过 {reporter} 下一段链路的 MTU。",
        ),
    },
    ("RFC 1191 §3", "RFC 1191 §4", "RFC 4443 §3.2", "RFC 8201 §3"),
    Text("The destination is unreachable.", "终点不可达。"),
    Explanation(
        Text(
            "Path MTU discovery at work: packets leave with DF, the first router that cannot forward one says how much "
            "would fit, and the sender goes on with smaller ones.",
            "这是路径 MTU 发现的正常过程：分组以 DF 发出，无法转发的第一个路由器告知可通过的大小，发送方改用更小的分组。",
        ),
        Text(
            "Type 3, code 4 (ICMPv6: type 2) with the next hop's MTU; the size is that of the quoted IP header.",
            "类型 3、代码 4（ICMPv6 为类型 2）及其下一跳 MTU；大小取自引用的 IP 首部。",
        ),
        Text(
            "When the sender never turns to smaller packets, something filters these messages on their way back.",
            "若发送方始终不改用更小的分组，说明这些报文在返回途中被过滤。",
        ),
    ),
)
ADMIN = Rule(
    "icmp.admin",
    "icmp",
    "warn",
    80,
    {
        **told(
            "",
            "{reporter} forbids it: a filter rule there keeps the packet from {target}.",
            "{reporter} 禁止通过：其过滤规则不允许该分组到达 {target}。",
        ),
        **told(
            "target",
            "{target} forbids it: a filter on the host, or one that answers in its name, keeps the packet out.",
            "{target} 禁止通过：该主机的过滤规则，或以其名义应答的过滤设备，拒绝了该分组。",
        ),
        **alone(
            "{reporter} forbids it: a filter rule dropped the packet.", "{reporter} 禁止通过：过滤规则丢弃了该分组。"
        ),
    },
    ("RFC 1812 §5.2.7.1", "RFC 1122 §3.2.2.1", "RFC 4443 §3.1"),
    Text("The destination is down.", "目的主机已关机。"),
    Explanation(
        Text(
            "A router or firewall, or the host's own packet filter, refused the packet by rule and says so.",
            "路由器、防火墙或主机自身的分组过滤器按规则拒绝了该分组，并予以告知。",
        ),
        DECIDED,
        Text(
            "Whether the destination itself is up stays unknown. When the message comes from the destination's address, "
            "its own filter or a device that borrows the address sent it.",
            "目的主机是否在线仍不可知。若报文来自目的地址，则由其自身的过滤器或冒用该地址的设备发出。",
        ),
    ),
)
REDIRECT = Rule(
    "icmp.redirect",
    "icmp",
    "note",
    77,
    {
        **told(
            "",
            "{reporter} says there is a shorter way: for {target} use {gateway}, on the same link. It forwarded the packet "
            "all the same, nothing is lost.",
            "{reporter} 告知有更近的路径：发往 {target} 应使用同一链路上的 {gateway}。该分组仍被转发，没有丢失。",
        ),
        **alone(
            "{reporter} says there is a shorter way: use {gateway}, on the same link.",
            "{reporter} 告知有更近的路径：应使用同一链路上的 {gateway}。",
        ),
        "onlink": Text(
            "{reporter} says: {target} is on this very link, reach it directly instead of by a router.",
            "{reporter} 告知：{target} 就在本链路上，可直接到达，无需经过路由器。",
        ),
        "ipv6": Text(
            "{reporter} says there is a shorter way: for {target} use {gateway}, on the same link.",
            "{reporter} 告知有更近的路径：发往 {target} 应使用同一链路上的 {gateway}。",
        ),
    },
    ("RFC 792", "RFC 1122 §3.2.2.2", "RFC 1812 §5.2.7.2", "RFC 4861 §8"),
    Text("The packet was lost.", "分组丢失了。"),
    Explanation(
        Text(
            "The router sends the packet out by the interface it came in by: sender, router and the better router share "
            "a link. The sender may change its route for this destination.",
            "路由器把分组从接收它的同一接口转发出去：发送方、该路由器与更好的路由器在同一链路上。发送方可为该目的更改路由。",
        ),
        Text(
            "Type 5 (ICMPv6: 137), the gateway's address in it, and the quoted packet.",
            "依据类型 5（ICMPv6 为 137）、其中的网关地址以及引用的分组。",
        ),
        Text(
            "A forged redirect diverts traffic to an attacker; many hosts ignore redirects. Who wrote it, the capture "
            "cannot tell; the sender's MAC against the router's is a hint.",
            "伪造的重定向可把流量引向攻击者，许多主机忽略重定向。仅凭捕获无法判断由谁发出，可对比发送方与路由器的 MAC 地址。",
        ),
    ),
)
REASSEMBLY = Rule(
    "icmp.reassembly-timeout",
    "icmp",
    "warn",
    79,
    {
        **told(
            "",
            "{reporter} got only some of the fragments of datagram {ident:hex} and gave up waiting for the others: all of it "
            "is lost.",
            "{reporter} 只收到数据报 {ident:hex} 的部分分片，等待其余分片超时：整个数据报作废。",
        ),
        **told(
            "ipv6",
            "{reporter} got only some of a datagram's fragments and gave up waiting for the others: all of it is lost.",
            "{reporter} 只收到某数据报的部分分片，等待其余分片超时：整个数据报作废。",
        ),
        **alone(
            "{reporter} got only some of a datagram's fragments and gave up waiting.",
            "{reporter} 只收到某数据报的部分分片，等待超时。",
        ),
    },
    ("RFC 792", "RFC 1122 §3.3.2", "RFC 4443 §3.3", "RFC 8200 §4.5"),
    Text("The TTL ran out on the way.", "TTL 在途中耗尽。"),
    Explanation(
        Text(
            "One lost fragment costs the whole datagram: IP does not ask for it again.",
            "丢失一个分片，整个数据报就作废：IP 不会要求重传分片。",
        ),
        Text(
            "Type 11 (ICMPv6: 3) with code 1, not 0; the quoted header is the first fragment's.",
            "类型 11（ICMPv6 为 3）且代码为 1 而不是 0；引用的是第一个分片的首部。",
        ),
        Text(
            "Which fragment is missing, the message does not say; a filter that lets no later fragments pass looks the same "
            "as loss.",
            "报文不说明缺少哪个分片；不让后续分片通过的过滤器与丢失看起来相同。",
        ),
    ),
)
REPORTED = Rule(
    "icmp.reported",
    "icmp",
    "note",
    55,
    {
        "ttl": Text(
            "Did not arrive: its TTL ran out at {reporter}, says frame {error}.",
            "未到达：其 TTL 在 {reporter} 处耗尽（第 {error} 帧报告）。",
        ),
        "net": Text(
            "Did not arrive: {reporter} has no route, says frame {error}.",
            "未到达：{reporter} 没有路由（第 {error} 帧报告）。",
        ),
        "host": Text(
            "Did not arrive: {reporter} cannot reach the host, says frame {error}.",
            "未到达：{reporter} 无法到达该主机（第 {error} 帧报告）。",
        ),
        "protocol": Text(
            "Of no use: {reporter} does not speak this protocol, says frame {error}.",
            "无人处理：{reporter} 不支持该协议（第 {error} 帧报告）。",
        ),
        "port": Text(
            "Reached no program: {reporter} refuses the port, says frame {error}.",
            "没有到达任何程序：{reporter} 拒绝了该端口（第 {error} 帧报告）。",
        ),
        "frag": Text(
            "Did not arrive: too big for the link behind {reporter}, says frame {error}.",
            "未到达：超过 {reporter} 之后链路的 MTU（第 {error} 帧报告）。",
        ),
        "admin": Text(
            "Did not pass: a filter at {reporter} forbids it, says frame {error}.",
            "未通过：被 {reporter} 的过滤规则禁止（第 {error} 帧报告）。",
        ),
        "reassembly": Text(
            "Lost as a whole: {reporter} missed some of its fragments, says frame {error}.",
            "整体作废：{reporter} 缺少它的部分分片（第 {error} 帧报告）。",
        ),
    },
    ("RFC 792", "RFC 4443 §3"),
    Text("The packet vanished without a trace.", "分组无声无息地消失了。"),
    Explanation(
        Text("A later ICMP error quotes this packet.", "之后的 ICMP 差错报文引用了本分组。"),
        DECIDED,
        Text(
            "ICMP errors can be forged, and are not sent for every packet that is lost.",
            "ICMP 差错报文可以伪造，也并非每次丢失都会发送。",
        ),
    ),
)

RULES: Sequence[Rule] = (
    TTL_EXCEEDED,
    NET,
    HOST,
    PROTOCOL,
    PORT,
    FRAG_NEEDED,
    ADMIN,
    REDIRECT,
    REASSEMBLY,
    REPORTED,
)

V4: dict[tuple[int, int], Rule] = {
    (11, 0): TTL_EXCEEDED,
    (11, 1): REASSEMBLY,
    (3, 2): PROTOCOL,
    (3, 3): PORT,
    (3, 4): FRAG_NEEDED,
    **{(3, code): NET for code in (0, 6, 11)},
    **{(3, code): HOST for code in (1, 7, 12)},
    **{(3, code): ADMIN for code in (9, 10, 13)},
    **{(5, code): REDIRECT for code in range(4)},
}
"""Type and code of ICMP (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1)."""
V6: dict[tuple[int, int], Rule] = {
    (1, 0): NET,
    (1, 1): ADMIN,
    (1, 3): HOST,
    (1, 4): PORT,
    (1, 5): ADMIN,
    (1, 6): ADMIN,
    (2, 0): FRAG_NEEDED,
    (3, 0): TTL_EXCEEDED,
    (3, 1): REASSEMBLY,
    (4, 1): PROTOCOL,
}
"""Type and code of ICMPv6 (RFC 4443 §3)."""
ND_REDIRECT = 137

KINDS: dict[str, str] = {
    TTL_EXCEEDED.code: "ttl",
    NET.code: "net",
    HOST.code: "host",
    PROTOCOL.code: "protocol",
    PORT.code: "port",
    FRAG_NEEDED.code: "frag",
    ADMIN.code: "admin",
    REASSEMBLY.code: "reassembly",
}
"""What the packet that an error is about has to hear of it; a redirect did it no harm."""

Key = tuple[Any, ...]


class Original(msgspec.Struct, frozen=True):
    """A packet that an error may quote later."""

    frame: int
    time: int | None
    ttl: int | None
    """TTL or hop limit as captured."""
    ip_id: int | None
    length: int | None
    checksum: int | None


class Quote(msgspec.Struct, frozen=True):
    """The packet quoted in an error, as far as it goes."""

    ip: Header
    transport: Header | None
    kind: str
    """``udp``, ``tcp``, ``icmp``, ``icmpv6``, or empty for what has no such header."""

    @property
    def protocol(self) -> int | None:
        """Number of the protocol after IP."""
        number: int | None = self.ip.nxt if self.ip.layer.name == "ipv6" else self.ip.proto
        return number

    @property
    def ports(self) -> tuple[int, int] | None:
        """Source and destination port, if it has ports."""
        header = self.transport
        if self.kind not in ("udp", "tcp") or header is None or header.srcport is None or header.dstport is None:
            return None
        return header.srcport, header.dstport

    @property
    def echo(self) -> tuple[int, int] | None:
        """Identifier and sequence number of an echo request."""
        header = self.transport
        if self.kind == "icmp" and header is not None and header.type == 8:
            return header.ident, header.seq
        if self.kind == "icmpv6" and header is not None and header.type == 128:
            return header.echo_identifier, header.echo_sequence_number
        return None

    @property
    def key(self) -> Key:
        """Under which the packet was remembered."""
        source, target = self.ip.src or "", self.ip.dst or ""
        if self.ports is not None:
            return (self.kind, source, self.ports[0], target, self.ports[1])
        if self.echo is not None:
            return ("echo", source, target, *self.echo)
        return self.ip_key

    @property
    def ip_key(self) -> Key:
        """Under which a packet without such a header was remembered."""
        return ip_key(self.ip, self.protocol)

    @property
    def description(self) -> str:
        """The packet in the signs of any language: ``UDP 10.0.0.1:41000 → 10.0.0.2:33333``."""
        source, target = self.ip.src or "?", self.ip.dst or "?"
        if self.ports is not None:
            return f"{self.kind.upper()} {place(source, self.ports[0])} → {place(target, self.ports[1])}"
        if self.echo is not None:
            ident, seq = self.echo
            return f"ICMP echo {source} → {target}, id 0x{ident or 0:04x}, seq {seq}"
        name = f"IP {self.protocol}" if self.protocol is not None else "IP"
        return f"{name} {source} → {target}"


def ip_key(ip: Header, protocol: int | None) -> Key:
    """What identifies a packet, or a fragment, by its IP header alone."""
    if ip.layer.name == "ipv6":
        return ("ip", ip.src or "", ip.dst or "", protocol)
    return ("ip", ip.src or "", ip.dst or "", protocol, ip.id, ip.frag_offset)


def quoted(error: Header) -> Quote | None:
    """What an error quotes: the outermost quoted IP header and what follows it."""
    layers = list(error.inner)
    for at, (name, ip) in enumerate(layers):
        if name in ("ip", "ipv6"):
            behind = [one for one in layers[at + 1 :] if not one[0].startswith("ipv6.")]
            if behind and behind[0][0] in ("udp", "tcp", "icmp", "icmpv6"):
                return Quote(ip, behind[0][1], behind[0][0])
            return Quote(ip, None, "")
    return None


class Sent:
    """The newest packets by what an error would quote of them; TCP's are left to their connections."""

    def __init__(self) -> None:
        self._connections: WeakValueDictionary[Key, Conversation] = WeakValueDictionary()
        self._packets: OrderedDict[Key, deque[Original]] = OrderedDict()

    def connection(self, conversation: Conversation) -> None:
        """Remembers a TCP connection, for as long as the table of conversations does."""
        client, server = conversation.client, conversation.server
        self._connections[client.address, client.port, server.address, server.port] = conversation
        self._connections[server.address, server.port, client.address, client.port] = conversation

    def datagram(self, packet: Packet) -> None:
        """Remembers a UDP datagram."""
        source, target = addresses(packet)
        udp = packet.udp
        self._remember(("udp", source, udp.srcport, target, udp.dstport), packet, udp.length, udp.checksum)

    def echo(self, packet: Packet, key: Key) -> None:
        """Remembers an echo request."""
        self._remember(key, packet, None, None)

    def other(self, packet: Packet) -> None:
        """Remembers a packet of IP that is none of these: a fragment, another protocol."""
        ip = packet.ip
        if ip is not None:
            self._remember(ip_key(ip, ip.proto), packet, None, None)
        elif packet.ipv6 is not None:
            self._remember(ip_key(packet.ipv6, packet.ipv6.nxt), packet, None, None)

    def _remember(self, key: Key, packet: Packet, length: int | None, checksum: int | None) -> None:
        found = self._packets.get(key)
        if found is None:
            found = self._packets[key] = deque(maxlen=COPIES_LIMIT)
            if len(self._packets) > REMEMBERED_LIMIT:
                self._packets.popitem(last=False)
        else:
            self._packets.move_to_end(key)
        ip = packet.ip
        if ip is not None:
            found.append(Original(packet.number, packet.time, ip.ttl, ip.id, length, checksum))
        else:
            hop_limit = packet.ipv6.hlim if packet.ipv6 is not None else None
            found.append(Original(packet.number, packet.time, hop_limit, None, length, checksum))

    def find(self, quote: Quote) -> Original | None:
        """The packet that is quoted; None when it is not remembered, or several fit."""
        if quote.kind == "tcp":
            return self._segment(quote)
        found = self._packets.get(quote.key) or self._packets.get(quote.ip_key)
        if not found:
            return None
        ip_id = None if quote.ip.layer.name == "ipv6" else quote.ip.id
        if ip_id:  # 0 on datagrams that are never fragmented (RFC 6864)
            same = [one for one in found if one.ip_id == ip_id]
        elif quote.kind == "udp" and quote.transport is not None:
            udp = quote.transport
            same = [one for one in found if one.length == udp.length]
            exact = [one for one in same if one.checksum == udp.checksum]
            same = exact or same  # a checksum that the card filled in after the capture differs
        else:
            same = list(found)
        return same[-1] if len(same) == 1 or (same and quote.echo is not None) else None

    def _segment(self, quote: Quote) -> Original | None:
        """The segment of a connection that has the quoted sequence number, if it was sent once only."""
        tcp = quote.transport
        if tcp is None or quote.ports is None:
            return None
        source = (quote.ip.src or "", quote.ports[0])
        conversation = self._connections.get((*source, quote.ip.dst or "", quote.ports[1]))
        if conversation is None:
            return None
        client = conversation.client
        sender = client if (client.address, client.port) == source else conversation.server
        raw = tcp.seq_raw if tcp.seq_raw is not None else tcp.seq
        if raw is None or sender.first_raw is None:
            return None
        position = sender.place(raw)
        for sent in reversed(sender.outstanding):
            if sent.start <= position < sent.end:
                if sent.copies:
                    return None
                return Original(sent.frame, sent.time, sender.ttl, None, None, None)
        return None


def latest(one: int | None, other: int | None) -> int | None:
    """The later of two times, either of which may be unknown."""
    return other if one is None else one if other is None else max(one, other)


class Errors:
    """Reads ICMP errors and finds the packets that they are about."""

    def __init__(self) -> None:
        self.sent = Sent()
        self.reported: OrderedDict[Key, int] = OrderedDict()
        """Echo requests that an error was about, and its frame."""
        self._expired: OrderedDict[tuple[str, str], None] = OrderedDict()
        """Source and destination of packets whose small TTL ran out: a traceroute's."""

    def rule(self, packet: Packet, error: Header) -> Rule | None:
        """The rule for a message's type and code; None when it is no error that has one."""
        if error.layer.name == "icmp":
            return V4.get((error.type, error.code))
        if error.type == ND_REDIRECT:
            return REDIRECT
        return V6.get((error.type, error.code))

    def traced(self, source: str, target: str) -> bool:
        """Whether a traceroute from one to the other was seen."""
        return (source, target) in self._expired

    def judge(self, packet: Packet, error: Header, rule: Rule) -> list[Verdict]:
        """The verdict on the error, and the one on the packet that it is about."""
        number, reporter = packet.number, addresses(packet)[0]
        evidence: tuple[Evidence, ...] = (
            Evidence(number, f"{error.layer.name}.type", error.type),
            Evidence(number, f"{error.layer.name}.code", error.code),
        )
        if error.layer.name == "icmpv6" and error.type == ND_REDIRECT:
            return [_neighbor_redirect(packet, error, reporter, evidence)]
        quote = quoted(error)
        params: dict[str, Any] = {"reporter": reporter, "gateway": getattr(error, "redir_gw", None) or "?"}
        if quote is None:
            return [Verdict(rule, number, params, evidence, "unquoted")]
        original = self.sent.find(quote)
        params |= {"what": quote.description, "target": quote.ip.dst or "?", "protocol": quote.protocol}
        params |= {"port": quote.ports[1] if quote.ports else None, "ident": getattr(quote.ip, "id", None) or 0}
        if original is not None:
            params["sent"] = original.frame
            evidence += _match(quote, original)
        wording = self._wording(rule, packet, error, quote, original, params)
        if original is None:
            wording = f"{wording}-unseen" if wording else "unseen"
        verdicts = [Verdict(rule, number, params, evidence, wording)]
        if original is not None and rule.code in KINDS:
            verdicts.append(
                Verdict(REPORTED, original.frame, {"reporter": reporter, "error": number}, evidence, KINDS[rule.code])
            )
            if quote.echo is not None:
                self._note_echo(quote.key, number)
        return verdicts

    def _note_echo(self, key: Key, number: int) -> None:
        self.reported[key] = number
        if len(self.reported) > REMEMBERED_LIMIT:
            self.reported.popitem(last=False)

    def _wording(
        self,
        rule: Rule,
        packet: Packet,
        error: Header,
        quote: Quote,
        original: Original | None,
        params: dict[str, Any],
    ) -> str:
        if rule is TTL_EXCEEDED and original is not None and original.ttl:
            return self._expiry(packet, quote, original, params)
        reader = _READERS.get(rule.code)
        if reader is not None:
            return reader(error, quote, params)
        if rule is PORT:
            if quote.kind == "tcp":
                return "tcp"
            if params["reporter"] != quote.ip.dst:
                return "device"
            if original is not None and self.traced(quote.ip.src or "", quote.ip.dst or ""):
                return "traceroute"
        return ""

    def _expiry(self, packet: Packet, quote: Quote, original: Original, params: dict[str, Any]) -> str:
        params["ttl"] = original.ttl
        if (original.ttl or 0) >= SMALL_TTL:
            return "loop"
        pair = (quote.ip.src or "", quote.ip.dst or "")
        known = self.traced(*pair)
        self._expired[pair] = None
        self._expired.move_to_end(pair)
        if len(self._expired) > TRACES_LIMIT:
            self._expired.popitem(last=False)
        if packet.time is None or original.time is None:
            return "hop-untimed"
        params["elapsed"] = (packet.time - original.time) / 1e9
        return "hop-next" if known else "hop"


def _too_big(error: Header, quote: Quote, params: dict[str, Any]) -> str:
    ipv6 = quote.ip.layer.name == "ipv6"  # who sends what he likes quotes either in either
    params["mtu"] = mtu = error.mtu
    params["size"] = (quote.ip.plen or 0) + 40 if ipv6 else quote.ip.len
    if not mtu:
        return "unknown"
    if quote.kind == "tcp":
        header = quote.transport.hdr_len if quote.transport is not None else None
        network = 40 if ipv6 else quote.ip.hdr_len
        if header and network and not ipv6:
            params |= {"network": network, "header": header, "payload": mtu - network - header}
            return "tcp"
    return "ipv6" if ipv6 else ""


def _forbidden(error: Header, quote: Quote, params: dict[str, Any]) -> str:
    return "target" if params["reporter"] == quote.ip.dst else ""


_READERS: dict[str, Callable[[Header, Quote, dict[str, Any]], str]] = {
    FRAG_NEEDED.code: _too_big,
    ADMIN.code: _forbidden,
    REASSEMBLY.code: lambda error, quote, params: "ipv6" if error.layer.name == "icmpv6" else "",
}


def _match(quote: Quote, original: Original) -> tuple[Evidence, ...]:
    """What the earlier frame has in common with the quoted header."""
    if quote.ports is not None:
        return (Evidence(original.frame, f"{quote.kind}.srcport", quote.ports[0]),)
    if quote.echo is not None:
        member = "seq" if quote.kind == "icmp" else "echo.sequence_number"
        return (Evidence(original.frame, f"{quote.kind}.{member}", quote.echo[1]),)
    return (Evidence(original.frame, "ip.id", original.ip_id),) if original.ip_id else ()


def _neighbor_redirect(packet: Packet, error: Header, reporter: str, evidence: tuple[Evidence, ...]) -> Verdict:
    """ICMPv6's redirect names destination and better hop; when both are the same, the destination is on the link."""
    gateway, target = error.nd_rd_target_address or "?", error.rd_na_destination_address or "?"
    params = {"reporter": reporter, "gateway": gateway, "target": target}
    evidence += (Evidence(packet.number, "icmpv6.nd.rd.target_address", gateway),)
    return Verdict(REDIRECT, packet.number, params, evidence, "onlink" if gateway == target else "ipv6")

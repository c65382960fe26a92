"""IPv4 (RFC 791): checksum, TTL, fragments, and whether the destination is on the sender's own link.

What is the same for every packet of a host or of a pair of hosts is said once, on the first one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.dissectors.layer import Text

from .analyzer import BaseAnalyzer, Settings
from .arp import ArpTraffic
from .checksum import ip_header_checksum, is_ipv4, number
from .frame import EVERY_PACKET, is_tunnel, own_protocols
from .hookspecs import hookimpl
from .link import (
    INITIAL_TTLS,
    LONGEST_PATH,
    SHORTEST_PREFIX,
    Link,
    Once,
    Prefix,
    Remembered,
    Seen,
    common_bits,
    dotted,
    initial_ttl,
    is_ordinary,
)
from .rule import Evidence, Explanation, Rule, Verdict

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet

FRAGMENTED_LIMIT = 256
"""Datagrams whose fragments are put together in memory."""
FRAGMENTS_LIMIT = 256
"""Fragments of one datagram that are counted: 65535 bytes in pieces of an MTU of 300 and more."""
PROBED_LIMIT = 256
"""Pairs of hosts with low TTLs that are remembered."""
PROBES_LIMIT = 64
LOW_TTL = 30
"""traceroute's default limit; hosts start with 64 and more."""
TIME_EXCEEDED = 11
STATUS_UNVERIFIED = 2
DHCP_ACK = 5
OPTION_MASK, OPTION_ROUTER = 1, 3

MULTICAST = 0xE
"""First four bits of a group's address."""
LINK_GROUPS = 0xE00000
"""224.0.0.0/24: never forwarded (RFC 5771 §4)."""

HEADER = "RFC 791 §3.1"
DISCUSSION = "RFC 791 §3.2"

CHECKSUM_ZERO = Rule(
    "ip.checksum-zero",
    "ip",
    "chat",
    6,
    Text(
        "The header checksum is 0x0000 where {right:hex} is right: the capture saw the packet before the sender's card filled it "
        "in. On the wire it is complete.",
        "首部检验和为 0x0000，而正确值是 {right:hex}：捕获时发送方网卡尚未填写，发到链路上时是完整的。",
    ),
    (HEADER,),
    Text("The packet has no checksum, or a wrong one.", "该分组没有检验和，或检验和错误。"),
    Explanation(
        Text(
            "Cards compute checksums themselves (offload). The driver leaves the field 0, and a capture on the sending host takes "
            "its copy before the card.",
            "网卡可以自行计算检验和（卸载）。驱动程序把该字段留为 0，而在发送主机上捕获时，复制发生在网卡之前。",
        ),
        Text(
            "ip.checksum is 0 and the complement of the sum of the other header words is not. Said once for each pair of hosts.",
            "ip.checksum 为 0，而首部其余各字之和的反码不为 0。每对主机只说明一次。",
        ),
        Text(
            "A packet that really left with 0 would be dropped by the next router. So an answer to it shows that it was complete.",
            "若真的以 0 发出，下一个路由器会丢弃它。因此对方的应答说明它是完整的。",
        ),
    ),
)
CHECKSUM_UNVERIFIED = Rule(
    "ip.checksum-unverified",
    "ip",
    "chat",
    1,
    Text(
        "“Unverified” says only that Wireshark did not check it (a preference). Recomputed here, {checksum:hex} is right.",
        "“未验证”只表示 Wireshark 没有检验（首选项关闭）。在此重新计算，{checksum:hex} 是正确的。",
    ),
    (HEADER, "RFC 1071"),
    Text("The checksum is wrong.", "检验和是错误的。"),
    Explanation(
        Text(
            "Wireshark's preference “Validate the IPv4 checksum if possible” is off by default, because of offloading.",
            "由于网卡卸载，Wireshark 默认关闭“Validate the IPv4 checksum if possible”首选项。",
        ),
        Text(
            "ip.checksum.status is 2; the checksum was recomputed from the header's fields. Said once a capture.",
            "ip.checksum.status 为 2；由首部各字段重新计算了检验和。每个捕获只说明一次。",
        ),
        Text("A wrong one has its own verdict, ip.checksum-bad.", "错误的检验和另有 ip.checksum-bad 说明。"),
    ),
)
CHECKSUM_BAD = Rule(
    "ip.checksum-bad",
    "ip",
    "warn",
    60,
    Text(
        "The header checksum is {found:hex}, but the header's fields give {right:hex}: it was damaged on the way or made by hand. "
        "The next router or host drops it.",
        "首部检验和为 {found:hex}，而由首部各字段算得 {right:hex}：可能在途中损坏，也可能是人为构造。下一个路由器或主机会丢弃它。",
    ),
    ("RFC 1071", HEADER, "RFC 1122 §3.2.1.2"),
    Text("Wireshark's colours tell whether a packet is good.", "Wireshark 的颜色能说明分组是否正确。"),
    Explanation(
        Text(
            "Each router and the destination check the header's sum and silently discard a packet that fails.",
            "每个路由器和目的主机都会检验首部，检验不通过的分组被直接丢弃，不作通知。",
        ),
        Text(
            "ip.checksum differs from the complement of the ones' complement sum of the other header words, and is not 0. Looked at "
            "in each packet but TCP's, of which each side's first is.",
            "ip.checksum 不为 0，且不等于首部其余各字反码和的反码。除 TCP 外逐分组检查；TCP 只检查每一方的第一个分组。",
        ),
        Text(
            "0x0000 is offload (ip.checksum-zero). A header with options is not recomputed.",
            "0x0000 属于网卡卸载（ip.checksum-zero）。带选项的首部不作计算。",
        ),
    ),
)
TTL_ORIGIN = Rule(
    "ip.ttl-origin",
    "ip",
    "chat",
    5,
    {
        "64": Text(
            "TTL 64 is a value to start with, so no router has passed this packet on yet. By custom Linux, macOS and Android start so: a hint, no proof.",
            "TTL 64 是初始值，说明该分组尚未经过路由器。按惯例 Linux、macOS 和 Android 使用该值：只是线索，不能作为证明。",
        ),
        "128": Text(
            "TTL 128 is a value to start with, so no router has passed this packet on yet. By custom Windows starts so: a hint, no proof.",
            "TTL 128 是初始值，说明该分组尚未经过路由器。按惯例 Windows 使用该值：只是线索，不能作为证明。",
        ),
        "255": Text(
            "TTL 255 is a value to start with, so no router has passed this packet on yet. By custom routers and other network devices start so: a hint, no proof.",
            "TTL 255 是初始值，说明该分组尚未经过路由器。按惯例路由器等网络设备使用该值：只是线索，不能作为证明。",
        ),
        "link": Text(
            "{group} is a group of this link: no router passes it on, whatever the TTL ({ttl}).",
            "{group} 是本链路的多播组：无论 TTL（{ttl}）为何值，路由器都不转发。",
        ),
        "group": Text(
            "TTL {ttl} to a group is a limit set on purpose: how many routers may pass it on.",
            "发往多播组的 TTL {ttl} 是有意设定的范围：限制可经过多少个路由器。",
        ),
    },
    (DISCUSSION, "RFC 1122 §3.2.1.7", "RFC 1812 §5.3.1", "RFC 5771 §4"),
    Text("TTL is seconds.", "TTL 的单位是秒。"),
    Explanation(
        Text(
            "Each router takes 1 from the TTL and drops the packet at 0, so that none circles for ever. Hosts start with 64, 128 or "
            "255 by custom.",
            "每个路由器把 TTL 减 1，减到 0 时丢弃，避免分组无限循环。按惯例主机从 64、128 或 255 开始。",
        ),
        Text(
            "ip.ttl is exactly 64, 128 or 255. Said once for each sender.",
            "ip.ttl 恰为 64、128 或 255。每个发送方只说明一次。",
        ),
        Text(
            "64 could also be 128 or 255 after many routers, but no path is that long. Anybody can set another value.",
            "64 也可能是 128 或 255 经过许多路由器之后的值，但没有那么长的路径。初始值可以任意设置。",
        ),
    ),
)
TTL_HOPS = Rule(
    "ip.ttl-hops",
    "ip",
    "chat",
    5,
    Text(
        "TTL {ttl}: about {hops:router} passed so far, if it started with {initial} ({initial} − {ttl} = {hops}). Each router "
        "takes 1; TTL counts no seconds.",
        "TTL {ttl}：若初始值为 {initial}，则已经过约 {hops} 个路由器（{initial} − {ttl} = {hops}）。每个路由器减 1，与秒数无关。",
    ),
    (DISCUSSION, "RFC 1122 §3.2.1.7", "RFC 1812 §5.3.1"),
    Text("TTL is seconds.", "TTL 的单位是秒。"),
    Explanation(
        Text(
            "Routers between the sender and this capture have taken 1 each.",
            "发送方与捕获点之间的每个路由器都减了 1。",
        ),
        Text(
            "The next of 64, 128 and 255 above ip.ttl, less ip.ttl, when that is at most 32. Said once for each sender.",
            "取不小于 ip.ttl 的 64、128 或 255，减去 ip.ttl，差不超过 32 时成立。每个发送方只说明一次。",
        ),
        Text(
            "A sender with another initial value, a proxy or a firewall that sets the TTL anew. traceroute counts the way there; this "
            "is the way back.",
            "也可能发送方的初始值不同，或代理、防火墙重设了 TTL。traceroute 数的是去程，这里是回程。",
        ),
    ),
)
TTL_PROBE = Rule(
    "ip.ttl-probe",
    "ip",
    "chat",
    45,
    {
        "": Text(
            "traceroute: TTL {ttl} on purpose, after {before_ttl} in frame {before}, so that router {ttl} on the way to {target} drops "
            "it and reports, unless the target comes first.",
            "traceroute：在第 {before} 帧的 TTL {before_ttl} 之后，有意设 TTL 为 {ttl}，使通往 {target} 途中的第 {ttl} 个路由器"
            "丢弃它并报告，除非先到达目标。",
        ),
        "reported": Text(
            "traceroute: TTL {ttl} on purpose, so that router {ttl} on the way to {target} drops it and reports; {router} did in frame "
            "{report}.",
            "traceroute：有意设 TTL 为 {ttl}，使通往 {target} 途中的第 {ttl} 个路由器丢弃它并报告；{router} 在第 {report} 帧中"
            "作了报告。",
        ),
        "silent": Text(
            "traceroute: TTL {ttl} on purpose, so that router {ttl} on the way to {target} drops it and reports; none has reported so "
            "far.",
            "traceroute：有意设 TTL 为 {ttl}，使通往 {target} 途中的第 {ttl} 个路由器丢弃它并报告；目前尚无报告。",
        ),
        "same": Text(
            "traceroute: another probe with TTL {ttl} to {target}, after frame {before}.",
            "traceroute：在第 {before} 帧之后，再次向 {target} 发送 TTL 为 {ttl} 的探测。",
        ),
    },
    ("RFC 792, Time Exceeded Message", "RFC 1812 §5.3.1"),
    Text("There is a routing error.", "出现了路由错误。"),
    Explanation(
        Text(
            "traceroute sends packets with TTL 1, 2, 3…; each dies one router further on, and the routers' error messages name the "
            "path.",
            "traceroute 依次发送 TTL 为 1、2、3…的分组，每个在更远一跳的路由器处被丢弃，由各路由器的差错报文得知路径。",
        ),
        Text(
            "ip.ttl of at most 30 that rises by 1 towards the same ip.dst, after an ICMP time exceeded that quotes one of them.",
            "发往同一 ip.dst 的 ip.ttl 不超过 30 且逐次加 1，并且已有 ICMP 超时报文引用其中之一。",
        ),
        Text(
            "In a routing loop the TTL of one packet falls from capture to capture; the sender's own packets start with 64 or more.",
            "若是路由环路，同一分组的 TTL 会不断减小，而发送方发出的分组初始值为 64 以上。",
        ),
    ),
)
DF = Rule(
    "ip.df",
    "ip",
    "chat",
    4,
    Text(
        "DF is set: no router may split it. One that cannot pass it on reports “fragmentation needed”, and the sender learns the "
        "path's MTU.",
        "DF 置位：路由器不得分片。无法转发的路由器会报告“需要分片”，发送方由此得知路径 MTU。",
    ),
    ("RFC 1191 §3", HEADER),
    Text("DF makes delivery reliable.", "DF 保证可靠交付。"),
    Explanation(
        Text(
            "Path MTU discovery: senders set DF and use packets as large as the narrowest link allows.",
            "路径 MTU 发现：发送方置位 DF，使用最窄链路所允许的最大分组。",
        ),
        Text("ip.flags.df is 1. Said once for each sender.", "ip.flags.df 为 1。每个发送方只说明一次。"),
        Text(
            "DF says nothing about whether a path is too narrow: only an ICMP error (type 3, code 4) does.",
            "DF 并不说明路径是否过窄：只有 ICMP 差错（类型 3 代码 4）才能说明。",
        ),
    ),
)
FRAGMENT = Rule(
    "ip.fragment",
    "ip",
    "note",
    55,
    {
        "first": Text(
            "First fragment of datagram {id:hex}: its {first:bytes last}, more follow (MF = 1). Only this one has the header of the "
            "next layer.",
            "数据报 {id:hex} 的第一个分片：其{first:字节 last}，后面还有（MF = 1）。只有它含上层首部。",
        ),
        "middle": Text(
            "Fragment {index} of datagram {id:hex}: its {first:bytes last} ({offset} × 8 = {first}), more follow (MF = 1).",
            "数据报 {id:hex} 的第 {index} 个分片：其{first:字节 last}（{offset} × 8 = {first}），后面还有（MF = 1）。",
        ),
        "last": Text(
            "Last fragment of datagram {id:hex} (MF = 0, but the offset is {offset} × 8 = {first}): {first:bytes last}. Frames "
            "{frames:frames} together have all {total} bytes.",
            "数据报 {id:hex} 的最后一个分片（MF = 0，而片偏移为 {offset} × 8 = {first}）：{first:字节 last}。第 "
            "{frames:frames} 帧合起来共 {total} 字节，已全部到齐。",
        ),
        "last-gap": Text(
            "Last fragment of datagram {id:hex} (MF = 0, but the offset is {offset} × 8 = {first}): {first:bytes last}. Of the {total} "
            "bytes the capture has {covered} so far.",
            "数据报 {id:hex} 的最后一个分片（MF = 0，而片偏移为 {offset} × 8 = {first}）：{first:字节 last}。全部 {total} 字节中，"
            "目前捕获到 {covered} 字节。",
        ),
    },
    (DISCUSSION,),
    Text("MF = 0 means the last fragment.", "MF = 0 就是最后一个分片。"),
    Explanation(
        Text(
            "A datagram that is larger than a link's MTU travels in pieces with the same id; the destination puts them together. One "
            "lost piece loses all.",
            "大于链路 MTU 的数据报分成若干片，标识相同，由目的主机重组。丢失一片，整个数据报就作废。",
        ),
        Text(
            "ip.flags.mf is 1 or ip.frag_offset is above 0. Bytes: ip.frag_offset × 8 up to that plus ip.len − ip.hdr_len.",
            "ip.flags.mf 为 1 或 ip.frag_offset 大于 0。字节范围：自 ip.frag_offset × 8 起，共 ip.len − ip.hdr_len 字节。",
        ),
        Text(
            "TCP segments are no fragments: TCP cuts before IP does. Wireshark shows the whole message on the last fragment.",
            "TCP 报文段不是 IP 分片：TCP 在 IP 之前切分。Wireshark 把完整报文显示在最后一个分片处。",
        ),
    ),
)
UNFRAGMENTED = Rule(
    "ip.unfragmented",
    "ip",
    "chat",
    2,
    Text(
        "MF = 0 and offset = 0: a whole datagram, no fragment. The last fragment has MF = 0 too, but an offset above 0.",
        "MF = 0 且片偏移 = 0：完整的数据报，没有分片。最后一个分片的 MF 也为 0，但片偏移大于 0。",
    ),
    (DISCUSSION,),
    Text("MF = 0 means the last fragment.", "MF = 0 就是最后一个分片。"),
    Explanation(
        Text("Nobody has split this datagram.", "该数据报没有被分片。"),
        Text(
            "ip.flags.mf is 0 and ip.frag_offset is 0. Said once for each sender.",
            "ip.flags.mf 为 0 且 ip.frag_offset 为 0。每个发送方只说明一次。",
        ),
        Text(
            "On another link of its way it may have been split all the same; the capture shows this link.",
            "在途中的其他链路上仍可能被分片；捕获只反映本链路。",
        ),
    ),
)
ID = Rule(
    "ip.id",
    "ip",
    "chat",
    2,
    {
        "": Text(
            "Identification {id:hex} means nothing here: it is for putting fragments together, and this datagram is whole and must not "
            "be split (DF = 1, MF = 0, offset = 0).",
            "标识 {id:hex} 在此没有意义：它用于重组分片，而该数据报完整且不许分片（DF = 1，MF = 0，片偏移 = 0）。",
        ),
        "zero": Text(
            "Identification 0x0000 is no error: it is for putting fragments together, and this datagram is whole and must not be split "
            "(DF = 1, MF = 0, offset = 0).",
            "标识 0x0000 不是错误：它用于重组分片，而该数据报完整且不许分片（DF = 1，MF = 0，片偏移 = 0）。",
        ),
    },
    ("RFC 6864 §4",),
    Text("The id counts packets.", "标识是分组计数器。"),
    Explanation(
        Text(
            "The field ties the fragments of one datagram together. In a datagram that cannot be fragmented it may hold anything; many "
            "systems still count upwards.",
            "该字段把同一数据报的各分片联系起来。在不会分片的数据报中可取任意值；许多系统仍然递增。",
        ),
        Text(
            "ip.flags.df is 1, ip.flags.mf and ip.frag_offset are 0 (an atomic datagram). Said once for each sender.",
            "ip.flags.df 为 1，ip.flags.mf 与 ip.frag_offset 为 0（原子数据报）。每个发送方只说明一次。",
        ),
        Text(
            "Where a system counts, a missing number may hint at a packet that the capture missed: no proof.",
            "若系统递增该值，缺号可能提示捕获遗漏了分组，但不能作为证明。",
        ),
    ),
)
PRIVATE = Rule(
    "ip.private",
    "ip",
    "chat",
    6,
    Text(
        "{source} is private ({block}), {target} is public: on the way NAT must replace the source address, or no answer could come "
        "back. On this side of the NAT the capture shows the private one.",
        "{source} 是专用地址（{block}），而 {target} 是公用地址：途中必须由 NAT 替换源地址，否则应答无法返回。"
        "捕获点在 NAT 内侧，看到的是专用地址。",
    ),
    ("RFC 1918 §3", "RFC 3022"),
    Text("The server sees this address.", "服务器看到的就是这个地址。"),
    Explanation(
        Text(
            "Private addresses are used in many networks at once and are not routed on the Internet.",
            "专用地址在许多网络中重复使用，不在因特网上路由。",
        ),
        Text(
            "ip.src is in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 and ip.dst is globally reachable. Said once for each sender.",
            "ip.src 属于 10.0.0.0/8、172.16.0.0/12 或 192.168.0.0/16，而 ip.dst 全球可达。每个发送方只说明一次。",
        ),
        Text(
            "A proxy or VPN between would use its own connection instead; only a capture on the other side shows the address there.",
            "若中间有代理或 VPN，则使用其自己的连接；只有在另一侧捕获才能看到那里的地址。",
        ),
    ),
)
SAME_SUBNET = Rule(
    "ip.same-subnet",
    "ip",
    "chat",
    8,
    {
        "on": Text(
            "Same subnet: {source} AND {mask} = {network}, {target} AND {mask} = {target_network}. So ARP asks for {target} itself, no "
            "router is involved.",
            "同一子网：{source} AND {mask} = {network}，{target} AND {mask} = {target_network}。因此 ARP 直接询问 {target}，"
            "不经过路由器。",
        ),
        "off": Text(
            "Another subnet: {source} AND {mask} = {network}, but {target} AND {mask} = {target_network}. So ARP asks for the gateway, "
            "which passes the packet on.",
            "不同子网：{source} AND {mask} = {network}，而 {target} AND {mask} = {target_network}。因此 ARP 询问网关，由网关转发。",
        ),
        "on-dhcp": Text(
            "Same subnet, by the mask that DHCP gave in frame {told}: {source} AND {mask} = {network}, {target} AND {mask} = "
            "{target_network}. So ARP asks for {target} itself.",
            "按第 {told} 帧 DHCP 给出的掩码，属同一子网：{source} AND {mask} = {network}，{target} AND {mask} = {target_network}。"
            "因此 ARP 直接询问 {target}。",
        ),
        "off-dhcp": Text(
            "Another subnet, by the mask that DHCP gave in frame {told}: {source} AND {mask} = {network}, but {target} AND {mask} = "
            "{target_network}. So ARP asks for the gateway.",
            "按第 {told} 帧 DHCP 给出的掩码，属不同子网：{source} AND {mask} = {network}，而 {target} AND {mask} = {target_network}。"
            "因此 ARP 询问网关。",
        ),
        "asked": Text(
            "{source} treats {target} as on its own link: it asked for that very address in frame {told}. The subnet mask is not in the "
            "capture (--subnet).",
            "{source} 把 {target} 视为本链路上的主机：它在第 {told} 帧直接询问了该地址。捕获中没有子网掩码（可用 --subnet 指明）。",
        ),
        "far": Text(
            "Another subnet whatever the mask: the common prefix of {source} and {target} is /{common}, and no link's is shorter than "
            "/8. So the packet goes to a gateway.",
            "无论掩码如何都不在同一子网：{source} 与 {target} 的公共前缀为 /{common}，而链路的前缀不会短于 /8。"
            "因此分组交给网关。",
        ),
    },
    ("RFC 1122 §3.3.1.1", "RFC 950"),
    Text("ARP always asks for the destination.", "ARP 总是询问目的主机。"),
    Explanation(
        Text(
            "The sender compares the destination with its own address under the mask: equal networks are on-link and reached directly, "
            "all else goes to a router.",
            "发送方用掩码比较自己的地址和目的地址：网络号相同则直接交付，否则交给路由器。",
        ),
        Text(
            "ip.src AND mask, ip.dst AND mask; the mask comes from --subnet or from DHCP option 1. Without one, an ARP request for the "
            "destination shows how the sender decided.",
            "计算 ip.src AND 掩码和 ip.dst AND 掩码；掩码来自 --subnet 或 DHCP 选项 1。若没有，则由对目的地址的 ARP 请求得知"
            "发送方的判断。",
        ),
        Text(
            "A host with a wrong mask asks for hosts that are not on its link; a router may answer for them (proxy ARP).",
            "掩码配置错误的主机会询问不在本链路上的主机；路由器可能代为应答（代理 ARP）。",
        ),
    ),
)

RULES: Sequence[Rule] = (
    CHECKSUM_ZERO,
    CHECKSUM_UNVERIFIED,
    CHECKSUM_BAD,
    TTL_ORIGIN,
    TTL_HOPS,
    TTL_PROBE,
    DF,
    FRAGMENT,
    UNFRAGMENTED,
    ID,
    PRIVATE,
    SAME_SUBNET,
)

PRIVATE_BLOCKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_BLOCKS = [(int(net.network_address), int(net.netmask), str(net)) for net in map(ipaddress.IPv4Network, PRIVATE_BLOCKS)]


class Probe:
    """A packet with a low TTL."""

    __slots__ = ("frame", "id", "report", "router", "said", "ttl")

    def __init__(self, ttl: int, frame: int, identification: int) -> None:
        self.ttl, self.frame, self.id = ttl, frame, identification
        self.report: int | None = None
        """Frame of the ICMP message that reports its end."""
        self.router = ""
        self.said = False


class Probed:
    """The packets with low TTLs from one host to another."""

    __slots__ = ("probes", "reported", "rising")

    def __init__(self) -> None:
        self.probes: list[Probe] = []
        self.reported = False
        self.rising = False


class Pieces:
    """The fragments of one datagram so far."""

    __slots__ = ("frames", "sizes", "total")

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}
        """First byte → bytes."""
        self.frames: list[int] = []
        self.total: int | None = None


class Place(msgspec.Struct, frozen=True):
    """What a fragment covers."""

    first: int
    size: int


class Ip(BaseAnalyzer):
    """Reads IPv4 headers; of a TCP connection only the first of each side."""

    layers = EVERY_PACKET
    fields = (
        "arp",
        "dhcp",
        "icmp",
        "eth.src",
        "eth.dst",
        "ip.src",
        "ip.dst",
        "ip.hdr_len",
        "ip.len",
        "ip.id",
        "ip.ttl",
        "ip.proto",
        "ip.checksum",
        "ip.checksum.status",
        "ip.dsfield",
        "ip.flags.df",
        "ip.flags.mf",
        "ip.flags.rb",
        "ip.frag_offset",
    )

    def __init__(self, settings: Settings) -> None:
        self._link = settings.host.link
        self._arp = ArpTraffic(self._link)
        self._pairs, self._senders, self._zero, self._subnets = Once(), Once(), Once(), Once()
        self._unverified = False
        self._pieces: Remembered[tuple[str, str, int, int], Pieces] = Remembered(FRAGMENTED_LIMIT)
        self._probed: Remembered[tuple[str, str], Probed] = Remembered(PROBED_LIMIT)

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """What the innermost IPv4 header says that is new."""
        segment = packet.segment
        if segment is not None and not segment.first_of_sender and not self._pieces:
            return None
        if not has_ipv4(packet.protocols):
            return None
        ip = packet.ip
        if ip is None or not is_ipv4(ip.src) or not is_ipv4(ip.dst):
            return None
        found: list[Verdict] = []
        if ip.flags_mf or ip.frag_offset:
            found += self._fragment(packet, ip)
        if segment is not None and not segment.first_of_sender:
            return found
        found += self._checksum(packet, ip)
        if ip.ttl is not None and ip.ttl <= LOW_TTL and is_ordinary(number(ip.dst)):
            found += self._probe(packet, ip)
        if (
            ":icmp" in packet.protocols
            and packet.icmp is not None
            and packet.icmp.type == TIME_EXCEEDED
            and packet.icmp.code == 0
        ):
            found += self._expired(packet, ip)
        if self._pairs((ip.src, ip.dst)):
            found += self._pair(packet, ip)
        return found

    # -- checksum -----------------------------------------------------------------------------------------------------

    def _checksum(self, packet: Packet, ip: Any) -> list[Verdict]:
        found = ip.checksum
        if found is None:
            return []
        right = ip_header_checksum(ip)
        if right is None:
            return []
        frame = packet.number
        equal = found == right or {found, right} == {0, 0xFFFF}
        if equal and (self._unverified or ip.checksum_status != STATUS_UNVERIFIED):
            return []
        evidence: tuple[Evidence, ...] = (Evidence(frame, "ip.checksum", f"0x{found:04x}"),)
        if equal:
            self._unverified = True
            evidence += (Evidence(frame, "ip.checksum.status", STATUS_UNVERIFIED),)
            return [Verdict(CHECKSUM_UNVERIFIED, frame, {"checksum": found}, evidence)]
        if found:
            return [Verdict(CHECKSUM_BAD, frame, {"found": found, "right": right}, evidence)]
        if self._zero((ip.src, ip.dst)):
            return [Verdict(CHECKSUM_ZERO, frame, {"right": right}, evidence)]
        return []

    # -- fragments ----------------------------------------------------------------------------------------------------

    def _fragment(self, packet: Packet, ip: Any) -> list[Verdict]:
        if ip.id is None or not ip.len or not ip.hdr_len or ip.frag_offset is None:
            return []
        key = (ip.src, ip.dst, ip.proto or 0, ip.id)
        pieces = self._pieces.get(key)
        if pieces is None:
            pieces = self._pieces[key] = Pieces()
        place = Place(ip.frag_offset * 8, ip.len - ip.hdr_len)
        if len(pieces.sizes) < FRAGMENTS_LIMIT:
            pieces.sizes[place.first] = place.size
            pieces.frames.append(packet.number)
        if not ip.flags_mf:
            pieces.total = place.first + place.size
        params: dict[str, Any] = {
            "id": ip.id,
            "first": place.first,
            "last": place.first + place.size - 1,
            "offset": ip.frag_offset,
            "index": len(pieces.frames),
            "frames": tuple(pieces.frames),
            "total": pieces.total,
            "covered": sum(pieces.sizes.values()),
        }
        complete = pieces.total is not None and params["covered"] >= pieces.total
        if complete:
            del self._pieces[key]
        wording = "first" if not place.first else "middle"
        if not ip.flags_mf:
            wording = "last" if complete else "last-gap"
        return [Verdict(FRAGMENT, packet.number, params, _fragment_evidence(packet.number, ip), wording)]

    # -- traceroute ---------------------------------------------------------------------------------------------------

    def _probe(self, packet: Packet, ip: Any) -> list[Verdict]:
        """A packet whose TTL was set low: one in a row of rising ones?"""
        pair = (ip.src, ip.dst)
        probed = self._probed.get(pair)
        if probed is None:
            probed = self._probed[pair] = Probed()
        before = probed.probes[-1] if probed.probes else None
        probe = Probe(ip.ttl, packet.number, ip.id or 0)
        probed.rising = probed.rising or (before is not None and ip.ttl == before.ttl + 1)
        probed.probes.append(probe)
        del probed.probes[:-PROBES_LIMIT]
        if before is None or not (probed.rising and probed.reported):
            return []
        probe.said = True
        params = {"ttl": ip.ttl, "before_ttl": before.ttl, "before": before.frame, "target": ip.dst}
        evidence = (Evidence(packet.number, "ip.ttl", ip.ttl), Evidence(before.frame, "ip.ttl", before.ttl))
        wording = "same" if ip.ttl == before.ttl else ""
        return [*self._earlier(ip.dst, probed), Verdict(TTL_PROBE, packet.number, params, evidence, wording)]

    def _expired(self, packet: Packet, ip: Any) -> list[Verdict]:
        """An ICMP time exceeded: of which probe?"""
        quoted = next((header for name, header in packet.icmp.inner if name == "ip"), None)
        if quoted is None or not quoted.src or not quoted.dst:
            return []
        probed = self._probed.get((quoted.src, quoted.dst))
        if probed is None:
            return []
        for probe in probed.probes:
            if probe.id == quoted.id and probe.report is None:
                probe.report, probe.router = packet.number, ip.src
                probed.reported = True
                break
        return self._earlier(quoted.dst, probed) if probed.rising and probed.reported else []

    def _earlier(self, target: str, probed: Probed) -> list[Verdict]:
        """Verdicts on probes that could not be told from other packets when they passed."""
        found = []
        for probe in probed.probes:
            if probe.said:
                continue
            probe.said = True
            params = {"ttl": probe.ttl, "target": target, "router": probe.router, "report": probe.report}
            evidence: tuple[Evidence, ...] = (Evidence(probe.frame, "ip.ttl", probe.ttl),)
            if probe.report is not None:
                evidence += (Evidence(probe.report, "icmp.type", TIME_EXCEEDED),)
            wording = "silent" if probe.report is None else "reported"
            found.append(Verdict(TTL_PROBE, probe.frame, params, evidence, wording))
        return found

    # -- once for a sender, or for a pair of hosts --------------------------------------------------------------------

    def _pair(self, packet: Packet, ip: Any) -> list[Verdict]:
        frame, source, target = packet.number, ip.src, ip.dst
        here, there = number(source), number(target)
        found: list[Verdict] = []
        plain = not ip.flags_mf and not ip.frag_offset
        if ip.ttl is not None and self._senders((source, "ttl", ip.ttl, there >> 28 == MULTICAST)):
            found += self._ttl(frame, ip, there)
        if ip.flags_df and self._senders((source, "df")):
            found.append(Verdict(DF, frame, {}, (Evidence(frame, "ip.flags.df", True),)))
        if plain and ip.frag_offset == 0 and self._senders((source, "whole")):
            evidence = (Evidence(frame, "ip.flags.mf", False), Evidence(frame, "ip.frag_offset", 0))
            found.append(Verdict(UNFRAGMENTED, frame, {}, evidence))
        if plain and ip.flags_df and ip.id is not None and self._senders((source, "id")):
            evidence = (Evidence(frame, "ip.flags.df", True), Evidence(frame, "ip.id", f"0x{ip.id:04x}"))
            found.append(Verdict(ID, frame, {"id": ip.id}, evidence, "" if ip.id else "zero"))
        if is_ordinary(here) and is_ordinary(there):
            found += self._reach(packet, source, target)
        return found

    def _reach(self, packet: Packet, source: str, target: str) -> list[Verdict]:
        """How ``source`` gets to ``target``: directly, by a router, through NAT."""
        found = []
        block = private_block(source)
        if block and is_global(target) and self._senders((source, "private")):
            evidence = (Evidence(packet.number, "ip.src", source), Evidence(packet.number, "ip.dst", target))
            params = {"source": source, "target": target, "block": block}
            found.append(Verdict(PRIVATE, packet.number, params, evidence))
        if is_tunnel(packet.protocols):
            return found
        found += self._subnet(packet.number, source, target)
        if packet.eth is not None:
            found += self._arp.pair(packet, packet.eth, source, target)
        return found

    def _subnet(self, frame: int, source: str, target: str) -> list[Verdict]:
        """Once for two hosts, in the first direction for which it can be told."""
        pair = (min(source, target), max(source, target))
        if pair in self._subnets:
            return []
        found = same_subnet(self._link, frame, source, target, ("ip.src", "ip.dst"))
        if found:
            self._subnets(pair)
        return found

    def _ttl(self, frame: int, ip: Any, there: int) -> list[Verdict]:
        ttl = ip.ttl
        evidence: tuple[Evidence, ...] = (Evidence(frame, "ip.ttl", ttl),)
        if there >> 28 == MULTICAST:
            evidence += (Evidence(frame, "ip.dst", ip.dst),)
            wording = "link" if there >> 8 == LINK_GROUPS else "group"
            return [Verdict(TTL_ORIGIN, frame, {"ttl": ttl, "group": ip.dst}, evidence, wording)]
        if ttl in INITIAL_TTLS:
            return [Verdict(TTL_ORIGIN, frame, {}, evidence, str(ttl))]
        initial = initial_ttl(ttl)
        hops = initial - ttl
        if hops > LONGEST_PATH:
            return []
        if ip.src not in self._link.distant:
            self._link.distant[ip.src] = Seen(ttl, frame)
        return [Verdict(TTL_HOPS, frame, {"ttl": ttl, "initial": initial, "hops": hops}, evidence)]


class ArpQuestions(BaseAnalyzer):
    """Says of an ARP request whether asker and target are on one subnet."""

    layers = ("arp",)
    fields = (
        "arp",
        "eth.src",
        "eth.dst",
    )

    def __init__(self, settings: Settings) -> None:
        self._link = settings.host.link
        self._said = Once()

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The AND, when a mask is known."""
        arp = packet.arp
        source, target = arp.src_proto_ipv4, arp.dst_proto_ipv4
        if arp.opcode != 1 or not is_ipv4(source) or not is_ipv4(target) or source == target:
            return None
        if self._link.prefix_of(number(source)) is None or not self._said((source, target)):
            return None
        return same_subnet(self._link, packet.number, source, target, ("arp.src.proto_ipv4", "arp.dst.proto_ipv4"))


class Leases(BaseAnalyzer):
    """Learns masks and routers from DHCP; says nothing."""

    layers = ("dhcp",)
    fields = ("dhcp",)

    def __init__(self, settings: Settings) -> None:
        self._link = settings.host.link

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """Reads what a server gives."""
        dhcp = packet.dhcp
        options = dhcp.options
        if dhcp.option_dhcp != DHCP_ACK or not is_ipv4(dhcp.ip_your) or not options:
            return None
        for option in options["list"]:
            value = option.get("value")
            if not value:
                continue
            if option.get("type") == OPTION_MASK and value.get("subnet_mask") and dhcp.ip_your != "0.0.0.0":
                self._link.leased(dhcp.ip_your, str(value["subnet_mask"]), packet.number)
            elif option.get("type") == OPTION_ROUTER:
                for router in value.get("router") or ():
                    self._link.routers[str(router)] = packet.number
        return None


def same_subnet(link: Link, frame: int, source: str, target: str, fields: tuple[str, str]) -> list[Verdict]:
    """Whether two hosts are on one subnet, with the arithmetic where a mask is known.

    :param fields: tshark's names of the two addresses
    """
    here, there = number(source), number(target)
    evidence: tuple[Evidence, ...] = (Evidence(frame, fields[0], source), Evidence(frame, fields[1], target))
    params: dict[str, Any] = {"source": source, "target": target}
    prefix = link.prefix_of(here)
    if prefix is not None:
        return [_compared(prefix, frame, here, there, params, evidence)]
    asked = link.asked.get((source, target))
    if asked is not None:
        params["told"] = asked
        evidence += (Evidence(asked, "arp.dst.proto_ipv4", target),)
        return [Verdict(SAME_SUBNET, frame, params, evidence, "asked")]
    if link.prefix_of(there) is None and common_bits(here, there) < SHORTEST_PREFIX:
        params["common"] = common_bits(here, there)
        return [Verdict(SAME_SUBNET, frame, params, evidence, "far")]
    return []


def _compared(
    prefix: Prefix, frame: int, here: int, there: int, params: dict[str, Any], evidence: tuple[Evidence, ...]
) -> Verdict:
    params["mask"] = dotted(prefix.mask)
    params["network"], params["target_network"] = dotted(here & prefix.mask), dotted(there & prefix.mask)
    wording = "on" if here & prefix.mask == there & prefix.mask else "off"
    if prefix.frame is not None:
        params["told"] = prefix.frame
        evidence += (Evidence(prefix.frame, "dhcp.option.subnet_mask", dotted(prefix.mask)),)
        wording += "-dhcp"
    return Verdict(SAME_SUBNET, frame, params, evidence, wording)


def _fragment_evidence(frame: int, ip: Any) -> tuple[Evidence, ...]:
    return (
        Evidence(frame, "ip.id", f"0x{ip.id:04x}"),
        Evidence(frame, "ip.flags.mf", bool(ip.flags_mf)),
        Evidence(frame, "ip.frag_offset", ip.frag_offset),
        Evidence(frame, "ip.len", ip.len),
    )


@lru_cache(maxsize=1024)
def has_ipv4(protocols: str) -> bool:
    """Whether the packet's own innermost network layer is IPv4."""
    layers = [name for name in own_protocols(protocols) if name in ("ip", "ipv6")]
    return bool(layers) and layers[-1] == "ip"


@lru_cache(maxsize=4096)
def private_block(address: str) -> str:
    """The block of RFC 1918 that holds the address; empty when it is not private."""
    value = number(address)
    return next((name for network, mask, name in _BLOCKS if value & mask == network), "")


@lru_cache(maxsize=4096)
def is_global(address: str) -> bool:
    """Whether the address is one of the public Internet."""
    return ipaddress.IPv4Address(address).is_global


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Ip(settings), ArpQuestions(settings), Leases(settings)]

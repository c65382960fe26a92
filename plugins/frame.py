"""The frame as it was captured: its length, its time, and on which side of which network card that was."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.layer import Text

from .analyzer import BaseAnalyzer, Settings
from .hookspecs import hookimpl
from .host import LOOPBACK_MAC, SMALLEST_FRAME, Inference
from .link import Once, Remembered, Seen
from .packet import time_epoch
from .rule import Evidence, Explanation, Rule, Verdict

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet
    from .tcp.conversation import Segment

LARGEST_FRAME = 1514
"""Bytes: 1500 of payload and 14 of header, the frame check sequence not counted. A VLAN tag adds 4."""
ETHERNET_PAYLOAD = 1500
PLAIN_HEADER = 14
"""Bytes of an Ethernet header without tags."""
SMALLEST_HEADERS = 40
"""Bytes of IPv4 and TCP headers without options."""
TWICE_WITHIN = 1_000_000
"""Nanoseconds between two sights of one packet. Retransmission timers wait 200 ms and more."""
EVERY_PACKET = ("icmp", "icmpv6", "tcp", "udp", "arp", "frame")
"""Layers by which an analyzer is shown every packet. Whether a layer is there costs least to ask of one that is decoded
already, which is seldom ``frame``; ICMP comes first, as a packet that it quotes has the names of the others."""
BEFORE_ALL = -(2**63)
"""A time, ns, before that of any packet."""
REMEMBERED_PACKETS = 4
"""Packets that a second sight is compared with; copies of one packet come close together."""
EARLY_PACKETS = 8
"""Packets of one side of a connection among which its first short frame is looked for; it is said once for a card."""
DOUBLED_WITHIN = 1_000_000_000
"""Nanoseconds between two sights of one TCP segment that the network doubled: ways of different length."""
REMEMBERED_SEGMENTS = 64
"""Segments that one that comes again is compared with."""
REMEMBERED_SIZE = 65_536
"""Bytes of input of a packet that is remembered: tshark prints reassembled bodies by the megabyte."""

LARGER = Rule(
    "frame.larger-than-mtu",
    "frame",
    "chat",
    20,
    {
        "out": Text(
            "{length} bytes, and {payload} of data where the peer's MSS allows {mss}: captured before the sender's card cut "
            "it into segments (TSO). On the wire no frame was too large.",
            "帧长 {length} 字节，数据 {payload} 字节，超过对方 MSS {mss}：在发送方网卡切分之前捕获（TSO）。"
            "链路上并没有超长的帧。",
        ),
        "in": Text(
            "{length} bytes, and {payload} of data where the receiver's MSS allows {mss}: captured after the receiver had "
            "merged several segments (GRO or LRO). On the wire no frame was too large.",
            "帧长 {length} 字节，数据 {payload} 字节，超过接收方 MSS {mss}：是接收方合并若干报文段之后（GRO 或 LRO）"
            "捕获的。链路上并没有超长的帧。",
        ),
        "offload": Text(
            "{length} bytes, and {payload} of data where the receiver's MSS allows {mss}: captured before the sender's card "
            "cut it (TSO) or after the receiver's merged it (GRO). The capture cannot tell which; on the wire no frame was "
            "too large.",
            "帧长 {length} 字节，数据 {payload} 字节，超过接收方 MSS {mss}：在发送方网卡切分之前（TSO）或接收方合并之后"
            "（GRO）捕获，仅凭捕获无法区分；链路上并没有超长的帧。",
        ),
        "jumbo": Text(
            "{length} bytes, with {payload} of data within the receiver's MSS {mss}: the link takes jumbo frames, and both "
            "ends know it.",
            "帧长 {length} 字节，数据 {payload} 字节未超过接收方 MSS {mss}：链路使用巨型帧，且双方都知道。",
        ),
        "loopback": Text(
            "{length} bytes on the loopback interface: no card and no Ethernet limit there, its MTU is up to 65536. Neither a "
            "jumbo frame nor a violation.",
            "环回接口上的 {length} 字节：没有网卡，也不受以太网长度限制（其 MTU 可达 65536）。既不是巨型帧，也没有违反 MTU。",
        ),
        "tunnel": Text(
            "{length} bytes: the packet inside is {inner} bytes and fits an MTU of 1500; the tunnel's own headers come on top, "
            "so this link takes more than 1500.",
            "帧长 {length} 字节：内层分组为 {inner} 字节，符合 1500 的 MTU；隧道的首部是额外增加的，可见该链路允许超过 1500。",
        ),
        "unknown": Text(
            "{length} bytes, more than Ethernet's usual {limit}: jumbo frames, or a card that cuts or merges packets. The "
            "capture cannot tell which.",
            "帧长 {length} 字节，超过以太网通常的 {limit} 字节：可能是巨型帧，也可能是网卡的切分或合并，仅凭捕获无法区分。",
        ),
    },
    ("RFC 9293 §3.7.1",),
    Text("The MTU was violated.", "违反了 MTU 限制。"),
    Explanation(
        Text(
            "TCP may hand its card one large segment, which the card cuts (TSO), and a receiver may merge what arrives "
            "(GRO, LRO). A capture sits between the two, so it shows packets that no wire carried.",
            "TCP 可以把一个很大的报文段交给网卡去切分（TSO），接收方也可以把到达的报文段合并（GRO、LRO）。捕获点位于两者"
            "之间，因此会看到链路上并不存在的大分组。",
        ),
        Text(
            "frame.len above 1514 (4 more for each VLAN tag), or tcp.len above tcp.options.mss_val of the receiver's SYN; who "
            "captured decides between cutting and merging.",
            "frame.len 大于 1514（每个 VLAN 标签再加 4），或 tcp.len 大于接收方 SYN 中的 tcp.options.mss_val；"
            "由捕获主机的位置区分切分与合并。",
        ),
        Text(
            "Jumbo frames: then both SYNs announce an MSS near 8960 and no segment exceeds it. Without the SYNs the capture "
            "cannot tell.",
            "也可能是巨型帧：此时双方 SYN 通告的 MSS 约为 8960，且报文段不超过它。没有捕获到 SYN 时无法判断。",
        ),
    ),
)
SHORT = Rule(
    "frame.short-out",
    "frame",
    "chat",
    3,
    {
        "": Text(
            "{length} bytes, less than Ethernet's minimum of 60 (64 with the check sequence): captured before the card padded "
            "it; on the wire it had {missing} more.",
            "{length} 字节，小于以太网最小帧长 60 字节（含 FCS 为 64 字节）：在网卡填充之前捕获；链路上还有 {missing} 字节填充。",
        ),
        "either": Text(
            "{length} bytes, less than Ethernet's minimum of 60 (64 with the check sequence): captured before a card padded "
            "it, or on a virtual link, which never pads.",
            "{length} 字节，小于以太网最小帧长 60 字节（含 FCS 为 64 字节）：在网卡填充之前捕获，或者是从不填充的虚拟链路。",
        ),
    },
    ("IEEE 802.3-2022 §3.2.8", "RFC 894"),
    Text("It is an illegal frame.", "这是非法的短帧。"),
    Explanation(
        Text(
            "Ethernet frames have at least 64 bytes with the check sequence. The card fills up what is shorter, after the "
            "point where the capture takes its copy.",
            "以太网帧含 FCS 至少 64 字节。不足时由网卡填充，而捕获在填充之前已复制了该帧。",
        ),
        Text("frame.len is below 60.", "frame.len 小于 60。"),
        Text(
            "A driver that strips padding, or a virtual link between containers or machines: then both directions show short "
            "frames.",
            "也可能是驱动去掉了填充，或是容器、虚拟机之间的虚拟链路：此时两个方向都有短帧。",
        ),
    ),
)
PADDED = Rule(
    "frame.padded",
    "frame",
    "chat",
    4,
    Text(
        "{padding:byte} of padding at the end: 14 of header + {content} of packet + {padding} = {length}, Ethernet's minimum "
        "without the check sequence. They belong to no packet.",
        "末尾有 {padding} 字节填充：首部 14 + 分组 {content} + 填充 {padding} = {length}，即不含 FCS 的以太网最小帧长。"
        "填充不属于任何分组。",
    ),
    ("IEEE 802.3-2022 §3.2.8", "RFC 894"),
    Text("The zeros at the end are data.", "末尾的 0 是数据。"),
    Explanation(
        Text(
            "The payload is shorter than Ethernet's 46 bytes, so the sender's card added zeros. IP knows its own length and "
            "ignores them.",
            "载荷不足以太网规定的 46 字节，发送方网卡补了 0。IP 首部有自己的长度字段，会忽略这些填充。",
        ),
        Text(
            "frame.len is 60 and eth.padding is there; the frame came over a wire, or its sender padded it in software.",
            "frame.len 为 60 且存在 eth.padding；该帧来自链路，或由发送方软件填充。",
        ),
        Text(
            "A trailer of another protocol would not be zeros (eth.trailer).",
            "若是其他协议的尾部，则通常不全为 0（eth.trailer）。",
        ),
    ),
)
LENGTH_SUM = Rule(
    "frame.length-sum",
    "frame",
    "chat",
    2,
    {
        "": Text(
            "The lengths agree: {link} of link header + {packet} in IP's own length = {length} bytes.",
            "各长度一致：链路首部 {link} + IP 总长度 {packet} = 帧长 {length} 字节。",
        ),
        "padded": Text(
            "The lengths agree: {link} of link header + {packet} in IP's own length + {padding} of padding = {length} bytes.",
            "各长度一致：链路首部 {link} + IP 总长度 {packet} + 填充 {padding} = 帧长 {length} 字节。",
        ),
        "6": Text(
            "The lengths agree: {link} of link header + 40 of IPv6 header + {packet} of payload = {length} bytes.",
            "各长度一致：链路首部 {link} + IPv6 首部 40 + 有效载荷 {packet} = 帧长 {length} 字节。",
        ),
    },
    ("RFC 791 §3.1", "RFC 8200 §3"),
    Text("Wireshark's lengths contradict each other.", "Wireshark 给出的长度互相矛盾。"),
    Explanation(
        Text(
            "Each layer counts its own bytes: the frame all, IPv4 its header and data, IPv6 only what follows its header.",
            "各层分别计算长度：帧计全部字节，IPv4 计首部加数据，IPv6 只计首部之后的部分。",
        ),
        Text(
            "frame.len = link header + ip.len (ipv6.plen + 40) + padding. Said once for each pair of hosts.",
            "frame.len = 链路首部 + ip.len（或 ipv6.plen + 40）+ 填充。每对主机只说明一次。",
        ),
        Text(
            "With segmentation offload ip.len can be 0, with a short snapshot length the bytes are missing: then nothing is said.",
            "分段卸载时 ip.len 可能为 0；若被快照长度截断，则字节不全：此时不作说明。",
        ),
    ),
)
SNAPPED = Rule(
    "frame.snapped",
    "frame",
    "note",
    16,
    {
        "": Text(
            "Only the first {captured} of {length} bytes were captured: what lies behind is missing in the capture, not in "
            "the packet.",
            "只捕获了 {length} 字节中的前 {captured} 字节：缺少的部分是捕获没有保存，并非分组本身缺失。",
        ),
        "again": Text("Captured: {captured} of {length} bytes.", "捕获了 {length} 字节中的 {captured} 字节。"),
    },
    ("pcapng, Enhanced Packet Block",),
    Text("The packet lacks a field.", "分组缺少某个字段。"),
    Explanation(
        Text(
            "The capture was told to keep so many bytes of each packet (snapshot length). Lengths must be taken from the "
            "headers; checksums over the data cannot be verified.",
            "捕获时限定了每个分组保存的字节数（snaplen）。长度应以首部中的字段为准；覆盖数据的检验和无法验证。",
        ),
        Text("frame.cap_len is less than frame.len.", "frame.cap_len 小于 frame.len。"),
        Text(
            "A packet that was cut on the way would have a shorter frame.len and a length field that does not fit.",
            "若分组在途中被截断，则 frame.len 本身变短，且与长度字段不符。",
        ),
    ),
)
BACKWARDS = Rule(
    "frame.time-backwards",
    "frame",
    "note",
    40,
    Text(
        "Its time is {back:duration} before that of frame {before}: the capture's order is not the order in time. No round "
        "trip can be computed from these two.",
        "其时间比第 {before} 帧早 {back:duration}：捕获的顺序不等于时间顺序，不能用这两帧计算往返时间。",
    ),
    ("pcapng, Enhanced Packet Block",),
    Text("The network has a negative delay.", "网络出现了负的时延。"),
    Explanation(
        Text(
            "Several queues, processors or interfaces write into one capture, or files were merged without sorting, or the "
            "clock was set back.",
            "多个队列、处理器或接口写入同一捕获文件，或合并文件时未排序，或时钟被回拨。",
        ),
        Text("frame.time_epoch is less than that of the frame before.", "frame.time_epoch 小于前一帧的值。"),
        Text(
            "A clock that was set back stays behind: then every later frame is early as well. reordercap sorts a file.",
            "若是时钟被回拨，则其后所有帧都会偏早。可用 reordercap 对文件排序。",
        ),
    ),
)
TWICE = Rule(
    "frame.captured-twice",
    "frame",
    "note",
    65,
    {
        "": Text(
            "The same packet as frame {first}, {gap:duration} before: ip.id {id:hex}, numbers and payload are equal. It was "
            "seen twice, not sent twice: a retransmission would have a new id.",
            "与第 {first} 帧是同一个分组，相隔 {gap:duration}：ip.id {id:hex}、序号和数据全部相同。它被看到两次，并非发送"
            "两次：重传会使用新的标识。",
        ),
        "routed": Text(
            "The same packet as frame {first}, {gap:duration} before: TTL {ttl_first} there and {ttl} here, so it was captured "
            "on both sides of a router. Not a retransmission.",
            "与第 {first} 帧是同一个分组，相隔 {gap:duration}：那里 TTL 为 {ttl_first}，这里为 {ttl}，说明在路由器两侧都被"
            "捕获。这不是重传。",
        ),
        "bridged": Text(
            "The same packet as frame {first}, {gap:duration} before, between other link-layer addresses: the capture saw it on "
            "two links. Not a retransmission.",
            "与第 {first} 帧是同一个分组，相隔 {gap:duration}，但链路层地址不同：在两条链路上都被捕获。这不是重传。",
        ),
        "doubled": Text(
            "The same packet as frame {first}, {gap:duration} before: ip.id {id:hex}, numbers and checksum are equal. It was "
            "sent once and came twice, as the network doubled it (or the capture did): a retransmission would have a new id.",
            "与第 {first} 帧是同一个分组，相隔 {gap:duration}：ip.id {id:hex}、序号和检验和全部相同。它只发送了一次而出现两次，"
            "是网络（或捕获）复制了它：重传会使用新的标识。",
        ),
        "undecided": Text(
            "Equal to frame {first}, {gap:duration} before, and ip.id {id:hex} proves nothing here: one packet seen twice, or "
            "two that are alike. The capture cannot tell.",
            "与第 {first} 帧相同，相隔 {gap:duration}；此处 ip.id {id:hex} 不能作为依据：可能是一个分组被看到两次，也可能"
            "是两个相同的分组，仅凭捕获无法区分。",
        ),
    },
    ("RFC 6864 §4", "RFC 6298 §2"),
    Text("It is a retransmission.", "这是重传。"),
    Explanation(
        Text(
            "A mirror port copies a packet on its way in and out, and a capture on several interfaces sees it on each. Wireshark "
            "then calls the second one a retransmission.",
            "镜像端口会在入口和出口各复制一次分组，在多个接口上捕获也会各看到一次。Wireshark 会把第二个标为重传。",
        ),
        Text(
            "Within 1 ms the same ip.src, ip.dst, ip.id, transport numbers, lengths and checksum, which stands for the "
            "payload. An id of 0, or one that this sender gives every packet, decides nothing: then TTL and link-layer "
            "addresses must differ. Of a TCP segment, within 1 s and among the last 64 with data, if no other has this id.",
            "1 ms 之内 ip.src、ip.dst、ip.id、传输层各号码、长度以及检验和（代表载荷）均相同。若 ip.id 为 0 "
            "或该发送方每个分组都用同一值，则不能作为依据，须由 TTL 或链路层地址的差异来判断。对 TCP 报文段，则在 1 s 之内、"
            "最近 64 个携带数据的报文段中查找，且其中没有别的报文段使用该标识。",
        ),
        Text(
            "If the network doubled it, the receiver answers twice (duplicate ACK, D-SACK); if only the capture did, once.",
            "若是网络复制了分组，接收方会应答两次（重复 ACK、D-SACK）；若只是捕获复制，则只应答一次。",
        ),
    ),
)
CAPTURED_ON = Rule(
    "frame.captured-on",
    "frame",
    "chat",
    8,
    {
        "ip-checksum": Text(
            "Captured on {host}, it seems: its packets have IP checksum 0x0000 (frame {sign}), which its card fills in later; "
            "those that come from others are complete.",
            "捕获点看来在 {host} 上：它发出的分组 IP 首部检验和为 0x0000（第 {sign} 帧），稍后由网卡填写；"
            "来自其他主机的分组则是完整的。",
        ),
        "partial": Text(
            "Captured on {host}, it seems: the checksum in frame {sign} is only the pseudo-header's sum, which its card "
            "completes later; those that come from others are complete.",
            "捕获点看来在 {host} 上：第 {sign} 帧的检验和只是伪首部之和，稍后由网卡补全；来自其他主机的分组则是完整的。",
        ),
        "short": Text(
            "Captured on {host}, it seems: its frame {sign} has {value} bytes, not padded to 60 yet; those that come from "
            "others are padded.",
            "捕获点看来在 {host} 上：它的第 {sign} 帧只有 {value} 字节，尚未填充到 60 字节；来自其他主机的帧都已填充。",
        ),
        "cooked": Text(
            "Captured on {host}: the cooked header marks its packets as sent by this host (packet type 4).",
            "捕获点在 {host} 上：cooked 首部把它的分组标记为本机发出（分组类型 4）。",
        ),
        "both": Text(
            "Which host captured cannot be told: frames {sign} and {other}, of both ends, look as if no card had finished them, "
            "as on a virtual link.",
            "无法判断是哪台主机捕获：双方的第 {sign} 帧和第 {other} 帧看起来都未经网卡处理，虚拟链路上就是如此。",
        ),
        "loopback": Text(
            "Captured on the loopback interface: both ends are the same host, and no card completes checksums or pads frames.",
            "在环回接口上捕获：双方是同一台主机，没有网卡来补全检验和或填充帧。",
        ),
    },
    ("RFC 1071", "IEEE 802.3-2022 §3.2.8"),
    Text("The capture shows what was on the wire.", "捕获到的就是链路上的内容。"),
    Explanation(
        Text(
            "A capture on a host takes its copy between the system and the card. What the host sends is then unfinished: the "
            "card still fills in checksums, cuts large segments and pads short frames.",
            "在主机上捕获时，复制点位于系统与网卡之间，因此本机发出的分组尚未完成：检验和、大报文段的切分、短帧的填充都由"
            "网卡稍后完成。",
        ),
        Text(
            "One host's packets have ip.checksum 0, or tcp.checksum (udp.checksum) equal to the pseudo header's sum, or "
            "frame.len below 60, while another's of the same kind are finished.",
            "某主机的分组 ip.checksum 为 0，或 tcp.checksum（udp.checksum）等于伪首部之和，或 frame.len 小于 60，"
            "而另一主机的同类分组是完整的。",
        ),
        Text(
            "A bridge or hypervisor that carries the host's packets sees them the same way. --captured-on ADDRESS says what "
            "you know.",
            "承载该主机分组的网桥或虚拟机管理器也会看到同样的现象。可用 --captured-on 地址 指明已知的情况。",
        ),
    ),
)
PURPOSES: dict[str, tuple[str, Text]] = {
    "igmp": ("IGMP", Text("a host tells routers which IPv4 groups it wants, or a router asks", "主机向路由器报告所加入的 IPv4 多播组，或路由器查询")),
    "mld": ("MLD", Text("a host tells routers which IPv6 groups it wants, or a router asks", "主机向路由器报告所加入的 IPv6 多播组，或路由器查询")),
    "nbns": ("NetBIOS name service", Text("old Windows way to find or claim a name", "Windows 早期的名称查询与注册方式")),
    "nbdgm": ("NetBIOS datagram", Text("old Windows browsing of the local network", "Windows 早期的局域网浏览服务")),
    "browser": ("Windows browser", Text("announces a host to the local network", "在局域网中通告主机")),
    "ssdp": ("SSDP", Text("looks for or announces UPnP devices (routers, televisions, printers)", "查找或通告 UPnP 设备（路由器、电视、打印机等）")),
    "ntp": ("NTP", Text("sets the clock by a time server", "与时间服务器校准时钟")),
    "quic": ("QUIC", Text("encrypted transport over UDP, used by HTTP/3; its content cannot be read here", "基于 UDP 的加密传输协议，HTTP/3 使用它；此处无法读取其内容")),
    "lldp": ("LLDP", Text("a switch or host tells its neighbor who it is and on which port", "交换机或主机向邻居通告自己的身份和端口")),
    "cdp": ("CDP", Text("a Cisco device tells its neighbor who it is", "思科设备向邻居通告自己的身份")),
    "stp": ("Spanning tree", Text("switches agree on a loop-free tree; hosts ignore it", "交换机协商无环路的生成树，主机不予理会")),
    "loop": ("Ethernet loopback", Text("a Cisco device tests its own port", "思科设备检测自己的端口")),
    "eapol": ("EAPOL", Text("login of a host at its port or access point (802.1X, WPA)", "主机在端口或接入点处的认证（802.1X、WPA）")),
    "dhcpv6": ("DHCPv6", Text("a host asks for IPv6 addresses or settings", "主机请求 IPv6 地址或配置参数")),
    "snmp": ("SNMP", Text("reads or sets the state of a network device", "读取或设置网络设备的状态")),
    "tftp": ("TFTP", Text("simple file transfer, often for booting", "简单文件传输，常用于启动")),
    "syslog": ("Syslog", Text("a device sends its log messages", "设备发送日志消息")),
    "radius": ("RADIUS", Text("a device asks a server whether a user may log in", "设备向服务器询问用户能否登录")),
    "vrrp": ("VRRP", Text("routers agree on which of them is the gateway", "多台路由器协商由谁担任网关")),
    "hsrp": ("HSRP", Text("Cisco routers agree on which of them is the gateway", "思科路由器协商由谁担任网关")),
    "ospf": ("OSPF", Text("routers tell each other the topology", "路由器之间交换链路状态")),
    "rip": ("RIP", Text("routers tell each other their distances", "路由器之间交换距离信息")),
    "ptp": ("PTP", Text("clocks are set to the microsecond", "微秒级的时钟同步")),
    "stun": ("STUN", Text("a program asks for its address as seen from outside, for calls through NAT", "程序查询自己在 NAT 外部的地址，用于穿越 NAT 的通话")),
    "ws-discovery": ("WS-Discovery", Text("Windows looks for devices and printers", "Windows 查找设备和打印机")),
    "db-lsp-disc": ("Dropbox LAN sync", Text("looks for other Dropbox clients on the link", "在本链路上查找其他 Dropbox 客户端")),
    "wol": ("Wake-on-LAN", Text("wakes a sleeping host", "唤醒休眠的主机")),
    "isakmp": ("IKE", Text("two ends of an IPsec tunnel agree on keys", "IPsec 隧道两端协商密钥")),
    "esp": ("ESP", Text("encrypted packet of an IPsec tunnel", "IPsec 隧道的加密分组")),
    "rtp": ("RTP", Text("audio or video in real time", "实时音频或视频")),
    "sctp": ("SCTP", Text("transport with several streams in one association", "一个关联中有多个流的传输协议")),
}  # fmt: skip
"""tshark's name → the name for people, and the purpose; each is a wording of the rule below."""

PROTOCOL = Rule(
    "frame.protocol",
    "frame",
    "chat",
    28,
    {
        **{
            name: Text(f"{title}: {purpose.en}.", f"{title}：{purpose.zh}。")
            for name, (title, purpose) in PURPOSES.items()
        },
        "ip": Text(
            "An IP datagram of protocol {number}, which labdissect does not read.",
            "上层协议号为 {number} 的 IP 数据报，labdissect 不解析该协议。",
        ),
        "cut": Text(
            "The input lacks fields of the {name} header (cut short, malformed, or not asked for with -e), so what the packet does "
            "cannot be told.",
            "输入中缺少 {name} 首部的字段（被截断、格式错误，或 -e 未列出），无法得知该分组的作用。",
        ),
        "other": Text(
            "{name}: labdissect has no rule for this protocol.",
            "{name}：labdissect 没有针对该协议的规则。",
        ),
    },
    ("Wireshark",),
    Text("Every packet belongs to what I was doing.", "捕获中的每个分组都与我的操作有关。"),
    Explanation(
        Text(
            "Hosts talk by themselves: they look for names, printers, groups and the time. Such packets belong to no exercise.",
            "主机会自行通信：查找名称、打印机、多播组以及时间等。这些分组与实验操作无关。",
        ),
        Text(
            "The innermost protocol in frame.protocols, for which no other rule speaks.",
            "frame.protocols 中最内层的协议，且没有其他规则解释它。",
        ),
        Text(
            "Wireshark chooses a protocol by port or by the look of the bytes, and can be wrong: Decode As… changes it.",
            "Wireshark 根据端口或字节特征判断协议，可能有误：可用 Decode As… 更改。",
        ),
    ),
)

RULES: Sequence[Rule] = (
    LARGER,
    SHORT,
    PADDED,
    LENGTH_SUM,
    SNAPPED,
    BACKWARDS,
    TWICE,
    CAPTURED_ON,
    PROTOCOL,
)

MLD_TYPES = (130, 131, 132, 143)
EXPLAINED = frozenset({"arp", "tcp", "udp", "icmp", "icmpv6", "dns", "mdns", "llmnr", "dhcp"})
"""Protocols whose every packet has rules of its own."""
NOT_A_PROTOCOL = frozenset({"data", "ethertype", "eth", "frame", "vlan", "ieee8021ad", "sll", "raw", "null", "_ws.malformed", "_ws.short"})  # fmt: skip


class Frames(BaseAnalyzer):
    """Looks at every packet; at a routine TCP segment only for a moment."""

    layers = EVERY_PACKET
    fields = (
        "frame.cap_len",
        "frame.len",
        "frame.protocols",
        "arp",
        "icmp",
        "icmpv6",
        "sll",
        "sll2",
        "eth.src",
        "eth.dst",
        "eth.padding",
        "ip.src",
        "ip.dst",
        "ip.hdr_len",
        "ip.len",
        "ip.id",
        "ip.ttl",
        "ip.proto",
        "ip.checksum",
        "ip.dsfield",
        "ip.flags.df",
        "ip.flags.mf",
        "ip.flags.rb",
        "ip.frag_offset",
        "ipv6.src",
        "ipv6.dst",
        "ipv6.nxt",
        "ipv6.plen",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.seq_raw",
        "tcp.ack_raw",
        "tcp.flags",
        "tcp.len",
        "tcp.checksum",
        "tcp.checksum.status",
        "udp.srcport",
        "udp.dstport",
        "udp.length",
        "udp.checksum",
        "udp.checksum.status",
    )

    def __init__(self, settings: Settings) -> None:
        self._host = settings.host
        self._whole = 0
        """Length of the longest packet that was captured whole: none up to it was cut, as long as none was at all."""
        self._cut = False
        self._short_enough = LARGEST_FRAME
        """Length up to which no frame can be too large for the link, nor its segment for any receiver's MSS so far."""
        self._time, self._number = BEFORE_ALL, 0
        """Of the packet before."""
        self._recent: deque[Packet] = deque(maxlen=REMEMBERED_PACKETS)
        self._segments: deque[Packet] = deque(maxlen=REMEMBERED_SEGMENTS)
        """Those of the newest packets that took sequence numbers."""
        self._first_ids: Remembered[str, Seen] = Remembered()
        self._sides, self._cards, self._pairs = Once(), Once(), Once()

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """What the frame's length, time and surroundings say."""
        time, length, segment = packet.time, packet.length, packet.segment
        if (
            segment is None
            or not segment.routine
            or segment.sender.packets <= EARLY_PACKETS
            or time is None
            or time < self._time
            or length is None
            or length > self._whole
            or length > self._short_enough
            or self._cut
        ):
            return self._looked_at(packet, length, segment)
        self._time, self._number = time, packet.number
        if packet.size <= REMEMBERED_SIZE:
            self._recent.append(packet)
            if segment.fresh:
                self._segments.append(packet)
        return None

    def _looked_at(self, packet: Packet, length: int | None, segment: Segment | None) -> list[Verdict]:
        """The same for a packet of which something may be said."""
        found: list[Verdict] = []
        time = packet.time
        if time is not None:
            if time < self._time:
                found.append(self._backwards(packet, (self._time - time) / 1e9))
            self._time, self._number = time, packet.number
        known = segment is not None and not segment.first_of_sender
        if length is None or length > self._whole or self._cut or not known:
            length = self._captured(packet, length, found)
        if not known or (length <= SMALLEST_FRAME and segment is not None and segment.sender.packets <= EARLY_PACKETS):
            found += self._details(packet, length, segment)
        if length > self._short_enough:
            found += self._large(packet, length, segment)
        if segment is None or not (segment.fresh or segment.newly_acked):
            found += self._seen_before(packet, length, segment)
        if packet.size <= REMEMBERED_SIZE:
            self._recent.append(packet)
            if segment is not None and segment.end > segment.start and not packet.copy_of:
                self._segments.append(packet)
        return found

    def _captured(self, packet: Packet, length: int | None, found: list[Verdict]) -> int:
        """The packet's length; notes when the capture has not all of it."""
        captured = None if packet.frame is None else packet.frame.cap_len
        if length is None or captured is None:
            return length or captured or 0
        if captured < length:
            found.append(_snapped(packet, captured, again=self._cut))
            self._cut = True
        elif length > self._whole:
            self._whole = length
        return length

    def _backwards(self, packet: Packet, back: float) -> Verdict:
        evidence = (
            Evidence(packet.number, "frame.time_epoch", time_epoch(packet.time or 0)),
            Evidence(self._number, "frame.time_epoch", time_epoch(self._time)),
        )
        return Verdict(BACKWARDS, packet.number, {"back": back, "before": self._number}, evidence)

    # -- what is said once for a host or a pair of them ---------------------------------------------------------------

    def _details(self, packet: Packet, length: int, segment: Segment | None) -> list[Verdict]:
        found: list[Verdict] = []
        short = length <= SMALLEST_FRAME
        if segment is not None and not segment.first_of_sender:
            sender = segment.sender
            if not self._sides((sender.address, sender.port, length == SMALLEST_FRAME)):
                return found
        inference = self._host.observe(packet)
        if inference is not None:
            found.append(_captured_on(packet, inference))
        if short and packet.protocols.startswith("eth"):
            found += self._minimum(packet, length)
        if segment is None:
            found += _named(packet)
        if segment is None or segment.first_of_sender:
            found += self._lengths(packet, length)
        if segment is not None and segment.sender.mss is not None:
            self._short_enough = min(self._short_enough, PLAIN_HEADER + SMALLEST_HEADERS + segment.sender.mss)
        return found

    def _minimum(self, packet: Packet, length: int) -> list[Verdict]:
        """The frame beside Ethernet's minimum length, once for each card and protocol."""
        eth = packet.eth
        if eth is None or not self._cards((eth.src, packet.protocols, length == SMALLEST_FRAME)):
            return []
        number = packet.number
        evidence: tuple[Evidence, ...] = (Evidence(number, "frame.len", length),)
        if length < SMALLEST_FRAME:
            if eth.src == LOOPBACK_MAC:
                return []
            params = {"length": length, "missing": SMALLEST_FRAME - length}
            return [Verdict(SHORT, number, params, evidence, "" if self._host.sent(packet) else "either")]
        padding = eth.padding
        if not padding:
            return []
        size, link = len(padding), link_header(packet.protocols)
        if link != PLAIN_HEADER:
            return []
        params = {"length": length, "padding": size, "content": length - size - link}
        return [Verdict(PADDED, number, params, (*evidence, Evidence(number, "eth.padding", padding.hex(":"))))]

    def _lengths(self, packet: Packet, length: int) -> list[Verdict]:
        """The sum of the lengths, once for each pair of hosts."""
        link = link_header(packet.protocols)
        if link is None:
            return []
        ip = packet.ip
        header = ip if ip is not None else packet.ipv6
        if header is None or not self._pairs((header.src, header.dst)):
            return []
        frame = packet.number
        evidence: tuple[Evidence, ...] = (Evidence(frame, "frame.len", length),)
        if ip is None:
            if not header.plen or length != link + 40 + header.plen:
                return []
            params = {"link": link, "packet": header.plen, "length": length}
            return [Verdict(LENGTH_SUM, frame, params, (*evidence, Evidence(frame, "ipv6.plen", header.plen)), "6")]
        size = header.len
        padding = length - link - (size or 0)
        padded = padding and packet.eth is not None and packet.eth.padding and len(packet.eth.padding) == padding
        if not size or (padding and not padded):
            return []
        params = {"link": link, "packet": size, "length": length, "padding": padding}
        evidence += (Evidence(frame, "ip.len", size),)
        return [Verdict(LENGTH_SUM, frame, params, evidence, "padded" if padded else "")]

    # -- large frames -------------------------------------------------------------------------------------------------

    def _large(self, packet: Packet, length: int, segment: Segment | None) -> list[Verdict]:
        limit = largest_frame(packet.protocols)
        mss = segment.receiver.mss if segment is not None else None
        beyond_mss = segment is not None and mss is not None and segment.length > mss
        if length <= limit and (not beyond_mss or self._on_loopback(packet, segment)):
            return []
        number = packet.number
        params: dict[str, Any] = {"length": length, "limit": limit}
        evidence: tuple[Evidence, ...] = (Evidence(number, "frame.len", length),)
        if self._on_loopback(packet, segment):
            return [Verdict(LARGER, number, params, evidence, "loopback")]
        if segment is not None and mss is not None:
            params["payload"], params["mss"] = segment.length, mss
            evidence += (Evidence(number, "tcp.len", segment.length),)
            if segment.receiver.syn_frame is not None:
                evidence += (Evidence(segment.receiver.syn_frame, "tcp.options.mss_val", mss),)
            if beyond_mss:
                sent = self._host.sent(packet)
                wording = "offload" if sent is None else "out" if sent else "in"
                return [Verdict(LARGER, number, params, evidence, wording)]
            if min(mss, segment.sender.mss or 0) > ETHERNET_PAYLOAD:
                return [Verdict(LARGER, number, params, evidence, "jumbo")]
        inner = None if packet.ip is None else packet.ip.len
        if inner and inner <= ETHERNET_PAYLOAD and is_tunnel(packet.protocols):
            params["inner"] = inner
            evidence += (Evidence(number, "ip.len", inner),)
            return [Verdict(LARGER, number, params, evidence, "tunnel")]
        return [Verdict(LARGER, number, params, evidence, "unknown")]

    def _on_loopback(self, packet: Packet, segment: Segment | None) -> bool:
        if packet.protocols.startswith("null"):
            return True
        inference = self._host.inference
        if inference is not None and inference.outcome == "loopback":
            return True
        if segment is not None:
            return segment.sender.address == segment.receiver.address
        header = packet.ip if packet.ip is not None else packet.ipv6
        return header is not None and header.src == header.dst

    # -- the same packet again ----------------------------------------------------------------------------------------

    def _seen_before(self, packet: Packet, length: int, segment: Segment | None) -> list[Verdict]:
        time = packet.time
        if segment is None and packet.ip is not None and packet.ip.src not in self._first_ids:
            self._first_ids[packet.ip.src] = Seen(packet.ip.id, packet.number)
        if time is None:
            return []
        for earlier in self._recent:
            if (
                earlier.length == length
                and earlier.time is not None
                and 0 <= time - earlier.time < TWICE_WITHIN
                and _same(earlier, packet)
            ):
                return [self._second_sight(earlier, packet, segment)]
        if segment is not None and segment.end > segment.start:
            first = self._doubled(packet, length, time)
            if first is not None:
                return [self._second_sight(first, packet, segment, "doubled")]
        return []

    def _second_sight(self, earlier: Packet, packet: Packet, segment: Segment | None, plain: str = "") -> Verdict:
        """What is said of a copy, and noted.

        :param plain: the wording where neither TTL nor addresses tell how it came about
        """
        verdict = self._twice(earlier, packet, plain)
        if verdict.wording != "undecided":
            packet.copy_of = earlier.number
            if segment is not None and segment.kind == "resent":
                segment.sender.retransmissions -= 1  # the same packet, not the same bytes again
        return verdict

    def _doubled(self, packet: Packet, length: int, time: int) -> Packet | None:
        """The segment of which this one is a copy; None where its ip.id proves nothing: where it is 0, or others of the
        same sender have it, too."""
        ip = packet.ip
        if ip is None or not ip.id:
            return None
        alike = [one for one in self._segments if one.ip is not None and (one.ip.id, one.ip.src) == (ip.id, ip.src)]
        if len(alike) != 1 or alike[0].length != length or not _same(alike[0], packet):
            return None
        return alike[0] if 0 <= time - (alike[0].time or 0) < DOUBLED_WITHIN else None

    def _twice(self, earlier: Packet, packet: Packet, plain: str) -> Verdict:
        number, ip, before = packet.number, packet.ip, earlier.ip
        params: dict[str, Any] = {
            "first": earlier.number,
            "gap": ((packet.time or 0) - (earlier.time or 0)) / 1e9,
            "id": ip.id,
        }
        evidence: tuple[Evidence, ...] = (
            Evidence(earlier.number, "ip.id", f"0x{ip.id:04x}"),
            Evidence(number, "ip.id", f"0x{ip.id:04x}"),
        )
        if ip.ttl != before.ttl:
            params["ttl"], params["ttl_first"] = ip.ttl, before.ttl
            evidence += (Evidence(earlier.number, "ip.ttl", before.ttl), Evidence(number, "ip.ttl", ip.ttl))
            return Verdict(TWICE, number, params, evidence, "routed")
        here, there = packet.eth, earlier.eth
        if here is not None and there is not None and (here.src, here.dst) != (there.src, there.dst):
            evidence += (Evidence(earlier.number, "eth.src", there.src), Evidence(number, "eth.src", here.src))
            return Verdict(TWICE, number, params, evidence, "bridged")
        first = self._first_ids.get(ip.src)
        constant = first is not None and first.value == ip.id and first.frame != earlier.number
        return Verdict(TWICE, number, params, evidence, "undecided" if not ip.id or constant else plain)


def _same(one: Packet, other: Packet) -> bool:
    """Whether two packets are equal in everything that does not change on the way."""
    here, there = one.tcp, other.tcp
    if here is not None:
        if there is None or (here.seq_raw, here.ack_raw, here.flags, here.srcport, here.dstport, here.len, here.checksum) != (
            there.seq_raw, there.ack_raw, there.flags, there.srcport, there.dstport, there.len, there.checksum
        ):  # fmt: skip
            return False
    elif one.udp is not None and other.udp is not None:
        here, there = one.udp, other.udp
        if (here.srcport, here.dstport, here.length, here.checksum) != (
            there.srcport,
            there.dstport,
            there.length,
            there.checksum,
        ):
            return False
    elif one.icmp is not None and other.icmp is not None:
        here, there = one.icmp, other.icmp
        if (here.type, here.code, here.checksum, here.ident, here.seq) != (
            there.type,
            there.code,
            there.checksum,
            there.ident,
            there.seq,
        ):
            return False
    else:
        return False
    a, b = one.ip, other.ip
    if a is None or b is None or a.id is None or a.ttl is None or b.ttl is None:
        return False
    return (a.src, a.dst, a.id, a.len, a.frag_offset) == (b.src, b.dst, b.id, b.len, b.frag_offset)


def _snapped(packet: Packet, captured: int, *, again: bool) -> Verdict:
    number, length = packet.number, packet.length
    evidence = (Evidence(number, "frame.cap_len", captured), Evidence(number, "frame.len", length))
    return Verdict(SNAPPED, number, {"captured": captured, "length": length}, evidence, "again" if again else "")


def _captured_on(packet: Packet, inference: Inference) -> Verdict:
    sign, other = inference.sent, inference.other
    host = sign.address or sign.mac
    params: dict[str, Any] = {"host": host, "sign": sign.frame, "value": sign.value}
    evidence: tuple[Evidence, ...] = (Evidence(sign.frame, sign.field, _shown(sign.field, sign.value, sign.mac)),)
    if other is not None:
        params["other"] = other.frame
        evidence += (Evidence(other.frame, other.field, _shown(other.field, other.value, other.mac)),)
    wording = sign.kind if inference.outcome == "host" else inference.outcome
    return Verdict(CAPTURED_ON, packet.number, params, evidence, wording)


def _shown(field: str, value: int, mac: str) -> Any:
    return f"0x{value:04x}" if field.endswith("checksum") else mac if field == "eth.src" else value


def _named(packet: Packet) -> list[Verdict]:
    """The name and purpose of what no other rule explains; a plugin's protocol is the plugin's to explain."""
    if packet.messages:
        return []
    name = innermost(packet.protocols)
    number = packet.number
    if name == "icmpv6" and packet.icmpv6 is not None and packet.icmpv6.type in MLD_TYPES:
        name = "mld"
    elif name in EXPLAINED and not _is_cut(packet, name):
        return []
    evidence = (Evidence(number, "frame.protocols", packet.protocols),)
    if _is_cut(packet, name):
        return [Verdict(PROTOCOL, number, {"name": name.upper()}, evidence, "cut")]
    if name in PURPOSES:
        return [Verdict(PROTOCOL, number, {}, evidence, name)]
    if name == "ip" and packet.ip is not None:
        if packet.ip.frag_offset or packet.ip.flags_mf:
            return []  # ip.fragment speaks of it
        upper = Evidence(number, "ip.proto", packet.ip.proto)
        return [Verdict(PROTOCOL, number, {"number": packet.ip.proto}, (upper,), "ip")]
    if name == "ipv6" and packet.ipv6 is not None:
        upper = Evidence(number, "ipv6.nxt", packet.ipv6.nxt)
        return [Verdict(PROTOCOL, number, {"number": packet.ipv6.nxt}, (upper,), "ip")]
    return [Verdict(PROTOCOL, number, {"name": name or "?"}, evidence, "other")]


def _is_cut(packet: Packet, name: str) -> bool:
    """Whether the innermost header is there by name, but not what it takes to follow it."""
    if name == "tcp":
        return packet.segment is None
    if name == "udp":
        return packet.udp is None or packet.udp.srcport is None
    return name in ("ip", "ipv6") and getattr(packet, name) is None


# -- what a stack of protocols is, worked out once for each -----------------------------------------------------------


@lru_cache(maxsize=1024)
def own_protocols(protocols: str) -> tuple[str, ...]:
    """The names of the packet's own layers: those that an ICMP error quotes are left out."""
    names = protocols.split(":")
    for at, name in enumerate(names):
        if name in ("icmp", "icmpv6"):
            return tuple(names[: at + 1])
    return tuple(names)


@lru_cache(maxsize=1024)
def innermost(protocols: str) -> str:
    """The innermost protocol that has a name."""
    names = [name for name in own_protocols(protocols) if name not in NOT_A_PROTOCOL]
    if "tcp" in names:
        return "tcp"
    return names[-1] if names else own_protocols(protocols)[-1]


@lru_cache(maxsize=1024)
def is_tunnel(protocols: str) -> bool:
    """Whether an IP packet travels in another."""
    names = own_protocols(protocols)
    return names.count("ip") + names.count("ipv6") > 1


@lru_cache(maxsize=1024)
def largest_frame(protocols: str) -> int:
    """The largest frame of 1500 bytes of payload with this stack's VLAN tags."""
    names = own_protocols(protocols)
    return LARGEST_FRAME + 4 * (names.count("vlan") + names.count("ieee8021ad"))


@lru_cache(maxsize=1024)
def link_header(protocols: str) -> int | None:
    """Bytes before the only IP header (or ARP packet); None when that cannot be told from the names."""
    names = own_protocols(protocols)
    if is_tunnel(protocols) or names[0] not in ("eth", "raw") or "llc" in names:
        return None
    tags = names.count("vlan") + names.count("ieee8021ad")
    return (PLAIN_HEADER if names[0] == "eth" else 0) + 4 * tags


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    settings.host.told(settings.captured_on)
    settings.host.link.told(settings.subnets)
    return [Frames(settings)]

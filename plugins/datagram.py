"""UDP: datagrams, their length and checksum; and checksums of TCP and UDP that the network card still has to finish."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.layer import Text

from .analyzer import BaseAnalyzer, Settings
from .checksum import ALL_ONES, number, pseudo_header_sum, tcp_checksum, udp_checksum
from .conversations import addresses
from .hookspecs import hookimpl
from .link import Remembered
from .rule import Evidence, Explanation, Rule, Verdict
from .udp import Exchange, Party

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet

HEADER = 8
"""Bytes of the UDP header (RFC 768)."""
TCP, UDP = 6, 17
"""Numbers of the protocols in the pseudo header."""
CHECKED_BAD, CHECKED_GOOD = 0, 1
USUAL_MSS = 1460
"""Bytes, where the handshake that would tell was not seen."""
"""tshark's ``checksum.status`` of a checksum that it found right."""
TUNNEL_PORTS = frozenset({4341, 4789, 6081})
"""LISP, VXLAN, Geneve: tunnels whose outer UDP checksum may be 0 over IPv6 too (RFC 6935)."""

DATAGRAM = Rule(
    "udp.datagram",
    "udp",
    "chat",
    26,
    {
        "": Text(
            "{size:byte} from {source} to {target}. UDP opens no connection and confirms nothing: only an answer shows that "
            "it arrived.",
            "{source} 向 {target} 发送 {size} 字节。UDP 不建立连接，也不确认：只有收到回答才知道它已到达。",
        ),
        "back": Text(
            "{size:byte} back from {source}, {elapsed:duration} after frame {before}: the same two ports, swapped, "
            "are all that ties the two together; UDP numbers nothing.",
            "{source} 在第 {before} 帧之后 {elapsed:duration} 发回 {size} 字节：把两者联系起来的只有对调的端口，"
            "UDP 没有编号。",
        ),
        "next": Text(
            "Datagram {count} from {source}: {size:byte}.",
            "{source} 的第 {count} 个数据报：{size} 字节。",
        ),
        "next-back": Text(
            "Datagram {count} from {source}: {size:byte}, {elapsed:duration} after frame {before} of the other side.",
            "{source} 的第 {count} 个数据报：{size} 字节，在对方第 {before} 帧之后 {elapsed:duration}。",
        ),
    },
    ("RFC 768",),
    Text("UDP has a connection, as TCP does.", "UDP 和 TCP 一样有连接。"),
    Explanation(
        Text(
            "UDP adds ports, a length and a checksum to IP, nothing else: no handshake, no acknowledgment, no repetition, "
            "no order. Whatever of that a program needs it must do itself.",
            "UDP 只在 IP 之上增加端口、长度和检验和：没有握手、确认、重传和排序。程序需要这些功能时必须自己实现。",
        ),
        Text(
            "The data is udp.length − 8. A datagram counts as sent back when its addresses and ports are those of an "
            "earlier one, swapped; the time is the difference of the two frames' times.",
            "数据长度为 udp.length − 8。地址和端口与此前某数据报对调时，视为回送的数据报；时间为两帧时间之差。",
        ),
        Text(
            "Two programs may send to each other without asking and answering: ports alone do not prove that the second "
            "datagram answers the first. Only the payload would tell.",
            "双方也可能各自发送而并非一问一答：仅凭端口不能证明后者是对前者的回答，只有载荷能说明。",
        ),
    ),
)
LENGTH = Rule(
    "udp.length",
    "udp",
    "chat",
    5,
    Text(
        "UDP length {length} = 8 bytes of header + {data:byte} of data.",
        "UDP 长度 {length} = 首部 8 字节 + 数据 {data} 字节。",
    ),
    ("RFC 768",),
    Text("The length is that of the payload.", "长度字段是载荷的长度。"),
    Explanation(
        Text(
            "The length field counts the UDP header and the data, so its least value is 8. With its 16 bits it could "
            "reach 65535; IPv4's own 16-bit length leaves 65535 − 20 − 8 = 65507 bytes of data.",
            "长度字段包含 UDP 首部和数据，最小为 8。16 位最大为 65535；受 IPv4 总长度限制，数据最多 "
            "65535 − 20 − 8 = 65507 字节。",
        ),
        Text(
            "udp.length − 8, compared with what IP carries (ip.len − ip.hdr_len, ipv6.plen, or the length after "
            "reassembly). It is said on the first datagram of each side.",
            "udp.length − 8，并与 IP 所承载的长度（ip.len − ip.hdr_len、ipv6.plen 或重组后的长度）核对。"
            "每一方只在第一个数据报上说明。",
        ),
        Text(
            "When the two lengths differ the verdict is udp.length-wrong instead.",
            "两个长度不一致时，改为给出 udp.length-wrong。",
        ),
    ),
)
LENGTH_WRONG = Rule(
    "udp.length-wrong",
    "udp",
    "warn",
    70,
    {
        "short": Text(
            "UDP length {length} is impossible: the header alone has 8 bytes. The receiver drops the datagram.",
            "UDP 长度 {length} 不可能成立：仅首部就有 8 字节。接收方会丢弃该数据报。",
        ),
        "less": Text(
            "UDP length {length}, but IP carries {carried:byte}: {rest:byte} more than belong to the datagram.",
            "UDP 长度为 {length}，但 IP 承载了 {carried} 字节：最后 {rest} 字节不属于该数据报。",
        ),
        "more": Text(
            "UDP length {length}, but IP carries only {carried:byte}, {rest} too few, so the receiver drops it.",
            "UDP 长度为 {length}，但 IP 只承载了 {carried} 字节：缺少 {rest} 字节，接收方会丢弃它。",
        ),
    },
    ("RFC 768",),
    Text("The capture cut the datagram off.", "是捕获把数据报截断了。"),
    Explanation(
        Text(
            "The length in the UDP header and the one that IP has for the same bytes should agree.",
            "UDP 首部的长度应与 IP 为同一内容给出的长度一致。",
        ),
        Text(
            "udp.length against ip.len − ip.hdr_len (or ipv6.plen). Both are header fields, so a short snaplen does not "
            "matter.",
            "比较 udp.length 与 ip.len − ip.hdr_len（或 ipv6.plen）。两者都是首部字段，与捕获长度限制无关。",
        ),
        Text(
            "A broken or crafted packet; with a length that is too small, bytes hidden behind the datagram (UDP options "
            "use that place). The capture cannot tell who made it.",
            "损坏或伪造的分组；长度偏小时，也可能是在数据报之后附加的字节（UDP 选项使用该位置）。仅凭捕获无法判断由谁造成。",
        ),
    ),
)
CHECKSUM_ZERO = Rule(
    "udp.checksum-zero",
    "udp",
    "note",
    24,
    {
        "": Text(
            "UDP checksum 0x0000: {source} did not compute one, as IPv4 allows. It is no error, but nothing protects the data.",
            "UDP 检验和为 0x0000：{source} 没有计算检验和，IPv4 允许这样做。这不是差错，但数据不受保护。",
        ),
        "ipv6": Text(
            "UDP checksum 0x0000 over IPv6: not allowed, as the IPv6 header has no checksum of its own; receivers drop it. "
            "Only some tunnels are excepted.",
            "IPv6 上的 UDP 检验和为 0x0000：不允许，因为 IPv6 首部自身没有检验和，接收方会丢弃。仅某些隧道例外。",
        ),
        "tunnel": Text(
            "UDP checksum 0x0000 over IPv6 on port {port}: tunnels may leave it out, as what they carry has its own.",
            "IPv6 上的 UDP 检验和为 0x0000，端口 {port}：隧道可以不计算，因为所承载的内容有自己的检验和。",
        ),
    },
    ("RFC 768", "RFC 8200 §8.1", "RFC 6935"),
    Text("A checksum of 0 is a wrong checksum.", "检验和为 0 就是检验和错误。"),
    Explanation(
        Text(
            "Over IPv4, 0 means that the sender computed no checksum; one that comes out as 0 is sent as 0xffff. Over IPv6 "
            "the checksum is required.",
            "在 IPv4 中，0 表示发送方没有计算检验和；计算结果恰为 0 时以 0xffff 发送。在 IPv6 中检验和是必需的。",
        ),
        Text(
            "udp.checksum = 0x0000 and whether the header before it is IPv4 or IPv6; the ports of known tunnels.",
            "依据 udp.checksum = 0x0000、前面是 IPv4 还是 IPv6，以及已知隧道的端口。",
        ),
        Text(
            "A card that is to fill in the checksum starts from the sum of the pseudo header, not from 0: that is "
            "l4.checksum-partial.",
            "由网卡补全的检验和以伪首部之和为初值，而不是 0：那是 l4.checksum-partial。",
        ),
    ),
)
CHECKSUM_PARTIAL = Rule(
    "l4.checksum-partial",
    "tcp",
    "note",
    11,
    {
        "": Text(
            "Checksum {checksum:hex} is unfinished, not wrong: it is the bare sum of the pseudo header, {arithmetic}. "
            "{source} leaves the rest to its network card, behind the capture point; nothing was damaged.",
            "检验和 {checksum:hex} 尚未完成，而不是错误：它只是伪首部之和，{arithmetic}。其余部分由 {source} 的网卡"
            "在捕获点之后补全，报文并没有损坏。",
        ),
        "ipv6": Text(
            "Checksum {checksum:hex} is unfinished, not wrong: it is the bare sum of the pseudo header (both addresses, "
            "length {length}, protocol {protocol}). {source} leaves the rest to its network card, behind the capture point; "
            "nothing was damaged.",
            "检验和 {checksum:hex} 尚未完成，而不是错误：它只是伪首部（两个地址、长度 {length}、协议 {protocol}）之和。"
            "其余部分由 {source} 的网卡在捕获点之后补全，报文并没有损坏。",
        ),
    },
    ("RFC 1071", "RFC 768", "RFC 9293 §3.1", "RFC 8200 §8.1"),
    Text("The packets are corrupted.", "报文损坏了。"),
    Explanation(
        Text(
            "With checksum offload the host leaves the sum of the pseudo header in the field; the network card adds the "
            "rest of the segment and inverts it. A capture on that host sees the packet before the card does.",
            "使用检验和卸载时，主机只在该字段留下伪首部之和，由网卡加上报文段其余部分并取反。"
            "在该主机上捕获时，看到的是网卡处理之前的报文。",
        ),
        Text(
            "The 16-bit words of both addresses, the protocol and the length are added in ones' complement; the field is "
            "exactly that sum, not inverted. It is checked on the first packet of each side of a conversation and said once for two hosts.",
            "把两个地址、协议号和长度的 16 位字按反码求和；字段值恰为该和，且未取反。只检查会话每一方的第一个报文，对同一对主机只说一次。",
        ),
        Text(
            "A wrong checksum of any other value is damage, a crafted packet, or cut data. That a right checksum happens "
            "to equal this sum has a chance of 1 in 65536. On loopback and virtual links nobody completes it at all, and "
            "both ends look like this.",
            "其他数值的错误检验和才意味着损坏、伪造或数据被截断。正确的检验和恰好等于该和的概率为 1/65536。"
            "在环回接口和虚拟链路上无人补全，两端都会如此。",
        ),
    ),
)

CHECKSUM_BAD = Rule(
    "l4.checksum-bad",
    "tcp",
    "error",
    93,
    {
        "": Text(
            "Checksum {found:hex} is wrong: header and data give {right:hex}. Others of {source} are right (frame {other}), so this one "
            "was damaged on its way. The receiver drops it without a word, as if it were lost.",
            "检验和 {found:hex} 错误：由首部和数据算得 {right:hex}。{source} 的其他报文是正确的（第 {other} 帧），因此该报文在途中损坏；"
            "接收方会直接丢弃，如同丢失。",
        ),
        "unsure": Text(
            "Checksum {found:hex} is wrong: header and data give {right:hex}. No right one of {source} was seen so far: damaged or made "
            "by hand, or captured on the sender before its card had computed it.",
            "检验和 {found:hex} 错误：由首部和数据算得 {right:hex}。尚未见到 {source} 的正确检验和：可能损坏或伪造，也可能是在发送方"
            "网卡计算之前捕获的。",
        ),
        "told": Text(
            "Wireshark finds the checksum {found:hex} wrong. Unless this is the capturing host's own packet, whose checksum the card "
            "computes later, it was damaged and the receiver drops it.",
            "Wireshark 判定检验和 {found:hex} 错误。除非这是捕获主机自己发出、检验和由网卡稍后计算的报文，否则它已损坏，接收方会丢弃。",
        ),
    },
    ("RFC 1071", "RFC 9293 §3.1", "RFC 768", "RFC 1122 §4.1.3.4", "RFC 1122 §4.2.2.7"),
    Text("The receiver asks for a damaged segment again.", "接收方会请求重传损坏的报文段。"),
    Explanation(
        Text(
            "The checksum covers the pseudo header, the header and the data. A receiver that finds it wrong cannot trust any field, the "
            "ports included, so it answers nothing; TCP's sender repeats the segment when its timer runs out.",
            "检验和覆盖伪首部、首部和数据。接收方发现错误时，任何字段（包括端口）都不可信，因此不作任何应答；TCP 发送方在超时后重传。",
        ),
        Text(
            "tcp.checksum or udp.checksum against the sum recomputed from the fields, the options and the payload: for each UDP datagram, "
            "and for every TCP segment that is out of the ordinary. Of a FILE, TCP segments with data are left out, as their bytes are "
            "not read; so are routine ones anywhere. For these Wireshark's own check counts: labdissect FILE -o "
            "tcp.check_checksum:TRUE lets it check each, then tcp.checksum.status is 0.",
            "把 tcp.checksum 或 udp.checksum 与由各字段、选项和载荷重新计算的结果比较：UDP 逐个数据报检查，TCP 检查所有不寻常的报文段。"
            "读取文件（FILE）时不读数据字节，因此不检查携带数据的 TCP 报文段；常规报文段一律不检查。这些以 Wireshark 的检验为准："
            "labdissect FILE -o tcp.check_checksum:TRUE 让它逐个检验，此时 tcp.checksum.status 为 0。",
        ),
        Text(
            "A sum that is merely unfinished is l4.checksum-partial. Wireshark leaves the check off because with offload every packet of the "
            "capturing host looks wrong, and what it finds wrong it does not reassemble.",
            "仅仅尚未完成的检验和属于 l4.checksum-partial。Wireshark 默认不检验，是因为启用卸载时捕获主机发出的每个报文都显得错误，"
            "而它认为错误的报文不参与重组。",
        ),
    ),
)

RULES: Sequence[Rule] = (DATAGRAM, LENGTH, LENGTH_WRONG, CHECKSUM_ZERO, CHECKSUM_PARTIAL, CHECKSUM_BAD)

SAID_LIMIT = 4096
"""Pairs of hosts for which it is remembered what was said once."""
OWN_RULES = frozenset({"dns", "mdns", "llmnr", "dhcp"})
"""Protocols over UDP whose packets have headlines of their own."""


class Datagrams(BaseAnalyzer):
    """Reads UDP headers, and checksums: of every datagram, and of TCP segments that are out of the ordinary."""

    layers = ("tcp", "udp")
    fields = (
        "ip.src",
        "ip.dst",
        "ip.hdr_len",
        "ip.len",
        "ip.frag_offset",
        "ip.flags.mf",
        "ip.reassembled.length",
        "ipv6.src",
        "ipv6.dst",
        "ipv6.plen",
        "ipv6.fraghdr",
        "tcp.len",
        "tcp.hdr_len",
        "tcp.checksum",
        "tcp.checksum.status",
        "udp.srcport",
        "udp.dstport",
        "udp.length",
        "udp.checksum",
        "udp.checksum.status",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.seq_raw",
        "tcp.ack_raw",
        "tcp.flags",
        "tcp.window_size_value",
        "tcp.urgent_pointer",
        "tcp.options",
        "udp.payload",
    )
    wants_routine = False

    def __init__(self) -> None:
        self._said: dict[tuple[str, ...], None] = {}
        self._right: Remembered[str, tuple[int, str, int]] = Remembered()
        """Address → the frame of a packet from there whose checksum is right, its layer and that checksum."""

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """What a datagram carries; once for each end, how it is checked."""
        segment = packet.segment
        if segment is not None:
            if packet.copy_of:
                return None
            unfinished = self._partial(packet, "tcp", TCP, _tcp_length(packet)) if segment.first_of_sender else []
            if unfinished or segment.length > (segment.receiver.mss or USUAL_MSS):
                return unfinished  # a card that merges segments need not make a new checksum
            return self._wrong(packet, "tcp", TCP)
        exchange = packet.conversation
        if not isinstance(exchange, Exchange) or ":icmp" in packet.protocols:  # an error's quoted header
            return None
        verdicts = [] if packet.protocols.rpartition(":")[2] in OWN_RULES else [_datagram(packet, exchange)]
        verdicts += _length(packet, exchange)
        if packet.udp.checksum == 0:
            verdicts += self._once(packet, _no_checksum(packet, exchange.sender))
        else:
            unfinished = self._partial(packet, "udp", UDP, packet.udp.length) if exchange.sender.packets == 1 else []
            verdicts += unfinished or self._wrong(packet, "udp", UDP)
        return verdicts

    def _partial(self, packet: Packet, layer: str, protocol: int, length: int | None) -> list[Verdict]:
        verdict = _unfinished(packet, layer, protocol, length)
        return [] if verdict is None else self._once(packet, verdict)

    def _wrong(self, packet: Packet, layer: str, protocol: int) -> list[Verdict]:
        """The verdict if the checksum is neither right nor unfinished. 0 was never filled in: the card does that."""
        header = packet.tcp if protocol == TCP else packet.udp
        found, status = header.checksum, header.checksum_status
        if not found:
            return []
        segment = packet.segment
        if segment is not None:  # its ends' addresses are known: no need to decode the IP header
            source, target = segment.sender.address, segment.receiver.address
        else:
            source, target = addresses(packet)
        try:
            if status == CHECKED_GOOD:
                right: int | None = found
            elif protocol == TCP:
                right = tcp_checksum(header, source, target, packet.tcp_header())
            else:
                right = udp_checksum(header, source, target)
            if found == right:
                self._right[source] = packet.number, layer, found
                return []
            length = _tcp_length(packet) if protocol == TCP else header.length
            # Windows leaves the length to the card as well, where the card also cuts large segments
            unfinished = [pseudo_header_sum(source, target, protocol, counted) for counted in (length or 0, 0)]
        except OSError:  # no addresses
            return []
        if found in unfinished or (right is None and status != CHECKED_BAD):
            return []
        params: dict[str, Any] = {"found": found, "right": right, "source": source}
        fact = _checksum_fact(packet.number, layer, found)
        if right is None:
            told = Evidence(packet.number, f"{layer}.checksum.status", status)
            return [Verdict(CHECKSUM_BAD, packet.number, params, (fact, told), "told")]
        other = self._right.get(source)
        if other is None:
            return [Verdict(CHECKSUM_BAD, packet.number, params, (fact,), "unsure")]
        return [Verdict(CHECKSUM_BAD, packet.number, {**params, "other": other[0]}, (fact, _checksum_fact(*other)))]

    def _once(self, packet: Packet, verdict: Verdict) -> list[Verdict]:
        """The verdict, unless it was said for these two hosts before."""
        key = (verdict.rule.code, verdict.evidence[0].field, *addresses(packet))
        if key in self._said:
            return []
        self._said[key] = None
        if len(self._said) > SAID_LIMIT:
            del self._said[next(iter(self._said))]
        return [verdict]


def _checksum_fact(frame: int, layer: str, checksum: int) -> Evidence:
    return Evidence(frame, f"{layer}.checksum", f"0x{checksum:04x}")


def place(address: str, port: int) -> str:
    """Address and port as people write them; an IPv6 address in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _datagram(packet: Packet, exchange: Exchange) -> Verdict:
    sender, receiver = exchange.sender, exchange.receiver
    params: dict[str, Any] = {
        "size": max(0, (packet.udp.length or HEADER) - HEADER),
        "source": place(sender.address, sender.port),
        "target": place(receiver.address, receiver.port),
        "count": sender.packets,
        "before": receiver.last_frame,
    }
    evidence: tuple[Evidence, ...] = (Evidence(packet.number, "udp.length", packet.udp.length),)
    wording = "" if sender.packets == 1 else "next"
    if receiver.last_frame is not None and receiver.last_time is not None and packet.time is not None:
        params["elapsed"] = (packet.time - receiver.last_time) / 1e9
        evidence += (Evidence(receiver.last_frame, "udp.srcport", receiver.port),)
        wording = "back" if sender.packets == 1 else "next-back"
    return Verdict(DATAGRAM, packet.number, params, evidence, wording)


def _length(packet: Packet, exchange: Exchange) -> list[Verdict]:
    length = packet.udp.length
    if length is None or length == 0:  # 0: a jumbogram, or a datagram that the card is still to cut
        return []
    evidence = (Evidence(packet.number, "udp.length", length),)
    if length < HEADER:
        return [Verdict(LENGTH_WRONG, packet.number, {"length": length}, evidence, "short")]
    carried = _carried(packet)
    if carried is not None and carried != length:
        params = {"length": length, "carried": carried, "rest": abs(carried - length)}
        return [Verdict(LENGTH_WRONG, packet.number, params, evidence, "less" if length < carried else "more")]
    if exchange.sender.packets > 1:
        return []
    return [Verdict(LENGTH, packet.number, {"length": length, "data": length - HEADER}, evidence)]


def _carried(packet: Packet) -> int | None:
    """Bytes that IP has for the datagram; None when the input does not tell, or a tunnel makes it unclear."""
    below = packet.protocols.rpartition(":udp")[0].rpartition(":")[2]
    if below == "ip" and packet.ip is not None:
        ip = packet.ip
        if ip.frag_offset or ip.flags_mf:
            whole: int | None = ip.reassembled_length
            return whole
        return ip.len - ip.hdr_len if ip.len and ip.hdr_len else None
    if below == "ipv6" and packet.ipv6 is not None:
        return packet.ipv6.plen or None
    return None


def _no_checksum(packet: Packet, sender: Party) -> Verdict:
    port = packet.udp.dstport
    wording = ""
    if ":" in sender.address:
        wording = "tunnel" if port in TUNNEL_PORTS else "ipv6"
    params = {"source": place(sender.address, sender.port), "port": port}
    return Verdict(CHECKSUM_ZERO, packet.number, params, (Evidence(packet.number, "udp.checksum", "0x0000"),), wording)


# -- the pseudo header ------------------------------------------------------------------------------------------------


def _tcp_length(packet: Packet) -> int | None:
    """Bytes of the TCP header and data; ip.len may be 0 when the card is still to cut the segment."""
    tcp = packet.tcp
    return None if tcp.hdr_len is None or tcp.len is None else tcp.hdr_len + tcp.len


def _unfinished(packet: Packet, layer: str, protocol: int, length: int | None) -> Verdict | None:
    """The verdict if the checksum is the bare sum of the pseudo header."""
    header = packet.tcp if protocol == TCP else packet.udp
    checksum = header.checksum
    if not checksum or length is None or header.checksum_status == CHECKED_GOOD:
        return None
    source, target = addresses(packet)
    try:
        if pseudo_header_sum(source, target, protocol, length) != checksum:
            return None
    except OSError:  # no addresses
        return None
    params = {
        "checksum": checksum,
        "source": source,
        "protocol": protocol,
        "length": length,
        "arithmetic": "" if ":" in source else arithmetic(source, target, protocol, length),
    }
    evidence = (_checksum_fact(packet.number, layer, checksum),)
    return Verdict(CHECKSUM_PARTIAL, packet.number, params, evidence, "ipv6" if ":" in source else "")


def arithmetic(source: str, target: str, protocol: int, length: int) -> str:
    """The sum over IPv4's pseudo header as one checks it by hand, ``0xac18 + 0x3a26 = 0xe63e``; with a carry, also
    what is added back (RFC 1071)."""
    whole = (number(source) << 32) + number(target)
    words = [whole >> shift & ALL_ONES for shift in (48, 32, 16, 0)] + [protocol, length & ALL_ONES]
    total = sum(words)
    written = f"{' + '.join([f'0x{word:04x}' for word in words])} = 0x{total:04x}"
    while total > ALL_ONES:
        low, high = total & ALL_ONES, total >> 16
        total = low + high
        written += f"; 0x{low:04x} + 0x{high:x} = 0x{total:04x}"
    return written


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Datagrams()]

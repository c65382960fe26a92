"""ICMP and ICMPv6: echo, what its numbers mean, and other messages; errors are in the file beside this one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.dissectors.layer import Header, Text

from .analyzer import BaseAnalyzer, Settings
from .checksum import folded
from .conversations import addresses
from .hookspecs import hookimpl
from .icmp_errors import RULES as ERROR_RULES
from .icmp_errors import Errors, Key, latest, quoted
from .rule import Evidence, Explanation, Rule, Verdict

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .packet import Packet
    from .tcp.conversation import Conversation
    from .udp import Exchange

REQUESTS_LIMIT = 4096
"""Echo requests that may wait for their reply in memory."""
RUNS_LIMIT = 1024
"""Pings (source, target, identifier) for which it is remembered what was said."""
COPIES_LIMIT = 16
"""Requests with the same identifier and number that are told apart."""
LATE_REPLY = 1_000_000_000
"""Nanoseconds before the end of the capture within which a reply may still have been on its way."""

HEADER = 8
"""Bytes of an echo message before its data."""
SIZES = {32: "windows", 56: "unix"}
"""Data bytes that ping sends unless told otherwise."""

ECHO = Rule(
    "icmp.echo",
    "icmp",
    "chat",
    62,
    {
        "": Text(
            "Ping: {source} asks {target} to send {size:byte} back. Identifier {ident:hex} marks this ping, number {seq} this "
            "request. No connection is made.",
            "Ping：{source} 请 {target} 把 {size} 字节原样送回。标识符 {ident:hex} 表示这次 ping，序号 {seq} 表示本次请求。"
            "不建立任何连接。",
        ),
        "windows": Text(
            "Ping: {source} asks {target} to send {size:byte} back (what Windows' ping sends by custom: a hint, no proof). "
            "Identifier {ident:hex} marks this ping, number {seq} this request. No connection is made.",
            "Ping：{source} 请 {target} 把 {size} 字节原样送回（Windows 的 ping 习惯发送此长度，只是线索）。"
            "标识符 {ident:hex} 表示这次 ping，序号 {seq} 表示本次请求。不建立任何连接。",
        ),
        "unix": Text(
            "Ping: {source} asks {target} to send {size:byte} back (what Unix' ping sends by custom: a hint, no proof). "
            "Identifier {ident:hex} marks this ping, number {seq} this request. No connection is made.",
            "Ping：{source} 请 {target} 把 {size} 字节原样送回（Unix 的 ping 习惯发送此长度，只是线索）。"
            "标识符 {ident:hex} 表示这次 ping，序号 {seq} 表示本次请求。不建立任何连接。",
        ),
        "unsized": Text(
            "Ping: {source} asks {target} for an echo. Identifier {ident:hex} marks this ping, number {seq} this request. No "
            "connection is made.",
            "Ping：{source} 请 {target} 回送。标识符 {ident:hex} 表示这次 ping，序号 {seq} 表示本次请求。不建立任何连接。",
        ),
        "next": Text(
            "Ping, request {seq} to {target}.",
            "Ping：发往 {target} 的第 {seq} 号请求。",
        ),
        "again": Text(
            "Ping to {target} with number {seq} once more, as in frame {before}: a reply could belong to either.",
            "再次以序号 {seq} ping {target}，与第 {before} 帧相同：应答可能属于其中任何一个。",
        ),
    },
    ("RFC 792", "RFC 1122 §3.2.2.6", "RFC 4443 §4.1"),
    Text("Ping makes a connection.", "ping 会建立连接。"),
    Explanation(
        Text(
            "An echo request asks the other host's IP to send the same data back. Reply and request belong together by "
            "identifier and sequence number; nothing is opened or closed.",
            "回送请求请对方主机的 IP 层把同样的数据送回。应答与请求靠标识符和序号对应；没有建立或关闭任何东西。",
        ),
        Text(
            "Type 8 (ICMPv6: 128). The data is what IP carries less 8 bytes of ICMP header: ip.len − ip.hdr_len − 8, or "
            "the length after reassembly. What stays the same in one ping is said on its first request.",
            "类型 8（ICMPv6 为 128）。数据长度为 IP 承载的长度减去 8 字节 ICMP 首部：ip.len − ip.hdr_len − 8，或重组后的长度。"
            "同一次 ping 中不变的内容只在首个请求上说明。",
        ),
        Text(
            "The data length is only a hint of the system: ping takes any length. Where the identifier comes from (process "
            "number, counter, always 1) is the system's choice.",
            "数据长度只是操作系统的线索：ping 可指定任意长度。标识符的来源（进程号、计数器或恒为 1）由系统决定。",
        ),
    ),
)
REPLY = Rule(
    "icmp.reply",
    "icmp",
    "chat",
    63,
    {
        "": Text(
            "Echo reply to frame {request}, {elapsed:duration} later (the round-trip time as seen here): same identifier, "
            "number {seq}.",
            "对第 {request} 帧的回送回答，相隔 {elapsed:duration}（此处看到的往返时间）：标识符相同，序号 {seq}。",
        ),
        "untimed": Text(
            "Echo reply to frame {request}: same identifier, number {seq}.",
            "对第 {request} 帧的回送回答：标识符相同，序号 {seq}。",
        ),
        "traceroute": Text(
            "Echo reply to frame {request}, {elapsed:duration} later: the target itself answers, so this traceroute has "
            "arrived.",
            "对第 {request} 帧的回送回答，相隔 {elapsed:duration}：目标主机本身应答，traceroute 已到达终点。",
        ),
        "either": Text(
            "Echo reply to one of frames {requests:frames}: they share identifier and number {seq}, so the capture cannot "
            "tell which, nor the round-trip time.",
            "对第 {requests:frames} 帧之一的回送回答：它们的标识符和序号 {seq} 相同，仅凭捕获无法判断是哪一个，也得不出往返时间。",
        ),
        "again": Text(
            "One more reply to frame {request}, which frame {before} has answered already: a copy, or a second host.",
            "对第 {request} 帧的又一个回答，第 {before} 帧已回答过：是副本，或来自另一台主机。",
        ),
        "unseen": Text(
            "Echo reply, number {seq}, whose request the capture does not have.",
            "回送回答，序号 {seq}，捕获中没有对应的请求。",
        ),
    },
    ("RFC 792", "RFC 4443 §4.2"),
    Text("The reply confirms a connection.", "应答确认了一条连接。"),
    Explanation(
        Text(
            "The target swaps the addresses, changes the type to 0 (ICMPv6: 129) and sends the data back unchanged. That "
            "shows that IP works both ways, not that any service runs.",
            "目标主机对调地址，把类型改为 0（ICMPv6 为 129），原样送回数据。这说明双向 IP 可达，并不说明有服务在运行。",
        ),
        Text(
            "The newest request between the same two addresses with the same identifier and number; the time is the "
            "difference of the two frames. tshark's icmp.resp_to and icmp.resptime say the same.",
            "相同两个地址之间、标识符和序号相同的最近一个请求；时间为两帧之差。tshark 的 icmp.resp_to 和 icmp.resptime 与此相同。",
        ),
        Text(
            "Captured away from the sender, the time covers only the part of the path behind the capture point.",
            "若不在发送方捕获，该时间只包含捕获点之后的那段路径。",
        ),
    ),
)
BOTH_ORDERS = Rule(
    "icmp.be-le",
    "icmp",
    "chat",
    10,
    {
        "": Text(
            "One sequence number, read in two byte orders: big endian 0x{seq:04x} = {seq}, little endian 0x{seq_le:04x} = "
            "{seq_le}. Network order is big endian; some systems have written little endian, so Wireshark shows both.",
            "同一个序号按两种字节序解读：大端 0x{seq:04x} = {seq}，小端 0x{seq_le:04x} = {seq_le}。"
            "网络字节序是大端；有的系统曾按小端写入，所以 Wireshark 两种都显示。",
        ),
    },
    ("RFC 792", "RFC 791, Appendix B"),
    Text("There are two sequence numbers.", "有两个序号。"),
    Explanation(
        Text(
            "The field has 16 bits and is on the wire once; (BE) and (LE) are two ways to read its two bytes. The same "
            "holds for the identifier.",
            "该字段共 16 位，在线路上只出现一次；（BE）与（LE）是对这两个字节的两种读法。标识符同理。",
        ),
        Text(
            "icmp.seq and icmp.seq_le have the same two bytes, swapped. Said on the first request of a ping.",
            "icmp.seq 与 icmp.seq_le 是同样两个字节的对调。只在一次 ping 的首个请求上说明。",
        ),
        Text(
            "Which order the sender meant shows in the next request: the reading that rises by 1 is its own.",
            "发送方采用哪种字节序，看下一个请求即知：逐次加 1 的读法就是它所用的。",
        ),
    ),
)
CHECKSUM_DELTA = Rule(
    "icmp.checksum-delta",
    "icmp",
    "chat",
    11,
    {
        "": Text(
            "Only the type changed, from 8 to 0, so the checksum grew by 0x0800: {before:hex} (frame {request}) + 0x0800 = "
            "{after:hex}. The rest came back unaltered, as far as a sum shows.",
            "只有类型由 8 变为 0，检验和因此增加 0x0800：{before:hex}（第 {request} 帧）+ 0x0800 = {after:hex}。"
            "就检验和所能看出的，其余内容原样返回。",
        ),
        "carry": Text(
            "Only the type changed, from 8 to 0, so the checksum grew by 0x0800 in ones' complement: {before:hex} (frame "
            "{request}) + 0x0800 = 0x{total:x}, the carry added back: {after:hex}. The rest came back unaltered, as far as a sum shows.",
            "只有类型由 8 变为 0，检验和按反码运算增加 0x0800：{before:hex}（第 {request} 帧）+ 0x0800 = 0x{total:x}，"
            "进位加回后为 {after:hex}。就检验和所能看出的，其余内容原样返回。",
        ),
        "v6": Text(
            "Only the type changed, from 128 to 129, so the checksum fell by 0x0100: {before:hex} (frame {request}) − 0x0100 "
            "= {after:hex}. The rest came back unaltered, as far as a sum shows; in the pseudo header the addresses only changed places.",
            "只有类型由 128 变为 129，检验和因此减少 0x0100：{before:hex}（第 {request} 帧）− 0x0100 = {after:hex}。"
            "就检验和所能看出的，其余内容原样返回；伪首部中的两个地址只是互换。",
        ),
        "v6-carry": Text(
            "Only the type changed, from 128 to 129, so the checksum fell by 0x0100 in ones' complement: {before:hex} (frame "
            "{request}) − 0x0100, the borrow taken from the end: {after:hex}. The rest came back unaltered, as far as a sum shows.",
            "只有类型由 128 变为 129，检验和按反码运算减少 0x0100：{before:hex}（第 {request} 帧）− 0x0100，"
            "借位从末位减去后为 {after:hex}。就检验和所能看出的，其余内容原样返回。",
        ),
    },
    ("RFC 1071", "RFC 792", "RFC 4443 §2.3"),
    Text("A different checksum means that the data was corrupted.", "检验和不同说明数据损坏了。"),
    Explanation(
        Text(
            "The checksum is the inverted sum of the message's 16-bit words. The first word holds type and code: 0x0800 in "
            "a request, 0x0000 in a reply. The sum falls by 0x0800, so its inverse grows by it.",
            "检验和是报文各 16 位字之和取反。第一个字为类型和代码：请求为 0x0800，应答为 0x0000。"
            "和减少 0x0800，取反后便增加 0x0800。",
        ),
        Text(
            "icmp.checksum of request and reply, the difference taken in ones' complement. Said on the first pair of a ping.",
            "比较请求与应答的 icmp.checksum，差值按反码计算。只在一次 ping 的首对报文上说明。",
        ),
        Text(
            "When the difference is another, the reply's data is not the request's, or one of the checksums is wrong or "
            "left to the card; then this verdict is not given.",
            "若差值不同，则应答的数据与请求不同，或其中一个检验和错误、或尚由网卡补全；此时不给出本结论。",
        ),
    ),
)
NO_PORTS = Rule(
    "icmp.no-ports",
    "icmp",
    "chat",
    12,
    {
        "": Text(
            "No ports: ICMP sits right on IP (protocol {protocol}), beside TCP and UDP. Type and code say what it is, the "
            "identifier whose it is.",
            "没有端口：ICMP 直接位于 IP 之上（协议号 {protocol}），与 TCP、UDP 并列。类型和代码说明其含义，标识符说明它属于谁。",
        ),
        "quoted": Text(
            "The ports {first} and {second} shown here are not this packet's: they stand in the quoted packet. ICMP itself has "
            "none.",
            "此处显示的端口 {first} 和 {second} 不属于本分组：它们在被引用的分组中。ICMP 自身没有端口。",
        ),
    },
    ("RFC 792", "RFC 4443 §2.1"),
    Text("Ping uses a port.", "ping 使用某个端口。"),
    Explanation(
        Text(
            "Ports tell programs apart and belong to TCP and UDP. ICMP is handled by the system itself.",
            "端口用来区分程序，属于 TCP 和 UDP。ICMP 由操作系统自身处理。",
        ),
        Text(
            "ip.proto = 1, or 58 as the next header of IPv6. Said once, on the first echo and the first error with quoted "
            "ports.",
            "依据 ip.proto = 1，或 IPv6 下一个首部为 58。只在首个回送请求和首个引用了端口的差错报文上说明。",
        ),
        Text(
            "A NAT treats the identifier like a port, because it has nothing else to tell pings apart.",
            "NAT 把标识符当作端口使用，因为没有其他东西可区分各个 ping。",
        ),
    ),
)
UNANSWERED = Rule(
    "icmp.unanswered",
    "icmp",
    "note",
    72,
    {
        "": Text(
            "No reply to this echo request in the capture. Lost on the way there or back, filtered, or nobody there: the "
            "capture cannot tell.",
            "捕获中没有对该回送请求的回答。是去程或返程丢失、被过滤，还是对方不在线，仅凭捕获无法判断。",
        ),
        "error": Text(
            "No echo reply: frame {error} reports why, instead.",
            "没有回送回答：第 {error} 帧报告了原因。",
        ),
        "soon": Text(
            "No reply to this echo request, but the capture ends {left:duration} later: a reply may have come after that.",
            "没有对该回送请求的回答，但捕获在 {left:duration} 后就结束了：回答可能在此之后到达。",
        ),
        "evicted": Text(
            "No reply to this echo request so far, {count} requests later; a reply from now on is no longer matched.",
            "此后已有 {count} 个请求，该回送请求仍无回答；此后不再为它匹配回答。",
        ),
    },
    ("RFC 792", "RFC 1122 §3.2.2.6"),
    Text("The host is down.", "主机已关机。"),
    Explanation(
        Text(
            "The request left, and no reply with its identifier and number came by the capture point.",
            "请求已发出，但捕获点没有看到带有相同标识符和序号的应答。",
        ),
        Text(
            "At the end of the input no reply between the same addresses with the same identifier and number was seen.",
            "到输入结束时，没有看到相同地址之间、标识符和序号相同的应答。",
        ),
        Text(
            "The request or the reply was lost, a firewall drops echoes, the host is off, or replies take a way past the "
            "capture point. Other traffic of the host, or a capture at the other end, tells.",
            "请求或应答丢失、防火墙丢弃回送报文、主机关机，或应答没有经过捕获点。该主机的其他流量或在对端捕获可以说明。",
        ),
    ),
)
MESSAGE = Rule(
    "icmp.message",
    "icmp",
    "chat",
    60,
    {
        "timestamp": Text("Timestamp request: asks {target} for its clock.", "时间戳请求：询问 {target} 的时钟。"),
        "timestamp-reply": Text("Timestamp reply: {source} tells its clock.", "时间戳回答：{source} 告知其时钟。"),
        "mask": Text(
            "Address mask request or reply: an old way to learn the subnet mask, replaced by DHCP.",
            "地址掩码请求或回答：获取子网掩码的旧方法，已被 DHCP 取代。",
        ),
        "router": Text(
            "Router discovery: a router announces itself, or a host asks for one.",
            "路由器发现：路由器通告自己，或主机请求通告。",
        ),
        "quench": Text(
            "Source quench from {source}: asks to send slower. Obsolete; senders ignore it.",
            "来自 {source} 的源点抑制：要求放慢发送。已废止，发送方会忽略。",
        ),
        "parameter": Text(
            "Parameter problem: {source} could not make sense of a header of the quoted packet and dropped it.",
            "参数问题：{source} 无法理解被引用分组的首部，已将其丢弃。",
        ),
        "other": Text(
            "ICMP message of type {type}, code {code}, from {source}.",
            "来自 {source} 的 ICMP 报文，类型 {type}，代码 {code}。",
        ),
    },
    ("RFC 792", "RFC 6633", "RFC 4443 §2.1"),
    Text("Every ICMP message is a ping.", "所有 ICMP 报文都是 ping。"),
    Explanation(
        Text(
            "Messages other than echo and the errors of everyday use.",
            "回送和常见差错之外的其他报文。",
        ),
        Text("Type and code of the message.", "依据报文的类型和代码。"),
        Text(
            "Types that were never assigned are experiments, or forged.",
            "从未分配的类型可能是实验或伪造。",
        ),
    ),
)

RULES: Sequence[Rule] = (ECHO, REPLY, BOTH_ORDERS, CHECKSUM_DELTA, NO_PORTS, UNANSWERED, MESSAGE)

OTHER_V4 = {4: "quench", 9: "router", 10: "router", 12: "parameter"} | {
    13: "timestamp",
    14: "timestamp-reply",
    17: "mask",
    18: "mask",
}
MULTICAST_V4 = range(224, 240)


class Request(msgspec.Struct):
    """An echo request, and copies of it that bear the same numbers and came before any reply."""

    frames: list[int]
    time: int | None
    checksum: int | None
    source: str
    target: str
    answered: int | None = None
    """Frame of the first reply."""


class Run(msgspec.Struct):
    """One ping: its requests share source, target and identifier."""

    said: set[str]
    answered: int = 0
    """Newest frame with a request that got its reply."""


class Icmp(BaseAnalyzer):
    """Pairs echoes, reads errors, and remembers what errors may quote."""

    layers = ("icmp", "icmpv6", "tcp", "udp", "ip", "ipv6", "frame")
    fields = (
        "icmp",
        "icmpv6",
        "eth.dst",
        "ip.src",
        "ip.dst",
        "ip.hdr_len",
        "ip.len",
        "ip.id",
        "ip.ttl",
        "ip.proto",
        "ip.flags.mf",
        "ip.frag_offset",
        "ip.reassembled.length",
        "ipv6.src",
        "ipv6.dst",
        "ipv6.hlim",
        "ipv6.nxt",
        "ipv6.plen",
        "ipv6.fraghdr",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.seq",
        "tcp.seq_raw",
        "tcp.hdr_len",
        "udp.srcport",
        "udp.dstport",
        "udp.length",
        "udp.checksum",
    )
    wants_routine = False

    def __init__(self) -> None:
        self._errors = Errors()
        self._requests: OrderedDict[Key, Request] = OrderedDict()
        self._runs: OrderedDict[Key, Run] = OrderedDict()
        self._said: set[str] = set()
        self._last_time: int | None = None

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The verdicts of an ICMP packet; others are only remembered."""
        segment = packet.segment
        if segment is not None:
            if segment.first:
                self._errors.sent.connection(packet.conversation)  # type: ignore[arg-type]
            return None
        self._last_time = packet.time
        if ":icmp" not in packet.protocols:
            if packet.udp is not None:
                self._errors.sent.datagram(packet)
            else:
                self._errors.sent.other(packet)
            return None
        message = packet.icmp if packet.icmp is not None else packet.icmpv6
        if message is None or message.type is None:
            return None
        v6 = message.layer.name == "icmpv6"
        if message.type == (128 if v6 else 8):
            return self._echo(packet, message)
        if message.type == (129 if v6 else 0):
            return self._reply(packet, message)
        rule = self._errors.rule(packet, message)
        if rule is not None:
            return [*self._errors.judge(packet, message, rule), *self._quoted_ports(packet, message)]
        if v6 and message.type > 127:
            return None  # neighbor discovery and multicast listeners have rules of their own
        return [_message(packet, message)]

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """Says nothing, but shows how long the capture goes on."""
        self._last_time = latest(self._last_time, conversation.last_time)
        return None

    def finish(self) -> Iterable[Verdict] | None:
        """Echo requests that stayed without a reply."""
        return [self._unanswered(key, request) for key, request in self._requests.items() if _waits(request)]

    # -- echo ---------------------------------------------------------------------------------------------------------

    def _echo(self, packet: Packet, message: Header) -> list[Verdict]:
        number = packet.number
        source, target = addresses(packet)
        ident, seq = _numbers(message)
        key = ("echo", source, "*" if _to_many(packet, target) else target, ident, seq)
        self._errors.sent.echo(packet, ("echo", source, target, ident, seq))
        params: dict[str, Any] = {"source": source, "target": target, "ident": ident or 0, "seq": seq}
        evidence = (Evidence(number, _member(message, "ident"), ident), Evidence(number, _member(message, "seq"), seq))
        waiting = self._requests.get(key)
        if waiting is not None and waiting.answered is None:
            params["before"] = waiting.frames[-1]
            waiting.frames = [*waiting.frames[-COPIES_LIMIT + 1 :], number]
            return [Verdict(ECHO, number, params, evidence, "again")]
        verdicts = self._expect(key, Request([number], packet.time, message.checksum, source, target))
        said = self._run((source, target, ident)).said
        if "echo" in said:
            return [Verdict(ECHO, number, params, evidence, "next"), *verdicts]
        said.add("echo")
        params["size"] = size = _data_length(packet)
        wording = "unsized" if size is None else SIZES.get(size, "")
        return [Verdict(ECHO, number, params, evidence, wording), *self._once(packet, message, seq), *verdicts]

    def _expect(self, key: Key, request: Request) -> list[Verdict]:
        """Waits for a request's reply; the request that has waited longest may have to go."""
        self._requests.pop(key, None)
        self._requests[key] = request
        if len(self._requests) <= REQUESTS_LIMIT:
            return []
        oldest_key, oldest = self._requests.popitem(last=False)
        if not _waits(oldest) or oldest_key in self._errors.reported:
            return []
        params = {"count": REQUESTS_LIMIT}
        return [Verdict(UNANSWERED, oldest.frames[0], params, (), "evicted")]

    def _once(self, packet: Packet, message: Header, seq: int | None) -> Iterable[Verdict]:
        """What holds for all pings between two hosts, or for all of ICMP."""
        number = packet.number
        hosts = self._run(addresses(packet)).said
        if message.layer.name == "icmp" and seq is not None and not hosts:
            hosts.add("orders")
            swapped = int.from_bytes(seq.to_bytes(2, "big"), "little")
            evidence = (Evidence(number, "icmp.seq", seq), Evidence(number, "icmp.seq_le", swapped))
            yield Verdict(BOTH_ORDERS, number, {"seq": seq, "seq_le": swapped}, evidence)
        if "ports" not in self._said:
            self._said.add("ports")
            field, protocol = ("ip.proto", 1) if message.layer.name == "icmp" else ("ipv6.nxt", 58)
            yield Verdict(NO_PORTS, number, {"protocol": protocol}, (Evidence(number, field, protocol),))

    def _reply(self, packet: Packet, message: Header) -> list[Verdict]:
        number = packet.number
        source, target = addresses(packet)
        ident, seq = _numbers(message)
        params: dict[str, Any] = {"seq": seq, "ident": ident}
        evidence: tuple[Evidence, ...] = (Evidence(number, _member(message, "seq"), seq),)
        request = self._requests.get(("echo", target, source, ident, seq))
        many = self._requests.get(("echo", target, "*", ident, seq)) if request is None else None
        found = request or many
        if found is None:
            return [Verdict(REPLY, number, params, evidence, "unseen")]
        params["request"] = found.frames[-1]
        evidence += (Evidence(found.frames[-1], _member(message, "seq"), seq),)
        if found.answered is not None and found is request:
            params["before"] = found.answered
            return [Verdict(REPLY, number, params, evidence, "again")]
        found.answered = found.answered or number
        run = self._run((target, found.target, ident))
        run.answered = max(run.answered, found.frames[-1])
        if len(found.frames) > 1:
            params["requests"] = found.frames
            return [Verdict(REPLY, number, params, evidence, "either")]
        wording = "untimed"
        if packet.time is not None and found.time is not None:
            params["elapsed"] = (packet.time - found.time) / 1e9
            wording = "traceroute" if self._errors.traced(target, source) else ""
        verdicts = [Verdict(REPLY, number, params, evidence, wording)]
        if "delta" not in run.said:
            delta = _checksum_delta(packet, message, found)
            if delta is not None:
                run.said.add("delta")
                verdicts.append(delta)
        return verdicts

    def _unanswered(self, key: Key, request: Request) -> Verdict:
        about = request.frames[0]
        evidence = (Evidence(about, "icmpv6.type", 128) if ":" in request.source else Evidence(about, "icmp.type", 8),)
        error = self._errors.reported.get(key)
        if error is not None:
            return Verdict(UNANSWERED, about, {"error": error}, evidence, "error")
        run = self._runs.get((request.source, request.target, key[3]))
        overtaken = run is not None and run.answered > about  # a later request was answered already
        if not overtaken and self._last_time is not None and request.time is not None:
            left = self._last_time - request.time
            if 0 <= left < LATE_REPLY:
                return Verdict(UNANSWERED, about, {"left": left / 1e9}, evidence, "soon")
        return Verdict(UNANSWERED, about, {}, evidence)

    def _run(self, key: Key) -> Run:
        """The ping with this source, target and identifier."""
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = Run(set())
            if len(self._runs) > RUNS_LIMIT:
                self._runs.popitem(last=False)
        return run

    # -- errors -------------------------------------------------------------------------------------------------------

    def _quoted_ports(self, packet: Packet, message: Header) -> Iterable[Verdict]:
        if "quoted" in self._said:
            return
        quote = quoted(message)
        if quote is None or quote.ports is None:
            return
        self._said.add("quoted")
        first, second = quote.ports
        evidence = (Evidence(packet.number, f"{message.layer.name}.type", message.type),)
        yield Verdict(NO_PORTS, packet.number, {"first": first, "second": second}, evidence, "quoted")


def _waits(request: Request) -> bool:
    return request.answered is None


def _numbers(message: Header) -> tuple[int | None, int | None]:
    """Identifier and sequence number."""
    if message.layer.name == "icmpv6":
        return message.echo_identifier, message.echo_sequence_number
    return message.ident, message.seq


def _member(message: Header, name: str) -> str:
    """tshark's name of the identifier or the number."""
    if message.layer.name == "icmp":
        return f"icmp.{name}"
    return "icmpv6.echo.identifier" if name == "ident" else "icmpv6.echo.sequence_number"


def _to_many(packet: Packet, target: str) -> bool:
    """Whether more than one host may answer: broadcast or multicast, by IP address or link-layer address."""
    if target.startswith("ff") or target == "255.255.255.255":
        return True
    first = target.partition(".")[0]
    if first.isascii() and first.isdigit() and len(first) <= 3 and int(first) in MULTICAST_V4:
        return True
    link = packet.eth
    return link is not None and link.dst == "ff:ff:ff:ff:ff:ff"


def _data_length(packet: Packet) -> int | None:
    """Bytes of data in an echo message; None when headers of extensions or tunnels make it unclear."""
    below = packet.protocols.partition(":icmp")[0].rpartition(":")[2]
    if below == "ip" and packet.ip is not None:
        ip = packet.ip
        if ip.frag_offset or ip.flags_mf:
            return ip.reassembled_length - HEADER if ip.reassembled_length else None
        return ip.len - ip.hdr_len - HEADER if ip.len and ip.hdr_len else None
    if below == "ipv6" and packet.ipv6 is not None:
        return packet.ipv6.plen - HEADER if packet.ipv6.plen else None
    return None


def _checksum_delta(packet: Packet, message: Header, request: Request) -> Verdict | None:
    """The verdict if reply and request differ in the type alone, as far as the checksum shows."""
    before, after = request.checksum, message.checksum
    if before is None or after is None or not before or not after:
        return None
    v6 = message.layer.name == "icmpv6"
    total = before + (0xFFFF - 0x0100 if v6 else 0x0800)
    if folded(total) != after:
        return None
    params = {"request": request.frames[0], "before": before, "after": after, "total": total}
    carries = before < 0x0100 if v6 else total > 0xFFFF
    wording = ("v6" if v6 else "") + ("-carry" if carries else "")
    evidence = (
        Evidence(request.frames[0], f"{message.layer.name}.checksum", f"0x{before:04x}"),
        Evidence(packet.number, f"{message.layer.name}.checksum", f"0x{after:04x}"),
    )
    return Verdict(CHECKSUM_DELTA, packet.number, params, evidence, wording.removeprefix("-"))


def _message(packet: Packet, message: Header) -> Verdict:
    source, target = addresses(packet)
    wording = OTHER_V4.get(message.type, "other") if message.layer.name == "icmp" else "other"
    if message.layer.name == "icmpv6" and message.type == 4:
        wording = "parameter"
    params = {"source": source, "target": target, "type": message.type, "code": message.code}
    evidence = (Evidence(packet.number, f"{message.layer.name}.type", message.type),)
    return Verdict(MESSAGE, packet.number, params, evidence, wording)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return (*RULES, *ERROR_RULES)


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Icmp()]

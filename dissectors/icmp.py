"""ICMP for IPv4 (RFC 792). Errors quote the beginning of the packet that caused them."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from construct import Bytes, Construct, IfThenElse, Int8ub, Int16ub, Int32ub, Pass, Struct, this

from .layer import Derived, Ipv4Address, Layer, Text, When, Worked, note

MESSAGE = "RFC 792"
ECHO = "RFC 792, Echo or Echo Reply Message"
TIMESTAMP = "RFC 792, Timestamp or Timestamp Reply Message"
ADDRESS_MASK = "RFC 950, Appendix I"
ROUTER_DISCOVERY = "RFC 1256 §3"
EXTENDED = "RFC 4884 §4"

UNREACHABLE, REDIRECT, ROUTER_ADVERTISEMENT, TIME_EXCEEDED, PARAMETER_PROBLEM = 3, 5, 9, 11, 12
ERRORS = (UNREACHABLE, 4, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM)
WITH_IDENTIFIER = (0, 8, 13, 14, 15, 16, 17, 18)
WITH_LENGTH = (UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM)
FRAGMENTATION_NEEDED = 4
IPV4_IN_IP = 4


def _of(subcon: Construct, *types: int) -> Construct:
    """For messages of these types only."""
    return When(_is(*types), subcon)


def _is(*types: int) -> Any:
    return reduce(or_, (this.type == one for one in types))


_NEEDS_FRAGMENTATION = (this.type == UNREACHABLE) & (this.code == FRAGMENTATION_NEEDED)
_KNOWN = _is(*WITH_IDENTIFIER, *WITH_LENGTH, REDIRECT, ROUTER_ADVERTISEMENT)

LAYER = Layer(
    name="icmp",
    title=Text("Internet Control Message Protocol", "网际控制报文协议（ICMP）"),
    source="RFC 792",
    over=(("ip.proto", 1),),
    selects=("ip.proto", "_next"),
    quotes=True,
    struct=Struct(
        "type"
        / Int8ub
        * note(
            "0 echo reply, 3 unreachable, 5 redirect, 8 echo, 11 time exceeded",
            "类型：0 回送回答，3 终点不可达，5 改变路由（重定向），8 回送请求，11 时间超过",
            MESSAGE,
        ),
        "code" / Int8ub * note("which case of the type", "代码：该类型的具体情况", MESSAGE),
        "checksum" / Int16ub * note("over the whole message", "整个报文的检验和", MESSAGE, base=16),
        "ident"
        / _of(Int16ub, *WITH_IDENTIFIER)
        * note("the same in all messages of one sender", "标识符：区分不同的发送进程", ECHO),
        "seq"
        / _of(Int16ub, *WITH_IDENTIFIER)
        * note("number of the request, repeated in its reply", "序号：应答与请求相同", ECHO),
        "_unused" / _of(Bytes(1), UNREACHABLE, TIME_EXCEEDED),
        "pointer"
        / _of(Int8ub, PARAMETER_PROBLEM)
        * note("byte of the quoted header that is wrong", "指针：出错字节的位置", "RFC 792, Parameter Problem Message"),
        "length"
        / _of(Int8ub, *WITH_LENGTH)
        * note(
            "words of 4 bytes quoted; 0 when nothing follows them",
            "被引用数据报的长度，以 4 字节为单位；无扩展时为 0",
            EXTENDED,
        ),
        "mtu"
        / When(_NEEDS_FRAGMENTATION, Int16ub)
        * note("the largest packet that the next link takes, bytes", "下一跳链路的 MTU，字节", "RFC 1191 §4"),
        "_zero"
        / When(_is(*WITH_LENGTH) & ((this.type != UNREACHABLE) | (this.code != FRAGMENTATION_NEEDED)), Bytes(2)),
        "redir_gw"
        / _of(Ipv4Address, REDIRECT)
        * note("the better router", "更好的路由器（网关）地址", "RFC 792, Redirect Message"),
        "num_addrs"
        / _of(Int8ub, ROUTER_ADVERTISEMENT)
        * note("routers in the list", "路由器地址的个数", ROUTER_DISCOVERY),
        "addr_entry_size"
        / _of(Int8ub, ROUTER_ADVERTISEMENT)
        * note("words of 4 bytes for each", "每项的长度，以 4 字节为单位", ROUTER_DISCOVERY),
        "lifetime"
        / _of(Int16ub, ROUTER_ADVERTISEMENT)
        * note("seconds that the list is valid", "有效时间，秒", ROUTER_DISCOVERY),
        "originate_timestamp"
        / _of(Int32ub, 13, 14)
        * note(
            "when the request was sent, milliseconds since midnight UTC",
            "请求发送时刻：自 UTC 零点起的毫秒数",
            TIMESTAMP,
        ),
        "receive_timestamp" / _of(Int32ub, 13, 14) * note("when the request came", "请求到达时刻", TIMESTAMP),
        "transmit_timestamp" / _of(Int32ub, 13, 14) * note("when the reply was sent", "应答发送时刻", TIMESTAMP),
        "address_mask" / _of(Ipv4Address, 17, 18) * note("subnet mask", "子网掩码", ADDRESS_MASK),
        "_other" / IfThenElse(_KNOWN, Pass, Bytes(4)),
        "_next" / Worked(lambda header: IPV4_IN_IP if header.type in ERRORS else None),
    ),
    derived=(
        Derived("checksum.status", int, note("0 bad, 1 good, 2 not checked", "0 错误，1 正确，2 未检验")),
        Derived(
            "ident_le",
            int,
            note("the identifier, if the sender wrote it in little-endian order", "按小端序解读的标识符"),
        ),
        Derived("seq_le", int, note("the number, if the sender wrote it in little-endian order", "按小端序解读的序号")),
        Derived("resp_in", int, note("frame with the reply (needs two passes)", "应答所在的帧（需两遍分析）")),
        Derived("resp_to", int, note("frame with the request", "对应请求所在的帧")),
        Derived("resptime", float, note("milliseconds from request to reply", "从请求到应答的毫秒数")),
    ),
)

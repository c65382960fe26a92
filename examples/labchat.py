"""labchat: a chat over TCP port 9001; labchat_peer.py beside this file speaks it.

    labdissect --plugin examples/labchat.py chat.pcapng

TCP carries bytes, not messages: labdissect puts the segments in order, drops what came twice, and asks
``message_length`` where each message ends. This page is the protocol's specification.

§1 Message: two bytes of length (of what follows them, network byte order), one byte of kind, one byte of length of the
name, the name, and the text to the end of the message. Name and text are UTF-8.
§2 Joining: kind 1. A client sends it first; nothing is said before it.
§3 Saying: kind 2. The server passes every message on to everyone.
§4 Leaving: kind 3. After it the client closes its side of the connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from construct import FixedSized, GreedyString, Int8ub, Int16ub, Struct, this

from labdissect import (
    BaseAnalyzer,
    Evidence,
    Explanation,
    Header,
    Layer,
    Message,
    Packet,
    Rule,
    Settings,
    Text,
    Verdict,
    hookimpl,
    note,
)

MESSAGE, JOINING, SAYING, LEAVING = (f"labchat §{number}" for number in range(1, 5))
JOIN, TEXT, LEAVE = 1, 2, 3


def message_length(data: bytes) -> int | None:
    """How long the message is that ``data`` begins with, in bytes; None when more bytes are needed to tell."""
    return 2 + int.from_bytes(data[:2], "big") if len(data) >= 2 else None


LABCHAT = Layer(
    name="labchat",
    title=Text("Chat over TCP (lab)", "基于 TCP 的聊天（实验）"),
    source=MESSAGE,
    over=(("tcp.port", 9001),),
    message_length=message_length,
    struct=Struct(
        "length" / Int16ub * note("bytes that follow", "其后的字节数", MESSAGE),
        "kind" / Int8ub * note("1 join, 2 text, 3 leave", "1 加入，2 文本，3 离开", MESSAGE),
        "name_length" / Int8ub * note("bytes of the name", "名字的字节数", MESSAGE),
        "name" / FixedSized(this.name_length, GreedyString("utf8")) * note("who speaks", "说话者的名字", MESSAGE),
        "text"
        / FixedSized(this.length - this.name_length - 2, GreedyString("utf8"))
        * note("what is said", "说话内容", SAYING),
    ),
)

JOINED = Rule(
    "labchat.join",
    "labchat",
    "chat",
    80,
    Text("{name} joins the chat.", "{name} 加入聊天。"),
    (JOINING,),
    explanation=Explanation(
        Text("A client tells its name first.", "客户端首先说明自己的名字。"),
        Text("labchat.kind is 1.", "labchat.kind 为 1。"),
        Text(
            "The server passes it on, so it is seen once in each direction.", "服务器会转发它，因此每个方向各出现一次。"
        ),
    ),
)
SAID = Rule(
    "labchat.said",
    "labchat",
    "chat",
    80,
    Text("{name} says: {text}", "{name} 说：{text}"),
    (SAYING,),
    explanation=Explanation(
        Text("A line of the chat.", "聊天中的一句话。"),
        Text("labchat.kind is 2.", "labchat.kind 为 2。"),
        Text(
            "From the server it is what somebody else, or the client itself, had said.",
            "来自服务器时，是其他人或该客户端自己说的话。",
        ),
    ),
)
LEFT = Rule(
    "labchat.leave",
    "labchat",
    "chat",
    80,
    Text("{name} leaves the chat.", "{name} 离开聊天。"),
    (LEAVING,),
    explanation=Explanation(
        Text("The client has nothing more to say.", "客户端不再说话。"),
        Text("labchat.kind is 3.", "labchat.kind 为 3。"),
        Text("A FIN without it means that the program ended early.", "没有它就出现 FIN，说明程序提前结束。"),
    ),
)
BEFORE_JOIN = Rule(
    "labchat.before-join",
    "labchat",
    "warn",
    86,
    Text(
        "{name} speaks without having joined: the client's first message must be a join.",
        "{name} 尚未加入就说话：客户端的第一条报文必须是加入。",
    ),
    (JOINING,),
    explanation=Explanation(
        Text("A join must come first.", "必须先加入。"),
        Text(
            "The connection was seen from its handshake on, and no join came from the client before this message.",
            "从握手开始捕获了该连接，且客户端在此报文之前没有加入。",
        ),
        Text(
            "Where the capture begins later, or lacks some of what the client sent before, nothing is said.",
            "若捕获开始得更晚，或缺少客户端此前发送的部分内容，则不作判断。",
        ),
    ),
)
UNKNOWN_KIND = Rule(
    "labchat.unknown-kind",
    "labchat",
    "warn",
    85,
    Text("Message kind {kind} has no meaning in this protocol.", "报文类型 {kind} 在该协议中没有意义。"),
    (MESSAGE,),
    explanation=Explanation(
        Text("Kinds are 1, 2 and 3.", "类型只有 1、2、3。"),
        Text("labchat.kind is another number.", "labchat.kind 为其他数值。"),
        Text("A newer version may have more.", "新版本可能有更多类型。"),
    ),
)
SPLIT = Rule(
    "labchat.split",
    "labchat",
    "chat",
    60,
    Text(
        "The message of {size:byte} came in {count} segments (frames {frames:frames}); this one completes it.",
        "{size} 字节的报文由 {count} 个报文段送达（第 {frames:frames} 帧），本段使其完整。",
    ),
    (MESSAGE, "RFC 9293 §3.8"),
    Text(
        "One send() is one segment, and one segment is one message.",
        "一次 send（）就是一个报文段，一个报文段就是一条报文。",
    ),
    Explanation(
        Text(
            "TCP cuts its byte stream where it likes; the length in the message tells where it ends.",
            "TCP 可在任意位置切分字节流；报文的结尾由其长度字段决定。",
        ),
        Text("The bytes of the message come from several frames.", "该报文的字节来自多个帧。"),
        Text(
            "A retransmission that brings nothing new does not count, nor does a segment that only fills a gap before it.",
            "没有带来新字节的重传不计入，只填补其前缺口的报文段也不计入。",
        ),
    ),
)
MID_SEGMENT = Rule(
    "labchat.mid-segment",
    "labchat",
    "chat",
    58,
    Text(
        "The message of {size:byte} begins in the middle of the segment in frame {frame}, behind the end of another.",
        "{size} 字节的报文从第 {frame} 帧报文段的中间开始，紧接在另一条报文的结尾之后。",
    ),
    (MESSAGE, "RFC 9293 §3.8"),
    Text("A message begins where a segment begins.", "报文从报文段的开头开始。"),
    Explanation(
        Text(
            "Programs that write quickly, and TCP when it repeats, put several messages into one segment.",
            "程序连续写入时，或 TCP 重传时，一个报文段会包含多条报文。",
        ),
        Text(
            "The frame that the message begins in also ended the message before it.",
            "该报文开始的帧也是前一条报文结束的帧。",
        ),
        Text(
            "A reader must keep what is left over for the next message.", "接收程序必须保留剩余字节，留给下一条报文。"
        ),
    ),
)

RULES = [JOINED, SAID, LEFT, BEFORE_JOIN, UNKNOWN_KIND, SPLIT, MID_SEGMENT]


class Labchat(BaseAnalyzer):
    """Reads the messages, and says how TCP carried them."""

    layers = ("labchat",)

    def __init__(self) -> None:
        self._may_speak: set[Any] = set()
        """Connections whose client has joined, or of which the capture lacks a part in which it may have."""
        self._ends: dict[tuple[Any, bool], tuple[int, int]] = {}
        """Where the newest message of a direction ended: frame, and bytes of the stream up to there."""

    def analyze(self, packet: Packet) -> Iterator[Verdict]:
        """The verdicts of all messages that this packet completes."""
        connection: Any = packet.conversation
        from_client = packet.tcp.srcport == connection.client.port
        for message in packet.messages:
            if message.layer == "labchat":
                before = self._ends.get((connection, from_client), (0, 0))
                self._ends[connection, from_client] = (message.frames[-1], message.offset + len(message.data))
                if from_client:
                    yield from self._may(packet, message.header, connection, whole=message.offset == before[1])
                yield from _said(packet, message.header)
                yield from _carried(packet, message, before[0])

    def _may(self, packet: Packet, header: Header, connection: Any, *, whole: bool) -> Iterator[Verdict]:
        """Whether the client may say this; ``whole`` when nothing is missing before it."""
        if header.kind == JOIN or connection.midstream or not whole:
            self._may_speak.add(connection)
        elif connection not in self._may_speak:
            evidence = (Evidence(packet.number, "labchat.kind", header.kind),)
            yield Verdict(BEFORE_JOIN, packet.number, {"name": header.name}, evidence)

    def ended(self, conversation: Any) -> Iterable[Verdict] | None:
        """Forgets the connection."""
        self._may_speak.discard(conversation)
        self._ends.pop((conversation, True), None)
        self._ends.pop((conversation, False), None)
        return None


def _said(packet: Packet, header: Header) -> Iterator[Verdict]:
    """What the message says."""
    number, name = packet.number, header.name
    evidence = (Evidence(number, "labchat.name", name),)
    match header.kind:
        case 1:
            yield Verdict(JOINED, number, {"name": name}, evidence)
        case 2:
            yield Verdict(SAID, number, {"name": name, "text": header.text}, evidence)
        case 3:
            yield Verdict(LEFT, number, {"name": name}, evidence)
        case kind:
            yield Verdict(UNKNOWN_KIND, number, {"kind": kind}, (Evidence(number, "labchat.kind", kind),))


def _carried(packet: Packet, message: Message, before: int) -> Iterator[Verdict]:
    """How TCP carried the message; the one before it ended in frame ``before``."""
    frames, size = message.frames, len(message.data)
    if len(frames) > 1:
        yield Verdict(SPLIT, packet.number, {"size": size, "count": len(frames), "frames": list(frames)})
    if frames[0] == before:
        yield Verdict(MID_SEGMENT, packet.number, {"size": size, "frame": before})


@hookimpl
def labdissect_layers() -> list[Layer]:
    return [LABCHAT]


@hookimpl
def labdissect_rules() -> list[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> list[BaseAnalyzer]:
    return [Labchat()]

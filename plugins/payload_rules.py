"""Verdicts about the protocols of plugins: what could not be read, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from construct import ConstructError

from labdissect.dissectors.layer import Layer, Text
from labdissect.dissectors.reading import Failure, why_not

from .hookspecs import hookimpl
from .rule import Evidence, Explanation, Rule, Verdict
from .streams import BYTES_LIMIT

SHOWN = 16
"""Bytes from where reading failed that are the evidence."""

UNPARSED = Rule(
    "layer.unparsed",
    "data",
    "warn",
    70,
    {
        "": Text(
            "No message of {layer}: the {size:byte} do not fit its definition ({reason}).",
            "不是 {layer} 报文：{size} 字节的载荷不符合其定义（{reason}）。",
        ),
        "field": Text(
            "No message of {layer}: in its {size:byte}, byte {offset}, field {field}, does not fit the definition ({reason}).",
            "不是 {layer} 报文：{size} 字节的载荷在第 {offset} 字节、字段 {field} 处不符合定义（{reason}）。",
        ),
        "stream": Text(
            "No message of {layer}: of {size:byte} from byte {at} of the stream, byte {offset}, field {field}, does not fit "
            "the definition ({reason}). The next message begins behind them, as their length was told.",
            "不是 {layer} 报文：自字节流第 {at} 字节起的 {size} 字节，在第 {offset} 字节、字段 {field} 处不符合定义"
            "（{reason}）。其长度已知，下一报文从其后开始。",
        ),
        "lost": Text(
            "No message of {layer}: of {size:byte} from byte {at} of the stream, byte {offset}, field {field}, does not fit "
            "the definition ({reason}). Where the next message begins is not known; it is looked for at the segments to come.",
            "不是 {layer} 报文：自字节流第 {at} 字节起的 {size} 字节，在第 {offset} 字节、字段 {field} 处不符合定义"
            "（{reason}）。下一报文的起点未知，将在后续报文段的开头寻找。",
        ),
    },
    ("Construct, “Exceptions”",),
    Text(
        "The program that sent it is broken, since its bytes do not parse.",
        "字节不能按定义解析，说明发送程序有错误。",
    ),
    Explanation(
        Text(
            "A plugin's layer is bound to where these bytes were found (a port, a number), and its Construct definition "
            "could not read them. The field named is the one that was read last, and the offset is where that reading began.",
            "插件的协议层绑定到这些字节所在之处（端口或编号），但其 Construct 定义无法读取它们。"
            "所列字段是最后读取的字段，偏移是该次读取开始的位置。",
        ),
        Text(
            "From the payload that tshark prints (udp.payload, tcp.payload, data.data), read by the layer's Struct: it ended "
            "too early, or a constant, a checksum or a condition was not met. The reason is Construct's own message.",
            "由 tshark 给出的载荷（udp.payload、tcp.payload、data.data）按该层的 Struct 读取：数据过早结束，"
            "或常量、检验和、条件不满足。括号中是 Construct 自己的说明。",
        ),
        Text(
            "The definition may be wrong, another protocol may use the same port, the capture may have cut the packet "
            "(frame.cap_len below frame.len), or the sender did send something else.",
            "也可能是定义有误、另一协议使用了相同的端口、捕获截断了分组（frame.cap_len 小于 frame.len），"
            "或发送方确实发送了别的内容。",
        ),
    ),
)

_MISSING = {
    "acked": Text(
        "{missing:byte} from byte {at} of the {role}'s stream not captured, but acknowledged in frame {acked}, so it "
        "arrived: {layer} is read on behind the gap.",
        "{role:role}字节流自第 {at} 字节起的 {missing} 字节不在捕获中，但第 {acked} 帧已确认它们：数据确已到达，"
        "{layer} 从其后继续解析。",
    ),
    "limit": Text(
        "{missing:byte} from byte {at} of the {role}'s stream did not come, and as much waits behind the gap as is kept "
        "in memory: {layer} is read on there.",
        "{role:role}字节流自第 {at} 字节起的 {missing} 字节一直没有出现，其后等待的数据已达到内存上限："
        "{layer} 从其后继续解析。",
    ),
    "end": Text(
        "{missing:byte} from byte {at} of the {role}'s stream never came: what follows was not read as {layer}.",
        "{role:role}字节流自第 {at} 字节起的 {missing} 字节始终没有出现，其后的数据未作为 {layer} 解析。",
    ),
}
_BROKEN_OFF = Text(
    " Right before, {broken_off:byte} of a message that cannot be read.",
    "其前的 {broken_off} 字节是一个无法读全的报文的开头。",
)

GAP = Rule(
    "layer.gap",
    "tcp",
    "warn",
    68,
    {
        **_MISSING,
        **{f"{why}-within": Text(said.en + _BROKEN_OFF.en, said.zh + _BROKEN_OFF.zh) for why, said in _MISSING.items()},
    },
    ("RFC 9293 §3.4",),
    Text(
        "Bytes that are missing in the capture were lost on the network.",
        "捕获中缺少的字节就是在网络中丢失的字节。",
    ),
    Explanation(
        Text(
            "The receiving program reads TCP's bytes in order; a protocol over TCP can therefore be read only up to the first "
            "byte that is missing. When that byte will not come any more, reading goes on behind the gap, where a message "
            "begins.",
            "接收程序按序读取 TCP 的字节，因此其上的协议只能读到第一个缺失的字节为止。"
            "若确定该字节不会再出现，就从缺口之后、某个报文开始之处继续。",
        ),
        Text(
            "From tcp.seq_raw and the length of each payload: the positions between what is in order and the next bytes that "
            "were captured; and from tcp.ack_raw of the peer, which acknowledges only what has arrived.",
            "由 tcp.seq_raw 与各载荷的长度得出：已按序的字节与下一段已捕获字节之间的位置；并参考对端的 tcp.ack_raw，"
            "它只确认已到达的数据。",
        ),
        Text(
            "Had the segment been lost on its way, the peer would have acknowledged no more than what came before it, and the "
            "sender would have sent it again.",
            "如果报文段在途中丢失，对端只会确认其前的数据，发送方随后会重传。",
        ),
    ),
)

TOO_LONG = Rule(
    "layer.too-long",
    "tcp",
    "warn",
    66,
    {
        "known": Text(
            "A message of {layer} begins at byte {at} of the {role}'s stream and claims {size:byte}; no more than {limit} are "
            "kept. It is passed over, and the next message is read behind it.",
            "{role:role}字节流第 {at} 字节处开始的 {layer} 报文声称长 {size} 字节，超过保留上限 {limit}。"
            "该报文被跳过，从其后继续解析。",
        ),
        "unknown": Text(
            "A message of {layer} begins at byte {at} of the {role}'s stream and has no end within {limit:byte}, which is all "
            "that is kept. It is given up; the next message is looked for at the segments to come.",
            "{role:role}字节流第 {at} 字节处开始的 {layer} 报文在 {limit} 字节（保留上限）内没有结束，已放弃；"
            "下一报文将在后续报文段的开头寻找。",
        ),
    },
    ("RFC 9293 §3.7", "RFC 9110 §17.5"),
    Text("A length in a header can be trusted.", "首部中的长度可以直接相信。"),
    Explanation(
        Text(
            "What a message claims of its own length decides how much a receiver stores for it. A program that stores whatever "
            "is claimed can be filled up by one packet, so real receivers set a limit, as is done here.",
            "报文自称的长度决定接收方为它保留多少内存。若照单全收，一个分组就能耗尽内存，因此真正的接收程序会设上限，"
            "这里也是如此。",
        ),
        Text(
            "From the layer's message_length, or from how many bytes its definition asks for, against the limit of one "
            "direction.",
            "由该层的 message_length 或其定义所要求的字节数与单个方向的上限比较得出。",
        ),
        Text(
            "The message may really be so long; or these bytes are no message, because the definition is wrong or the framing "
            "was lost before.",
            "报文可能确实这么长；也可能这些字节并不是报文：定义有误，或此前已失去同步。",
        ),
    ),
)

SKIPPED = Rule(
    "layer.skipped",
    "tcp",
    "note",
    64,
    {
        "found": Text(
            "Passed over {size:byte} of the {role}'s stream before this message: where a message of {layer} begins was "
            "not known until here.",
            "该报文之前，{role:role}字节流有 {size} 字节被跳过：在此之前不知道 {layer} 报文从何处开始。",
        ),
        "never": Text(
            "Not read: {size:byte} of the {role}'s stream, without a message of {layer} that begins where a segment does.",
            "{role:role}字节流有 {size} 字节未读出：没有 {layer} 报文从某个报文段的开头开始。",
        ),
    },
    ("RFC 9293 §3.7",),
    Text("Each segment begins a message.", "每个报文段都从一个报文的开头开始。"),
    Explanation(
        Text(
            "TCP carries bytes, and marks no messages in them. Who did not read the stream from its beginning has to find the "
            "beginning of a message; programs often send each message with one call, so that a segment begins with it.",
            "TCP 传送的是字节，不标记报文边界。没有从头读取字节流的观察者，必须自己找到某个报文的开头；"
            "程序常常一次发送一个报文，因此报文往往从报文段的开头开始。",
        ),
        Text(
            "The capture began within the connection, bytes were missing, or some did not parse. From there on a message was "
            "believed only where a segment begins and a whole message could be read.",
            "捕获从连接中途开始、有字节缺失，或有字节无法解析。此后，只有在报文段开头能读出一个完整报文时才予以采信。",
        ),
        Text(
            "With the connection's SYN in the capture and nothing missing, every byte is read from the first one on.",
            "若捕获中有该连接的 SYN 且没有缺失，则从第一个字节起逐一读取。",
        ),
    ),
)

UNFINISHED = Rule(
    "layer.unfinished",
    "tcp",
    "note",
    62,
    Text(
        "No whole message of {layer} at the end of the {role}'s stream, {size:byte} from byte {at} on: the connection or the "
        "capture ends within it.",
        "{role:role}字节流自第 {at} 字节起的最后 {size} 字节不是完整的 {layer} 报文：连接或捕获在报文中途结束。",
    ),
    ("RFC 9293 §3.6",),
    Text("TCP delivers whole messages or none.", "TCP 要么交付完整的报文，要么不交付。"),
    Explanation(
        Text(
            "TCP delivers bytes. A program that closes, crashes or is captured only so far may leave a message begun and not "
            "ended; its receiver must be able to deal with that.",
            "TCP 交付的是字节。程序关闭、崩溃或捕获到此为止，都可能留下只有开头的报文，接收程序必须能够应对。",
        ),
        Text(
            "Bytes in order were left over when the conversation ended, fewer than the layer's framing asks for.",
            "会话结束时剩有已按序的字节，少于该层成帧所要求的数目。",
        ),
        Text(
            "A FIN behind the last byte would show that the sender had no more to say; without one the capture may just have "
            "ended early.",
            "若最后一个字节之后有 FIN，说明发送方不再有数据；没有 FIN 则可能只是捕获提前结束。",
        ),
    ),
)


class NoFraming(ConstructError):  # type: ignore[misc]
    """A layer does not tell how long its messages are, so it makes no sense to look into them."""


def unparsed(
    layer: Layer,
    data: bytes,
    error: ConstructError,
    frame: int,
    source: str,
    at: int | None = None,
    *,
    lost: bool = False,
) -> Verdict:
    """That ``data`` holds no message of the layer, and where reading it failed.

    :param source: tshark's field that the bytes are from
    :param at: how many bytes of a stream are before them
    :param lost: it is not known where the next message begins
    """
    failure = Failure("", 0, str(error)) if isinstance(error, NoFraming) else why_not(layer.struct, data, error)
    params: dict[str, Any] = {
        "layer": layer.name,
        "size": len(data),
        "offset": failure.offset,
        "field": f"{layer.name}.{failure.path}" if failure.path else layer.name,
        "reason": failure.reason,
    }
    wording = "field" if failure.path else ""
    if at is not None:
        params["at"] = at
        wording = "lost" if lost else "stream"
    there = data[failure.offset : failure.offset + SHOWN]
    evidence = (Evidence(frame, f"{source}[{failure.offset}:{len(there)}]", there.hex(":")),)
    return Verdict(UNPARSED, frame, params, evidence, wording)


def gap(
    layer: Layer, role: str, missing: int, at: int, broken_off: int, frame: int, why: str, acked: int | None = None
) -> Verdict:
    """That bytes of a stream are given up.

    :param at: bytes of the stream before them
    :param broken_off: bytes before them that were no whole message
    :param why: ``acked``, ``limit`` or ``end``
    :param acked: the frame that acknowledges them
    """
    params: dict[str, Any] = {"layer": layer.name, "role": role, "missing": missing, "at": at}
    if acked is not None:
        params["acked"] = acked
    if broken_off:
        params["broken_off"], why = broken_off, f"{why}-within"
    return Verdict(GAP, frame, params, (), why)


def too_long(layer: Layer, role: str, size: int | None, at: int, frame: int) -> Verdict:
    """That a message is longer than what is kept; ``size`` is None when it does not tell its length."""
    params: dict[str, Any] = {"layer": layer.name, "role": role, "at": at, "limit": BYTES_LIMIT}
    if size is None:
        return Verdict(TOO_LONG, frame, params, (), "unknown")
    return Verdict(TOO_LONG, frame, {**params, "size": size}, (), "known")


def skipped(layer: Layer, role: str, size: int, frame: int, how: str) -> Verdict:
    """That bytes were let go of because it was not known where a message begins.

    :param how: ``found`` or ``never``
    """
    return Verdict(SKIPPED, frame, {"layer": layer.name, "role": role, "size": size}, (), how)


def unfinished(layer: Layer, role: str, size: int, at: int, frame: int) -> Verdict:
    """That a stream ends within a message."""
    return Verdict(UNFINISHED, frame, {"layer": layer.name, "role": role, "size": size, "at": at})


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return [UNPARSED, GAP, TOO_LONG, SKIPPED, UNFINISHED]

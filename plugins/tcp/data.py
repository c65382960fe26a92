"""TCP: an open connection's everyday traffic: bytes, acknowledgments, keep-alives (RFC 9293 §3.4, §3.8, §3.9.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.layer import Text
from labdissect.plugins.analyzer import BaseAnalyzer, Settings
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Rule, Verdict

from .conversation import ACK, FIN, LATE, NEW, PSH, RST, SYN, Conversation, Segment

if TYPE_CHECKING:
    from labdissect.plugins.analyzer import Analyzer
    from labdissect.plugins.packet import Packet

DELAY_AT_LEAST = 30_000_000
"""Nanoseconds beyond the connection's quickest answer from which an ACK is called delayed. Linux waits at least 40 ms,
Windows and the BSDs 40 to 200 ms; below this a busy host explains it as well."""
DELAY_AT_MOST = 500_000_000
"""RFC 5681 §4.2: an ACK must come within 500 ms."""

SEGMENT = Rule(
    "tcp.data.segment",
    "tcp",
    "chat",
    30,
    {
        "": Text(
            "{length:byte} of data from the {who:role}: bytes {first} to {last} of its stream.",
            "{who:role}发送 {length} 字节数据:其字节流的第 {first}–{last} 字节。",
        ),
        "acks": Text(
            "{length:byte} of data from the {who:role}: bytes {first} to {last} of its stream; acknowledges the other "
            "side's up to {ack}.",
            "{who:role}发送 {length} 字节数据:其字节流的第 {first}–{last} 字节;同时确认对方 {ack} 之前的数据。",
        ),
        "gap": Text(
            "{length:byte} of data from the {who:role}: bytes {first} to {last} of its stream. The {gap:byte} before them "
            "are not in the capture so far: lost, late, or missed by the capture.",
            "{who:role}发送 {length} 字节数据:其字节流的第 {first}–{last} 字节。此前的 {gap} 字节目前不在捕获中:"
            "可能丢失、迟到,或被捕获漏掉。",
        ),
        "again": Text(
            "Bytes {first}–{last} of the {who:role} again ({length:byte}): frame {earlier} had them {waited:duration} "
            "before.",
            "{who:role}的第 {first}–{last} 字节({length} 字节)再次出现:{waited:duration}前的第 {earlier} 帧已包含。",
        ),
        "again-acked": Text(
            "Bytes {first}–{last} of the {who:role} again ({length:byte}), although frame {acked_frame} has acknowledged "
            "everything before {acked}.",
            "{who:role}的第 {first}–{last} 字节({length} 字节)再次出现,尽管第 {acked_frame} 帧已确认 {acked} "
            "之前的全部数据。",
        ),
        "again-old": Text(
            "Bytes {first}–{last} of the {who:role} again ({length:byte}): nothing new.",
            "{who:role}的第 {first}–{last} 字节({length} 字节)再次出现:没有新数据。",
        ),
        "partly": Text(
            "Bytes {first}–{last} of the {who:role} ({length:byte}): the first of them were sent before, {fresh} are new.",
            "{who:role}的第 {first}–{last} 字节({length} 字节):前一部分曾发送过,其中 {fresh} 字节是新的。",
        ),
        "late": Text(
            "Bytes {first}–{last} of the {who:role} ({length:byte}), which later bytes had overtaken: here they pass for "
            "the first time.",
            "{who:role}的第 {first}–{last} 字节({length} 字节):后面的字节先于它们出现,这些字节在此首次出现。",
        ),
        "syn": Text(
            "The SYN carries {length:byte} of data, bytes {first}–{last}: they count from the number after the SYN's.",
            "该 SYN 携带 {length} 字节数据(第 {first}–{last} 字节),从 SYN 之后的序列号算起。",
        ),
    },
    ("RFC 9293 §3.4",),
    Text("Len counts the whole packet.", "Len 是整个报文的长度。"),
)
PUSH = Rule(
    "tcp.data.push",
    "tcp",
    "chat",
    12,
    Text(
        "PSH: the {who:role} had nothing more queued, so deliver now. It marks no message's end.",
        "PSH:{who:role}已无更多待发数据,请立即交付应用程序。它并不表示消息结束。",
    ),
    ("RFC 9293 §3.9.1.2",),
    Text("PSH means urgent, or the end of a message.", "PSH 表示紧急数据或消息结束。"),
)
PURE_ACK = Rule(
    "tcp.ack.pure",
    "tcp",
    "chat",
    25,
    {
        "frame": Text(
            "The {who:role} acknowledges {newly:byte}, up to {ack}: the data of frame {frame}. No data of its own.",
            "{who:role}确认 {newly} 字节,直到 {ack}:即第 {frame} 帧的数据。自身不携带数据。",
        ),
        "part": Text(
            "The {who:role} acknowledges {newly:byte}, up to {ack}: part of a segment, or bytes that the capture has in "
            "no frame. No data of its own.",
            "{who:role}确认 {newly} 字节,直到 {ack}:仅是某报文段的一部分,或捕获中没有的字节。自身不携带数据。",
        ),
        "first": Text(
            "The {who:role} acknowledges everything before {ack}; what it is about came before the capture. No data of its "
            "own.",
            "{who:role}确认 {ack} 之前的全部数据;所确认的内容在捕获开始之前。自身不携带数据。",
        ),
        "again": Text(
            "No data and nothing newly acknowledged: {ack} again, as frame {since} said first.",
            "无数据,也没有新的确认:再次确认 {ack},首次出现在第 {since} 帧。",
        ),
        "window": Text(
            "No data and nothing newly acknowledged ({ack} again, as in frame {since}): it tells the window, {window} bytes "
            "instead of {before}.",
            "无数据,也没有新的确认(再次确认 {ack},与第 {since} 帧相同):用来通告窗口,由 {before} 变为 {window} 字节。",
        ),
        "old": Text(
            "Acknowledges {ack}, less than frame {since} already did: an old ACK that was overtaken.",
            "确认号 {ack} 小于第 {since} 帧已确认的值:这是一个被后发报文超越的旧 ACK。",
        ),
    },
    ("RFC 9293 §3.4", "RFC 9293 §3.10.7.4"),
    Text("Every segment gets an ACK of its own.", "每个报文段都有单独的 ACK。"),
)
PIGGYBACKED = Rule(
    "tcp.ack.piggybacked",
    "tcp",
    "chat",
    14,
    {
        "": Text(
            "The ACK rides on data: it acknowledges {newly:byte} of the other side, up to {ack}.",
            "ACK 随数据捎带:确认对方 {newly} 字节,直到 {ack}。",
        ),
        "frames": Text(
            "The ACK rides on data: it acknowledges {newly:byte} of the other side, up to {ack} (frame {frames:frames}).",
            "ACK 随数据捎带:确认对方 {newly} 字节,直到 {ack}(第 {frames:frames} 帧)。",
        ),
    },
    ("RFC 9293 §3.8.6.3", "RFC 1122 §4.2.3.2"),
    Text("An ACK is always a packet of its own.", "ACK 总是单独的报文。"),
)
DELAYED = Rule(
    "tcp.ack.delayed",
    "tcp",
    "chat",
    35,
    Text(
        "Delayed ACK: {delay:duration} after frame {frame}, where this {who:role} has answered within {quickest:duration} "
        "before. It waits for data to ride on or a second segment, at most 0.5 s; the capture cannot tell this from a "
        "slow moment of the path or the host.",
        "延迟确认:在第 {frame} 帧之后 {delay:duration} 才发出,而该{who:role}此前最快 {quickest:duration} 即应答。"
        "它在等待可捎带的数据或第二个报文段,最多 0.5 s;捕获无法将其与路径或主机的短暂变慢区分开。",
    ),
    ("RFC 5681 §4.2", "RFC 9293 §3.8.6.3", "RFC 1122 §4.2.3.2"),
    Text("The network was slow.", "网络变慢了。"),
)
CUMULATIVE = Rule(
    "tcp.ack.cumulative",
    "tcp",
    "chat",
    27,
    Text(
        "One ACK for {count:segment}: the {who:role} acknowledges {newly:byte}, up to {ack} (frames {frames:frames}).",
        "一个 ACK 确认 {count} 个报文段:{who:role}确认 {newly} 字节,直到 {ack}(第 {frames:frames} 帧)。",
    ),
    ("RFC 9293 §3.4", "RFC 5681 §4.2"),
    Text("One ACK for each segment.", "每个报文段对应一个 ACK。"),
)
KEEPALIVE = Rule(
    "tcp.keepalive",
    "tcp",
    "chat",
    75,
    {
        "": Text(
            "Keep-alive after {idle:duration} of silence: the {who:role} repeats number {seq}, one before the next byte, so "
            "the other side must answer. It asks whether that side is still there; nothing was lost.",
            "连接静默 {idle:duration} 后的保活探测:{who:role}重复序列号 {seq}(比下一个字节小 1),迫使对方应答,"
            "以确认对方是否仍在;并没有发生丢失。",
        ),
        "untimed": Text(
            "Keep-alive: the {who:role} repeats number {seq}, one before the next byte, so the other side must answer. It "
            "asks whether that side is still there; nothing was lost.",
            "保活探测:{who:role}重复序列号 {seq}(比下一个字节小 1),迫使对方应答,以确认对方是否仍在;并没有发生丢失。",
        ),
    },
    ("RFC 9293 §3.8.4", "RFC 1122 §4.2.3.6"),
    Text("It is a retransmission, or HTTP's keep-alive.", "这是重传,或是 HTTP 的 keep-alive。"),
)
KEEPALIVE_ACK = Rule(
    "tcp.keepalive-ack",
    "tcp",
    "chat",
    74,
    {
        "": Text(
            "Answer to the keep-alive of frame {probe}, {delay:duration} later: the {who:role} is there and still expects "
            "{ack}.",
            "对第 {probe} 帧保活探测的应答,相隔 {delay:duration}:{who:role}仍在线,仍期待序列号 {ack}。",
        ),
        "untimed": Text(
            "Answer to the keep-alive of frame {probe}: the {who:role} is there and still expects {ack}.",
            "对第 {probe} 帧保活探测的应答:{who:role}仍在线,仍期待序列号 {ack}。",
        ),
    },
    ("RFC 9293 §3.8.4",),
    Text("It is a duplicate ACK.", "这是重复 ACK。"),
)
INVALID_FLAGS = Rule(
    "tcp.flags.invalid",
    "tcp",
    "warn",
    88,
    {
        "no-ack": Text(
            "Neither SYN, RST nor ACK is set: such a segment is dropped. No TCP sends it; a scan may.",
            "SYN、RST、ACK 均未置位:这样的报文段会被丢弃。正常的 TCP 不会发送,可能是扫描。",
        ),
        "syn-fin": Text(
            "SYN and FIN together: it asks to open and to close at once. No TCP sends it; a scan may.",
            "SYN 与 FIN 同时置位:既要建立又要关闭连接。正常的 TCP 不会发送,可能是扫描。",
        ),
        "syn-rst": Text(
            "SYN and RST together: it asks to open and aborts at once. No TCP sends it; a scan may.",
            "SYN 与 RST 同时置位:既要建立又要复位连接。正常的 TCP 不会发送,可能是扫描。",
        ),
        "fin-rst": Text(
            "FIN and RST together: RST alone counts. No TCP sends it so; a scan may.",
            "FIN 与 RST 同时置位:只有 RST 起作用。正常的 TCP 不会这样发送,可能是扫描。",
        ),
    },
    ("RFC 9293 §3.10.7.4",),
    Text("Any combination of flags is allowed.", "任何标志组合都是允许的。"),
)

RULES: Sequence[Rule] = (
    SEGMENT,
    PUSH,
    PURE_ACK,
    PIGGYBACKED,
    DELAYED,
    CUMULATIVE,
    KEEPALIVE,
    KEEPALIVE_ACK,
    INVALID_FLAGS,
)


class Data(BaseAnalyzer):
    """Reads payload and acknowledgments."""

    layers = ("tcp",)

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """What a packet carries and acknowledges."""
        segment, conversation = packet.segment, packet.conversation
        if segment is None or not isinstance(conversation, Conversation):
            return None
        flags = segment.flags
        wording = _IMPOSSIBLE.get(flags & (SYN | FIN | RST)) or ("no-ack" if not flags & (SYN | RST | ACK) else "")
        if wording:
            return [Verdict(INVALID_FLAGS, packet.number, {}, (), wording)]
        if flags & RST:
            return None
        who = "client" if segment.from_client else "server"
        if segment.keepalive:
            return [_keepalive(packet, segment, who)]
        if segment.length:
            return _payload(packet, segment, conversation, who)
        if flags & (SYN | FIN) or segment.opens:
            return None
        if segment.keepalive_answered is not None:
            return [_keepalive_answer(packet, segment, who)]
        if segment.acknowledges_fin or segment.acknowledges_unseen_fin:
            return None  # the closing's own verdict says so
        return [_pure_ack(packet, segment, who)]


_IMPOSSIBLE = {SYN | FIN: "syn-fin", SYN | RST: "syn-rst", SYN | FIN | RST: "syn-fin", FIN | RST: "fin-rst"}


def _payload(packet: Packet, segment: Segment, conversation: Conversation, who: str) -> list[Verdict]:
    number, length = packet.number, segment.length
    first = segment.seq + 1 if segment.flags & SYN else segment.seq
    params = {"length": length, "who": who, "first": first, "last": first + length - 1}
    if segment.flags & SYN:
        return [Verdict(SEGMENT, number, params, (), "syn")]
    newly = segment.newly_acked
    evidence: tuple[Evidence, ...] = ()
    wording = ""
    if segment.kind is NEW:
        if segment.gap:
            params["gap"], wording = segment.gap, "gap"
        elif segment.earlier is not None:
            params["fresh"], wording = segment.fresh, "partly"
        elif newly:
            params["ack"], wording = segment.ack, "acks"
    elif segment.kind is LATE:
        wording = "late"
    else:
        wording, evidence = _repetition(packet, segment, params)
    verdicts = [Verdict(SEGMENT, number, params, evidence, wording)]
    if newly and not segment.opens:
        frames = segment.acked_frames
        said = {"newly": newly, "ack": segment.ack, "frames": frames}
        verdicts.append(Verdict(PIGGYBACKED, number, said, (), "frames" if frames else ""))
    if segment.flags & PSH:
        verdicts.append(Verdict(PUSH, number, {"who": who}))
    return verdicts


def _repetition(packet: Packet, segment: Segment, params: dict[str, object]) -> tuple[str, tuple[Evidence, ...]]:
    earlier, sender = segment.earlier, segment.sender
    if earlier is not None and packet.time is not None and earlier.time is not None:
        params["earlier"], params["waited"] = earlier.frame, (packet.time - earlier.time) / 1e9
        return "again", (Evidence(earlier.frame, "tcp.seq", segment.seq),)
    if sender.peer_acked >= segment.end and sender.peer_acked_frame is not None:
        params["acked_frame"], params["acked"] = (
            sender.peer_acked_frame,
            segment.seq + sender.peer_acked - segment.start,
        )
        return "again-acked", (Evidence(sender.peer_acked_frame, "tcp.ack", params["acked"]),)
    return "again-old", ()


def _keepalive(packet: Packet, segment: Segment, who: str) -> Verdict:
    params = {"who": who, "seq": segment.seq, "idle": None if segment.idle is None else segment.idle / 1e9}
    evidence: tuple[Evidence, ...] = (Evidence(packet.number, "tcp.seq", segment.seq),)
    if segment.sender.peer_acked_frame is not None:
        evidence += (Evidence(segment.sender.peer_acked_frame, "tcp.ack", segment.seq + 1),)
    return Verdict(KEEPALIVE, packet.number, params, evidence, "" if segment.idle is not None else "untimed")


def _keepalive_answer(packet: Packet, segment: Segment, who: str) -> Verdict:
    probe, since = segment.keepalive_answered or (0, None)
    params = {"who": who, "probe": probe, "ack": segment.ack, "delay": None if since is None else since / 1e9}
    evidence: tuple[Evidence, ...] = (
        Evidence(probe, "tcp.seq", (segment.ack or 0) - 1),
        Evidence(packet.number, "tcp.ack", segment.ack),
    )
    return Verdict(KEEPALIVE_ACK, packet.number, params, evidence, "" if since is not None else "untimed")


def _pure_ack(packet: Packet, segment: Segment, who: str) -> Verdict:
    number, ack, newly, frames = packet.number, segment.ack, segment.newly_acked, segment.acked_frames
    sender = segment.sender
    if not newly:
        params: dict[str, Any] = {
            "ack": ack,
            "since": segment.ack_since,
            "window": segment.window,
            "before": segment.window_before,
        }
        if segment.ack_since is None:
            if sender.ack_frame == number:
                return Verdict(PURE_ACK, number, {"who": who, "ack": ack}, (), "first")
            params["since"] = sender.ack_frame
            return Verdict(PURE_ACK, number, params, (), "old")
        changed = segment.window_before is not None and segment.window != segment.window_before
        evidence: tuple[Evidence, ...] = (Evidence(segment.ack_since, "tcp.ack", ack),)
        return Verdict(PURE_ACK, number, params, evidence, "window" if changed else "again")
    delayed = _delayed(packet, segment, who)
    if delayed is not None:
        return delayed
    if len(frames) > 1:
        params = {"count": len(frames), "who": who, "newly": newly, "ack": ack, "frames": frames}
        return Verdict(CUMULATIVE, number, params, (Evidence(number, "tcp.ack", ack),))
    if frames:
        params = {"who": who, "newly": newly, "ack": ack, "frame": frames[0]}
        return Verdict(PURE_ACK, number, params, (), "frame")
    return Verdict(PURE_ACK, number, {"who": who, "newly": newly, "ack": ack}, (), "part")


def _delayed(packet: Packet, segment: Segment, who: str) -> Verdict | None:
    """A pure ACK that came much later than this end can answer, with nothing sent again meanwhile."""
    waited, quickest, frames = segment.oldest_answer_time, segment.sender.quickest_answer, segment.acked_frames
    if waited is None or quickest is None or not frames or segment.acked_resent:
        return None
    if not DELAY_AT_LEAST <= waited - quickest < DELAY_AT_MOST or len(frames) > 2:
        return None
    params = {"who": who, "delay": waited / 1e9, "frame": frames[0], "quickest": quickest / 1e9}
    evidence: tuple[Evidence, ...] = (
        Evidence(frames[0], "tcp.nxtseq", segment.ack),
        Evidence(packet.number, "tcp.ack", segment.ack),
    )
    return Verdict(DELAYED, packet.number, params, evidence)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES


@hookimpl
def labdissect_analyzers(settings: Settings) -> Sequence[Analyzer]:
    return [Data()]

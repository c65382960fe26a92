"""What the table says at the end, in words: each connection's opening, close, bytes and repetitions, and the verdicts
that had to wait for the end. Memory and lines are bounded: of thousands of connections the first are told, the rest
counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import Verdict, duration, render
from labdissect.plugins.tcp.conversation import Conversation, seconds
from labdissect.plugins.tcp.summary import Outcome, outcome

from .cells import with_port
from .conversations import later

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Rule
    from labdissect.plugins.udp import Exchange
    from labdissect.plugins.writer import Summary

TOLD = 20
"""Connections that get a sentence of their own, and verdicts of the input's end that are shown."""

Line = tuple[int, str, "Rule | None"]
"""Indent, sentence, and the rule whose color it has."""

_OPENED = {
    "handshake": Text("opened by three-way handshake{time}", "经三次握手建立{time}"),
    "simultaneous": Text("opened from both ends at once", "双方同时打开建立"),
    "fast-open": Text("opened with data in the SYN (Fast Open){time}", "SYN 携带数据建立（Fast Open）{time}"),
    "refused": Text("refused by the server", "被服务器拒绝"),
    "no-answer": Text("asked for but never answered", "请求建立但始终无应答"),
    "midstream": Text("open before the capture begins", "捕获开始前已建立"),
    None: Text("not seen to open fully", "未见其完成建立"),
}
_CLOSED = {
    "four": Text(", closed by the {by} (four-way)", "，由{by}发起四次挥手关闭"),
    "three": Text(", closed by the {by} (three segments)", "，由{by}发起三个报文段的挥手关闭"),
    "simultaneous": Text(", closed by both ends at once", "，双方同时关闭"),
    "half": Text(
        ", closed by the {by} first while the other end sent on (half-close)", "，由{by}先半关闭，对方继续发送后关闭"
    ),
    "rst": Text(", reset by the {by}", "，被{by}用 RST 复位"),
    "timeout": Text(", the last that the {by} sent was never answered", "，{by}最后发送的报文段始终无应答"),
    "unseen": Text(", its end is not in the capture", "，其结束不在捕获中"),
}
_GROUPS = {
    "refused": Text("{count} refused", "{count} 条被拒绝"),
    "no-answer": Text("{count} never answered", "{count} 条无应答"),
    "orderly": Text("{count} closed with FINs", "{count} 条以 FIN 正常关闭"),
    "rst": Text("{count} reset", "{count} 条被复位"),
    "timeout": Text("{count} gone silent", "{count} 条失去应答"),
    "unseen": Text("{count} whose end is not in the capture", "{count} 条的结束不在捕获中"),
}
_MORE = Text("{count} more verdicts at the end: -o jsonl has them all.", "末尾另有 {count} 条解读：见 -o jsonl。")
_ROLES = {"client": Text("client", "客户端"), "server": Text("server", "服务器")}


class ClosingWords:
    """Gathers what the summary needs."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._chinese = language == "zh"
        self._latest: int | None = None
        self._told: list[Line] = []
        self._connections = 0
        self._others: Counter[str] = Counter()
        self._other_verdicts = 0
        self._exchanges = self._datagrams = self._datagram_bytes = 0

    def packet(self, packet: Packet) -> None:
        """A packet was shown."""
        self._latest = later(self._latest, packet.time)

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """A conversation is over."""
        if not isinstance(conversation, Conversation):
            self._exchanges += 1
            self._datagrams += conversation.client.packets + conversation.server.packets
            self._datagram_bytes += conversation.client.bytes + conversation.server.bytes
        else:
            self._connections += 1
            ended = outcome(conversation, self._latest)
            if self._connections > TOLD:
                self._others[_group(ended)] += 1
                self._other_verdicts += len(verdicts)
                return
            self._told.append((0, self._sentence(conversation, ended), None))
        room = len(self._told) < 3 * TOLD
        self._told += [self._late(verdict) for verdict in verdicts if room]
        self._other_verdicts += 0 if room else len(verdicts)

    def lines(self, summary: Summary, verdicts: Sequence[Verdict]) -> Iterator[Line]:
        """The summary, line by line."""
        yield 0, self._counts(summary), None
        yield from self._told
        if self._others:
            yield 0, self._rest(), None
        yield from [(0, text, rule) for _, text, rule in map(self._late, verdicts[:TOLD])]
        left = self._other_verdicts + max(0, len(verdicts) - TOLD)
        if left:
            yield 0, self._say(_MORE, left), None

    def _say(self, text: Text, count: int | None = None, **values: str) -> str:
        template = text.zh if self._chinese else text.en
        return template.format(count="" if count is None else f"{count:,}", **values)

    def _counts(self, summary: Summary) -> str:
        if self._chinese:
            parts = [f"{summary.packets:,} 个分组"]
            parts += [f"显示 {summary.shown:,} 个"] if summary.shown < summary.packets else []
            parts += [f"{self._connections:,} 条 TCP 连接"] if self._connections else []
            if self._exchanges:
                parts.append(
                    f"{self._exchanges:,} 组 UDP 会话（{self._datagrams:,} 个数据报，{self._datagram_bytes:,} 字节）"
                )
            return "，".join(parts) + "。"
        parts = [_counted(summary.packets, "packet")]
        parts += [f"{summary.shown:,} shown"] if summary.shown < summary.packets else []
        parts += [_counted(self._connections, "TCP connection")] if self._connections else []
        if self._exchanges:
            carried = f"{_counted(self._datagrams, 'datagram')}, {_counted(self._datagram_bytes, 'byte')}"
            parts.append(f"{_counted(self._exchanges, 'UDP exchange')} ({carried})")
        return ", ".join(parts) + "."

    def _sentence(self, conversation: Conversation, ended: Outcome) -> str:
        client, server = conversation.client, conversation.server
        comma, colon, stop = ("，", "：", "。") if self._chinese else (", ", ": ", ". ")
        stream = "" if conversation.stream is None else f" {conversation.stream}"
        ends = f"{with_port(client.address, client.port)} → {with_port(server.address, server.port)}"
        head = f"TCP{stream}{comma}{ends}"
        parts = [self._opened_and_closed(conversation, ended)]
        if client.bytes or server.bytes:
            parts.append(self._bytes(conversation))
        if ended.opened not in ("refused", "no-answer"):
            parts.append(self._repetitions(conversation))
        return (head + colon + stop.join(parts) + stop).rstrip()

    def _opened_and_closed(self, conversation: Conversation, ended: Outcome) -> str:
        handshake = seconds(conversation.client.syn_time, conversation.handshake_time)
        span = seconds(conversation.first_time, conversation.last_time)
        took = ""
        if handshake is not None:
            took = f"，用时 {duration(handshake, 'zh')}" if self._chinese else f" in {duration(handshake)}"
        said = self._say(_OPENED[ended.opened], time=took)
        if ended.opened != "refused" and not (ended.opened == "no-answer" and ended.closed in ("unseen", "timeout")):
            by = _ROLES.get(ended.closed_by or "", Text("", ""))
            said += self._say(_CLOSED[ended.closed], by=by.zh if self._chinese else by.en)
        if span:
            said += f"，历时 {duration(span, 'zh')}" if self._chinese else f", {duration(span)} in all"
        return said

    def _bytes(self, conversation: Conversation) -> str:
        client, server = conversation.client.bytes, conversation.server.bytes
        if self._chinese:
            return f"客户端发送 {client:,} 字节，服务器发送 {server:,} 字节"
        return f"{_counted(client, 'byte')} from the client, {_counted(server, 'byte')} from the server"

    def _repetitions(self, conversation: Conversation) -> str:
        probes = conversation.keepalives
        by_client, by_server = conversation.client.retransmissions, conversation.server.retransmissions
        if self._chinese:
            again = f"重传：客户端 {by_client:,} 次，服务器 {by_server:,} 次" if by_client or by_server else "无重传"
            return f"保活探测 {probes:,} 次，{again}" if probes else again
        again = "no retransmissions"
        if by_client or by_server:
            by = f"{by_client:,} by the client, {by_server:,} by the server"
            again = f"{_counted(by_client + by_server, 'retransmission')} ({by})"
        said = f"{_counted(probes, 'keep-alive')}, {again}" if probes else again
        return said[0].upper() + said[1:]

    def _late(self, verdict: Verdict) -> Line:
        """A verdict that has no packet any more to stand beside."""
        text = render(verdict, self._language)
        if not verdict.about:
            return 2, text, verdict.rule
        return 2, f"第 {verdict.about} 帧：{text}" if self._chinese else f"Frame {verdict.about}: {text}", verdict.rule

    def _rest(self) -> str:
        count = sum(self._others.values())
        parts = [self._say(text, self._others[group]) for group, text in _GROUPS.items() if self._others[group]]
        if self._chinese:
            return f"另有 {count:,} 条连接：{'，'.join(parts)}；全部见 -o conversations。"
        return f"{count:,} more connections: {', '.join(parts)}; -o conversations has them all."


def _group(ended: Outcome) -> str:
    if ended.opened in ("refused", "no-answer"):
        return ended.opened
    return ended.closed if ended.closed in _GROUPS else "orderly"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

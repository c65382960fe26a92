"""Grades a student's capture: does it show what the handout asks for? "Capture one visit to a web server of your own."

    labdissect --plugin examples/lab_rubric.py --set rubric.server=10.0.0.2 --only rubric -o jsonl capture.pcapng

It adds rules to layers that are there already, and looks at all packets before it speaks: a line PASS or FAIL for each
point at the end of the input. Options, all with ``--set``: ``rubric.server`` (address; any if not given),
``rubric.port`` (80), ``rubric.path`` (a path that must be asked for; any if not given).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from labdissect import BaseAnalyzer, Explanation, Packet, Rule, Settings, Text, Verdict, hookimpl

POINTS = {
    "opened": Text(
        "a connection to the server is opened by SYN, SYN+ACK, ACK", "用 SYN、SYN+ACK、ACK 与服务器建立连接"
    ),
    "asked": Text("a page is asked for with GET", "用 GET 请求页面"),
    "answered": Text("the server answers 200", "服务器回答 200"),
    "closed": Text("both sides close it with FIN, and nobody aborts", "双方用 FIN 关闭连接，没有复位"),
}
"""What the handout asks for, in its order."""

EXPLAINED = Explanation(
    Text("A point of the lab's handout.", "实验要求中的一项。"),
    Text(
        "The connection that shows most of the points is graded; a point passes with the first frame that shows it.",
        "按显示要点最多的连接评分；第一个显示该要点的帧即为通过的依据。",
    ),
    Text("What the capture missed cannot pass, though it may have happened.", "捕获遗漏的内容即使发生过也不能通过。"),
)
PASS = Rule(
    "rubric.pass",
    "frame",
    "chat",
    95,
    {point: Text(f"PASS: {asked.en}.", f"通过：{asked.zh}。") for point, asked in POINTS.items()},
    ("the lab's handout",),
    explanation=EXPLAINED,
)
FAIL = Rule(
    "rubric.fail",
    "frame",
    "error",
    96,
    {
        point: Text(f"FAIL, not found up to here: {asked.en}.", f"未通过，直到此处未见：{asked.zh}。")
        for point, asked in POINTS.items()
    },
    ("the lab's handout",),
    explanation=EXPLAINED,
)
SCORE = Rule(
    "rubric.score",
    "frame",
    "note",
    97,
    Text("{passed} of {points} points.", "共 {points} 项，通过 {passed} 项。"),
    ("the lab's handout",),
    explanation=EXPLAINED,
)


class Rubric(BaseAnalyzer):
    """Notes for each connection which frame shows which point; the best connection is graded."""

    layers = ("http",)

    def __init__(self, options: dict[str, str]) -> None:
        self._server = options.get("rubric.server")
        self._port = int(options.get("rubric.port", "80"))
        self._path = options.get("rubric.path")
        self._shown: dict[Any, dict[str, int]] = {}
        """Connection → point → frame, while the connection lasts."""
        self._waiting: set[Any] = set()
        """Connections whose newest request was the one that is wanted."""
        self._best: dict[str, int] = {}
        self._last = 1
        """The last frame of any connection."""

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """Looks for a request and its answer; it says nothing yet."""
        http, connection = packet.http, packet.conversation
        if connection is None or not self._is_asked_for(connection):
            return None
        shown = self._shown.setdefault(connection, {})
        if http.request_method is not None:
            self._waiting.discard(connection)
            if http.request_method == "GET" and self._path in (None, http.request_uri):
                shown.setdefault("asked", packet.number)
                self._waiting.add(connection)
        elif http.response_code == 200 and connection in self._waiting:
            shown.setdefault("answered", packet.number)
        return None

    def _is_asked_for(self, connection: Any) -> bool:
        server = connection.server
        return server.port == self._port and self._server in (None, server.address)

    def ended(self, conversation: Any) -> Iterable[Verdict] | None:
        """A connection is over: now it is known how it was opened and closed."""
        self._last = max(self._last, conversation.last_frame)
        if conversation.proto == "tcp" and self._is_asked_for(conversation):
            shown = self._shown.pop(conversation, {})
            self._waiting.discard(conversation)
            if conversation.handshake_frame is not None:
                shown["opened"] = conversation.handshake_frame
            if conversation.conn_state == "SF":  # Zeek's word for: opened and closed as TCP wants it
                shown["closed"] = conversation.last_frame
            if len(shown) > len(self._best):
                self._best = shown
        return None

    def finish(self) -> Iterator[Verdict]:
        """The grades; those of points that no frame shows are about the last one."""
        for point in POINTS:
            passed = point in self._best
            yield Verdict(PASS if passed else FAIL, self._best.get(point, self._last), {"point": point}, (), point)
        yield Verdict(SCORE, self._last, {"passed": len(self._best), "points": len(POINTS)})


@hookimpl
def labdissect_rules() -> list[Rule]:
    return [PASS, FAIL, SCORE]


@hookimpl
def labdissect_analyzers(settings: Settings) -> list[BaseAnalyzer]:
    return [Rubric(settings.options)]

"""HTTP/1: the start line and the header fields (RFC 9112). The body is no part of this layer.

tshark prints the header fields twice: each whole line, in order, and the value of those that it knows by name.
"""

from __future__ import annotations

import re
from typing import Any

from construct import Construct, ConstructError, Container, Int16ub, ListContainer, SizeofError, Struct
from construct.core import stream_read_entire, stream_write

from .layer import Derived, Fields, Layer, Text, Worked, note
from .text import WireText, shown, text_of

MESSAGE = "RFC 9112 §2.1"
REQUEST_LINE = "RFC 9112 §3"
STATUS_LINE = "RFC 9112 §4"
FIELD_LINES = "RFC 9112 §5"

_REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) \S")
_RESPONSE = re.compile(rb"HTTP/1\.[01] \d\d\d")
_TEXT = text_of()


def matches(data: bytes) -> bool:
    """Whether a message of HTTP/1 begins here."""
    return bool(_REQUEST.match(data) or _RESPONSE.match(data))


class _Head(Construct):  # type: ignore[misc]
    """``Container(start=…, lines=[…], end=…)``: bytes of the start line, of each header line and of the empty line,
    line ends kept. ``end`` is empty when the head goes on in bytes that are not there."""

    def _parse(self, stream: Any, context: Any, path: str) -> Container:
        begin = stream.tell()
        lines = [line + b"\n" for line in stream_read_entire(stream, path).split(b"\n")]
        lines[-1] = lines[-1][:-1]
        if not matches(lines[0]):
            raise ConstructError("no start line of HTTP", path)
        count = next((index for index, line in enumerate(lines) if line in (b"\r\n", b"\n", b"")), len(lines))
        end = lines[count] if count < len(lines) else b""
        stream.seek(begin + sum(map(len, lines[:count])) + len(end))
        return Container(start=lines[0], lines=ListContainer(lines[1:count]), end=end)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        data = obj["start"] + b"".join(obj["lines"]) + obj["end"]
        stream_write(stream, data, len(data), path)
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        raise SizeofError("as long as its lines", path=path)


def _start(header: Any, position: int, *, response: bool) -> WireText | None:
    """A word of the start line, if it is one of a response, or of a request."""
    if header._head.start.startswith(b"HTTP/") != response:
        return None
    words = header._head.start.rstrip(b"\r\n").split(b" ", 2)
    return WireText(shown(words[position]), words[position]) if position < len(words) else None


def _code(header: Any) -> int | None:
    word = _start(header, 1, response=True)
    return int(word) if word is not None and word.isascii() and word.isdigit() else None


def _lines(header: Any, *, response: bool) -> list[WireText] | None:
    if header._head.start.startswith(b"HTTP/") != response:
        return None
    return [WireText(shown(line), line) for line in header._head.lines] or None


def _field(name: str, en: str, zh: str, source: str) -> Construct:
    """The member for a header field: the value of its first line."""
    wanted = name.encode().lower()

    def value(header: Any) -> WireText | None:
        for line in header._head.lines:
            key, colon, rest = line.partition(b":")
            if colon and key.strip().lower() == wanted:
                return WireText(shown(rest.strip()), rest)
        return None

    member = {"Content-Length": "content_length_header"}.get(name, name.lower().replace("-", "_"))
    return member / Worked(value, _TEXT) * note(en, zh, source)


def assemble(fields: Fields) -> dict[str, Any]:
    """The header lines, of which each is a value."""
    names = {"request.line": "http_request_line", "response.line": "http_response_line"}
    return {member: fields[name] for member, name in names.items() if name in fields}


LAYER = Layer(
    name="http",
    title=Text("Hypertext Transfer Protocol", "超文本传送协议（HTTP）"),
    source="RFC 9112",
    over=(("tcp.port", 80), ("tcp.port", 3128), ("tcp.port", 8080), ("tcp.port", 8088)),
    assemble=assemble,
    single=("request.method", "response.code"),
    matches=matches,
    struct=Struct(
        "_head" / _Head(),
        "request.method"
        / Worked(lambda header: _start(header, 0, response=False), _TEXT)
        * note("what is to be done: GET, HEAD, POST", "方法：GET、HEAD、POST 等", REQUEST_LINE),
        "request.uri"
        / Worked(lambda header: _start(header, 1, response=False), _TEXT)
        * note("with what", "请求的资源（URI）", REQUEST_LINE),
        "request.version"
        / Worked(lambda header: _start(header, 2, response=False), _TEXT)
        * note("version of the client", "客户端的协议版本", REQUEST_LINE),
        "response.version"
        / Worked(lambda header: _start(header, 0, response=True), _TEXT)
        * note("version of the server", "服务器的协议版本", STATUS_LINE),
        "response.code"
        / Worked(_code, Int16ub)
        * note(
            "2xx done, 3xx elsewhere, 4xx the client's fault, 5xx the server's",
            "状态码：2xx 成功，3xx 重定向，4xx 客户端差错，5xx 服务器差错",
            STATUS_LINE,
        ),
        "response.phrase"
        / Worked(lambda header: _start(header, 2, response=True), _TEXT)
        * note("the status in words", "状态短语", STATUS_LINE),
        "request.line"
        / Worked(lambda header: _lines(header, response=False))
        * note("each header line of a request, with its line end", "请求的各首部行，含行尾", FIELD_LINES),
        "response.line"
        / Worked(lambda header: _lines(header, response=True))
        * note("each header line of a response, with its line end", "响应的各首部行，含行尾", FIELD_LINES),
        _field("Host", "name of the server that is meant", "所请求的主机", "RFC 9110 §7.2"),
        _field(
            "Connection",
            "close: no further request on this connection",
            "连接管理；close 表示此后关闭",
            "RFC 9110 §7.6.1",
        ),
        _field("User-Agent", "the client's program", "用户代理（客户端程序）", "RFC 9110 §10.1.5"),
        _field("Accept", "kinds of content that the client takes", "客户端可接受的媒体类型", "RFC 9110 §12.5.1"),
        _field("Referer", "page that the request came from", "来源页面", "RFC 9110 §10.1.3"),
        _field("Cookie", "what the server had the client keep", "客户端保存的 Cookie", "RFC 6265 §4.2"),
        _field("Set-Cookie", "what the client is to keep", "要求客户端保存的 Cookie", "RFC 6265 §4.1"),
        _field("Server", "the server's program", "服务器程序", "RFC 9110 §10.2.4"),
        _field("Date", "when the response was made", "响应产生的时间", "RFC 9110 §6.6.1"),
        _field("Location", "where to go instead", "重定向的目标地址", "RFC 9110 §10.2.2"),
        _field("Content-Type", "kind of the body", "主体的媒体类型", "RFC 9110 §8.3"),
        _field("Content-Length", "bytes of the body", "主体长度，字节", "RFC 9110 §8.6"),
        _field("Content-Encoding", "how the body is compressed", "主体的压缩方式", "RFC 9110 §8.4"),
        _field(
            "Transfer-Encoding",
            "chunked: the body comes in pieces, each with its length",
            "传送编码；chunked 为分块传送",
            "RFC 9112 §6.1",
        ),
        _field("Last-Modified", "when the content last changed", "内容最后修改时间", "RFC 9110 §8.8.2"),
    ),
    derived=(
        Derived("request", bool, note("this is a request", "这是请求")),
        Derived("response", bool, note("this is a response", "这是响应")),
        Derived("content_length", int, note("Content-Length as a number", "Content-Length 的数值", "RFC 9110 §8.6")),
        Derived("request.full_uri", str, note("the whole address of what is asked for", "完整的请求地址")),
        Derived("request_in", int, note("frame with the request", "对应请求所在的帧")),
        Derived("response_in", int, note("frame with the response (needs two passes)", "响应所在的帧（需两遍分析）")),
        Derived("time", float, note("seconds from request to response", "从请求到响应的秒数")),
    ),
)

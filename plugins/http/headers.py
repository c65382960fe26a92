"""What each header line means: one wording of ``http.header`` for each name (RFC 9110 unless said otherwise)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Evidence, Explanation, Rule, Verdict

from .message import Message, shorten

SAID_LIMIT = 128
"""Header lines of one connection that are remembered as explained."""

WORDINGS = {
    # requests
    "host": Text(
        "Host: {value}. The server's name as the user gave it: one address may serve many names.",
        "Host: {value}。用户给出的服务器名称：同一地址可提供多个名称的服务。",
    ),
    "user-agent": Text(
        "User-Agent: {value}. The client's program and system, as it gives them; Mozilla/5.0 is there for history's sake.",
        "User-Agent: {value}。客户端自称的程序和系统；Mozilla/5.0 只是历史遗留。",
    ),
    "user-agent:program": Text(
        "User-Agent: {value}. The client's program, as it gives it.",
        "User-Agent: {value}。客户端自称的程序。",
    ),
    "accept": Text(
        "Accept: {value}. Kinds of content that the client takes; q weighs them, 1 if not given.",
        "Accept: {value}。客户端可接受的媒体类型；q 为权重，未给出时为 1。",
    ),
    "accept-language": Text(
        "Accept-Language: {value}. Languages that the user prefers; q weighs them, 1 if not given.",
        "Accept-Language: {value}。用户偏好的语言；q 为权重，未给出时为 1。",
    ),
    "accept-encoding": Text(
        "Accept-Encoding: {value}. Compressions that the client can undo.",
        "Accept-Encoding: {value}。客户端可解的压缩方式。",
    ),
    "accept-encoding:identity": Text(
        "Accept-Encoding: {value}. No compression, please: positions in the bytes shall be those of the file.",
        "Accept-Encoding: {value}。不要压缩：使字节位置与文件一致。",
    ),
    "upgrade-insecure-requests": Text(
        "Upgrade-Insecure-Requests: {value}. The browser would rather have https (W3C).",
        "Upgrade-Insecure-Requests: {value}。浏览器更愿意使用 https（W3C）。",
    ),
    "referer": Text(
        "Referer: {value}. The page that led to this request: so the browser asks for a part of it, or a link was followed.",
        "Referer: {value}。引出该请求的页面：浏览器在请求该页面的组成部分，或用户点击了其中的链接。",
    ),
    "range": Text(
        "Range: {value}. Only these bytes of the content are wanted; an open end means up to the last.",
        "Range: {value}。只要内容中的这些字节；未写结尾表示直到最后。",
    ),
    "cookie": Text(
        "Cookie: {value}. What the server had the client keep (Set-Cookie) and now gets back (RFC 6265).",
        "Cookie: {value}。服务器此前让客户端保存（Set-Cookie）、现在取回的内容（RFC 6265）。",
    ),
    "if-modified-since": Text(
        "If-Modified-Since: {value}. Send the content only if it changed after this; else 304 will do.",
        "If-Modified-Since: {value}。仅当内容在此之后修改过才发送，否则返回 304 即可。",
    ),
    "if-none-match": Text(
        "If-None-Match: {value}. Send the content only if its tag (ETag) is another; else 304 will do.",
        "If-None-Match: {value}。仅当内容的标签（ETag）不同才发送，否则返回 304 即可。",
    ),
    "expect": Text(
        "Expect: {value}. The client holds its body back until the server agrees.",
        "Expect: {value}。客户端先不发送主体，等待服务器同意。",
    ),
    "origin": Text(
        "Origin: {value}. The site whose page makes this request.",
        "Origin: {value}。发起该请求的页面所属的站点。",
    ),
    "authorization": Text(
        "Authorization: credentials, scheme {value}; not shown here.",
        "Authorization：身份凭证，方案为 {value}；此处不显示内容。",
    ),
    "sec-fetch-dest": Text(
        "Sec-Fetch-Dest: {value}. What the browser wants it for (W3C).",
        "Sec-Fetch-Dest: {value}。浏览器请求它的用途（W3C）。",
    ),
    # both
    "connection:keep-alive": Text(
        "Connection: {value}. A wish that HTTP/1.1 does not need: it keeps connections anyway. Not TCP's keep-alive.",
        "Connection: {value}。HTTP/1.1 并不需要这一要求：它默认保持连接。这不是 TCP 的保活。",
    ),
    "connection:close": Text(
        "Connection: {value}. After this exchange the connection ends.",
        "Connection: {value}。本次请求与响应之后连接结束。",
    ),
    "connection": Text(
        "Connection: {value}. Headers and wishes for this hop only.",
        "Connection: {value}。只对这一跳有效的首部和要求。",
    ),
    "content-type": Text(
        "Content-Type: {value}. Kind of the body, and how its text is encoded.",
        "Content-Type: {value}。主体的媒体类型及其字符编码。",
    ),
    "content-length": Text(
        "Content-Length: {value}. Bytes of the body, without the header.",
        "Content-Length: {value}。主体的字节数，不含首部。",
    ),
    "transfer-encoding": Text(
        "Transfer-Encoding: {value}. How the body is sent; chunked: in pieces, each with its size (RFC 9112 §7.1).",
        "Transfer-Encoding: {value}。主体的传送方式；chunked 表示分块，每块带有大小（RFC 9112 §7.1）。",
    ),
    "content-encoding": Text(
        "Content-Encoding: {value}. The body is compressed; Content-Length counts the compressed bytes.",
        "Content-Encoding: {value}。主体经过压缩；Content-Length 为压缩后的字节数。",
    ),
    "cache-control": Text(
        "Cache-Control: {value}. Who may keep a copy, and for how long (RFC 9111).",
        "Cache-Control: {value}。谁可以保存副本以及保存多久（RFC 9111）。",
    ),
    # responses
    "date": Text(
        "Date: {value}. When the server made the response, in GMT whatever its time zone.",
        "Date: {value}。服务器产生响应的时间，无论所在时区一律为 GMT。",
    ),
    "server": Text(
        "Server: {value}. The server's program, as it gives it.",
        "Server: {value}。服务器自称的程序。",
    ),
    "x-frame-options": Text(
        "X-Frame-Options: {value}. Whether other pages may show this one in a frame; DENY: none (RFC 7034).",
        "X-Frame-Options: {value}。其他页面能否在框架中显示本页；DENY 表示一律不许（RFC 7034）。",
    ),
    "x-content-type-options": Text(
        "X-Content-Type-Options: {value}. The browser shall believe Content-Type and not guess.",
        "X-Content-Type-Options: {value}。要求浏览器相信 Content-Type，不要猜测。",
    ),
    "referrer-policy": Text(
        "Referrer-Policy: {value}. To whom the browser may tell this page's address in Referer (W3C).",
        "Referrer-Policy: {value}。浏览器可以通过 Referer 向谁透露本页地址（W3C）。",
    ),
    "cross-origin-opener-policy": Text(
        "Cross-Origin-Opener-Policy: {value}. Whether windows of other sites may keep hold of this one (WHATWG HTML).",
        "Cross-Origin-Opener-Policy: {value}。其他站点的窗口能否持有对本窗口的引用（WHATWG HTML）。",
    ),
    "last-modified": Text(
        "Last-Modified: {value}. When the content last changed; a later If-Modified-Since repeats it.",
        "Last-Modified: {value}。内容最后修改的时间；以后的 If-Modified-Since 会重复它。",
    ),
    "etag": Text(
        "ETag: {value}. A tag of this version of the content; a later If-None-Match repeats it.",
        "ETag: {value}。内容这一版本的标签；以后的 If-None-Match 会重复它。",
    ),
    "content-disposition": Text(
        "Content-Disposition: {value}. inline: show it; attachment: save it, under this name (RFC 6266).",
        "Content-Disposition: {value}。inline 表示直接显示，attachment 表示另存，并给出文件名（RFC 6266）。",
    ),
    "content-range": Text(
        "Content-Range: {value}. Which bytes these are, and of how many in all.",
        "Content-Range: {value}。这些是哪些字节，以及总字节数。",
    ),
    "accept-ranges": Text(
        "Accept-Ranges: {value}. Whether the server sends parts on request (Range).",
        "Accept-Ranges: {value}。服务器是否支持按范围请求（Range）。",
    ),
    "location": Text(
        "Location: {value}. Where to ask instead.",
        "Location: {value}。应改向何处请求。",
    ),
    "set-cookie": Text(
        "Set-Cookie: {value}. The client shall keep this and send it along with later requests (RFC 6265).",
        "Set-Cookie: {value}。让客户端保存，并在以后的请求中带上（RFC 6265）。",
    ),
    "age": Text(
        "Age: {value}. Seconds since the origin server made or checked it: a cache answers (RFC 9111 §5.1).",
        "Age: {value}。自源服务器产生或验证以来的秒数：应答来自缓存（RFC 9111 §5.1）。",
    ),
    "expires": Text(
        "Expires: {value}. After this a kept copy counts as stale (RFC 9111).",
        "Expires: {value}。此后保存的副本视为过期（RFC 9111）。",
    ),
    "vary": Text(
        "Vary: {value}. Request headers that the content depends on: a cache must heed them.",
        "Vary: {value}。内容所依赖的请求首部：缓存必须加以区分。",
    ),
    "via": Text(
        "Via: {value}. Proxies that the message has passed.",
        "Via: {value}。报文经过的代理。",
    ),
    "retry-after": Text(
        "Retry-After: {value}. When asking again makes sense; a number is seconds.",
        "Retry-After: {value}。何时适合重试；数字表示秒数。",
    ),
    "www-authenticate": Text(
        "WWW-Authenticate: {value}. How the client is to prove who it is.",
        "WWW-Authenticate: {value}。客户端应以何种方式证明身份。",
    ),
    "allow": Text(
        "Allow: {value}. Methods that this target knows.",
        "Allow: {value}。该目标支持的方法。",
    ),
    "strict-transport-security": Text(
        "Strict-Transport-Security: {value}. From now on the browser shall use https only (RFC 6797).",
        "Strict-Transport-Security: {value}。此后浏览器只能使用 https（RFC 6797）。",
    ),
}

HEADER = Rule(
    "http.header",
    "http",
    "chat",
    9,
    WORDINGS,
    ("RFC 9110 §5", "RFC 9112 §5"),
    Text("Headers are commands that the other side must obey.", "首部是对方必须服从的命令。"),
    Explanation(
        Text(
            "Header lines tell what the message holds, what its sender can do and would like. Most are information or a "
            "wish; unknown ones are ignored.",
            "首部行说明报文的内容以及发送方的能力和愿望。大多是信息或请求；不认识的首部会被忽略。",
        ),
        Text(
            "http.request.line and http.response.line. Each line is explained once a connection; lines without an entry here "
            "get none.",
            "取自 http.request.line 与 http.response.line。每一行在一条连接中只解释一次；此处没有收录的不作解释。",
        ),
        Text(
            "What a header says is its sender's claim: User-Agent, Server, Referer and Date may be wrong on purpose.",
            "首部的内容是发送方的说法：User-Agent、Server、Referer 与 Date 都可能是有意写错的。",
        ),
    ),
)


def explained(message: Message, frame: int, said: set[str]) -> Iterator[Verdict]:
    """One verdict for each header line that this connection has not shown before.

    :param said: what was explained on this connection; grows, within limits
    """
    for name, value in message.headers:
        wording = _wording(name, value)
        if wording is None:
            continue
        shown = value.partition(" ")[0] if name == "authorization" else value
        shown = shorten(shown)
        key = f"{name}:{shown}"
        if key in said or len(said) >= SAID_LIMIT:
            continue
        said.add(key)
        direction = "response" if message.response else "request"
        evidence = (Evidence(frame, f"http.{direction}.line", f"{name}: {shown}"),)
        yield Verdict(HEADER, frame, {"value": shown}, evidence, wording)


def _wording(name: str, value: str) -> str | None:
    special = f"{name}:{value.lower()}"
    if special in WORDINGS:
        return special
    if name == "user-agent" and not value.startswith("Mozilla/"):
        return "user-agent:program"
    return name if name in WORDINGS else None


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return [HEADER]

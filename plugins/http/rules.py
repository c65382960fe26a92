"""What is said of requests and responses as such: pairs, sizes, and whether the connection stays (RFC 9110, 9112)."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Explanation, Rule

REQUEST = Rule(
    "http.request",
    "http",
    "chat",
    60,
    {
        "one": Text(
            "Request {k} on this connection: {method} {target} at {host}, {size:byte} in one segment.",
            "本连接上的第 {k} 个请求：{method} {target}（主机 {host}），共 {size} 字节，由一个报文段承载。",
        ),
        "frames": Text(
            "Request {k} on this connection: {method} {target} at {host}, {size:byte} in {count:segment} (frames "
            "{frames:frames}).",
            "本连接上的第 {k} 个请求：{method} {target}（主机 {host}），共 {size} 字节，由 {count} 个报文段承载"
            "（第 {frames:frames} 帧）。",
        ),
        "many": Text(
            "Request {k} on this connection: {method} {target} at {host}, {size:byte} in {count:segment} (frames {first} to "
            "{last}).",
            "本连接上的第 {k} 个请求：{method} {target}（主机 {host}），共 {size} 字节，由 {count} 个报文段承载"
            "（第 {first} 帧至第 {last} 帧）。",
        ),
        "unsized": Text(
            "Request {k} on this connection: {method} {target} at {host}.",
            "本连接上的第 {k} 个请求：{method} {target}（主机 {host}）。",
        ),
        "midstream": Text(
            "Request {k} that the capture shows of this connection: {method} {target} at {host}.",
            "捕获中该连接的第 {k} 个请求：{method} {target}（主机 {host}）。",
        ),
    },
    ("RFC 9110 §9", "RFC 9112 §3"),
    Text("Each request needs a connection of its own.", "每个请求都要建立一条新连接。"),
    Explanation(
        Text(
            "A request is a line with method, target and version, then header lines, an empty line, and for some methods a "
            "body. It takes bytes of the client's stream as any data does.",
            "请求由请求行（方法、目标、版本）、首部行、空行组成，某些方法还带有主体。它像其他数据一样占用客户端字节流中的字节。",
        ),
        Text(
            "http.request.method and http.request.uri of the frame that completes it; its size is what the client's stream "
            "(tcp.seq, tcp.len) gained since the message before.",
            "取自收齐该请求的帧的 http.request.method 与 http.request.uri；其大小为客户端字节流自上一报文以来增加的字节数"
            "（tcp.seq、tcp.len）。",
        ),
        Text(
            "The number counts what the capture shows. Requests that it missed would leave a gap in tcp.seq.",
            "编号按捕获中看到的请求计数；漏掉的请求会在 tcp.seq 中留下空缺。",
        ),
    ),
)
RESPONSE = Rule(
    "http.response",
    "http",
    "chat",
    60,
    {
        "one": Text(
            "Response to request {k} (frame {request}) after {delay:duration}: {code} {phrase}, {size:byte} in one segment.",
            "对第 {k} 个请求（第 {request} 帧）的响应，相隔 {delay:duration}：{code} {phrase}，共 {size} 字节，"
            "由一个报文段承载。",
        ),
        "frames": Text(
            "Response to request {k} (frame {request}), complete after {delay:duration}: {code} {phrase}, {size:byte} in "
            "{count:segment} (frames {frames:frames}), the first after {first_delay:duration}.",
            "对第 {k} 个请求（第 {request} 帧）的响应，{delay:duration}后收齐：{code} {phrase}，共 {size} 字节，"
            "由 {count} 个报文段承载（第 {frames:frames} 帧），首个报文段在 {first_delay:duration}后到达。",
        ),
        "many": Text(
            "Response to request {k} (frame {request}), complete after {delay:duration}: {code} {phrase}, {size:byte} in "
            "{count:segment} (frames {first} to {last}), the first after {first_delay:duration}.",
            "对第 {k} 个请求（第 {request} 帧）的响应，{delay:duration}后收齐：{code} {phrase}，共 {size} 字节，"
            "由 {count} 个报文段承载（第 {first} 帧至第 {last} 帧），首个报文段在 {first_delay:duration}后到达。",
        ),
        "unsized": Text(
            "Response to request {k} (frame {request}) after {delay:duration}: {code} {phrase}.",
            "对第 {k} 个请求（第 {request} 帧）的响应，相隔 {delay:duration}：{code} {phrase}。",
        ),
        "untimed": Text(
            "Response to request {k} (frame {request}): {code} {phrase}.",
            "对第 {k} 个请求（第 {request} 帧）的响应：{code} {phrase}。",
        ),
        "unpaired": Text(
            "Response: {code} {phrase}. Which request it answers the capture cannot tell: bytes or frames are missing.",
            "响应：{code} {phrase}。捕获缺少字节或帧，无法确定它对应哪个请求。",
        ),
        "switching": Text(
            "{code} {phrase}: from here on the connection speaks another protocol, {protocol}.",
            "{code} {phrase}：此后该连接改用另一协议 {protocol}。",
        ),
    },
    ("RFC 9110 §15", "RFC 9112 §9.2"),
    Text("Wireshark's frame with 200 OK holds the whole response.", "Wireshark 中显示 200 OK 的那一帧包含整个响应。"),
    Explanation(
        Text(
            "Responses come in the order of the requests; nothing in them names the request. The status line is in the first "
            "segment, but Wireshark shows the response where its last byte arrives.",
            "响应按请求的顺序返回，其中没有任何字段指明对应的请求。状态行在第一个报文段中，而 Wireshark 在最后一个字节"
            "到达的帧显示整个响应。",
        ),
        Text(
            "http.response.code, paired with the oldest request of this connection that has no response yet. The times are "
            "differences to the frame that completes the request.",
            "取 http.response.code，并与本连接上最早的尚无响应的请求配对。时间为与收齐请求的帧之间的差。",
        ),
        Text(
            "Wireshark's own http.request_in pairs pipelined requests with the wrong responses. Where segments are missing "
            "no pair is claimed.",
            "对流水线方式的请求，Wireshark 的 http.request_in 会配错。若缺少报文段，则不作配对。",
        ),
    ),
)
ANSWERED = Rule(
    "http.answered",
    "http",
    "chat",
    20,
    {
        "": Text(
            "Answered by frame {frame} after {delay:duration}: {code} {phrase}.",
            "响应在第 {frame} 帧，相隔 {delay:duration}：{code} {phrase}。",
        ),
        "untimed": Text("Answered by frame {frame}: {code} {phrase}.", "响应在第 {frame} 帧：{code} {phrase}。"),
        "unanswered": Text(
            "No response to request {k} ({method} {target}) in this capture: not sent, lost, or not captured.",
            "捕获中没有对第 {k} 个请求（{method} {target}）的响应：未发送、已丢失或未被捕获。",
        ),
    },
    ("RFC 9112 §9.2",),
    Text("The next packet of the server is the response.", "服务器的下一个分组就是响应。"),
    Explanation(
        Text(
            "The other half of the pair, told at the request: the server's next packet is often only an ACK.",
            "在请求处给出配对的另一半：服务器的下一个分组往往只是 ACK。",
        ),
        Text(
            "Known when the response is complete (http.response.code), or at the end when none came.",
            "响应收齐时（http.response.code）才能得知；若一直没有，则在结束时得知。",
        ),
        Text(
            "Without a response, an RST or FIN of the server tells that it gave up; retransmissions of the request that the "
            "network lost it; neither: the capture ended too early.",
            "若没有响应：服务器的 RST 或 FIN 表明它放弃了；请求的重传表明网络丢失；两者皆无则说明捕获结束过早。",
        ),
    ),
)
BODY_LENGTH = Rule(
    "http.body-length",
    "http",
    "chat",
    22,
    {
        "length": Text(
            "Body: {body:byte} (Content-Length). {head} of header + {body} of body = {size:byte} on the stream, numbers "
            "{first_byte}–{last_byte}.",
            "主体为 {body} 字节（Content-Length）。首部 {head} + 主体 {body} = 字节流上的 {size} 字节"
            "（序号 {first_byte}–{last_byte}）。",
        ),
        "length-told": Text(
            "Body: {body:byte} by Content-Length, behind the header.",
            "按 Content-Length，首部之后的主体为 {body} 字节。",
        ),
        "chunked": Text(
            "Body in chunks: each with its size before it, the last of size 0; no Content-Length. {head} of header + {coded} "
            "of chunks and their size lines = {size:byte} on the stream.",
            "主体分块传送：每块之前有其大小，最后一块大小为 0；没有 Content-Length。首部 {head} + 各块及其大小行 {coded} = "
            "字节流上的 {size} 字节。",
        ),
        "chunked-told": Text(
            "Body in chunks: each with its size before it, the last of size 0; no Content-Length.",
            "主体分块传送：每块之前有其大小，最后一块大小为 0；没有 Content-Length。",
        ),
        "close": Text(
            "No Content-Length and no chunks: the body ends where the server closes. {head} of header + {body} of body = "
            "{size:byte} on the stream.",
            "既无 Content-Length 也不分块：服务器关闭连接处即主体的结尾。首部 {head} + 主体 {body} = 字节流上的 {size} 字节。",
        ),
        "close-told": Text(
            "No Content-Length and no chunks: the body ends where the server closes the connection.",
            "既无 Content-Length 也不分块：服务器关闭连接处即主体的结尾。",
        ),
        "none": Text(
            "No body: {why} has none, whatever Content-Length says.",
            "没有主体：无论 Content-Length 为何，{why} 都不带主体。",
        ),
    },
    ("RFC 9112 §6.3", "RFC 9112 §7.1"),
    Text("Len of the TCP segment is the length of the body.", "TCP 报文段的 Len 就是主体长度。"),
    Explanation(
        Text(
            "TCP's length counts header and body of HTTP alike, and of one segment only. The body's own length comes from "
            "Content-Length, from the chunks, or from the end of the connection.",
            "TCP 的长度把 HTTP 首部与主体一并计入，而且只是一个报文段的。主体本身的长度由 Content-Length、分块"
            "或连接的关闭给出。",
        ),
        Text(
            "Header bytes: start line, header lines and empty line with their CR LF. The sum is claimed only where it equals "
            "the bytes between the message's first and last tcp.seq.",
            "首部字节数：起始行、各首部行与空行，含 CR LF。只有当总和等于该报文首末 tcp.seq 之间的字节数时才给出算式。",
        ),
        Text(
            "With Content-Encoding the length is that of the compressed bytes; what the browser shows is longer. A response "
            "to HEAD has Content-Length without a body.",
            "有 Content-Encoding 时，长度是压缩后的字节数，浏览器显示的内容更长。对 HEAD 的响应有 Content-Length 却没有主体。",
        ),
    ),
)
PERSISTENT = Rule(
    "http.persistent",
    "http",
    "chat",
    18,
    {
        "default": Text(
            "The connection may carry further requests: HTTP/1.1 keeps it unless one side says Connection: close. It has "
            "nothing to do with TCP's keep-alive.",
            "该连接可继续承载请求：HTTP/1.1 默认为持续连接，除非一方声明 Connection: close。这与 TCP 的保活机制无关。",
        ),
        "asked": Text(
            "The connection may carry further requests: both sides agree by Connection: keep-alive, which HTTP/1.0 needs.",
            "该连接可继续承载请求：双方以 Connection: keep-alive 达成一致，HTTP/1.0 需要如此。",
        ),
        "reused": Text(
            "Request {k} uses the connection again, after the one in frame {before}: no new handshake.",
            "继第 {before} 帧的请求之后，第 {k} 个请求再次使用同一连接：无需重新握手。",
        ),
    },
    ("RFC 9112 §9.3",),
    Text(
        "The header Connection: keep-alive keeps it open, or it is TCP's keep-alive.",
        "连接靠 Connection: keep-alive 首部保持，或者这就是 TCP 保活。",
    ),
    Explanation(
        Text(
            "A connection of HTTP/1.1 carries request after request. The header keep-alive is a remnant of HTTP/1.0; TCP's "
            "keep-alive is a probe of an idle connection and another thing altogether.",
            "HTTP/1.1 的一条连接可承载多个请求。keep-alive 首部是 HTTP/1.0 的遗留；TCP 保活是对空闲连接的探测，"
            "完全是另一回事。",
        ),
        Text(
            "The versions in http.request.version and http.response.version, and the words of http.connection.",
            "依据 http.request.version、http.response.version 以及 http.connection 中的内容。",
        ),
        Text(
            "Either side may still close at any time, as after a time without requests: then a FIN follows the silence.",
            "任何一方仍可随时关闭连接，例如一段时间没有请求之后：届时静默之后会出现 FIN。",
        ),
    ),
)
CONNECTION_CLOSE = Rule(
    "http.connection-close",
    "http",
    "chat",
    19,
    {
        "request": Text(
            "Connection: close: the client wants the server to close after this response; no further request will follow.",
            "Connection: close：客户端要求服务器在本次响应后关闭连接，不会再有后续请求。",
        ),
        "response": Text(
            "Connection: close: the server closes with this response; its FIN follows or is here already.",
            "Connection: close：服务器在本次响应之后关闭连接，随即（或已在此）发出 FIN。",
        ),
        "old": Text(
            "The request (frame {request}) is HTTP/1.0 without keep-alive: the server closes after this response, though no "
            "header says so.",
            "请求（第 {request} 帧）为 HTTP/1.0 且没有 keep-alive：虽无首部声明，服务器在本次响应之后仍会关闭连接。",
        ),
        "old-response": Text(
            "The response is HTTP/1.0 without keep-alive: the server closes after it, though no header says so.",
            "响应为 HTTP/1.0 且没有 keep-alive：虽无首部声明，服务器在此之后会关闭连接。",
        ),
    },
    ("RFC 9112 §9.3", "RFC 9112 §9.6"),
    Text("The server closes because something failed.", "服务器因出错而关闭连接。"),
    Explanation(
        Text(
            "One request, one response, then FIN: what HTTP/1.0 always did, HTTP/1.1 does when either side says close.",
            "一个请求、一个响应，然后 FIN：HTTP/1.0 一贯如此，HTTP/1.1 则在任一方声明 close 时如此。",
        ),
        Text(
            "The word close in http.connection, or version HTTP/1.0 of the request and no keep-alive.",
            "依据 http.connection 中的 close，或请求版本为 HTTP/1.0 且没有 keep-alive。",
        ),
        Text(
            "A server may answer with version 1.1 to a request of 1.0: the request's version decides.",
            "服务器可能以 1.1 版本应答 1.0 的请求：起决定作用的是请求的版本。",
        ),
    ),
)
FAVICON = Rule(
    "http.favicon",
    "http",
    "chat",
    21,
    {
        "default": Text(
            "The icon for the browser's tab: browsers ask for /favicon.ico by themselves, whether a page mentions it or not.",
            "浏览器标签页的图标：无论页面是否提到，浏览器都会自动请求 /favicon.ico。",
        ),
        "named": Text(
            "The icon for the browser's tab: the browser fetches it by itself. {target} is not the default /favicon.ico: "
            "such a place is named by the page (link rel=icon).",
            "浏览器标签页的图标：由浏览器自动获取。{target} 不是默认的 /favicon.ico，这样的位置由页面指明（link rel=icon）。",
        ),
    },
    ("WHATWG HTML, link type icon",),
    Text("Somebody clicked on it, or the page shows it.", "用户点击了它，或页面内容中有它。"),
    Explanation(
        Text(
            "A browser shows a small icon beside the page's title. It asks for it once a site, after the page itself.",
            "浏览器在页面标题旁显示小图标，对每个站点在取得页面之后请求一次。",
        ),
        Text(
            "The end of http.request.uri is favicon.ico and http.user_agent is a browser's.",
            "http.request.uri 以 favicon.ico 结尾，且 http.user_agent 属于浏览器。",
        ),
        Text(
            "A program such as curl asks for it only when told to: its User-Agent tells. The header may be forged.",
            "curl 等程序只有在被要求时才会请求它，可由 User-Agent 区分；但该首部可以伪造。",
        ),
    ),
)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return [REQUEST, RESPONSE, ANSWERED, BODY_LENGTH, PERSISTENT, CONNECTION_CLOSE, FAVICON]

"""What a status means for the client, and the requests that go with it (RFC 9110)."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Explanation, Rule

REDIRECT = Rule(
    "http.redirect",
    "http",
    "chat",
    64,
    {
        "same": Text(
            "{code} {phrase}: not here but at {location}. The client must ask again; this connection will do.",
            "{code} {phrase}：资源不在此处，而在 {location}。客户端需再次请求，可使用本连接。",
        ),
        "https": Text(
            "{code} {phrase}: not here but at {location}. That is https, port {port}: the client must open another "
            "connection, with TLS.",
            "{code} {phrase}：资源不在此处，而在 {location}。那是 https（端口 {port}）：客户端必须另建一条使用 TLS 的连接。",
        ),
        "other": Text(
            "{code} {phrase}: not here but at {location}. Another host or port: the client needs another connection.",
            "{code} {phrase}：资源不在此处，而在 {location}。主机或端口不同：客户端需要另建一条连接。",
        ),
        "bare": Text(
            "{code} {phrase}: the server points elsewhere, but without Location it does not say where to.",
            "{code} {phrase}：服务器指向别处，但没有 Location，未说明去往何处。",
        ),
        "followed": Text(
            "Followed in frame {frame}, {delay:duration} later: request {k} on the same connection asks for {target}.",
            "{delay:duration}后客户端照办：第 {frame} 帧是同一连接上的第 {k} 个请求，请求 {target}。",
        ),
        "followed-elsewhere": Text(
            "Followed by another connection, {delay:duration} later: frame {frame} opens it to {address}, port {port}, an "
            "address that frame {answer} gave for {host}.",
            "{delay:duration}后客户端另建连接照办：第 {frame} 帧向 {address} 的端口 {port} 发起连接，该地址由第 {answer} 帧"
            "作为 {host} 的地址给出。",
        ),
        "followed-literal": Text(
            "Followed by another connection, {delay:duration} later: frame {frame} opens it to {address}, port {port}, as "
            "Location says.",
            "{delay:duration}后客户端另建连接照办：第 {frame} 帧按 Location 向 {address} 的端口 {port} 发起连接。",
        ),
        "followed-server": Text(
            "Perhaps followed {delay:duration} later: frame {frame} opens a connection to port {port} of the same server, "
            "{address}; the capture has no DNS answer that ties it to {host}.",
            "客户端可能在 {delay:duration}后照办：第 {frame} 帧向同一服务器 {address} 的端口 {port} 发起连接；"
            "捕获中没有将其与 {host} 相联系的 DNS 应答。",
        ),
    },
    ("RFC 9110 §15.4", "RFC 9110 §10.2.2"),
    Text("The server forwards the request to the new place.", "服务器把请求转发到新地址。"),
    Explanation(
        Text(
            "A status 3xx with Location tells the client to ask elsewhere; the server itself does nothing more. 301 and 308 "
            "hold for good, 302, 303 and 307 this time only. Another scheme, host or port needs another connection.",
            "带 Location 的 3xx 状态让客户端改向别处请求，服务器自己不再做任何事。301 与 308 是永久的，302、303 与 307 "
            "只对这一次有效。协议、主机或端口不同时需要另一条连接。",
        ),
        Text(
            "http.response.code and http.location. Followed: the client's next request for that target, or its next SYN to "
            "that port of an address that dns.a or dns.aaaa gave for that host.",
            "依据 http.response.code 与 http.location。所谓照办：客户端随后对该目标的请求，或随后发往该主机地址"
            "（由 dns.a 或 dns.aaaa 给出）相应端口的 SYN。",
        ),
        Text(
            "Inside TLS the request cannot be read: that the connection is there for the redirect is inferred from host, "
            "port and time. The name in the Client Hello (SNI) supports it; a browser may open the port for other reasons.",
            "TLS 内的请求无法读取：该连接是为重定向而建，只是由主机、端口和时间推断。Client Hello 中的名称（SNI）"
            "可以佐证；浏览器也可能因其他原因连接该端口。",
        ),
    ),
)
NOT_MODIFIED = Rule(
    "http.not-modified",
    "http",
    "chat",
    63,
    {
        "": Text(
            "304: the copy that the client has is still good, so no body is sent. The request (frame {request}) asked by "
            "{condition}.",
            "304：客户端已有的副本仍然有效，因此不再发送主体。请求（第 {request} 帧）以 {condition} 提出了条件。",
        ),
        "bare": Text(
            "304: the copy that the client has is still good, so no body is sent.",
            "304：客户端已有的副本仍然有效，因此不再发送主体。",
        ),
    },
    ("RFC 9110 §15.4.5", "RFC 9110 §13.1"),
    Text("304 is an error, or the body got lost.", "304 是错误，或者主体丢失了。"),
    Explanation(
        Text(
            "A conditional GET: the client sends the date or the tag of its copy, the server compares and sends the content "
            "only if it has changed.",
            "条件 GET：客户端发送其副本的日期或标签，服务器比较后，只有内容改变时才发送。",
        ),
        Text(
            "http.response.code 304, and If-None-Match or If-Modified-Since among the lines of the request it answers.",
            "http.response.code 为 304，且其请求的首部行中有 If-None-Match 或 If-Modified-Since。",
        ),
        Text(
            "A 200 to such a request means that the content has changed, or that the server ignores conditions: then it "
            "comes whole.",
            "若对这种请求返回 200，说明内容已改变或服务器不理会条件：此时发送完整内容。",
        ),
    ),
)
PARTIAL = Rule(
    "http.partial",
    "http",
    "chat",
    59,
    {
        "": Text(
            "206: only part of the content, {range}, as the request (frame {request}) asked by Range: {asked}.",
            "206：只返回部分内容 {range}，因为请求（第 {request} 帧）带有 Range: {asked}。",
        ),
        "bare": Text("206: only part of the content, {range}.", "206：只返回部分内容 {range}。"),
        "asked": Text(
            "Request {k}: {method} {target}, but only {asked} of it (Range).",
            "第 {k} 个请求：{method} {target}，但只要其中的 {asked}（Range）。",
        ),
        "asked-all": Text(
            "Request {k}: {method} {target} from the first byte to the last ({asked}): that is all of it, but the answer "
            "shows whether the server sends parts.",
            "第 {k} 个请求：{method} {target}，从第一个字节到最后（{asked}）：即全部内容，但由应答可知服务器是否支持范围请求。",
        ),
        "ignored": Text(
            "200 and the whole content, though the request (frame {request}) asked for {asked}: a server may ignore Range.",
            "尽管请求（第 {request} 帧）要的是 {asked}，仍以 200 返回全部内容：服务器可以不理会 Range。",
        ),
    },
    ("RFC 9110 §14.2", "RFC 9110 §15.3.7"),
    Text("The transfer broke off.", "传输中断了。"),
    Explanation(
        Text(
            "A client asks for a range of bytes: to go on with a download, to jump in a film or a sound file. The server may "
            "answer 206 with Content-Range, 200 with everything, or 416 when there are no such bytes.",
            "客户端只请求某个字节范围：用于续传下载，或在音视频中跳转。服务器可用 206 与 Content-Range 应答，"
            "可用 200 返回全部，若没有这些字节则用 416。",
        ),
        Text(
            "http.response.code, Content-Range in it, Range in the request.",
            "依据 http.response.code、响应中的 Content-Range 与请求中的 Range。",
        ),
        Text(
            "Range: bytes=0- asks for everything from the first byte: browsers do so for audio and video, to learn whether "
            "ranges work.",
            "Range: bytes=0- 请求从第一个字节起的全部内容：浏览器对音视频这样做，以了解服务器是否支持范围请求。",
        ),
    ),
)
ERROR = Rule(
    "http.error",
    "http",
    "note",
    66,
    {
        "404": Text(
            "404 {phrase}: the server has nothing at {target} (request in frame {request}). The connection itself is in "
            "order.",
            "404 {phrase}：服务器上没有 {target}（请求在第 {request} 帧）。连接本身是正常的。",
        ),
        "416": Text(
            "416 {phrase}: the request (frame {request}) asked for bytes that {target} does not have.",
            "416 {phrase}：请求（第 {request} 帧）所要的字节范围超出了 {target} 的内容。",
        ),
        "503": Text(
            "503 {phrase}: the server cannot serve {target} just now (request in frame {request}); asking again later may "
            "help.",
            "503 {phrase}：服务器暂时无法提供 {target}（请求在第 {request} 帧），稍后重试可能成功。",
        ),
        "client": Text(
            "{code} {phrase}: the server refuses {target} (request in frame {request}); 4xx puts it down to the request.",
            "{code} {phrase}：服务器拒绝了 {target}（请求在第 {request} 帧）；4xx 表示问题出在请求。",
        ),
        "server": Text(
            "{code} {phrase}: the server failed at {target} (request in frame {request}); 5xx: the request was in order.",
            "{code} {phrase}：服务器处理 {target} 时失败（请求在第 {request} 帧）；5xx 表示请求本身没有问题。",
        ),
        "unpaired": Text(
            "{code} {phrase}: 4xx puts it down to the request, 5xx to the server. Its request is not known.",
            "{code} {phrase}：4xx 表示问题出在请求，5xx 表示问题出在服务器。对应的请求未知。",
        ),
    },
    ("RFC 9110 §15.5", "RFC 9110 §15.6"),
    Text("The network or TCP has failed.", "网络或 TCP 出了故障。"),
    Explanation(
        Text(
            "The server's application answers that it will not or cannot do it. TCP and IP have delivered both request and "
            "response.",
            "服务器的应用程序回答说不能或无法处理。TCP 与 IP 已经把请求和响应都送达。",
        ),
        Text("http.response.code from 400 to 599.", "http.response.code 为 400 至 599。"),
        Text(
            "A failure of the network would show as missing ACKs, retransmissions or an RST. 502 and 504 are a proxy's word "
            "about the server behind it.",
            "网络故障会表现为缺少 ACK、重传或 RST。502 与 504 是代理对其后方服务器的说法。",
        ),
    ),
)
AUTH = Rule(
    "http.auth",
    "http",
    "chat",
    65,
    {
        "asked": Text(
            "{code} {phrase}: {target} wants a name and password, scheme {scheme} (request in frame {request}). The client "
            "may ask again with Authorization.",
            "{code} {phrase}：{target} 需要身份验证，方案为 {scheme}（请求在第 {request} 帧）。客户端可带上 Authorization "
            "再次请求。",
        ),
        "basic": Text(
            "Request {k}: {method} {target} with name and password (Authorization: Basic). Base64 is no encryption: whoever "
            "captures can read them.",
            "第 {k} 个请求：{method} {target}，带有用户名和口令（Authorization: Basic）。Base64 不是加密："
            "任何捕获到它的人都能读出。",
        ),
        "sent": Text(
            "Request {k}: {method} {target} with credentials (Authorization, scheme {scheme}).",
            "第 {k} 个请求：{method} {target}，带有凭证（Authorization，方案 {scheme}）。",
        ),
    },
    ("RFC 9110 §11.6", "RFC 7617 §2"),
    Text("401 means that the password was wrong.", "401 表示口令错误。"),
    Explanation(
        Text(
            "The server asks for credentials by 401 and WWW-Authenticate; the client asks again and adds Authorization. The "
            "first 401 is the ordinary beginning, not a failure.",
            "服务器用 401 与 WWW-Authenticate 要求凭证；客户端加上 Authorization 再次请求。第一个 401 是正常的开端，"
            "并非失败。",
        ),
        Text(
            "http.response.code 401 and the header's first word, or Authorization in a request.",
            "http.response.code 为 401 及该首部的第一个词，或请求中的 Authorization。",
        ),
        Text(
            "A 401 to a request that had Authorization means that the credentials were not accepted.",
            "若带有 Authorization 的请求仍得到 401，则说明凭证未被接受。",
        ),
    ),
)
CONTINUE = Rule(
    "http.continue",
    "http",
    "chat",
    62,
    {
        "go": Text(
            "100 Continue: the server has read the head of a request (frame {head}) and wants its body now. The final "
            "response is still to come.",
            "100 Continue：服务器已读完请求首部（第 {head} 帧），让客户端发送主体。最终响应还在后面。",
        ),
        "go-bare": Text(
            "100 Continue: the server wants the body of the request now. The final response is still to come.",
            "100 Continue：服务器让客户端发送请求的主体。最终响应还在后面。",
        ),
        "held": Text(
            "Request {k}, {method} {target}, complete: its head (frame {head}) waited for 100 Continue (frame {go}) before "
            "the body followed.",
            "第 {k} 个请求 {method} {target} 收齐：其首部（第 {head} 帧）先等待 100 Continue（第 {go} 帧），随后才发送主体。",
        ),
        "unasked": Text(
            "Request {k}, {method} {target}, asks for 100 Continue (Expect) before its body; the capture shows none so far.",
            "第 {k} 个请求 {method} {target} 希望在发送主体前得到 100 Continue（Expect）；捕获中至此没有看到。",
        ),
    },
    ("RFC 9110 §10.1.1", "RFC 9110 §15.2.1"),
    Text("100 is the response to the request.", "100 就是对请求的响应。"),
    Explanation(
        Text(
            "A client with a large body asks first whether the server will take it (Expect: 100-continue); 100 says go on, "
            "an error saves the body's way.",
            "客户端在发送较大主体之前先询问服务器是否接受（Expect: 100-continue）；100 表示继续，若返回错误则省去主体的传输。",
        ),
        Text(
            "http.response.code 100; the request's head is what the client had sent and no message had completed.",
            "http.response.code 为 100；请求首部即客户端此前已发送而尚未构成完整报文的字节。",
        ),
        Text(
            "Clients do not wait for ever: curl sends the body after a second without 100.",
            "客户端不会一直等待：curl 在一秒内未收到 100 时也会发送主体。",
        ),
    ),
)
HEAD = Rule(
    "http.head",
    "http",
    "chat",
    62,
    {
        "asked": Text(
            "Request {k}: HEAD {target}, the header that GET would bring, without the body.",
            "第 {k} 个请求：HEAD {target}，只要 GET 会返回的首部，不要主体。",
        ),
        "answered": Text(
            "{code} {phrase} to HEAD (frame {request}): the header alone. Content-Length {length} is what GET would bring; no "
            "byte of it is missing.",
            "对 HEAD（第 {request} 帧）的响应 {code} {phrase}：只有首部。Content-Length {length} 是 GET 会返回的长度，"
            "并没有字节丢失。",
        ),
        "bare": Text(
            "{code} {phrase} to HEAD (frame {request}): the header alone, without a body.",
            "对 HEAD（第 {request} 帧）的响应 {code} {phrase}：只有首部，没有主体。",
        ),
    },
    ("RFC 9110 §9.3.2",),
    Text("The body is missing from the capture.", "捕获中缺少主体。"),
    Explanation(
        Text(
            "HEAD asks what GET would answer, but for the body: to check length, date or existence.",
            "HEAD 询问 GET 会如何应答，但不要主体：用于检查长度、日期或是否存在。",
        ),
        Text(
            "http.request.method HEAD of the request that the response is paired with.",
            "与响应配对的请求的 http.request.method 为 HEAD。",
        ),
        Text(
            "After GET the same Content-Length without bytes behind it would be a loss, visible as a gap in tcp.seq.",
            "若是 GET，有同样的 Content-Length 而后面没有字节就是丢失，会表现为 tcp.seq 的空缺。",
        ),
    ),
)
PIPELINED = Rule(
    "http.pipelined",
    "http",
    "chat",
    64,
    Text(
        "Request {k}, {method} {target}, does not wait for the response to request {before} (frame {frame}): pipelining. "
        "The responses come in the same order.",
        "第 {k} 个请求 {method} {target} 不等第 {before} 个请求（第 {frame} 帧）的响应就发出：流水线方式。响应按同样顺序返回。",
    ),
    ("RFC 9112 §9.3.2",),
    Text("Each request waits for the response before it.", "每个请求都要等待前一个响应。"),
    Explanation(
        Text(
            "Several requests in a row save round trips. Browsers gave it up, since one slow response holds up all behind "
            "it; HTTP/2 numbers its streams instead.",
            "连续发送多个请求可节省往返时间。由于一个慢响应会阻塞其后的所有响应，浏览器已放弃这种做法；"
            "HTTP/2 改为对流编号。",
        ),
        Text(
            "Between the two requests the client has acknowledged nothing new of the server (tcp.ack), or both are in one "
            "segment.",
            "两个请求之间客户端没有确认服务器的新数据（tcp.ack），或两者在同一报文段中。",
        ),
        Text(
            "Several connections side by side are no pipelining: each has its own order.",
            "并行使用多条连接不是流水线：每条连接各有自己的顺序。",
        ),
    ),
)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return [REDIRECT, NOT_MODIFIED, PARTIAL, ERROR, AUTH, CONTINUE, HEAD, PIPELINED]

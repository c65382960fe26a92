"""The rules of DNS: what they say, in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text

from .rule import Explanation, Rule

ASKED: dict[str, Text] = {
    "": Text("{kind} records of {name}", "{name} 的 {kind} 记录"),
    "a": Text("the IPv4 addresses (A) of {name}", "{name} 的 IPv4 地址（A 记录）"),
    "aaaa": Text("the IPv6 addresses (AAAA) of {name}", "{name} 的 IPv6 地址（AAAA 记录）"),
    "cname": Text("the name that {name} is an alias of (CNAME)", "{name} 作为别名所指向的名字（CNAME 记录）"),
    "ns": Text("the name servers of {name} (NS)", "{name} 的域名服务器（NS 记录）"),
    "soa": Text("the zone that {name} is in (SOA)", "{name} 所在区域的起始授权（SOA 记录）"),
    "ptr": Text(
        "the name of the address {address}, which DNS keeps under {name} (PTR)",
        "地址 {address} 的名字，反向域名为 {name}（PTR 记录）",
    ),
    "pointer": Text("the name that {name} points to (PTR)", "{name} 所指向的名字（PTR 记录）"),
    "mx": Text("the mail servers of {name} (MX)", "{name} 的邮件服务器（MX 记录）"),
    "txt": Text("the text records of {name} (TXT)", "{name} 的文本记录（TXT 记录）"),
    "srv": Text("host and port of a service, {name} (SRV)", "服务 {name} 所在的主机与端口（SRV 记录）"),
    "https": Text("how to reach {name} by HTTPS (HTTPS)", "{name} 的 HTTPS 连接参数（HTTPS 记录）"),
    "any": Text("whatever is known of {name} (ANY)", "{name} 的全部记录（ANY）"),
}
TYPES_ASKED = {
    1: "a",
    2: "ns",
    5: "cname",
    6: "soa",
    12: "ptr",
    15: "mx",
    16: "txt",
    28: "aaaa",
    33: "srv",
    65: "https",
    255: "any",
}
"""Wordings of a query by its type; that of a PTR which belongs to no address is ``pointer``."""

QUERY = Rule(
    "dns.query",
    "dns",
    "chat",
    62,
    {
        name: Text(
            f"Asks {{server}} for {what.en}. Id {{id:hex}} will mark the answer.",
            f"向 {{server}} 查询{what.zh}。标识 {{id:hex}} 用来与应答配对。",
        )
        for name, what in ASKED.items()
    }
    | {
        "opcode": Text(
            "DNS message to {server} with operation {opcode}, no plain query (4 notify, 5 update). Id {id:hex}.",
            "发往 {server} 的 DNS 报文，操作码 {opcode}，不是普通查询（4 通知，5 更新）。标识 {id:hex}。",
        ),
        "unread": Text(
            "DNS query to {server}, id {id:hex}; its question is cut off or missing.",
            "发往 {server} 的 DNS 查询，标识 {id:hex}；问题部分被截断或缺失。",
        ),
    },
    ("RFC 1035 §4.1.1", "RFC 1035 §4.1.2"),
    Text("The id is a session.", "标识是一个会话。"),
    Explanation(
        Text(
            "One question: a name and a record type. The id is chosen at random for each query, and the answer repeats it; "
            "it means nothing beyond that.",
            "一个问题由名字和记录类型组成。标识由客户端为每次查询随机选取，应答原样带回，此外没有别的含义。",
        ),
        Text(
            "dns.flags.response = 0, with dns.qry.name and dns.qry.type. Server is whoever it is sent to, usually the "
            "resolver that DHCP named.",
            "依据 dns.flags.response = 0 以及 dns.qry.name 和 dns.qry.type。服务器即报文的目的地址，通常是 DHCP 给出的解析器。",
        ),
        Text(
            "Whether a program or the system wanted the name, the packet does not tell; the connection that follows does.",
            "分组本身不说明是哪个程序需要该名字；随后建立的连接可以说明。",
        ),
    ),
)

PAIRS: dict[str, Text] = {
    "paired": Text("Answers frame {query} after {elapsed:duration}", "应答第 {query} 帧，相隔 {elapsed:duration}"),
    "retried": Text(
        "Answers frames {queries:frames}, which asked the same, {elapsed:duration} after the last",
        "应答第 {queries:frames} 帧（相同的查询），距最后一次 {elapsed:duration}",
    ),
    "untimed": Text("Answers frame {query}", "应答第 {query} 帧"),
    "unseen": Text("Answer to a query that the capture does not have", "应答一个不在捕获中的查询"),
}
CONTENTS: dict[str, Text] = {
    "data": Text(": {name} has {kind} {values}.", "：{name} 的 {kind} 记录为 {values}。"),
    "records": Text(": none of its answers is of type {kind} for {name}.", "：其中没有 {name} 的 {kind} 记录。"),
    "nodata": Text(": no {kind} record.", "：没有 {kind} 记录。"),
    "referral": Text(
        ": {server} does not know {name} itself and names the servers in charge of {zone}.",
        "：{server} 自己不知道 {name}，转而给出负责 {zone} 的服务器。",
    ),
    "truncated": Text(", but cut off.", "，但被截断。"),
    "nxdomain": Text(": no such name.", "：域名不存在。"),
    "servfail": Text(": the server failed.", "：服务器失败。"),
    "refused": Text(": refused.", "：被拒绝。"),
    "error": Text(" with error code {rcode}.", "，应答码 {rcode} 表示出错。"),
    "opcode": Text(", which was no plain query.", "，它不是普通查询。"),
    "unread": Text("; its records are cut off or not readable.", "；其中的记录被截断或无法读取。"),
}

RESPONSE = Rule(
    "dns.response",
    "dns",
    "chat",
    63,
    {
        f"{pair}-{content}": Text(start.en + end.en, start.zh + end.zh)
        for pair, start in PAIRS.items()
        for content, end in CONTENTS.items()
    }
    | {
        "copy": Text(
            "One more answer for {name}: frame {before} has answered already.",
            "关于 {name} 的又一个应答：第 {before} 帧已经应答过。",
        ),
    },
    ("RFC 1035 §4.1.1", "RFC 1035 §4.1.3"),
    Text("The id is a session.", "标识是一个会话。"),
    Explanation(
        Text(
            "The answer repeats id and question and adds records: answers, servers in charge, additional ones. Each has a "
            "time to live, seconds for which it may be cached.",
            "应答重复标识和问题，并附上资源记录：回答、权威和附加部分。每条记录有生存时间，即可缓存的秒数。",
        ),
        Text(
            "The query is the one with the same id between the same addresses and ports, swapped, and the same question. "
            "tshark's dns.response_to and dns.time say the same where it pairs them.",
            "对应的查询具有相同的标识和问题，地址与端口对调。tshark 配对成功时，dns.response_to 与 dns.time 与此一致。",
        ),
        Text(
            "An answer without a query was asked before the capture, came another way, or is forged: the capture cannot "
            "tell which.",
            "没有查询的应答可能是捕获之前所问、经由别处，或是伪造的：仅凭捕获无法区分。",
        ),
    ),
)
CNAME = Rule(
    "dns.cname",
    "dns",
    "chat",
    22,
    {
        "": Text(
            "{name} is an alias: {chain}. The addresses belong to {last}; nothing is forwarded.",
            "{name} 是别名：{chain}。地址属于 {last}；并没有任何转发。",
        ),
        "bare": Text(
            "{name} is an alias: {chain}. For {last} the answer has no address.",
            "{name} 是别名：{chain}。应答中没有 {last} 的地址。",
        ),
        "circle": Text(
            "{name} is an alias that goes round in a circle: {chain}. It leads to no address.",
            "{name} 的别名成环：{chain}。最终得不到地址。",
        ),
    },
    ("RFC 1034 §3.6.2", "RFC 1035 §3.3.1"),
    Text("The CNAME is a proxy server.", "CNAME 是代理服务器。"),
    Explanation(
        Text(
            "A CNAME record says that a name is another one's alias; whoever asks goes on with the real (canonical) name. "
            "The browser still asks the web server for the name that was typed.",
            "CNAME 记录表示某名字是另一个名字的别名，查询者改用规范名继续。浏览器仍以用户输入的名字请求网站。",
        ),
        Text(
            "The answer section is followed from the name asked for: each CNAME record leads to the next name, up to the "
            "records of the type asked for.",
            "从所查询的名字开始沿回答部分追踪：每条 CNAME 记录指向下一个名字，直到所查类型的记录。",
        ),
        Text(
            "Names of a content network at the end show who serves the site, by custom only.",
            "末端若是内容分发网络的名字，按惯例可看出由谁提供服务，仅此而已。",
        ),
    ),
)
MANY_ADDRESSES = Rule(
    "dns.many-addresses",
    "dns",
    "chat",
    24,
    {
        "": Text(
            "{count} addresses for {name} ({addresses}); the client took {address}, as the SYN in frame {frame} shows. They "
            "may be different hosts.",
            "{name} 有 {count} 个地址（{addresses}）；客户端选用了 {address}，见第 {frame} 帧的 SYN。它们可能是不同的主机。",
        ),
        "udp": Text(
            "{count} addresses for {name} ({addresses}); the client took {address}, as the datagram in frame {frame} shows. "
            "They may be different hosts.",
            "{name} 有 {count} 个地址（{addresses}）；客户端选用了 {address}，见第 {frame} 帧的数据报。它们可能是不同的主机。",
        ),
        "unused": Text(
            "{count} addresses for {name} ({addresses}). The client takes one of them; no connection in this capture shows "
            "which.",
            "{name} 有 {count} 个地址（{addresses}）。客户端会选用其中一个；本捕获中没有连接能说明是哪一个。",
        ),
    },
    ("RFC 1794", "RFC 8305 §4"),
    Text("All addresses are the same host.", "所有地址都是同一台主机。"),
    Explanation(
        Text(
            "Several servers share the load of one name; many DNS servers change the order each time. A client usually "
            "tries the first, and others only if that fails.",
            "多台服务器分担同一名字的负载，许多 DNS 服务器每次改变顺序。客户端通常先试第一个，失败后才试其他的。",
        ),
        Text(
            "The first SYN (or first UDP datagram) from the same client to one of the addresses, after the answer.",
            "应答之后，同一客户端发往其中某个地址的第一个 SYN（或第一个 UDP 数据报）。",
        ),
        Text(
            "Another answer may have given the same address, and a client may try several at once (Happy Eyeballs): then "
            "this names the first.",
            "同一地址也可能出现在别的应答中；客户端可能同时尝试多个地址（Happy Eyeballs），此时这里指第一个。",
        ),
    ),
)
DUAL_STACK = Rule(
    "dns.dual-stack",
    "dns",
    "chat",
    21,
    Text(
        "{kind} and {other_kind} of the same name, {elapsed:duration} apart (frame {other}): the client can use IPv4 and IPv6 "
        "and asks for both. No duplicate.",
        "同一名字的 {kind} 与 {other_kind} 查询相隔 {elapsed:duration}（见第 {other} 帧）：客户端同时支持 IPv4 和 IPv6，"
        "两种地址都要查询，并非重复。",
    ),
    ("RFC 8305 §3",),
    Text("It is a duplicate query.", "这是重复的查询。"),
    Explanation(
        Text(
            "A host with both protocols needs two queries, as each has one type: A for IPv4, AAAA for IPv6.",
            "双栈主机需要两个查询，因为每个查询只有一种类型：A 对应 IPv4，AAAA 对应 IPv6。",
        ),
        Text(
            "A and AAAA queries of one client to one server for the same name within a second.",
            "同一客户端在 1 秒内就同一名字向同一服务器发出的 A 与 AAAA 查询。",
        ),
        Text(
            "Two programs may have asked one each; ids and ports do not tell.",
            "也可能是两个程序各查了一种；标识和端口无法说明。",
        ),
    ),
)
NXDOMAIN = Rule(
    "dns.nxdomain",
    "dns",
    "note",
    72,
    {
        "": Text(
            "No such name: {name} does not exist, whatever the type, says {server} (code 3).",
            "域名不存在：{server} 说 {name} 不存在，与查询类型无关（应答码 3）。",
        ),
        "alias": Text(
            "No such name: {name} does exist, as an alias; it is {last}, the last name, that does not (code 3).",
            "域名不存在：{name} 本身存在，是一个别名；不存在的是最后一个名字 {last}（应答码 3）。",
        ),
    },
    ("RFC 2308 §2.1", "RFC 1035 §4.1.1", "RFC 8020 §2"),
    Text("The DNS server is broken.", "DNS 服务器出了故障。"),
    Explanation(
        Text(
            "The DNS works and says: this name has no record of any type, and nothing below it has. The answer may be "
            "cached, for as long as the SOA record with it says.",
            "DNS 工作正常，并回答：该名字没有任何类型的记录，其下也没有。该否定回答可缓存，时长由随附的 SOA 记录给出。",
        ),
        Text(
            "dns.flags.rcode = 3. After aliases the code is about the last name of the chain.",
            "依据 dns.flags.rcode = 3。存在别名时，该代码针对别名链的最后一个名字。",
        ),
        Text(
            "Some servers give this code although the name has records of other types (they should say no data); an "
            "earlier answer with such a record would show it.",
            "有的服务器在该名字存在其他类型记录时也给出此代码（本应回答无数据）；此前含有这类记录的应答可以证明。",
        ),
    ),
)
NODATA = Rule(
    "dns.nodata",
    "dns",
    "note",
    70,
    {
        "": Text(
            "No data: {name} exists, but has no {kind} record.",
            "无数据：{name} 存在，但没有 {kind} 记录。",
        ),
        "alias": Text(
            "No data: {name} is an alias of {last}, which exists but has no {kind} record.",
            "无数据：{name} 是 {last} 的别名，后者存在，但没有 {kind} 记录。",
        ),
    },
    ("RFC 2308 §2.2",),
    Text("The name does not exist.", "该域名不存在。"),
    Explanation(
        Text(
            "Success (code 0) with no record of the type asked for: the usual answer to an AAAA query for a site without "
            "IPv6.",
            "应答码 0（成功）但没有所查类型的记录：对不支持 IPv6 的网站查询 AAAA 时通常如此。",
        ),
        Text(
            "dns.flags.rcode = 0, no record of the type for the last name, not truncated, and no referral: a referral "
            "has name servers in its authority section but no SOA.",
            "dns.flags.rcode = 0，最后的名字没有该类型的记录，未被截断，也不是转介（转介在权威部分只有 NS 而没有 SOA）。",
        ),
        Text(
            "Some resolvers filter records (IPv6 addresses, blocked names) and answer like this.",
            "有的解析器会过滤记录（IPv6 地址、被屏蔽的名字），也这样回答。",
        ),
    ),
)
SERVFAIL = Rule(
    "dns.servfail",
    "dns",
    "warn",
    76,
    Text(
        "Server failure: {server} could not find out (code 2). Whether {name} exists stays open.",
        "服务器失败：{server} 未能查出结果（应答码 2）。{name} 是否存在仍不可知。",
    ),
    ("RFC 1035 §4.1.1",),
    Text("The name does not exist.", "该域名不存在。"),
    Explanation(
        Text(
            "The server asked tried and failed: the servers in charge did not answer, or their answer did not pass "
            "DNSSEC validation.",
            "被询问的服务器尝试后失败：权威服务器没有应答，或其应答未通过 DNSSEC 验证。",
        ),
        Text("dns.flags.rcode = 2.", "依据 dns.flags.rcode = 2。"),
        Text(
            "Why it failed is not in the message. Asking with checking disabled (CD) or another resolver tells DNSSEC "
            "apart from silence.",
            "报文不说明失败原因。以禁止检查（CD）方式再问，或询问其他解析器，可区分 DNSSEC 问题与无应答。",
        ),
    ),
)
REFUSED = Rule(
    "dns.refused",
    "dns",
    "warn",
    76,
    Text(
        "Refused: {server} will not answer this question for this client (code 5). Whether {name} exists stays open.",
        "被拒绝：{server} 不为该客户端回答这个问题（应答码 5）。{name} 是否存在仍不可知。",
    ),
    ("RFC 1035 §4.1.1",),
    Text("The name does not exist.", "该域名不存在。"),
    Explanation(
        Text(
            "A matter of policy: the server is not in charge of the name and does no recursion for this client.",
            "这是策略问题：该服务器不负责此名字，也不为该客户端做递归查询。",
        ),
        Text("dns.flags.rcode = 5.", "依据 dns.flags.rcode = 5。"),
        Text(
            "Which policy, the message does not say; another client or another name would show.",
            "报文不说明是哪种策略；换一个客户端或名字查询即可看出。",
        ),
    ),
)
TRUNCATED = Rule(
    "dns.truncated",
    "dns",
    "note",
    74,
    {
        "": Text(
            "Cut off (TC): the whole answer does not fit into {room} bytes, all that this client takes over UDP. It has to ask "
            "again over TCP.",
            "被截断（TC 置位）：完整的应答超过该客户端通过 UDP 能接收的 {room} 字节，须改用 TCP 重新查询。",
        ),
        "unseen": Text(
            "Cut off (TC): the whole answer does not fit into a UDP message. The client has to ask again over TCP.",
            "被截断（TC 置位）：完整的应答放不进一个 UDP 报文，客户端须改用 TCP 重新查询。",
        ),
    },
    ("RFC 1035 §4.2.1", "RFC 7766 §5", "RFC 6891 §6.2.3"),
    Text("The capture cut the packet off.", "是捕获截断了分组。"),
    Explanation(
        Text(
            "Without EDNS an answer over UDP has at most 512 bytes, with it what the client announces. What is longer is "
            "marked TC, and over TCP there is room.",
            "没有 EDNS 时，UDP 应答最多 512 字节；有 EDNS 时为客户端通告的大小。超出时置 TC 位，改用 TCP 则放得下。",
        ),
        Text(
            "dns.flags.truncated = 1; the size is the query's EDNS size, or 512.",
            "依据 dns.flags.truncated = 1；大小取自查询的 EDNS 通告值，否则为 512。",
        ),
        Text(
            "Servers also truncate to make a client that floods them use TCP (rate limiting); then even a short answer "
            "has TC.",
            "服务器为限制洪泛客户端也会截断以迫使其使用 TCP（限速）；此时很短的应答也有 TC。",
        ),
    ),
)
OVER_TCP = Rule(
    "dns.over-tcp",
    "dns",
    "chat",
    23,
    {
        "": Text(
            "DNS over TCP: two bytes of length come before the message.",
            "使用 TCP 的 DNS：报文之前有两个字节的长度。",
        ),
        "after-truncation": Text(
            "Over TCP, because the answer in frame {cut} was cut off.",
            "改用 TCP，因为第 {cut} 帧的应答被截断。",
        ),
        "later": Text(
            "The same question goes out again over TCP in frame {again}.",
            "同一问题在第 {again} 帧改用 TCP 重新查询。",
        ),
    },
    ("RFC 1035 §4.2.2", "RFC 7766 §5"),
    Text("DNS is UDP only.", "DNS 只使用 UDP。"),
    Explanation(
        Text(
            "Port 53 serves DNS on both UDP and TCP. TCP carries answers that are too long for UDP, and zone transfers.",
            "DNS 的 53 端口同时提供 UDP 和 TCP 服务。TCP 用于 UDP 放不下的应答以及区域传送。",
        ),
        Text(
            "A query over TCP; the truncated answer is the newest one of the same client, server, name and type.",
            "通过 TCP 的查询；被截断的应答是同一客户端、服务器、名字和类型的最近一个。",
        ),
        Text(
            "A client may use TCP from the start; the cause is then its own setting.",
            "客户端也可能从一开始就用 TCP，那是它自己的设置。",
        ),
    ),
)
RETRY = Rule(
    "dns.retry",
    "dns",
    "note",
    73,
    {
        "": Text(
            "Asks again after {waited:duration}: frame {before} got no answer. Same id and ports, so one answer will do for "
            "both.",
            "{waited:duration} 后再次查询：第 {before} 帧没有得到应答。标识和端口相同，一个应答即可回答两者。",
        ),
        "anew": Text(
            "Asks again after {waited:duration}, as frame {before} got no answer.",
            "{waited:duration} 后再次查询，因为第 {before} 帧没有得到应答。",
        ),
        "server": Text(
            "Asks another server after {waited:duration}: {before_server} did not answer frame {before}.",
            "{waited:duration} 后改问另一台服务器：{before_server} 没有应答第 {before} 帧。",
        ),
        "error": Text(
            "Asks again after {waited:duration}: frame {before} was not delivered, says the ICMP error of frame {error}.",
            "{waited:duration} 后再次查询：第 {error} 帧的 ICMP 差错报文说明第 {before} 帧没有送达。",
        ),
        "untimed": Text(
            "Asks again: frame {before} got no answer.",
            "再次查询：第 {before} 帧没有得到应答。",
        ),
    },
    ("RFC 1035 §4.2.1", "RFC 1035 §7.2"),
    Text("UDP retransmits the query.", "UDP 重传了查询。"),
    Explanation(
        Text(
            "UDP repeats nothing: the resolver program itself waits some seconds and asks again, perhaps another server.",
            "UDP 不会重传：是解析程序自己等待若干秒后再次查询，也可能改问另一台服务器。",
        ),
        Text(
            "The same client asks for the same name and type while the earlier query has no answer in the capture.",
            "同一客户端就同一名字和类型再次查询，而此前的查询在捕获中没有应答。",
        ),
        Text(
            "With a new id another program may want the same name: below 0.3 s this is taken for that. A query again "
            "within 10 ms is rather a packet captured twice.",
            "标识不同时也可能是另一个程序需要同一名字：间隔小于 0.3 秒按此处理。10 毫秒内的重复更像是被捕获了两次的分组。",
        ),
    ),
)
UNANSWERED = Rule(
    "dns.unanswered",
    "dns",
    "warn",
    77,
    {
        "": Text(
            "No answer in the capture: {server} was asked once for {kind} of {name}.",
            "捕获中没有应答：只向 {server} 查询过一次 {name} 的 {kind} 记录。",
        ),
        "times": Text(
            "No answer in the capture: asked {times:time} in {span:duration} (frames {frames:frames}) for {kind} of {name}, "
            "last of {server}.",
            "捕获中没有应答：{span:duration} 内就 {name} 的 {kind} 记录查询 {times} 次（第 {frames:frames} 帧），最后一次问 {server}。",
        ),
        "untimed": Text(
            "No answer in the capture: asked {times:time} (frames {frames:frames}) for {kind} of {name}, last of {server}.",
            "捕获中没有应答：就 {name} 的 {kind} 记录查询 {times} 次（第 {frames:frames} 帧），最后一次问 {server}。",
        ),
        "error": Text(
            "No answer for {name}: ICMP says why, in frame {error} (asked in frames {frames:frames}).",
            "{name} 没有得到应答：第 {error} 帧的 ICMP 报文说明了原因（查询在第 {frames:frames} 帧）。",
        ),
        "soon": Text(
            "No answer in the capture, which ends {left:duration} later: the answer may have come after that.",
            "捕获中没有应答，但捕获在 {left:duration} 后就结束了：应答可能在此之后到达。",
        ),
        "evicted": Text(
            "No answer so far, {count} queries later; an answer from now on is no longer matched.",
            "此后已有 {count} 个查询，该查询仍无应答；此后不再为它匹配应答。",
        ),
    },
    ("RFC 1035 §4.2.1", "RFC 1035 §7.2"),
    Text("The name does not exist.", "该域名不存在。"),
    Explanation(
        Text(
            "Silence is no answer: a name that does not exist is answered with NXDOMAIN.",
            "沉默不是回答：域名不存在时会得到 NXDOMAIN 应答。",
        ),
        Text(
            "At the end of the input no message with the id of one of the queries came back between the same addresses "
            "and ports.",
            "到输入结束时，没有看到相同地址与端口之间、带有这些查询标识的应答。",
        ),
        Text(
            "The server is down or unreachable, a filter drops port 53, query or answer was lost, or answers take a way "
            "past the capture point: the capture cannot tell.",
            "服务器停机或不可达、53 端口被过滤、查询或应答丢失，或应答没有经过捕获点：仅凭捕获无法区分。",
        ),
    ),
)
RECURSIVE = Rule(
    "dns.recursive",
    "dns",
    "chat",
    13,
    Text(
        "{server} is a resolver: it may ask others (RA = 1) and is not in charge of the name (AA = 0), so the answer is from "
        "its cache or second-hand, not authoritative.",
        "{server} 是递归解析器：可代为查询（RA = 1），但不负责该名字（AA = 0），因此应答来自缓存或转查，不是权威应答。",
    ),
    ("RFC 1035 §4.1.1", "RFC 1034 §4.3.1"),
    Text("The answer is authoritative.", "这是权威应答。"),
    Explanation(
        Text(
            "A recursive resolver finds the answer for its clients by asking the servers in charge, and keeps it for the "
            "time to live.",
            "递归解析器替客户端向权威服务器查询，并在生存时间内缓存结果。",
        ),
        Text(
            "dns.flags.authoritative = 0 and dns.flags.recavail = 1. Said once for a client and its server.",
            "依据 dns.flags.authoritative = 0 与 dns.flags.recavail = 1。对同一客户端和服务器只说一次。",
        ),
        Text(
            "Whether it had the answer cached shows in the time: a cached one comes within the round trip; a time to live "
            "below the usual round numbers hints at it as well.",
            "是否来自缓存看时间：缓存应答约为一个往返时间；生存时间不是常见的整数也是线索。",
        ),
    ),
)
EDNS = Rule(
    "dns.edns",
    "dns",
    "chat",
    14,
    {
        "": Text(
            "EDNS: {client} takes answers of up to {room} bytes over UDP, instead of 512.",
            "EDNS：{client} 可通过 UDP 接收最长 {room} 字节的应答，而不是 512 字节。",
        ),
        "signatures": Text(
            "EDNS: {client} takes answers of up to {room} bytes over UDP, instead of 512, and asks for DNSSEC signatures (DO).",
            "EDNS：{client} 可通过 UDP 接收最长 {room} 字节的应答，而不是 512 字节，并要求 DNSSEC 签名（DO）。",
        ),
        "large": Text(
            "{size} bytes over UDP, more than the 512 of plain DNS: the query in frame {query} allowed {room} by EDNS.",
            "UDP 应答长 {size} 字节，超过普通 DNS 的 512 字节：第 {query} 帧的查询用 EDNS 允许了 {room} 字节。",
        ),
    },
    ("RFC 6891 §6.2.3", "RFC 6891 §6.1.4", "RFC 3225 §3"),
    Text("DNS over UDP never exceeds 512 bytes.", "UDP 上的 DNS 报文不会超过 512 字节。"),
    Explanation(
        Text(
            "EDNS puts an OPT pseudo record into the additional section; its class field holds the size, its time to live "
            "the flags.",
            "EDNS 在附加部分加入 OPT 伪记录：其类字段表示大小，生存时间字段存放标志。",
        ),
        Text(
            "A record of type 41 with dns.rr.udp_payload_size; for an answer, udp.length − 8.",
            "依据类型 41 的记录及 dns.rr.udp_payload_size；应答长度为 udp.length − 8。",
        ),
        Text(
            "The size is an offer, not what the answer has; many clients now use 1232 to avoid fragments.",
            "该大小只是上限，不是应答的长度；如今许多客户端用 1232 以避免分片。",
        ),
    ),
)
ON_LINK = Rule(
    "dns.on-link",
    "udp",
    "chat",
    61,
    {
        "llmnr-query": Text(
            "LLMNR: {source} asks all hosts on this link who is called {name}. The one that is answers itself; no DNS server "
            "takes part.",
            "LLMNR：{source} 询问本链路上的所有主机谁叫 {name}。叫此名字的主机自行应答，不经过 DNS 服务器。",
        ),
        "llmnr-response": Text(
            "LLMNR: {source} answers that it is called {name}; no DNS server takes part.",
            "LLMNR：{source} 应答自己叫 {name}；不经过 DNS 服务器。",
        ),
        "llmnr-unread": Text(
            "LLMNR: name lookup among the hosts of this link, without a DNS server.",
            "LLMNR：在本链路的主机之间解析名字，不经过 DNS 服务器。",
        ),
        "mdns-query": Text(
            "mDNS: {source} asks all hosts on this link about {name} ({kind}). Whoever knows answers itself; no DNS server "
            "takes part.",
            "mDNS：{source} 就 {name}（{kind}）询问本链路上的所有主机。知道的主机自行应答，不经过 DNS 服务器。",
        ),
        "mdns-response": Text(
            "mDNS: {source} tells the hosts on this link about {name} ({kind}); no DNS server takes part.",
            "mDNS：{source} 向本链路上的主机通告 {name}（{kind}）；不经过 DNS 服务器。",
        ),
        "mdns-unread": Text(
            "mDNS: names and services are looked up among the hosts of this link, without a DNS server.",
            "mDNS：在本链路的主机之间查找名字和服务，不经过 DNS 服务器。",
        ),
    },
    ("RFC 4795 §2", "RFC 6762 §5", "RFC 6762 §6"),
    Text("It is a query to the DNS server.", "这是发给 DNS 服务器的查询。"),
    Explanation(
        Text(
            "Names without a DNS server: the question goes by multicast to everybody on the link (LLMNR port 5355, mDNS "
            "port 5353). Windows and Bonjour use it for printers and neighbors.",
            "没有 DNS 服务器的名字解析：问题以多播发给链路上的所有主机（LLMNR 端口 5355，mDNS 端口 5353）。"
            "Windows 与 Bonjour 用它查找打印机和邻居。",
        ),
        Text(
            "tshark's layer (llmnr or mdns) and the name of the first question or record in the payload.",
            "依据 tshark 的协议层（llmnr 或 mdns）以及载荷中第一个问题或记录的名字。",
        ),
        Text(
            "Usually background traffic of a host, not of the program under study. Anybody on the link may answer, "
            "truthfully or not.",
            "通常是主机的后台流量，与所研究的程序无关。链路上任何主机都可应答，真假不论。",
        ),
    ),
)

RULES: Sequence[Rule] = (
    QUERY,
    RESPONSE,
    CNAME,
    MANY_ADDRESSES,
    DUAL_STACK,
    NXDOMAIN,
    NODATA,
    SERVFAIL,
    REFUSED,
    TRUNCATED,
    OVER_TCP,
    RETRY,
    UNANSWERED,
    RECURSIVE,
    EDNS,
    ON_LINK,
)

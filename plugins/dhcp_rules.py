"""The rules of DHCP: what they say, in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text

from .rule import Explanation, Rule

DECIDED = Text(
    "Option 53 names the kind of message; transaction id (dhcp.id) and the client's hardware address tie messages together.",
    "选项 53 给出报文类型；事务标识（dhcp.id）和客户端硬件地址把各报文联系起来。",
)

DISCOVER = Rule(
    "dhcp.discover",
    "dhcp",
    "chat",
    64,
    {
        "": Text(
            "DHCP 1 of 4, Discover: {client} has no address and asks every server on the link for one. Transaction {xid} will "
            "mark all four messages.",
            "DHCP 第 1 步，共 4 步（Discover）：{client} 没有地址，向本链路上的所有服务器请求。四个报文都带事务标识 {xid}。",
        ),
        "wish": Text(
            "DHCP 1 of 4, Discover: {client} has no address and asks every server on the link for one, {wish} if possible. "
            "Transaction {xid} will mark all four messages.",
            "DHCP 第 1 步，共 4 步（Discover）：{client} 没有地址，向本链路上的所有服务器请求，希望得到 {wish}。"
            "四个报文都带事务标识 {xid}。",
        ),
        "again": Text(
            "Discover again (transaction {xid}): no server has made an offer so far.",
            "再次发送 Discover（事务 {xid}）：至今没有服务器提供地址。",
        ),
    },
    ("RFC 2131 §3.1", "RFC 2131 §4.4.1"),
    Text("The client asks the router for its address.", "客户端向路由器要自己的地址。"),
    Explanation(
        Text(
            "The client knows neither its address nor a server, so it broadcasts. Several servers may answer.",
            "客户端既不知道自己的地址也不知道服务器，因此广播。可能有多台服务器应答。",
        ),
        DECIDED,
        Text(
            "A client that was on this network before may skip this step and send a Request for its old address.",
            "曾在本网络中的客户端可跳过这一步，直接用 Request 请求原来的地址。",
        ),
    ),
)
OFFER = Rule(
    "dhcp.offer",
    "dhcp",
    "chat",
    65,
    {
        "": Text(
            "DHCP 2 of 4, Offer: {server} offers {address} for {lease:duration}, {elapsed:duration} after frame {asked}. Only "
            "offered: the client does not have it yet.",
            "DHCP 第 2 步，共 4 步（Offer）：{server} 在第 {asked} 帧之后 {elapsed:duration} 提供 {address}，租期 {lease:duration}。"
            "只是提供：客户端尚未拥有该地址。",
        ),
        "another": Text(
            "Another Offer: {server} offers {address} for {lease:duration} too. The client's Request names the one it takes.",
            "又一个 Offer：{server} 也提供 {address}，租期 {lease:duration}。客户端用 Request 指明选择哪一个。",
        ),
        "unseen": Text(
            "DHCP Offer: {server} offers {address} for {lease:duration}; the Discover is not in the capture.",
            "DHCP Offer：{server} 提供 {address}，租期 {lease:duration}；捕获中没有对应的 Discover。",
        ),
        "no-lease": Text(
            "DHCP Offer: {server} offers {address}, without a lease time.",
            "DHCP Offer：{server} 提供 {address}，没有给出租期。",
        ),
        "forever": Text(
            "DHCP Offer: {server} offers {address} for good (lease 0xffffffff).",
            "DHCP Offer：{server} 永久提供 {address}（租期 0xffffffff）。",
        ),
    },
    ("RFC 2131 §3.1", "RFC 2131 §4.3.1"),
    Text("The client has its address now.", "客户端此时已有地址。"),
    Explanation(
        Text(
            "The server proposes an address, which it need not keep free meanwhile, and says for how long it would lend it. "
            "Nothing is settled before the ACK.",
            "服务器提议一个地址（不一定预留），并说明可租用多久。收到 ACK 之前什么都没有确定。",
        ),
        DECIDED,
        Text(
            "Some servers unicast the offer to the new address, which the client does not own yet; a capture elsewhere on "
            "a switch does not see it then.",
            "有的服务器把 Offer 单播到尚不属于客户端的新地址，此时在交换机其他端口上捕获不到。",
        ),
    ),
)
REQUEST = Rule(
    "dhcp.request",
    "dhcp",
    "chat",
    66,
    {
        "selecting": Text(
            "DHCP 3 of 4, Request: {client} takes the offer of {server} (frame {offer}): {address}. It is broadcast so that "
            "all servers hear the choice.",
            "DHCP 第 3 步，共 4 步（Request）：{client} 接受 {server} 提供的地址 {address}（第 {offer} 帧）。"
            "以广播发送，让所有服务器都知道这一选择。",
        ),
        "several": Text(
            "DHCP 3 of 4, Request: of {offers} offers {client} takes that of {server} (frame {offer}): {address}. It is "
            "broadcast, so the other servers know that they were not chosen.",
            "DHCP 第 3 步，共 4 步（Request）：{client} 在 {offers} 个 Offer 中选择 {server} 的（第 {offer} 帧）：{address}。"
            "以广播发送，让其他服务器知道自己未被选中。",
        ),
        "unseen": Text(
            "DHCP Request: {client} asks {server} for {address}; the offer is not in the capture.",
            "DHCP Request：{client} 向 {server} 请求 {address}；捕获中没有对应的 Offer。",
        ),
        "reboot": Text(
            "DHCP Request without Discover: {client} had {address} before and asks whether it may use it again. An ACK or a "
            "NAK decides.",
            "没有 Discover 的 DHCP Request：{client} 以前用过 {address}，询问能否继续使用，由 ACK 或 NAK 决定。",
        ),
        "again": Text(
            "Request again (transaction {xid}): no ACK and no NAK so far.",
            "再次发送 Request（事务 {xid}）：至今没有 ACK 或 NAK。",
        ),
    },
    ("RFC 2131 §3.1", "RFC 2131 §3.2", "RFC 2131 §4.3.2"),
    Text("It asks for a second address.", "它在请求第二个地址。"),
    Explanation(
        Text(
            "Discover asks for offers; Request takes one. Server id (option 54) and requested address (option 50) say which.",
            "Discover 征求 Offer，Request 接受其中一个；由服务器标识（选项 54）和请求的地址（选项 50）指明。",
        ),
        Text(
            "Type 3 with client address 0.0.0.0. With option 54 it selects an offer; without it asks for the old address "
            "after a restart. With a client address it is dhcp.renew.",
            "类型 3 且客户端地址为 0.0.0.0。带选项 54 是选择某个 Offer；不带则是重启后请求原地址。客户端地址非 0 时为 dhcp.renew。",
        ),
        Text(
            "The source is still 0.0.0.0 because the address is the client's only with the ACK.",
            "源地址仍是 0.0.0.0，因为收到 ACK 后地址才属于客户端。",
        ),
    ),
)
ACK = Rule(
    "dhcp.ack",
    "dhcp",
    "chat",
    67,
    {
        "": Text(
            "DHCP 4 of 4, ACK: {server} confirms {address} for {lease:duration}, {elapsed:duration} after frame {asked}. Mask "
            "{mask}, router {router}, DNS server {resolver}. One lease, four messages.",
            "DHCP 第 4 步，共 4 步（ACK）：{server} 在第 {asked} 帧之后 {elapsed:duration} 确认 {address}，租期 {lease:duration}。"
            "子网掩码 {mask}，路由器 {router}，DNS 服务器 {resolver}。四个报文完成一次租用。",
        ),
        "renewed": Text(
            "DHCP ACK: {server} prolongs {address}: {lease:duration} from now on. It answers frame {asked} after "
            "{elapsed:duration}.",
            "DHCP ACK：{server} 续租 {address}，从现在起 {lease:duration}。应答第 {asked} 帧，相隔 {elapsed:duration}。",
        ),
        "unseen": Text(
            "DHCP ACK: {server} confirms {address} for {lease:duration}; it answers no request that the capture has.",
            "DHCP ACK：{server} 确认 {address}，租期 {lease:duration}；捕获中没有它所应答的请求。",
        ),
        "no-lease": Text(
            "DHCP ACK: {server} confirms {address}, without a lease time.",
            "DHCP ACK：{server} 确认 {address}，没有给出租期。",
        ),
        "forever": Text(
            "DHCP ACK: {server} confirms {address} for good (lease 0xffffffff).",
            "DHCP ACK：{server} 永久确认 {address}（租期 0xffffffff）。",
        ),
        "settings": Text(
            "DHCP ACK: {server} tells its settings and assigns no address, as frame {asked} asked.",
            "DHCP ACK：{server} 按第 {asked} 帧的请求告知配置，不分配地址。",
        ),
        "settings-unseen": Text(
            "DHCP ACK: {server} tells its settings and assigns no address.",
            "DHCP ACK：{server} 告知配置，不分配地址。",
        ),
    },
    ("RFC 2131 §3.1", "RFC 2131 §4.3.1"),
    Text("Four messages are four leases.", "四个报文是四次租用。"),
    Explanation(
        Text(
            "Only now may the client use the address. It should first check by ARP that nobody else has it.",
            "此后客户端才可使用该地址，并应先用 ARP 检查是否有人占用。",
        ),
        DECIDED,
        Text(
            "An ACK to a renewal looks the same but for the request it answers; one to an Inform has no lease.",
            "对续租的 ACK 只在所应答的请求上不同；对 Inform 的 ACK 没有租期。",
        ),
    ),
)
RENEW = Rule(
    "dhcp.renew",
    "dhcp",
    "chat",
    68,
    {
        "": Text(
            "Renewal of {address}, unicast to {server}: {held:duration} after the ACK of frame {ack}; T1 is {t1:duration}, of a "
            "lease of {lease:duration}. The address stays in use meanwhile.",
            "续租 {address}，单播给 {server}：距第 {ack} 帧的 ACK {held:duration}；T1 为 {t1:duration}，租期 {lease:duration}。"
            "在此期间地址照常使用。",
        ),
        "early": Text(
            "Renewal of {address}, unicast to {server}, only {held:duration} after the ACK of frame {ack}: before T1 "
            "({t1:duration}), so not by the timer but by hand, or after a break.",
            "续租 {address}，单播给 {server}，距第 {ack} 帧的 ACK 仅 {held:duration}：早于 T1（{t1:duration}），"
            "因此不是计时器触发，而是人为续租或中断之后续租。",
        ),
        "unseen": Text(
            "Renewal of {address}, unicast to {server}. When the lease began the capture does not show, so not how far it is.",
            "续租 {address}，单播给 {server}。捕获中看不到租用何时开始，因此不知已过多久。",
        ),
        "rebind": Text(
            "Rebinding: {client} asks any server to prolong {address}, {held:duration} after the ACK of frame {ack} (T2 is "
            "{t2:duration}). Its own server has not answered.",
            "重新绑定：{client} 广播请求任何服务器续租 {address}，距第 {ack} 帧的 ACK {held:duration}（T2 为 {t2:duration}）。"
            "原服务器没有应答。",
        ),
        "rebind-unseen": Text(
            "Rebinding: {client} asks any server to prolong {address}, by broadcast; so its own server has not answered.",
            "重新绑定：{client} 以广播请求任何服务器续租 {address}，说明原服务器没有应答。",
        ),
    },
    ("RFC 2131 §4.4.5", "RFC 2131 §4.3.2"),
    Text("The client gets a new address.", "客户端在获取新地址。"),
    Explanation(
        Text(
            "A lease ends unless it is renewed. At T1 (usually half of it) the client asks its server directly, at T2 "
            "(usually 7/8) anybody. Two messages instead of four.",
            "租用到期前须续租。到 T1（通常为租期一半）时客户端直接请求原服务器，到 T2（通常为 7/8）时广播请求任何服务器。"
            "只需两个报文。",
        ),
        Text(
            "Type 3 with the client's address filled in (dhcp.ip.client); unicast is renewal, broadcast rebinding. T1 and T2 "
            "are options 58 and 59 of the ACK, else 1/2 and 7/8 of the lease.",
            "类型 3 且填有客户端地址（dhcp.ip.client）；单播为续租，广播为重新绑定。T1、T2 取自 ACK 的选项 58、59，"
            "否则为租期的 1/2 和 7/8。",
        ),
        Text(
            "A user can renew at any time (ipconfig /renew, dhclient).",
            "用户可随时续租（ipconfig /renew、dhclient）。",
        ),
    ),
)
RELEASE = Rule(
    "dhcp.release",
    "dhcp",
    "chat",
    69,
    {
        "": Text(
            "Release: {client} gives {address} back to {server}, {held:duration} after the ACK of frame {ack}. No answer will "
            "come.",
            "Release：{client} 把 {address} 归还给 {server}，距第 {ack} 帧的 ACK {held:duration}。不会有应答。",
        ),
        "unseen": Text(
            "Release: {client} gives {address} back to {server}. No answer will come.",
            "Release：{client} 把 {address} 归还给 {server}。不会有应答。",
        ),
    },
    ("RFC 2131 §3.1", "RFC 2131 §4.4.6"),
    Text("The server ends the lease.", "是服务器终止了租用。"),
    Explanation(
        Text(
            "The client ends the lease early and may not use the address any more.",
            "客户端提前结束租用，此后不得再使用该地址。",
        ),
        DECIDED,
        Text(
            "Most clients just leave; their lease runs out by itself.",
            "多数客户端直接离开，租期自行到期。",
        ),
    ),
)
NAK = Rule(
    "dhcp.nak",
    "dhcp",
    "warn",
    78,
    {
        "": Text(
            "NAK: {server} refuses the Request of frame {asked}. The client must stop using that address and start again with "
            "Discover.",
            "NAK：{server} 拒绝第 {asked} 帧的 Request。客户端必须停用该地址，从 Discover 重新开始。",
        ),
        "reason": Text(
            "NAK: {server} refuses the Request of frame {asked} ({reason}). The client must stop using that address and start "
            "again with Discover.",
            "NAK：{server} 拒绝第 {asked} 帧的 Request（{reason}）。客户端必须停用该地址，从 Discover 重新开始。",
        ),
        "unseen": Text(
            "NAK: {server} refuses a Request that the capture does not have. The client must start again with Discover.",
            "NAK：{server} 拒绝了一个不在捕获中的 Request。客户端必须从 Discover 重新开始。",
        ),
    },
    ("RFC 2131 §3.1", "RFC 2131 §3.2", "RFC 2131 §4.3.2"),
    Text("There is no DHCP server.", "没有 DHCP 服务器。"),
    Explanation(
        Text(
            "The address that the client asked for does not fit: it has moved to another network, or the lease is gone.",
            "客户端请求的地址不合适：它已换到别的网络，或租用已失效。",
        ),
        DECIDED,
        Text(
            "A second, wrongly set up server on the link can send it too: compare the server id with the offer's.",
            "链路上另一台配置错误的服务器也可能发出：可与 Offer 的服务器标识对比。",
        ),
    ),
)
DECLINE = Rule(
    "dhcp.decline",
    "dhcp",
    "warn",
    77,
    Text(
        "Decline: {client} found that somebody else uses {address} already and does not take it.",
        "Decline：{client} 发现 {address} 已被他人使用，因此不接受。",
    ),
    ("RFC 2131 §3.1", "RFC 2131 §4.3.3"),
    Text("The client refuses the server.", "客户端拒绝了服务器。"),
    Explanation(
        Text(
            "After the ACK the client asked by ARP whether the address is free, and somebody answered.",
            "收到 ACK 后客户端用 ARP 检查该地址是否空闲，结果有人应答。",
        ),
        DECIDED,
        Text("The ARP reply just before shows who has it.", "此前不久的 ARP 应答可说明被谁占用。"),
    ),
)
INFORM = Rule(
    "dhcp.inform",
    "dhcp",
    "chat",
    64,
    Text(
        "Inform: {client} has an address already ({address}) and asks for the other settings only.",
        "Inform：{client} 已有地址（{address}），只请求其他配置。",
    ),
    ("RFC 2131 §3.4", "RFC 2131 §4.4.3"),
    Text("It asks for an address.", "它在请求地址。"),
    Explanation(
        Text(
            "Hosts with a fixed address ask like this for DNS servers or a proxy's address.",
            "使用固定地址的主机以此获取 DNS 服务器或代理地址等配置。",
        ),
        DECIDED,
        Text("Windows sends it to find a proxy setting (WPAD).", "Windows 用它查找代理设置（WPAD）。"),
    ),
)
UNANSWERED = Rule(
    "dhcp.unanswered",
    "dhcp",
    "warn",
    76,
    {
        "discover": Text(
            "No Offer in the capture for this Discover of {client}.",
            "捕获中没有对 {client} 的 Discover 的 Offer。",
        ),
        "discover-times": Text(
            "No Offer in the capture: {client} sent Discover {times:time} in {span:duration} (frames {frames:frames}).",
            "捕获中没有 Offer：{client} 在 {span:duration} 内发送了 {times} 次 Discover（第 {frames:frames} 帧）。",
        ),
        "request": Text(
            "Neither ACK nor NAK in the capture for this Request of {client}.",
            "捕获中没有对 {client} 的 Request 的 ACK 或 NAK。",
        ),
        "request-times": Text(
            "Neither ACK nor NAK in the capture: {client} sent Request {times:time} in {span:duration} (frames "
            "{frames:frames}).",
            "捕获中没有 ACK 或 NAK：{client} 在 {span:duration} 内发送了 {times} 次 Request（第 {frames:frames} 帧）。",
        ),
        "renew": Text(
            "No answer in the capture to this renewal of {client}. It keeps the address until the lease ends.",
            "捕获中没有对 {client} 续租请求的应答。租期结束前它仍可使用该地址。",
        ),
        "renew-times": Text(
            "No answer in the capture: {client} asked to renew {times:time} in {span:duration} (frames {frames:frames}). It "
            "keeps the address until the lease ends.",
            "捕获中没有应答：{client} 在 {span:duration} 内请求续租 {times} 次（第 {frames:frames} 帧）。租期结束前它仍可使用该地址。",
        ),
        "inform": Text(
            "No answer in the capture to this Inform of {client}.",
            "捕获中没有对 {client} 的 Inform 的应答。",
        ),
        "inform-times": Text(
            "No answer in the capture: {client} sent Inform {times:time} in {span:duration} (frames {frames:frames}).",
            "捕获中没有应答：{client} 在 {span:duration} 内发送了 {times} 次 Inform（第 {frames:frames} 帧）。",
        ),
        "soon": Text(
            "No answer to {client} in the capture, which ends {left:duration} later: it may have come after that.",
            "捕获中没有对 {client} 的应答，但捕获在 {left:duration} 后就结束了：应答可能在此之后到达。",
        ),
    },
    ("RFC 2131 §3.1", "RFC 2131 §4.1", "RFC 2131 §4.4.5"),
    Text("The network cable is broken.", "网线断了。"),
    Explanation(
        Text(
            "Without an offer a client has no address; many then take one of 169.254.0.0/16 for themselves (RFC 3927).",
            "得不到 Offer 的客户端没有地址，许多系统会自行选用 169.254.0.0/16 中的地址（RFC 3927）。",
        ),
        Text(
            "At the end of the input no answer with this transaction id and hardware address was seen.",
            "到输入结束时，没有看到带有该事务标识和硬件地址的应答。",
        ),
        Text(
            "No server on the link, none with free addresses, a relay that is missing, or an answer by unicast that the "
            "capture point did not see: the capture cannot tell.",
            "链路上没有服务器、服务器无空闲地址、缺少中继代理，或应答为单播而捕获点看不到：仅凭捕获无法区分。",
        ),
    ),
)
ZERO_SOURCE = Rule(
    "dhcp.zero-source",
    "dhcp",
    "chat",
    14,
    {
        "discover": Text(
            "From 0.0.0.0 to {target}: the client has no address yet and knows no server, so it says 'none' and speaks to "
            "everybody.",
            "由 0.0.0.0 发往 {target}：客户端还没有地址，也不知道服务器，因此源地址填全 0，并向所有主机广播。",
        ),
        "request": Text(
            "Still from 0.0.0.0: the address was only offered. It is the client's when the ACK comes.",
            "源地址仍是 0.0.0.0：服务器只是提供了该地址，收到 ACK 后才属于客户端。",
        ),
        "reboot": Text(
            "From 0.0.0.0: the old address may not be used before a server confirms it.",
            "源地址为 0.0.0.0：服务器确认之前不得使用原来的地址。",
        ),
    },
    ("RFC 2131 §4.1", "RFC 1122 §3.2.1.3"),
    Text("The packet has a bad source address.", "分组的源地址有错误。"),
    Explanation(
        Text(
            "0.0.0.0 as a source means this host on this network, and is allowed only while a host learns its address.",
            "源地址 0.0.0.0 表示本网络上的本主机，只允许在主机获取地址期间使用。",
        ),
        Text("ip.src = 0.0.0.0 on a DHCP message of a client.", "客户端的 DHCP 报文 ip.src = 0.0.0.0。"),
        Text(
            "Outside DHCP such a source is an error or an ARP probe's.",
            "在 DHCP 之外，这样的源地址是差错，或属于 ARP 探测。",
        ),
    ),
)
RELAY = Rule(
    "dhcp.relay",
    "dhcp",
    "chat",
    20,
    Text(
        "Passed on by a relay agent, {relay}: client and server are on different links. The server picks the address by the "
        "relay's network and answers it.",
        "由中继代理 {relay} 转发：客户端与服务器不在同一链路上。服务器按中继所在网络选择地址，并把应答发给中继。",
    ),
    ("RFC 2131 §4.1", "RFC 2131 §4.3.1", "RFC 1542 §4"),
    Text("Broadcasts cross routers.", "广播能穿过路由器。"),
    Explanation(
        Text(
            "Broadcasts stay on their link; a relay (usually the router) takes them up and unicasts them to the server.",
            "广播不会离开本链路；中继代理（通常是路由器）接收后单播给服务器。",
        ),
        Text("dhcp.ip.relay (giaddr) is not 0.0.0.0.", "dhcp.ip.relay（giaddr）不为 0.0.0.0。"),
        Text(
            "Between client and relay the field is still 0 on the way out, so a capture there sees no relay.",
            "在客户端与中继之间，去程时该字段仍为 0，因此在那里捕获看不到中继。",
        ),
    ),
)

RULES: Sequence[Rule] = (
    DISCOVER,
    OFFER,
    REQUEST,
    ACK,
    RENEW,
    RELEASE,
    NAK,
    DECLINE,
    INFORM,
    UNANSWERED,
    ZERO_SOURCE,
    RELAY,
)

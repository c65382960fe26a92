"""Across layers: which lookup a connection goes back to, and what belongs to another connection altogether."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.dissectors.layer import Text

from .analyzer import BaseAnalyzer
from .hookspecs import hookimpl
from .http.redirects import Redirects
from .http.status import REDIRECT
from .lookups import Answer, Lookups, Once, same_name
from .rule import Evidence, Explanation, Rule, Verdict
from .tcp.conversation import Conversation, Segment, seconds

if TYPE_CHECKING:
    from .packet import Packet
    from .udp import Exchange

RESOLVED_BY = Rule(
    "x.resolved-by",
    "tcp",
    "chat",
    20,
    {
        "": Text(
            "To {address}, the address of {name} in the DNS answer of frame {frame}.",
            "目的地址 {address} 正是第 {frame} 帧 DNS 应答中 {name} 的地址。",
        ),
        "alias": Text(
            "To {address}, the address of {name} in the DNS answer of frame {frame}; the record stands under the alias's "
            "real name, {owner}.",
            "目的地址 {address} 正是第 {frame} 帧 DNS 应答中 {name} 的地址；该记录挂在其规范名 {owner} 之下。",
        ),
        "several": Text(
            "To {address}, which DNS answers gave for {name} (frame {frame}) and for {other} (frame {before}): the names "
            "share it. Which one is meant, Host or SNI tells.",
            "目的地址 {address} 由 DNS 应答作为 {name}（第 {frame} 帧）和 {other}（第 {before} 帧）的地址给出："
            "两个名称共用该地址。究竟指哪一个，由 Host 或 SNI 说明。",
        ),
    },
    ("RFC 1035 §3.4.1", "RFC 3596 §2.2", "RFC 1034 §3.6.2"),
    Text("It is another server than the one that was looked up.", "这不是所查询的服务器。"),
    Explanation(
        Text(
            "The program asked DNS for a name, got addresses, and now opens a connection to one of them. TCP and IP carry "
            "only the address; the name is gone.",
            "程序向 DNS 查询名称，得到地址，再与其中一个建立连接。TCP 与 IP 只携带地址，名称不再出现。",
        ),
        Text(
            "ip.dst of the SYN equals dns.a (ipv6.dst: dns.aaaa) in an earlier answer to the same host.",
            "SYN 的 ip.dst 等于此前发给同一主机的应答中的 dns.a（ipv6.dst 则对应 dns.aaaa）。",
        ),
        Text(
            "One address may serve many names, so another program may have it from elsewhere: http.host or the SNI of TLS "
            "confirms the name.",
            "一个地址可对应许多名称，别的程序也可能从别处得到它：可由 http.host 或 TLS 的 SNI 确认名称。",
        ),
    ),
)
NO_LOOKUP = Rule(
    "x.no-lookup",
    "tcp",
    "chat",
    11,
    {
        "silent": Text(
            "The capture has no DNS answer so far, so it cannot tell where {address} comes from: given as a number, cached, "
            "from a hosts file, asked by encrypted DNS, or before the capture.",
            "捕获中至此没有 DNS 应答，无法说明 {address} 的来历：直接给出的地址、缓存、hosts 文件、加密 DNS，"
            "或在捕获开始前已查询。",
        ),
        "unnamed": Text(
            "No DNS answer so far gave {address} (the latest is in frame {frame}): given as a number, cached, from a hosts "
            "file, asked by encrypted DNS, or before the capture.",
            "至此没有 DNS 应答给出 {address}（最近的应答在第 {frame} 帧）：直接给出的地址、缓存、hosts 文件、加密 DNS，"
            "或在捕获开始前已查询。",
        ),
        "other-host": Text(
            "No DNS answer to {client} gave {address}; that of frame {frame} did for {name}, but went to {asker}: another "
            "host, or another address of this one.",
            "没有发给 {client} 的 DNS 应答给出 {address}；第 {frame} 帧的应答将其作为 {name} 的地址，但发往 {asker}："
            "那是另一台主机，或本机的另一个地址。",
        ),
    },
    ("RFC 8484 §1", "RFC 1035 §7.4"),
    Text("DNS is not used.", "没有使用 DNS。"),
    Explanation(
        Text(
            "A connection needs an address, not a lookup in this capture: names stay in caches for their time to live, and "
            "DNS over HTTPS or TLS looks like any other encrypted traffic.",
            "建立连接需要地址，但查询不一定在本捕获中：名称在其生存时间内留在缓存里，而 DNS over HTTPS 或 TLS "
            "看起来与其他加密流量无异。",
        ),
        Text(
            "ip.dst of the SYN is in no dns.a or dns.aaaa before it. It is said once for two addresses.",
            "SYN 的 ip.dst 不在此前任何 dns.a 或 dns.aaaa 中。对同一对地址只说一次。",
        ),
        Text(
            "A capture that begins earlier, or with the cache emptied, would show the query. In http.host a number instead "
            "of a name tells that no lookup was needed.",
            "若捕获更早开始或先清空缓存，便能看到查询。若 http.host 是数字地址而非名称，则说明无需查询。",
        ),
    ),
)
OTHER_CONNECTION = Rule(
    "x.other-connection",
    "tcp",
    "chat",
    21,
    {
        "server": Text(
            "This closes the connection {client} – {server}, opened in frame {own}. The one of frame {opened} goes to {other}, "
            "another server: it has nothing to do with this close.",
            "这里关闭的是第 {own} 帧打开的连接 {client} – {server}。第 {opened} 帧打开的连接通往另一台服务器 {other}，"
            "与此处的关闭无关。",
        ),
        "ports": Text(
            "This closes the connection {client} – {server}, opened in frame {own}. The one of frame {opened} goes from "
            "{other} to the same server: other ports, another connection.",
            "这里关闭的是第 {own} 帧打开的连接 {client} – {server}。第 {opened} 帧由 {other} 打开的连接通往同一服务器："
            "端口不同，是另一条连接。",
        ),
        "unopened": Text(
            "This closes the connection {client} – {server}, which was open before the capture began. It is not the one "
            "that frame {opened} opened with {other}.",
            "这里关闭的是捕获开始前已建立的连接 {client} – {server}，而不是第 {opened} 帧与 {other} 建立的连接。",
        ),
    },
    ("RFC 9293 §3.4.1",),
    Text(
        "The server moved, or the last packets belong to the first handshake.",
        "服务器换了地址，或最后的分组属于第一次握手。",
    ),
    Explanation(
        Text(
            "A connection is two addresses and two ports. A handshake and a close belong together only if all four agree; a "
            "browser has many connections at once.",
            "一条连接由两个地址和两个端口确定。只有四者都相同，握手与关闭才属于同一连接；浏览器会同时使用许多连接。",
        ),
        Text(
            "ip.src, tcp.srcport, ip.dst, tcp.dstport of the closing segment against those of the connection that the same "
            "host opened first among those open beside this one.",
            "将关闭报文段的 ip.src、tcp.srcport、ip.dst、tcp.dstport 与同一主机在此连接之外最早打开且仍然打开的连接相比较。",
        ),
        Text(
            "tcp.stream numbers connections: filter by it before reading a handshake and a close as one story.",
            "tcp.stream 为连接编号：把握手与关闭连起来看之前，应先按它过滤。",
        ),
    ),
)
MAC_DIRECTION = Rule(
    "x.mac-direction",
    "eth",
    "warn",
    89,
    {
        "swapped": Text(
            "The MAC addresses contradict the direction: by IP the {who:role} sends, but the source {mac} is what the other "
            "side had in frame {other}, the {who:role} had {own} in frame {before}. Forwarded again by a bridge or router on "
            "this link, or a wrong frame.",
            "MAC 地址与方向矛盾：按 IP 是{who:role}在发送，但源 MAC {mac} 在第 {other} 帧属于对方，{who:role}在第 {before} "
            "帧用的是 {own}。可能是本链路上的网桥或路由器再次转发，或是引错了帧。",
        ),
        "unturned": Text(
            "The MAC addresses contradict the direction: by IP the {who:role} sends here, but the source {mac} is that of "
            "frame {other}, which the other side sent. Forwarded again by a bridge or router on this link, or a wrong frame.",
            "MAC 地址与方向矛盾：按 IP 这里是{who:role}在发送，但源 MAC {mac} 就是对方所发第 {other} 帧的源 MAC。"
            "可能是本链路上的网桥或路由器再次转发，或是引错了帧。",
        ),
    },
    ("IEEE 802.3-2022 §3.2.5",),
    Text("Source and destination may be swapped freely.", "源地址与目的地址可以随意互换。"),
    Explanation(
        Text(
            "On one link the sender's frames bear one source MAC, the answers come from the other one. Frames that show them "
            "the other way round were not sent by who the IP header names.",
            "在同一链路上，一方的帧使用同一个源 MAC，应答来自另一个。若两者颠倒，则该帧并非由 IP 首部所示的一方直接发出。",
        ),
        Text(
            "eth.src of this frame equals eth.src of the other direction's first frame, and differs from that of its own. Only "
            "packets that open or close the connection are compared.",
            "该帧的 eth.src 等于另一方向首帧的 eth.src，而不同于本方向首帧的 eth.src。只比较建立和关闭连接的分组。",
        ),
        Text(
            "A router or bridge with both hosts on one link sends each packet a second time under its own address: then the "
            "same packet was captured just before. Without that, frame and quotation were mixed up, or it was forged.",
            "若路由器或网桥与两台主机在同一链路上，会以自己的地址再次发送每个分组：此时前面刚捕获过同一分组。"
            "否则就是引用时张冠李戴，或是伪造的帧。",
        ),
    ),
)

RULES: Sequence[Rule] = (RESOLVED_BY, NO_LOOKUP, OTHER_CONNECTION, MAC_DIRECTION)


class Opened(msgspec.Struct):
    """The SYN of a connection."""

    frame: int
    conversation: Conversation


class Noted(msgspec.Struct):
    """What is noted of a connection: source MAC addresses of its two ends, with the first frame of each, and what else
    was open when it began."""

    client: str | None = None
    client_frame: int = 0
    server: str | None = None
    server_frame: int = 0
    beside: Opened | None = None
    """The connection of the same client that was open longest then."""


class Across(BaseAnalyzer):
    """Ties connections to lookups and redirects, and keeps them apart from each other."""

    layers = ("tcp", "dns")
    fields = (
        "dns",
        "eth.src",
        "eth.dst",
        "ip.src",
        "ip.dst",
        "ipv6.src",
        "ipv6.dst",
    )
    wants_routine = False

    def __init__(self, redirects: Redirects, lookups: Lookups) -> None:
        self._redirects, self._lookups = redirects, lookups
        self._noted: dict[Conversation, Noted] = {}
        self._open: dict[str, dict[Conversation, Opened]] = {}
        """By the client's address, in the order of their SYNs."""
        self._unresolved = Once()

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """What a packet that opens or closes a connection has to do with other packets."""
        segment = packet.segment
        if segment is None:
            if packet.udp is not None and packet.dns is not None:  # else an ICMP error quotes it
                self._lookups.observe(packet)
            return None
        if not (segment.opens or segment.fin or segment.rst):
            return None
        conversation = packet.conversation
        if not isinstance(conversation, Conversation):
            return None
        noted = self._noted.get(conversation)
        if noted is None:
            noted = self._noted[conversation] = Noted()
        verdicts = list(_direction(packet, segment, noted))
        if segment.opens == "syn":
            verdicts += self._opened(packet, conversation, noted)
        elif segment.fin or segment.rst == "acceptable":
            verdicts += self._closing(packet, conversation, noted)
        return verdicts

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """Forgets a connection."""
        if isinstance(conversation, Conversation):
            self._noted.pop(conversation, None)
            self._close(conversation)
        return None

    def _close(self, conversation: Conversation) -> bool:
        """Takes it out of those that are open; whether it was among them."""
        client = conversation.client.address
        theirs = self._open.get(client)
        if theirs is None or theirs.pop(conversation, None) is None:
            return False
        if not theirs:
            del self._open[client]
        return True

    def _opened(self, packet: Packet, conversation: Conversation, noted: Noted) -> Iterator[Verdict]:
        """A SYN: where its address comes from, and which redirect it may follow."""
        client, address = conversation.client.address, conversation.server.address
        theirs = self._open.setdefault(client, {})
        noted.beside = next(iter(theirs.values()), None)
        theirs[conversation] = Opened(packet.number, conversation)
        if not address:
            return
        answers = self._lookups.gave(address)
        told = [answer for answer in answers if answer.asker == client]
        if told:
            yield _resolved(packet, address, told)
        elif self._lookups.complete and self._unresolved.first((client, address)):
            yield self._unnamed(packet, client, address, answers)
        for redirect in self._redirects.waiting(client, conversation.server.port, packet.time):
            verdict = _follows(packet, address, redirect, told)
            if verdict is not None:
                self._redirects.discard(redirect)
                yield verdict
                break

    def _unnamed(self, packet: Packet, client: str, address: str, answers: Sequence[Answer]) -> Verdict:
        params: dict[str, Any] = {"address": address, "client": client}
        if answers:
            answer = answers[-1]
            params |= {"frame": answer.frame, "name": _short(answer.asked), "asker": answer.asker}
            evidence: tuple[Evidence, ...] = (Evidence(answer.frame, answer.field, address),)
            return Verdict(NO_LOOKUP, packet.number, params, evidence, "other-host")
        evidence = (Evidence(packet.number, "ip.dst" if packet.ip is not None else "ipv6.dst", address),)
        if self._lookups.last is None:
            return Verdict(NO_LOOKUP, packet.number, params, evidence, "silent")
        params["frame"] = self._lookups.last
        return Verdict(NO_LOOKUP, packet.number, params, evidence, "unnamed")

    def _closing(self, packet: Packet, conversation: Conversation, noted: Noted) -> Iterator[Verdict]:
        """The first FIN or RST of a connection that was open beside an older one."""
        opened_here = self._close(conversation)
        client, server = conversation.client, conversation.server
        if opened_here:
            other = noted.beside
        elif conversation.midstream and "x.other-connection" not in conversation.said:
            other = next(iter(self._open.get(client.address, {}).values()), None)
        else:
            return
        conversation.said.add("x.other-connection")
        if other is None or not other.conversation.was_open:
            return
        theirs = other.conversation
        same = theirs.server.address == server.address
        params = {
            "client": f"{client.address}:{client.port}",
            "server": f"{server.address}:{server.port}",
            "own": client.syn_frame,
            "opened": other.frame,
            "other": f"{client.address}:{theirs.client.port}" if same and opened_here else theirs.server.address,
        }
        evidence = (
            Evidence(other.frame, "tcp.stream", theirs.stream),
            Evidence(packet.number, "tcp.stream", conversation.stream),
        )
        wording = "unopened" if not opened_here else "ports" if same else "server"
        yield Verdict(OTHER_CONNECTION, packet.number, params, evidence, wording)


def _direction(packet: Packet, segment: Segment, noted: Noted) -> Iterator[Verdict]:
    """Whether the source MAC is the one that this end has had."""
    eth = packet.eth
    mac = None if eth is None else eth.src
    if mac is None:
        return
    client, number = segment.from_client, packet.number
    own, other = (noted.client, noted.server) if client else (noted.server, noted.client)
    before, seen = (noted.client_frame, noted.server_frame) if client else (noted.server_frame, noted.client_frame)
    if own == mac:
        return
    if mac == other and mac != eth.dst:  # both are zero on loopback
        params = {"who": "client" if client else "server", "mac": mac, "own": own, "before": before, "other": seen}
        evidence = (Evidence(seen, "eth.src", mac), Evidence(number, "eth.src", mac))
        if own is None:
            yield Verdict(MAC_DIRECTION, number, params, evidence, "unturned")
        else:
            yield Verdict(MAC_DIRECTION, number, params, (Evidence(before, "eth.src", own), *evidence), "swapped")
    elif own is None and client:
        noted.client, noted.client_frame = mac, number
    elif own is None:
        noted.server, noted.server_frame = mac, number


def _short(name: str) -> str:
    """A name, bounded: DNS allows 255 characters."""
    return name if len(name) <= 80 else name[:79] + "…"


def _resolved(packet: Packet, address: str, told: Sequence[Answer]) -> Verdict:
    answer = told[-1]
    params: dict[str, Any] = {"address": address, "name": _short(answer.asked), "frame": answer.frame}
    evidence: tuple[Evidence, ...] = (
        Evidence(answer.frame, answer.field, address),
        Evidence(packet.number, "ip.dst" if answer.field == "dns.a" else "ipv6.dst", address),
    )
    others = [one for one in told if not same_name(one.asked, answer.asked)]
    if others:
        params |= {"other": _short(others[-1].asked), "before": others[-1].frame}
        return Verdict(
            RESOLVED_BY,
            packet.number,
            params,
            (Evidence(others[-1].frame, answer.field, address), *evidence),
            "several",
        )
    if not same_name(answer.owner, answer.asked):
        params["owner"] = _short(answer.owner)
        return Verdict(RESOLVED_BY, packet.number, params, evidence, "alias")
    return Verdict(RESOLVED_BY, packet.number, params, evidence)


def _follows(packet: Packet, address: str, redirect: Any, told: Sequence[Answer]) -> Verdict | None:
    """That a new connection goes where a redirect sent the client; None when its address is not that host's."""
    params: dict[str, Any] = {
        "frame": packet.number,
        "delay": seconds(redirect.time, packet.time) or 0.0,
        "address": address,
        "port": redirect.port,
        "host": _short(redirect.host),
    }
    evidence: tuple[Evidence, ...] = (Evidence(packet.number, "tcp.dstport", redirect.port),)
    if redirect.host == address.lower():
        return Verdict(REDIRECT, redirect.frame, params, evidence, "followed-literal")
    answer = next((one for one in reversed(told) if same_name(one.asked, redirect.host)), None)
    if answer is not None:
        params["answer"] = answer.frame
        evidence = (Evidence(answer.frame, answer.field, address), *evidence)
        return Verdict(REDIRECT, redirect.frame, params, evidence, "followed-elsewhere")
    if address == redirect.server and not told:
        return Verdict(REDIRECT, redirect.frame, params, evidence, "followed-server")
    return None


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return RULES

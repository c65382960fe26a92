"""What the columns of tsv, csv and the table say of a packet: Wireshark's words where the input has them, else ours.

Nothing here is escaped yet; the writers do that for where it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.bridge.failures import UsageFailure
from labdissect.bridge.readable import readable
from labdissect.dissectors.printed import printed
from labdissect.plugins.conversations import addresses
from labdissect.plugins.packet import time_epoch
from labdissect.plugins.rule import SEVERITIES, Verdict, render

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Field, Layer
    from labdissect.plugins.column import Column
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.writer import Record, Said, WriterSettings

COLUMNS = (
    "number",
    "time",
    "source",
    "destination",
    "protocol",
    "length",
    "info",
    "state_client",
    "state_server",
    "about",
    "code",
    "headline",
    "verdict",
)
"""The columns of tsv and csv when ``--columns`` chooses none."""

CARRIERS = frozenset(
    (
        *("eth", "ethertype", "vlan", "ieee8021ad", "llc", "sll", "sll2", "null", "raw", "mpls", "pppoes", "ppp"),
        *("gre", "vxlan", "ip", "ipv6", "ipv6.hopopts", "ipv6.routing", "ipv6.fraghdr", "ipv6.dstopts"),
        *("tcp", "udp", "sctp"),
    )
)
"""Protocols that carry another one, which is then what the packet is about."""
FIELDS = (
    *("_ws.col.Source", "_ws.col.Destination", "_ws.col.Protocol", "_ws.col.Info"),
    *("frame.time_relative", "frame.protocols", "eth.src", "eth.dst", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst"),
    *("tcp.srcport", "tcp.dstport", "tcp.flags", "tcp.seq", "tcp.ack", "tcp.len", "udp.srcport", "udp.dstport"),
)
"""What the cells of a packet read, as :attr:`labdissect.plugins.writer.WriterFormat.fields` has it."""

_SPELLING = {"ip": "IPv4", "ipv6": "IPv6", "icmpv6": "ICMPv6", "eth": "Ethernet", "igmp": "IGMP"}

Cell = Callable[["Shown"], str]
SEPARATOR = "; "
"""Between a packet's verdicts in one cell."""


class Shown(msgspec.Struct, frozen=True):
    """A packet as it is shown, with its verdicts and their texts, in the same order."""

    packet: Packet
    verdicts: Sequence[Verdict]
    texts: Sequence[str]
    seconds: float | None
    """Since the capture's first packet."""
    record: Record | None = None
    """What it was read from."""


class Showing:
    """Makes :class:`Shown` of packets in the order of the capture."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._start: int | None = None

    def __call__(self, packet: Packet, verdicts: Sequence[Verdict], record: Record | None = None) -> Shown:
        texts = [render(verdict, self._language) for verdict in verdicts]
        return Shown(packet, verdicts, texts, self._seconds(packet), record)

    def _seconds(self, packet: Packet) -> float | None:
        """tshark's own difference, since the first packet that we are shown need not be the capture's first."""
        frame = packet.frame
        relative: float | None = frame.time_relative if frame is not None else None
        if relative is not None:
            return relative
        if packet.time is None:
            return None
        if self._start is None:
            self._start = packet.time
        return (packet.time - self._start) / 1e9


class ShownColumn(msgspec.Struct, frozen=True):
    """A column of an output.

    :param kind: what :attr:`value` gives: ``int``, ``float``, ``bool``, ``str``, ``time`` (nanoseconds since 1970,
        UTC), ``ints``, ``strs`` (lists); or None where the packet has no such thing
    """

    name: str
    kind: str
    text: Cell
    value: Callable[[Shown], Any]


def chosen_columns(settings: WriterSettings, usual: Sequence[str] = COLUMNS) -> list[ShownColumn]:
    """The columns that the output shall have: those of ``--columns``, else the usual ones and the plugins' own.

    :raises UsageFailure: when a chosen one is neither a column nor a field that a layer of ours or tshark knows
    """
    if not settings.chosen:
        return [*(BUILT_IN[name] for name in usual), *(_of_column(column) for column in settings.columns)]
    fields = declared(settings.layers)
    return [_chosen(name, settings, fields) for name in settings.chosen]


def declared(layers: Mapping[str, Layer]) -> dict[str, list[tuple[str, Field]]]:
    """The fields that layers declare, by tshark's name, each with its layer; two layers may share one (``sll``)."""
    found: dict[str, list[tuple[str, Field]]] = {}
    for name, layer in layers.items():
        for one in layer.fields:
            found.setdefault(one.tshark, []).append((name, one))
    return found


def _chosen(name: str, settings: WriterSettings, fields: Mapping[str, list[tuple[str, Field]]]) -> ShownColumn:
    if name in BUILT_IN:
        return BUILT_IN[name]
    column = settings.known_columns.get(name)
    if column is not None:
        return _of_column(column)
    if name in fields:
        return _of_field(fields[name])
    whole = fields.get(name.rpartition(".")[0])
    if whole is not None and whole[0][1].kind == "parsed":
        return _of_text(name, lambda shown: ",".join(_parts(shown, whole[0][0], name)))
    if name.startswith(WIRESHARKS):
        title = name.removeprefix(WIRESHARKS).lower()
        return _of_text(name, lambda shown: _column(shown, title))
    _check_name(name, [*BUILT_IN, *settings.known_columns, *fields])
    return _of_text(name, lambda shown: ",".join(printed_values(shown, name)))


WIRESHARKS = "_ws.col."
"""What tshark's ``-e`` calls Wireshark's own columns."""


def _check_name(name: str, ours: Sequence[str]) -> None:
    """Raises when no tshark knows the field; without a tshark at hand, a name with a dot in it is believed."""
    from labdissect.bridge.tshark_fields import known_fields

    known = known_fields()
    if name in known or (not known and "." in name):
        return
    from difflib import get_close_matches  # only mistakes need it

    first = name.partition(".")[0] + "."
    alike = [field for field in known if field.startswith(first)] if "." in name else list(known)
    near = get_close_matches(name, ours, 3) or get_close_matches(name, alike, 3)
    hint = f"; perhaps {' or '.join(near)}" if near else ""
    raise UsageFailure(f"--columns: {name!r} is neither a column nor a field that tshark or a plugin knows{hint}")


def printed_values(shown: Shown, field: str) -> list[str]:
    """All values of a field that no layer of ours declares, as tshark printed them."""
    return shown.record.values(field) if shown.record is not None else []


def _parts(shown: Shown, layer: str, name: str) -> list[str]:
    """What a member of several parts has of one of them: ``labrdt.flags.syn``."""
    header = getattr(shown.packet, layer)
    return [] if header is None else [readable(one.value, one.field) for one in printed(header) if one.name == name]


def _of_text(name: str, text: Cell) -> ShownColumn:
    return ShownColumn(name, "str", text, lambda shown: text(shown) or None)


def _of_column(column: Column) -> ShownColumn:
    return _of_text(column.name, lambda shown: readable(column.value(shown.packet)))


_KINDS = {"int": "int", "hex": "int", "bool": "bool", "float": "float"}
"""By the kind of a declared field; any other is text."""


def _of_field(owners: Sequence[tuple[str, Field]]) -> ShownColumn:
    one = owners[0][1]
    kind = _KINDS.get(one.kind, "str")

    def text(shown: Shown) -> str:
        return readable(field_value(shown, owners), one)

    def value(shown: Shown) -> Any:
        return field_value(shown, owners)

    return ShownColumn(one.tshark, kind, text, value) if kind != "str" else _of_text(one.tshark, text)


def field_value(shown: Shown, owners: Sequence[tuple[str, Field]]) -> Any:
    """A declared field's value in the packet's innermost header of that protocol; None when it has none.

    Headers that an ICMP error quotes are another packet's. tshark may print the field in another protocol's layer
    (``http.host`` in ``ssdp``): then its first value there.
    """
    packet = shown.packet
    for layer, field in owners:
        header = getattr(packet, layer)  # a plugin's layer, too, which no source knows
        if header is not None:
            return getattr(header, field.attribute)
    control = packet.icmp if packet.icmp is not None else packet.icmpv6
    if control is None or not any(name in ("ip", "ipv6") for name, _ in control.inner):
        values = printed_values(shown, owners[0][1].tshark)
        if values:
            return owners[0][1].convert(values[0])
    return None


# rows that wait


encoded_row = msgspec.msgpack.Encoder().encode
"""A row's cells, for :meth:`.DraftingWriter.draft`."""
decoded_row = msgspec.msgpack.Decoder(list[str]).decode


def with_later(columns: Sequence[ShownColumn], row: list[str], later: Sequence[Said]) -> list[str]:
    """A packet's cells; in those that speak of verdicts, what was said of the packet later comes behind what it had."""
    if not later:
        return row
    return [
        _LATER[column.name](cell, later) if column.name in _LATER else cell
        for column, cell in zip(columns, row, strict=True)
    ]


def _behind(part: Callable[[Said], str]) -> Callable[[str, Sequence[Said]], str]:
    return lambda cell, later: SEPARATOR.join([*filter(None, (cell,)), *map(part, later)])


_LATER: dict[str, Callable[[str, Sequence[Said]], str]] = {
    "about": _behind(lambda said: str(said.about)),
    "code": _behind(lambda said: said.code),
    "verdict": _behind(lambda said: said.text),
    "headline": lambda cell, later: cell or later[0].text,
    "severity": lambda cell, later: max(
        [*filter(None, (cell,)), *(said.severity for said in later)], key=SEVERITIES.index
    ),
}


# the columns


def number(shown: Shown) -> str:
    """As tshark counts frames."""
    return str(shown.packet.number)


def time(shown: Shown) -> str:
    """Seconds since the capture's first packet, to the microsecond, as Wireshark's column ``Time``."""
    return "" if shown.seconds is None else f"{shown.seconds:.6f}"


def epoch(shown: Shown) -> str:
    """Seconds since 1970, UTC, to the nanosecond."""
    time = shown.packet.time
    return "" if time is None else time_epoch(time)


def source(shown: Shown) -> str:
    """Wireshark's column, else the innermost IP address, else the hardware address."""
    return _column(shown, "source") or _endpoints(shown.packet)[0]


def destination(shown: Shown) -> str:
    """Likewise."""
    return _column(shown, "destination") or _endpoints(shown.packet)[1]


def protocol(shown: Shown) -> str:
    """A plugin's layer, which Wireshark does not know; else Wireshark's column, else what the packet is about."""
    if shown.packet.messages:
        return shown.packet.messages[-1].layer.upper()
    return _column(shown, "protocol") or top_protocol(shown.packet)


def info(shown: Shown) -> str:
    """Wireshark's column, where the input has it."""
    return _column(shown, "info")


def length(shown: Shown) -> str:
    """Bytes on the wire."""
    return readable(shown.packet.length)


def state_client(shown: Shown) -> str:
    """The TCP client's state."""
    segment = shown.packet.segment
    return "" if segment is None else segment.client_state


def state_server(shown: Shown) -> str:
    """The TCP server's state."""
    segment = shown.packet.segment
    return "" if segment is None else segment.server_state


def about(shown: Shown) -> str:
    """Of each verdict the frame that it is about."""
    return SEPARATOR.join([str(verdict.about) for verdict in shown.verdicts])


def code(shown: Shown) -> str:
    """Each verdict's code."""
    return SEPARATOR.join([verdict.rule.code for verdict in shown.verdicts])


def headline(shown: Shown) -> str:
    """The one verdict to read: the first, if it is about this packet."""
    verdicts = shown.verdicts
    return shown.texts[0] if verdicts and verdicts[0].about == shown.packet.number else ""


def verdict(shown: Shown) -> str:
    """All verdicts, the headline first."""
    return SEPARATOR.join(shown.texts)


def severity(shown: Shown) -> str:
    """The highest among the verdicts."""
    return max(shown.verdicts, key=lambda one: one.rule.level).rule.severity if shown.verdicts else ""


def conn_state(shown: Shown) -> str:
    """Zeek's conn_state of the connection so far."""
    return shown.packet.conn_state


def stream(shown: Shown) -> str:
    """tshark's number of the connection or exchange."""
    conversation = shown.packet.conversation
    return "" if conversation is None else readable(conversation.stream)


BUILT_IN: dict[str, ShownColumn] = {
    column.name: column
    for column in (
        ShownColumn("number", "int", number, lambda shown: shown.packet.number),
        ShownColumn("time", "float", time, lambda shown: shown.seconds),
        ShownColumn("epoch", "time", epoch, lambda shown: shown.packet.time),
        ShownColumn("frame.time_epoch", "time", epoch, lambda shown: shown.packet.time),  # exact, which a float is not
        *(_of_text(one.__name__, one) for one in (source, destination, protocol, info)),
        ShownColumn("length", "int", length, lambda shown: shown.packet.length),
        *(_of_text(one.__name__, one) for one in (state_client, state_server, conn_state, severity, headline)),
        ShownColumn("stream", "int", stream, lambda shown: getattr(shown.packet.conversation, "stream", None)),
        ShownColumn("about", "ints", about, lambda shown: [one.about for one in shown.verdicts]),
        ShownColumn("code", "strs", code, lambda shown: [one.rule.code for one in shown.verdicts]),
        ShownColumn("verdict", "strs", verdict, lambda shown: list(shown.texts)),
    )
}
"""Our own columns by name."""


def _column(shown: Shown, name: str) -> str:
    return shown.packet.source.columns().get(name, "")


def _endpoints(packet: Packet) -> tuple[str, str]:
    """Source and destination: IP addresses, or hardware addresses where there is no IP."""
    source, destination = addresses(packet)
    if source or destination:
        return source, destination
    if packet.eth is not None:
        return packet.eth.src or "", packet.eth.dst or ""
    return "", ""


def top_protocol(packet: Packet) -> str:
    """What the packet is about, by its protocol stack: the first that carries no other one.

    Bodies (``http:data-text-lines``), quoted headers (``icmp:ip:udp``) and tshark's own marks come after that one.
    """
    found = ""
    for name in packet.protocols.split(":"):
        if name == "data" or name.startswith("_ws") or name == "frame":
            continue
        if name != "ethertype":
            found = name
        if name not in CARRIERS:
            break
    return _SPELLING.get(found) or found.upper()


def endpoints_with_ports(packet: Packet) -> str:
    """``10.0.0.1:40000 → 10.0.0.2:8000``; IPv6 addresses in brackets (RFC 5952 §6), no ports where there are none."""
    source, destination = _endpoints(packet)
    ports = packet.tcp if packet.tcp is not None else packet.udp
    if ports is not None:
        source, destination = with_port(source, ports.srcport), with_port(destination, ports.dstport)
    return f"{source} → {destination}" if source or destination else ""


def with_port(address: str, port: int | None) -> str:
    """``10.0.0.1:80``, ``[::1]:80``."""
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE")


def short_info(shown: Shown) -> str:
    """For the table: Wireshark's column without the ports, which stand beside it; else the flags and numbers of TCP;
    else the protocol."""
    packet = shown.packet
    tcp = packet.tcp
    given = info(shown)
    ports = tcp if tcp is not None else packet.udp
    if given:
        return given.replace(f"{ports.srcport} → {ports.dstport} ", "", 1) if ports is not None else given
    if tcp is None or tcp.flags is None:
        return protocol(shown)
    flags = ", ".join([name for bit, name in enumerate(_FLAGS) if tcp.flags >> bit & 1])
    parts = [f"[{flags}]"]
    if tcp.seq is not None:
        parts.append(f"Seq={tcp.seq}")
    if tcp.ack is not None and tcp.flags & 0x10:
        parts.append(f"Ack={tcp.ack}")
    if tcp.len is not None:
        parts.append(f"Len={tcp.len}")
    above = top_protocol(packet)
    return " ".join(parts if above in ("", "TCP") else [above, *parts])

"""tshark's flat EK beside the capture's own bytes: the plain headers of Ethernet to TCP and UDP are read from these, so
that tshark prints only what they cannot tell (docs/decisions/0013-own-headers.md).

What tshark says of nearly every packet comes as one column, ``"values":"4,0,eth:ethertype:ip:tcp,Unverified,…"``, which
costs it less than fields do. Which headers a packet has is among it (``frame.protocols``). Wherever a header might be
elsewhere than right behind the one before, or tshark might see it differently (options, fragments, tunnels, what was
cut), the packet is looked at again in full EK.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import msgspec

from labdissect.dissectors.fixed import FixedMembers, has_place, is_fixed
from labdissect.dissectors.layer import Header, Layer, attribute_name
from labdissect.plugins.packet import Packet
from labdissect.plugins.packet import Source as PacketSource
from labdissect.plugins.writer import Problem, Record

from .ek import EkRecord
from .flat import STACKS_LIMIT, FlatReader, Maker, Whole, decoder, layer_fields, mixed_filter, names_of

if TYPE_CHECKING:
    from labdissect.bridge.asking import Asked
    from labdissect.bridge.frames import Frame
    from labdissect.dissectors.layer import Field

HEADERS = ("eth", "ip", "ipv6", "tcp", "udp")
"""Layers whose headers the capture's bytes tell as well."""
_OURS = "|".join(HEADERS)
READABLE = (
    r"^eth:(?:llc|ethertype(?::vlan:ethertype)?(?::(?:ip|ipv6)(?::tcp|:udp)?)?)"
    rf"(?::(?!(?:{_OURS}|vlan|ieee8021ad)(?::|$))[^:]+)*$"
)
"""The values of ``frame.protocols`` whose headers of ours, each there once, follow one another from the start."""

_ETHERNET, _TAG, _IPV4, _IPV6, _TCP, _UDP = 14, 4, 20, 40, 20, 8
"""Bytes of the headers; of IPv4's and TCP's without options."""
_SIZES = {"eth": _ETHERNET}
"""Bytes of the headers whose members have no fixed places."""
_REMEMBERED = 4096
"""Headers of one kind that are remembered where reading them is costly."""
_TCP_SIZES = range(24, 64, 4)

_STATUS = {"Bad": 0, "Good": 1, "Unverified": 2, "Not present": 3, "Illegal": 4}
"""The values of a ``checksum.status``, by their names in Wireshark."""
_OPTIONAL = "tcp.window_size_scalefactor"
"""The only one of :data:`labdissect.bridge.asking.TOGETHER` that a segment may do without: one with SYN."""
_SYN = 2

MakeHeader = Callable[[Any, Sequence[str], bytes], Header]
"""Makes a header of a line's fields, its column of values and a frame's first bytes."""


class HeadersReader(FlatReader):
    """Reads flat EK and, for each of its lines, the frame.

    :param frames: the capture's, from the first on
    """

    def __init__(
        self,
        layers: Mapping[str, Layer],
        report: Callable[[Problem], None],
        asked: Asked,
        whole: Whole,
        frames: Iterator[Frame],
    ) -> None:
        super().__init__(layers, report, asked, whole)
        self._asked = asked
        self._frames = frames
        self._frame = 0
        """Number of the frame that was read last."""
        below = ("frame", *HEADERS)
        names = {name for layer in below for name in layer_fields(layers[layer])}
        self._decode_headers = decoder(layers, asked, [name for name in asked.fields if name in names])
        self.above = frozenset(name for name, members in asked.members.items() if members and name not in below)
        """Layers of which tshark was asked for something, but for those below."""
        self._readable = re.compile(READABLE)
        self._made: dict[tuple[str, int, tuple[str, ...]], MakeHeader] = {}
        self._plans: dict[str, _Plan] = {}

    def record(self, line: bytes) -> Record:
        """One line's record."""
        try:
            decoded = self._decode_headers(line)
            values: list[str] = decoded.column_values.split(",")
            number = int(values[0])
            protocols = values[1]
            if protocols.isdigit():  # a TCP stream
                protocols = values[2]
        except (msgspec.DecodeError, UnicodeDecodeError, AttributeError, ValueError, IndexError):
            text = line.decode("utf-8", "replace").encode()  # tshark 3.4 and 4.0 print some strings' bytes as they are
            return self._again(line) if text == line else self.record(text)
        frame = self._frame_of(number)
        plan = self._plans.get(protocols) or self._plan(protocols)
        if frame is None or not plan.reads(frame.head):
            return self._again(line)
        expected = plan.values
        if plan.flags and frame.head[plan.flags] & _SYN:
            expected -= 1
        if len(values) != expected:
            return self._again(line)
        time = frame.time
        if time is not None and time // 1_000_000 != decoded.timestamp:
            return self._elsewhere(line, number)
        source = _OwnSource(self, decoded, values, plan, frame)
        if plan.above:
            try:
                source.line = self._decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):  # a field that is there twice, invalid UTF-8
                record, whole = self._thorough.record(line), self._whole(number)
                if whole is not None or record.packet is None:
                    return record if whole is None else self._thorough.record(whole)
                source.above = record.packet.source
        packet = Packet(source, number, time, frame.length, protocols)
        packet.size = len(line) + len(frame.head)
        tcp = plan.tcp
        packet.tcp = None if tcp is None else tcp(decoded.layers, values, frame.head)
        return EkRecord(line, packet, True)

    def _frame_of(self, number: int) -> Frame | None:
        """The frame of a line; None when the capture has ended before."""
        frame = None
        while self._frame < number and (frame := next(self._frames, None)) is not None:
            self._frame += 1
        return frame

    def _elsewhere(self, line: bytes, number: int) -> Record:
        why = f"frame {number}: its time in the capture is not the one that tshark says; its headers are not read"
        self._report(Problem(why, fatal=True, kind="bad line"))
        return self._again(line)

    def _plan(self, protocols: str) -> _Plan:
        plan = _Plan(self, protocols)
        if len(self._plans) < STACKS_LIMIT:
            self._plans[protocols] = plan
        return plan

    def is_readable(self, protocols: str) -> bool:
        """Whether the headers of such packets can be read from their bytes."""
        return self._readable.search(protocols) is not None and self.mixed.search(protocols) is None

    def values_of(self, places: Mapping[str, int]) -> tuple[str, ...]:
        """What the column of values has of a packet with these headers, in order."""
        return tuple(name for name in self._asked.together if name.partition(".")[0] in ("frame", *places))

    def maker(self, name: str, at: int, values: tuple[str, ...]) -> MakeHeader:
        """What makes the headers of a layer that are so many bytes from their frame's start, of packets with these
        values."""
        made = self._made.get((name, at, values))
        if made is None:
            members = self._asked.members[name]
            made = header_maker(self._layers[name], members, self._asked, at, values, self.makers[name])
            self._made[name, at, values] = made
        return made

    def _again(self, line: bytes) -> Record:
        flat = _with_number(line)
        if flat is None:
            self._report(Problem("tshark printed a packet without the values asked for", fatal=True, kind="bad line"))
            return Record(line)
        return super()._again(flat)


class _Plan:
    """What the protocols of a packet tell, worked out once."""

    __slots__ = ("above", "flags", "makers", "names", "order", "reads", "tcp", "tcp_at", "values")

    def __init__(self, reader: HeadersReader, protocols: str) -> None:
        self.order = ("frame", *protocols.split(":"))
        self.names = frozenset(self.order)
        self.above = not reader.above.isdisjoint(self.names)
        """Whether layers above TCP and UDP are to be read."""
        places = _places(self.order) if reader.is_readable(protocols) else {}
        self.reads: Callable[[bytes], bool] = _check(places) if places else _reads_nothing
        """Whether these first bytes of a frame have their headers where they are looked for, and no others."""
        values = reader.values_of(places)
        self.makers = {name: reader.maker(name, at, values) for name, at in places.items()}
        self.tcp = self.makers.get("tcp")
        self.values = len(values)
        """Values in the column of such packets; one less with SYN."""
        self.tcp_at = places.get("tcp", 0)
        """Where TCP's header begins, if there is one."""
        self.flags = self.tcp_at + 13 if _OPTIONAL in values else 0
        """Where TCP's flags are, if they matter."""


class _OwnSource:
    """The layers of a line and its frame, made when asked for."""

    __slots__ = ("_frame", "_plan", "_reader", "_values", "above", "line")

    def __init__(self, reader: HeadersReader, line: Any, values: Sequence[str], plan: _Plan, frame: Frame) -> None:
        self._reader, self._values, self._plan, self._frame = reader, values, plan, frame
        self.line = line
        """What the line says, of the layers above too where there are some."""
        self.above: PacketSource | None = None
        """Where the layers above come from, when not from there."""

    def header(self, name: str) -> Header | None:
        plan, makers = self._plan, self._reader.makers
        if name not in plan.names:
            if name not in makers:
                raise KeyError(name)
            return None
        make = plan.makers.get(name)
        if make is not None:
            return make(self.line.layers, self._values, self._frame.head)
        if name == "frame":
            return self._of_frame(makers[name](self.line.layers))
        if self.above is not None:
            return self.above.header(name)
        return makers[name](self.line.layers)

    def headers(self) -> Sequence[tuple[str, Header]]:
        makers = self._reader.makers
        found = [(name, self.header(name)) for name in self._plan.order if name in makers]
        return [(name, header) for name, header in found if header is not None]

    def columns(self) -> Mapping[str, str]:
        return self._reader.columns(self.line)

    def tcp_header(self) -> bytes | None:
        """Its bytes, with options; None of a packet that has none."""
        at, head = self._plan.tcp_at, self._frame.head
        return head[at : at + (head[at + 12] >> 4 << 2)] if at else None

    def _of_frame(self, header: Header) -> Header:
        """A header of the layer frame with what the capture and the column say."""
        frame = self._frame
        said = (
            ("number", int(self._values[0])),
            ("protocols", ":".join(self._plan.order[1:])),
            ("time_epoch", None if frame.time is None else frame.time / 1_000_000_000),
            ("len", frame.length),
            ("cap_len", frame.captured),
        )
        for name, value in said:
            if name in header.stored_as:
                setattr(header, header.stored_as[name], value)
        return header


_VALUES = re.compile(rb'"values":"(\d+)(?:,\d+)*,([^",\\]+)')
_LAYERS = b'"layers":{'


def _with_number(line: bytes) -> bytes | None:
    """A line that has among its layers which frame it is and which protocols are in it; None if nothing says so."""
    found = _VALUES.search(line)  # our column comes first, before anything that a sender chose
    begin = line.find(_LAYERS) + len(_LAYERS)
    if found is None or begin < len(_LAYERS):
        return None
    rest = line[begin:]
    comma = b"" if rest.startswith(b"}") else b","
    number = b'"frame_number":["%b"],"frame_protocols":["%b"]' % found.groups()
    return b"".join((line[:begin], number, comma, rest))


# -- where the headers are ---------------------------------------------------------------------------------------------


def _places(order: Sequence[str]) -> dict[str, int]:
    """Bytes from the frame's start to each header, of a readable stack."""
    places = {"eth": 0}
    network = _ETHERNET + (_TAG if "vlan" in order else 0)
    for name, size in (("ip", _IPV4), ("ipv6", _IPV6)):
        if name in order:
            places[name] = network
            places |= {above: network + size for above in ("tcp", "udp") if above in order}
    return places


def _reads_nothing(head: bytes) -> bool:
    return False


def _check(places: Mapping[str, int]) -> Callable[[bytes], bool]:
    """For :attr:`_Plan.reads`. What it refuses, :func:`again_filter` must choose."""
    ip, ipv6, tcp, udp = (places.get(name, 0) for name in ("ip", "ipv6", "tcp", "udp"))

    def reads_link(head: bytes) -> bool:
        return len(head) >= _ETHERNET

    def reads_ip(head: bytes) -> bool:
        """Version 4 without options, no fragment, and a length."""
        return (
            len(head) >= ip + _IPV4
            and head[ip] == 0x45
            and not head[ip + 6] & 0x3F
            and not head[ip + 7]
            and (head[ip + 2] << 8 | head[ip + 3]) >= _IPV4
        )

    def reads_ipv6(head: bytes) -> bool:
        return len(head) >= ipv6 + _IPV6 and head[ipv6] >> 4 == 6

    reads_network = reads_ip if ip else reads_ipv6 if ipv6 else reads_link
    if not tcp and not udp:
        return reads_network
    above = tcp or udp
    length = ip + 2 if ip else ipv6 + 4
    """Where the network header's length stands."""
    less = above - ip if ip else 0
    """What it counts beside the payload."""

    def reads_tcp(head: bytes) -> bool:
        """All of the header is there, in the frame and in the packet."""
        if not reads_network(head) or len(head) < tcp + _TCP:
            return False
        size = head[tcp + 12] >> 4 << 2
        return size >= _TCP and len(head) >= tcp + size and (head[length] << 8 | head[length + 1]) - less >= size

    def reads_udp(head: bytes) -> bool:
        return (
            reads_network(head)
            and len(head) >= udp + _UDP
            and (head[length] << 8 | head[length + 1]) - less >= _UDP
            and (head[udp + 4] << 8 | head[udp + 5]) >= _UDP
        )

    return reads_tcp if tcp else reads_udp


def again_filter(layers: Mapping[str, Layer], together: Sequence[str]) -> str:
    """A display filter for the packets whose headers are not read from their bytes: those that :func:`_check` refuses
    or that have other values in their column, and perhaps some more."""
    from labdissect.bridge.frames import HEAD  # only for captures: the pipe reads none

    terms = [
        mixed_filter(layers),
        f'not frame.protocols matches "{READABLE}"',
        "_ws.malformed",
        f"(frame.cap_len < frame.len and frame.cap_len < {HEAD})",
        "(ip and not ip.version == 4) or ip.flags.mf == 1 or ip.frag_offset > 0 or ip[2:2] == 00:00 or ip.len < 20",
        "(ipv6 and not ipv6.version == 6)",
        "tcp.hdr_len < 20 or udp.length < 8",
        *(f"(tcp and not tcp.hdr_len > 20 and {length})" for length in ("ip.len < 40", "ipv6.plen < 20")),
        *(f"(tcp.hdr_len == {size} and (ip.len < {size + 20} or ipv6.plen < {size}))" for size in _TCP_SIZES),
        "(udp and (ip.len < 28 or ipv6.plen < 8))",
        *(_lacks(name) for name in together if name.partition(".")[0] in HEADERS),
        f"len(frame.protocols) > {_COLUMN - _OTHER_VALUES}",
    ]
    return " or ".join(terms)


_COLUMN, _OTHER_VALUES = 2047, 200
"""Bytes at which a column is cut, and those that all its values but the protocols never take."""


def _lacks(name: str) -> str:
    """A display filter for the packets that lack a value which others of their protocol have."""
    if name == _OPTIONAL:
        return f"(tcp.flags.syn == 0 and not {name})"
    return f"({name.partition('.')[0]} and not {name})"


# -- headers of bytes --------------------------------------------------------------------------------------------------


def header_maker(
    layer: Layer, members: Sequence[Field], asked: Asked, at: int, values: Sequence[str], flat: Maker
) -> MakeHeader:
    """Makes headers of a layer, each ``at`` bytes from its frame's start.

    :param members: those that it shall have
    :param values: what the column has, in order
    :param flat: makes headers with what tshark printed alone
    """
    own = [one for one in members if one.tshark in asked.own]
    read = _read_by_place(layer, own, at) if is_fixed(layer) else _read_by_construct(layer, own, at)
    made_of: list[str] = []
    for one in layer.as_printed(members):
        if one in own:
            made_of += [read.expressions[one.name], *("None" for _ in names_of(one)[1:])]
        else:
            made_of += [_printed(name, asked, values) for name in names_of(one)]
    source = f"def make(fields, values, data):\n    {read.statement}\n    return kind((), {', '.join(made_of)})\n"
    namespace: dict[str, Any] = {"kind": flat.kind, "status": _STATUS.get, "given": len(values), **read.names}
    exec(source, namespace)  # from definitions alone, as Construct's compile() does
    return cast(MakeHeader, namespace["make"])


class _Read(msgspec.Struct, frozen=True):
    """Python that reads members from ``data``, a frame's first bytes."""

    statement: str
    expressions: Mapping[str, str]
    """Of each member, what its value is after the statement."""
    names: Mapping[str, Any]
    """What both refer to."""


def _read_by_place(layer: Layer, own: Sequence[Field], at: int) -> _Read:
    """All members at once, from their places."""
    length = [one for one in layer.fields if one.name == "hdr_len"]
    fixed = FixedMembers(layer, [one for one in (*own, *length) if has_place(one)])
    expressions = {}
    for one in own:
        if has_place(one):
            expressions[one.name] = fixed.expression(one)
        else:  # options, up to the header's end
            expressions[one.name] = (
                f"data[{at + (one.offset or 0)} : {at} + {fixed.expression(length[0])}].hex() or None"
            )
    names = {"unpack_from": fixed.unpack_from, **fixed.names}
    return _Read(_assignment(fixed.values, f"unpack_from(data, {at})"), expressions, names)


def _read_by_construct(layer: Layer, own: Sequence[Field], at: int) -> _Read:
    """Where a member's place depends on the packet, Construct reads it: once for all packets with the same header, as
    a link has few addresses."""
    members = [one.name for one in own]

    @lru_cache(_REMEMBERED)
    def parsed(data: bytes) -> tuple[Any, ...]:
        container = layer.parse(data)
        return tuple(container[name] for name in members)

    values = [f"v{index}" for index in range(len(own))]
    statement = _assignment(values, f"parsed(data[{at} : {at + _SIZES[layer.name]}])")
    return _Read(statement, dict(zip(members, values, strict=True)), {"parsed": parsed})


def _assignment(names: Sequence[str], values: str) -> str:
    return f"{', '.join(names)}, = {values}" if names else "pass"


def _printed(name: str, asked: Asked, values: Sequence[str]) -> str:
    """Python for the first value that tshark printed of a field."""
    if name in values:
        value = f"values[{values.index(name)}]"
        if name.endswith(".checksum.status"):
            return f"status({value})"
        return f"int({value}) if len(values) == given else None" if name == _OPTIONAL else f"int({value})"
    if name not in asked.fields:
        return "None"
    values = f"fields.{attribute_name(name)}"
    return f"{values} and {values}[0]"

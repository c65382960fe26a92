"""The lines of several tsharks, each with some conversations of a capture, as if they were one's.

They are put into the order of the packets in the file, with the frame numbers and stream numbers that one tshark would
have given: whoever reads them cannot tell the difference. These numbers stand among the first of a line's fields
(:func:`.choosing.sharded`), or in the column of values that comes before them
(:data:`labdissect.bridge.asking.TOGETHER`).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence

from .choosing import STREAMS
from .plan import Plan

LINES_AT_ONCE = 512
"""Lines handed on together."""
_STEP = 64
"""Of every so many packets of a shard one's place in the file is remembered."""

_PROTOCOLS, _NO_LAYERS = b'frame_protocols":["', b',"layers":{}}'
_LAYERS = b'"layers":{'
_NUMBER = re.compile(rb'"(?:frame_number":\["|values":")(\d+)')
_HEAD = 400
"""Bytes of a line in which the number of its frame is."""
_FIELD = re.compile(rb'"(\w+)":\[("\d+"(?:,"\d+")*)\]')
_COLUMN = re.compile(rb'"values":"\d+((?:,\d+)*),([^",\\]+)((?:,\d+)*)')
"""The frame's number, TCP's streams, the protocols, UDP's streams; without UDP these digits are something else."""
_UDP, _DIGITS = b":udp", ord("9")


class Merger:
    """Puts lines into the order of the file and numbers them.

    :param references: fields that name other frames
    """

    def __init__(self, plan: Plan, outputs: Sequence[Iterator[bytes]], references: Sequence[str]) -> None:
        self._plan, self._order = plan, plan.order
        keys = "|".join(name.replace(".", "_") for name in ("frame.number", *STREAMS, *references))
        self._numbers = re.compile(rf'(?:"(?:{keys})":\[[^\]]*\],?)*'.encode())
        """The fields that a line's layers begin with and that are numbered here."""
        self._outputs = [_packet_lines(output) for output in outputs]
        self._lines: list[Iterator[bytes]] = [iter(()) for _ in outputs]
        """Of each shard, the lines at hand."""
        self._streams = {name.replace(".", "_").encode(): _Streams(len(outputs)) for name in STREAMS}
        self._given = [0] * len(outputs)
        """Lines that were at hand, of each shard."""
        self._places = [_Places(plan.order, shard) for shard in range(len(outputs))]
        self.done = 0
        """Packets whose lines were handed on."""
        self.ended: int | None = None
        """The shard whose output ended too early."""
        self.disordered = False
        """Whether it did so by printing another packet than the next."""

    def chunks(self) -> Iterator[bytes]:
        """Lines of all, until one of them has no more. What is there is handed on before more is waited for."""
        while self.done < len(self._order):
            lines: list[bytes] = []
            lacking = self._some(self.done, lines)
            if lines:
                self.done += len(lines)
                lines.append(b"")
                yield b"\n".join(lines)
            if lacking is None:
                continue
            more = next(self._outputs[lacking], None)
            if more:
                number = _NUMBER.search(more[0], 0, _HEAD)
                self.disordered = number is None or int(number[1]) != self._given[lacking] + 1
            if more is None or self.disordered:
                self.ended = lacking
                return
            self._given[lacking] += len(more)
            self._lines[lacking] = iter(more)

    def _some(self, done: int, lines: list[bytes]) -> int | None:
        """Appends the lines of some packets behind those that are done; returns the shard that has no more at hand."""
        shards = self._order[done : done + LINES_AT_ONCE]
        take = [one.__next__ for one in self._lines]
        known = {name: streams.known for name, streams in self._streams.items()}
        tcp = known[b"tcp_stream"]
        append, shard = lines.append, 0
        try:
            for number, shard in zip(_numbers(done + 1, len(shards)), shards, strict=True):
                line = take[shard]()
                try:
                    # {"timestamp":"…","values":"4,0,eth:ethertype:ip:tcp,…","layers":{}}
                    parts = line.split(b'"', 8)
                    if parts[8] == _NO_LAYERS:
                        _, stream, rest = parts[7].split(b",", 2)
                        if rest[0] > _DIGITS and _UDP not in rest:
                            parts[7] = b"%b,%b,%b" % (number, tcp[shard][stream], rest)
                            append(b'"'.join(parts))
                            continue
                    # {"timestamp":"…","no_":"…","layers":{"frame_number":["…"],"tcp_stream":["…"],"frame_protocols":…
                    parts = line.split(b'"', 19)
                    if parts[11] == b"frame_number" and parts[19].startswith(_PROTOCOLS):
                        parts[17] = known[parts[15]][shard][parts[17]]
                        parts[13] = number
                        append(b'"'.join(parts))
                        continue
                except (IndexError, KeyError, ValueError):  # another line, or a stream that is new
                    pass
                append(self._numbered(line, number, shard))
        except StopIteration:
            return shard
        return None

    def _numbered(self, line: bytes, number: bytes, shard: int) -> bytes:
        """The line with all its numbers as they would be of one tshark."""
        begin = line.find(_LAYERS) + len(_LAYERS)
        found = self._numbers.match(line, begin)
        if begin < len(_LAYERS) or found is None:
            return line

        def streams(name: bytes, numbers: Sequence[bytes]) -> list[bytes]:
            return [self._streams[name].of(shard, one) for one in numbers]

        def field(found: re.Match[bytes]) -> bytes:
            name = found[1]
            numbers = [one.strip(b'"') for one in found[2].split(b",")]
            if name == b"frame_number":
                made = [number]
            elif name in self._streams:
                made = streams(name, numbers)
            else:
                made = [b"%d" % self._places[shard].frame(int(one)) for one in numbers]
            return b'"%b":[%b]' % (name, b",".join(b'"%b"' % one for one in made))

        def column(found: re.Match[bytes]) -> bytes:
            tcp, protocols, udp = found[1].split(b",")[1:], found[2], found[3].split(b",")[1:]
            if _UDP in protocols:
                udp = streams(b"udp_stream", udp)
            return b'"values":"%b' % b",".join((number, *streams(b"tcp_stream", tcp), protocols, *udp))

        return _COLUMN.sub(column, line[:begin], 1) + _FIELD.sub(field, found[0]) + line[found.end() :]


class _Places:
    """Where in the file the packets of a shard are; looked for as far as somebody asks."""

    def __init__(self, order: bytes, shard: int) -> None:
        self._order, self._mark = order, bytes((shard,))
        self._steps = array("q", [-1])
        """Before which packet of the file the shard's packets 0, _STEP, 2 * _STEP, … are looked for."""

    def frame(self, number: int) -> int:
        """The number in the file of the shard's frame; of one that it does not have, the same."""
        step, more = divmod(number - 1, _STEP)
        while len(self._steps) <= step:
            place = self._behind(self._steps[-1], _STEP)
            if place is None:
                return number
            self._steps.append(place)
        place = self._behind(self._steps[step], more + 1)
        return number if place is None else place + 1

    def _behind(self, at: int, count: int) -> int | None:
        """Where the shard's next packet but so many is."""
        find, mark = self._order.find, self._mark
        for _ in range(count):
            at = find(mark, at + 1)
            if at < 0:
                return None
        return at


class _Streams:
    """The streams of one protocol: each shard counts its own from 0, one tshark would have counted all of them, in the
    order in which it met them."""

    def __init__(self, shards: int) -> None:
        self.known: list[dict[bytes, bytes]] = [{} for _ in range(shards)]
        """Of each shard, its own numbers, and those of one tshark."""
        self._count = 0

    def of(self, shard: int, stream: bytes) -> bytes:
        """The number that one tshark would have given. Those before it that were not seen were given when this was."""
        known = self.known[shard]
        while stream not in known and len(known) <= int(stream):
            known[b"%d" % len(known)] = b"%d" % self._count
            self._count += 1
        return known[stream]


def _numbers(first: int, count: int) -> list[bytes]:
    """Numbers in a row, in decimal. As one text, as this is done for every packet."""
    return str(list(range(first, first + count)))[1:-1].encode().split(b", ")


def _packet_lines(chunks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """The lines of packets in each chunk, without line feeds: every other one, as Elasticsearch's index stands before
    each."""
    pending: list[bytes] = []
    for chunk in chunks:
        pending.append(chunk)
        if b"\n" not in chunk:
            continue
        text = b"".join(pending)
        lines: list[bytes] = []
        add, find = lines.append, text.find
        index, at = find(b"\n"), 0
        while True:
            if text[at + index : at + index + 1] != b"\n":  # another day's index line may be longer
                index = find(b"\n", at) - at
                if index < 0:
                    break
            end = find(b"\n", at + index + 1)
            if end < 0:
                break
            add(text[at + index + 1 : end])
            at = end + 1
        pending = [text[at:]]
        yield lines

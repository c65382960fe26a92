"""Several tsharks, each with some conversations of a capture, as if they were one.

Their lines are put into the order of the packets in the file, with the frame numbers and stream numbers that one tshark
would have given: whoever reads them cannot tell the difference.
"""

from __future__ import annotations

import re
import threading
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, BinaryIO, cast

from labdissect.bridge.source import CHUNK, cut
from labdissect.bridge.tshark import SECONDS_TO_STOP, Running, read_fields
from labdissect.plugins.writer import Problem

from .feeding import Feeder

if TYPE_CHECKING:
    from labdissect.bridge.asking import Asked
    from labdissect.bridge.tshark_options import Options

    from .plan import Plan

AHEAD = 16 << 20
"""Bytes of output kept of tsharks that are ahead of others, all together."""
NAP = 0.005
"""Seconds in which a tshark fills its pipe undisturbed."""
LINES_AT_ONCE = 512
"""Lines handed on together."""
_STEP = 64
"""Every so many packets of a shard it is remembered where in the file they are."""

_NUMBER, _TIME = b'"frame_number":["', b'frame_time_epoch":["'
_VALUES = re.compile(rb'"(\w+)":\[("\d+"(?:,"\d+")*)\]')


class Shards:
    """The tsharks at work; a :class:`labdissect.bridge.tshark.Running` for whoever reads their output."""

    def __init__(self, path: Path, plan: Plan, asked: Asked, options: Options) -> None:
        self._plan = plan
        self._running: list[Running] = []
        self._feeders: list[Feeder] = []
        self._ahead: list[_Ahead] = []
        try:
            for shard in range(len(plan.counts)):
                running = read_fields(path, None, asked, options)
                self._running.append(running)
                self._feeders.append(Feeder(plan, shard, running.input))
                self._ahead.append(_Ahead(running.stream, AHEAD // len(plan.counts)))
                self._feeders[-1].start()
                self._ahead[-1].start()
        except BaseException:
            self.stop()
            raise
        self._merged = _Merger(plan, [ahead.chunks() for ahead in self._ahead])
        self.stream = cast(BinaryIO, _Stream(self._merged.chunks()))

    def outcome(self, name: str, packets: int) -> Problem | None:
        """What became of them, as :meth:`labdissect.bridge.tshark.Running.outcome`.

        :raises UsageFailure: when they do not take an option
        :raises TsharkFailure: when one gave up before the first packet
        """
        ended = self._merged.ended
        running = self._running if ended is None else [self._running[ended]]
        for one in running:  # of the others the output was not read to its end
            problem = one.outcome(name, packets)
            if problem is not None:
                return problem
        for feeder in self._feeders:
            if feeder.problem is not None:
                return cut(f"{name} changed after {packets} packets were read: {feeder.problem}")
        expected = len(self._plan.order)
        if packets != expected:
            return cut(f"tshark printed {packets} of {expected} packets of {name}; --jobs 1 may tell why")
        return None

    def stop(self) -> None:
        """Ends them, and the threads that serve them: what a thread reads is not closed before it has seen its end."""
        for running in self._running:
            running.ask_to_stop()
        for ahead in self._ahead:
            ahead.stop()
            if ahead.is_alive():
                ahead.join(SECONDS_TO_STOP)
        for running in self._running:
            running.stop()
        for feeder in self._feeders:
            if feeder.is_alive():
                feeder.join(SECONDS_TO_STOP)


class _Stream:
    """What is read of the merged lines."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, size: int = -1) -> bytes:
        """The next lines, however many; nothing at the end."""
        return next(self._chunks, b"")

    def fileno(self) -> int:
        """There is no one file behind it."""
        return -1

    def close(self) -> None:
        """Nothing: the tsharks are stopped by their owner."""


class _Ahead(threading.Thread):
    """Reads a tshark's output ahead of whoever wants it, as far as ``limit`` bytes."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        super().__init__(daemon=True, name="reader of tshark")
        self._stream, self._limit = stream, limit
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._over = False
        self._changed = threading.Condition()

    def run(self) -> None:
        """Until the output ends."""
        read = self._stream.read
        while True:
            try:
                chunk = read(CHUNK)
            except (OSError, ValueError):
                chunk = b""
            with self._changed:
                if not chunk:
                    self._over = True
                self._waiting.append(chunk)
                self._size += len(chunk)
                self._changed.notify_all()
                while self._size > self._limit and not self._over:
                    self._changed.wait()
                if self._over:
                    return
            if len(chunk) < CHUNK // 4:
                sleep(NAP)

    def chunks(self) -> Iterator[bytes]:
        """What was read."""
        while True:
            with self._changed:
                while not self._waiting:
                    if self._over:
                        return
                    self._changed.wait()
                chunk = self._waiting.popleft()
                self._size -= len(chunk)
                self._changed.notify_all()
            if not chunk:
                return
            yield chunk

    def stop(self) -> None:
        """Nobody wants more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()


class _Merger:
    """Puts lines into the order of the file and numbers them."""

    def __init__(self, plan: Plan, outputs: Sequence[Iterator[bytes]]) -> None:
        self._plan, self._order = plan, plan.order
        self._outputs = [_packet_lines(output) for output in outputs]
        self._lines: list[Iterator[bytes]] = [iter(()) for _ in outputs]
        """Of each shard, the lines at hand."""
        self._streams = {name: _Streams(len(outputs)) for name in (b"tcp_stream", b"udp_stream")}
        self._places = [array("Q") for _ in outputs]
        """Of each shard, where in the file its packets 0, _STEP, 2 * _STEP, … are."""
        self._counts = [0] * len(outputs)
        self.ended: int | None = None
        """The shard whose output ended too early."""

    def chunks(self) -> Iterator[bytes]:
        """Lines of all, until one of them has no more. What is there is handed on before more is waited for."""
        done = 0
        while done < len(self._order):
            lines: list[bytes] = []
            lacking = self._some(done, lines)
            if lines:
                done += len(lines)
                lines.append(b"")
                yield b"\n".join(lines)
            if lacking is not None:
                more = next(self._outputs[lacking], None)
                if more is None:
                    self.ended = lacking
                    return
                self._lines[lacking] = iter(more)

    def _some(self, done: int, lines: list[bytes]) -> int | None:
        """Appends the lines of some packets behind those that are done; returns the shard that has no more at hand."""
        shards = self._order[done : done + LINES_AT_ONCE]
        take = [one.__next__ for one in self._lines]
        counts, places, append = self._counts, self._places, lines.append
        known = {name: streams.known for name, streams in self._streams.items()}
        shard = 0
        try:
            for number, shard in zip(_numbers(done + 1, len(shards)), shards, strict=True):
                line = take[shard]()
                if not counts[shard] % _STEP:
                    places[shard].append(int(number) - 1)
                counts[shard] += 1
                # {"timestamp":"…","layers":{"frame_number":["…"],"tcp_stream":["…"],"frame_time_epoch":…
                parts = line.split(b'"', 15)
                if len(parts) == 16 and parts[14] == b"]," and parts[15].startswith(_TIME):
                    streams = known.get(parts[11])
                    if streams is not None and parts[13] in streams[shard]:
                        parts[9], parts[13] = number, streams[shard][parts[13]]
                        append(b'"'.join(parts))
                        continue
                append(self._numbered(line, number, shard))
        except StopIteration:
            return shard
        return None

    def _numbered(self, line: bytes, number: bytes, shard: int) -> bytes:
        """The line with all its numbers as they would be of one tshark."""
        begin, end = line.find(_NUMBER), line.find(_TIME)
        if begin < 0 or end < 0:
            return line

        def replaced(found: re.Match[bytes]) -> bytes:
            name, values = found[1], found[2]
            if name == b"frame_number":
                return b'"frame_number":["%b"]' % number
            numbers = [one.strip(b'"') for one in values.split(b",")]
            streams = self._streams.get(name)
            if streams is not None:
                made = [streams.of(shard, one) for one in numbers]
            else:
                made = [b"%d" % self._frame(shard, int(one)) for one in numbers]
            return b'"%b":[%b]' % (name, b",".join(b'"%b"' % one for one in made))

        return line[:begin] + _VALUES.sub(replaced, line[begin:end]) + line[end:]

    def _frame(self, shard: int, number: int) -> int:
        """The number in the file of a shard's frame."""
        if not 1 <= number <= self._plan.counts[shard]:
            return number
        places = self._places[shard]
        step = min((number - 1) // _STEP, len(places) - 1)
        at = places[step]
        mark = bytes((shard,))
        for _ in range(number - 1 - step * _STEP):
            at = self._order.find(mark, at + 1)
        return at + 1


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

"""Messages of plugins' layers on TCP: a stream has no messages of its own, so each layer's framing tells them apart.

A layer's ``message_length`` says how long the message is that some bytes begin with; without it the Struct does: what it
cannot read yet is not complete. Where the framing is lost (bytes that do not parse, bytes that were never captured) it is
looked for at the beginnings of the segments that follow.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from construct import ConstructError

from labdissect.dissectors.layer import Layer
from labdissect.dissectors.reading import TooShort
from labdissect.dissectors.stack import Dissected

from .packet import made
from .payload_rules import NoFraming, gap, skipped, too_long, unfinished, unparsed
from .rule import Verdict
from .streams import BYTES_LIMIT, Stream
from .tcp.conversation import RST, SYN, Conversation, Segment
from .tcp.endpoint import Endpoint

if TYPE_CHECKING:
    from .packet import Message

TOTAL_LIMIT = 64 << 20
"""Bytes that all streams together may hold; the one that was silent longest gives its own up first."""
GUESSES = 16
"""Segments of a connection that heuristics may look at."""
CANDIDATES = 16
"""Places where the next message may begin that are remembered while that is not known."""
WINDOW = 1 << 14
"""Bytes that are looked at first where many more are there, so that many short messages are not copied many times."""

SOURCE = "tcp.payload"


class LayerFailed(Exception):
    """A plugin's layer raised where it should have said that bytes do not fit."""

    def __init__(self, layer: Layer, error: Exception) -> None:
        super().__init__(str(error))
        self.layer, self.error = layer, error


class Reader(Protocol):
    """What reads messages; :class:`.payloads.Reading` does. Whatever a plugin's own code raises is LayerFailed here."""

    def candidates(self, table: str, values: Any, data: bytes) -> Iterator[Layer]:
        """The layers that a stream's first bytes may belong to."""

    def length(self, layer: Layer, data: bytes) -> Any:
        """What the layer's ``message_length`` says."""

    def parse(self, layer: Layer, data: bytes) -> tuple[Any, int]:
        """The Container and its size. Raises ConstructError."""

    def payload_length(self, layer: Layer, header: Any) -> int | None:
        """Bytes of payload behind a header, where the layer tells."""

    def message(self, layer: Layer, header: Any, size: int, data: bytes) -> list[Dissected]:
        """The headers of a whole message, those of the layers over it included."""


class Incomplete(msgspec.Struct, frozen=True):
    """A message of which more bytes must come."""

    wanted: int
    """How many bytes there must be at least before it is worth another look."""
    exact: bool = False
    """So many bytes are the message."""


class Unread(msgspec.Struct, frozen=True):
    """Bytes that are no message."""

    error: ConstructError
    size: int | None
    """How many there are; None when the framing is lost with them."""


class Found(msgspec.Struct, frozen=True):
    """A message."""

    headers: list[Dissected]
    size: int


Outcome = Incomplete | Unread | Found


class Direction:
    """One direction of a connection that belongs to a layer."""

    __slots__ = ("candidates", "considered", "exact", "layer", "passed_over", "role", "skipped", "stream", "wanted")

    def __init__(self, layer: Layer, role: str, stream: Stream, *, lost: bool) -> None:
        self.layer = layer
        self.role = role
        self.stream = stream
        self.wanted = 1
        """Bytes that must be there before it is worth another look."""
        self.exact = False
        """So many bytes are the message that has begun."""
        self.passed_over = 0
        """Bytes still to come that belong to no message that can be read."""
        self.candidates: dict[int, int] | None = {} if lost else None
        """While it is not known where the next message begins: positions where it may, and the bytes that must be there
        before each is worth another look."""
        self.considered = stream.start
        """Segments that begin before this position are no candidates any more, or are among them already."""
        self.skipped = 0
        """Bytes let go of meanwhile."""

    def lose(self, considered: int) -> None:
        """From here on it is not known where the next message begins."""
        self.candidates, self.considered = {}, considered
        self.wanted, self.exact, self.passed_over = 1, False, 0

    def go_on(self, passed_over: int = 0) -> None:
        """The next message begins so many bytes from here."""
        self.candidates, self.wanted, self.exact, self.passed_over = None, 1, False, passed_over


class Connections:
    """The directions that belong to plugins' layers."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._directions: dict[Endpoint, Direction] = {}
        """By the end that sends."""
        self._layers: dict[Conversation, Layer] = {}
        self._guesses: dict[Conversation, int] = {}
        self._holding: OrderedDict[Endpoint, int] = OrderedDict()
        """Bytes that directions hold, those that were silent longest first."""
        self._held = 0

    def observe(
        self,
        frame: int,
        segment: Segment,
        conversation: Conversation,
        payload: bytes,
        messages: list[Message],
        verdicts: list[Verdict],
    ) -> None:
        """Takes a segment in; adds the messages that it completes, and what there is to say.

        :raises LayerFailed: when the plugin's own code raises
        """
        sender = segment.sender
        if segment.flags & SYN and "again" not in segment.opens:
            self._forget(sender)
        direction = self._directions.get(sender)
        if segment.flags & RST:  # what it carries is no part of the stream (RFC 9293 §3.5.3)
            payload = b""
        if direction is None:
            direction = self._begin(segment, conversation, payload) if payload else None
            if direction is None:
                return
        stream = direction.stream
        grown = False
        if payload:
            grown = stream.add(segment.start + 1 if segment.flags & SYN else segment.start, payload, frame)
        missing = stream.gap
        if missing is not None:
            arrived = sender.peer_acked_frame is not None and sender.peer_acked >= missing[1]
            if arrived or stream.full:
                acked = sender.peer_acked_frame if arrived else None
                self._pass_gap(direction, frame, "acked" if arrived else "limit", verdicts, acked)
                grown = True
        if grown:
            self._take(direction, frame, messages, verdicts)
        if stream.held or sender in self._holding:
            self._account(sender, stream.held, frame, verdicts)

    def _begin(self, segment: Segment, conversation: Conversation, payload: bytes) -> Direction | None:
        """The direction's stream, if it belongs to a layer."""
        layer = self._layers.get(conversation)
        if layer is None:
            tries = self._guesses.get(conversation, 0)
            if tries >= GUESSES:
                return None
            ports = sorted((conversation.client.port, conversation.server.port))
            layer = next(self._reader.candidates("tcp.port", ports, payload), None)
            if layer is None:
                self._guesses[conversation] = tries + 1
                return None
            self._layers[conversation] = layer
        sender = segment.sender
        known = sender.isn is not None  # its SYN was captured: the stream begins behind it
        direction = Direction(layer, conversation.role(sender), Stream(1 if known else segment.start), lost=not known)
        self._directions[sender] = direction
        return direction

    def _pass_gap(
        self, direction: Direction, frame: int, why: str, verdicts: list[Verdict], acked: int | None = None
    ) -> None:
        """Gives up missing bytes. Where the message's length is known that they are part of, framing outlives that."""
        stream = direction.stream
        begin = stream.end - stream.origin
        broken_off = len(stream.data)
        rest = direction.wanted if direction.exact else direction.passed_over
        missing = stream.pass_gap()
        verdicts.append(gap(direction.layer, direction.role, missing, begin, broken_off, frame, why, acked))
        if rest >= broken_off + missing:
            direction.go_on(rest - broken_off - missing)
        else:
            direction.lose(stream.start)

    # -- framing ------------------------------------------------------------------------------------------------------

    def _take(self, direction: Direction, frame: int, messages: list[Message], verdicts: list[Verdict]) -> None:
        """Takes the messages that are complete off the stream."""
        stream = direction.stream
        while stream.data:
            if direction.passed_over:
                size = min(direction.passed_over, len(stream.data))
                stream.take(size)
                direction.passed_over -= size
            elif direction.candidates is not None:
                if not self._finds_its_way(direction, frame, verdicts):
                    break
            elif len(stream.data) >= direction.wanted:
                self._in_step(direction, bytes(stream.data), frame, messages, verdicts)
            else:
                break
        if stream.full and stream.gap is None:
            self._too_long(direction, None, frame, verdicts)

    def _in_step(
        self, direction: Direction, data: bytes, frame: int, messages: list[Message], verdicts: list[Verdict]
    ) -> None:
        """Messages one behind the other, until one is incomplete or the framing is lost."""
        stream, layer = direction.stream, direction.layer
        at = 0
        while at < len(data):
            outcome = self._look(layer, data, at)
            offset = stream.start - stream.origin
            if type(outcome) is Found:
                frames = stream.take(outcome.size)
                whole = data[at : at + outcome.size]
                messages += [made(one, whole, frame, frames, offset) for one in outcome.headers]
                at += outcome.size
                direction.wanted, direction.exact = 1, False
            elif type(outcome) is Incomplete:
                direction.wanted, direction.exact = outcome.wanted, outcome.exact
                if outcome.wanted > BYTES_LIMIT:
                    self._too_long(direction, outcome.wanted if outcome.exact else None, frame, verdicts)
                return
            elif type(outcome) is Unread:
                size, error = outcome.size, outcome.error
                bad = data[at:] if size is None else data[at : at + size]
                verdicts.append(unparsed(layer, bad, error, frame, SOURCE, offset, lost=size is None))
                if size is None:
                    direction.lose(stream.start + 1)
                    return
                stream.take(size)
                at += size

    def _finds_its_way(self, direction: Direction, frame: int, verdicts: list[Verdict]) -> bool:
        """Whether a message begins where a segment does; what is before it is let go of.

        Only a complete message counts: the first bytes of anything may look like a length.
        """
        stream, candidates = direction.stream, direction.candidates
        assert candidates is not None
        data = bytes(stream.data)
        candidates.update(dict.fromkeys(stream.segments_from(direction.considered), 1))
        direction.considered = stream.end
        for position in sorted(candidates):
            at = position - stream.start
            if len(data) - at < candidates[position]:
                continue
            outcome = self._look(direction.layer, data, at)
            if type(outcome) is Found:
                self._skip(direction, at)
                if direction.skipped:
                    verdicts.append(skipped(direction.layer, direction.role, direction.skipped, frame, "found"))
                direction.skipped = 0
                direction.go_on()
                return True
            if type(outcome) is Incomplete and outcome.wanted <= BYTES_LIMIT:
                candidates[position] = outcome.wanted
            else:
                del candidates[position]
        while len(candidates) > CANDIDATES:
            del candidates[max(candidates)]
        self._skip(direction, min(candidates, default=stream.end) - stream.start)
        return False

    def _skip(self, direction: Direction, size: int) -> None:
        if size:
            direction.stream.take(size)
            direction.skipped += size

    def _look(self, layer: Layer, data: bytes, at: int) -> Outcome:
        """What the bytes from ``at`` on are; first a part of them where there are many."""
        if len(data) - at > 2 * WINDOW:
            outcome = self._outcome(layer, data[at : at + WINDOW])
            if type(outcome) is Found and outcome.size < WINDOW:
                return outcome
        return self._outcome(layer, data[at:] if at else data)

    def _outcome(self, layer: Layer, data: bytes) -> Outcome:
        if layer.message_length is None:
            return self._by_struct(layer, data)
        size = self._reader.length(layer, data)
        if size is None:
            return Incomplete(len(data) + 1)
        if type(size) is not int or size <= 0:
            return Unread(NoFraming(f"message_length gives {size!r}, which is no number of bytes"), None)
        if size > len(data):
            return Incomplete(size, exact=True)
        whole = data[:size]
        try:
            header, used = self._reader.parse(layer, whole)
        except ConstructError as error:
            return Unread(error, size)
        return Found(self._reader.message(layer, header, used, whole), size)

    def _by_struct(self, layer: Layer, data: bytes) -> Outcome:
        try:
            header, used = self._reader.parse(layer, data)
        except TooShort as error:
            return Incomplete(max(error.wanted, len(data) + 1))
        except ConstructError as error:
            return Unread(error, None)
        size = used
        if layer.selects is not None:
            size += max(0, self._reader.payload_length(layer, header) or 0)
        if not size:
            return Unread(NoFraming("the definition takes no bytes, so that messages cannot be told apart"), None)
        if size > len(data):
            return Incomplete(size, exact=True)
        return Found(self._reader.message(layer, header, used, data[:size]), size)

    # -- bounds -------------------------------------------------------------------------------------------------------

    def _too_long(self, direction: Direction, size: int | None, frame: int, verdicts: list[Verdict]) -> None:
        """A message that cannot be kept is passed over; with it goes the framing, unless its size is known."""
        stream = direction.stream
        verdicts.append(too_long(direction.layer, direction.role, size, stream.start - stream.origin, frame))
        if size is not None:
            direction.go_on(size)
            return
        if stream.data:
            stream.take(len(stream.data))
        direction.lose(stream.start)

    def _account(self, sender: Endpoint, held: int, frame: int, verdicts: list[Verdict]) -> None:
        """Keeps count of what all streams hold, and makes room."""
        self._held += held - self._holding.pop(sender, 0)
        if held:
            self._holding[sender] = held
        while self._held > TOTAL_LIMIT:
            silent, size = self._holding.popitem(last=False)
            self._held -= size
            direction = self._directions[silent]
            while direction.stream.gap is not None:
                self._pass_gap(direction, frame, "limit", verdicts)
            self._too_long(direction, None, frame, verdicts)

    def drop(self, layer: Layer) -> None:
        """A layer that is not asked any more."""
        for sender in [sender for sender, direction in self._directions.items() if direction.layer is layer]:
            self._forget(sender)
        for conversation in [one for one, of in self._layers.items() if of is layer]:
            del self._layers[conversation]

    def _forget(self, sender: Endpoint) -> None:
        self._directions.pop(sender, None)
        self._held -= self._holding.pop(sender, 0)

    def ended(self, conversation: Conversation) -> list[Verdict]:
        """What is left of a conversation that is over."""
        verdicts: list[Verdict] = []
        for sender in (conversation.client, conversation.server):
            direction = self._directions.get(sender)
            if direction is not None:
                verdicts += self._left(direction, sender.last_frame or conversation.last_frame)
                self._forget(sender)
        self._layers.pop(conversation, None)
        self._guesses.pop(conversation, None)
        return verdicts

    def _left(self, direction: Direction, frame: int) -> list[Verdict]:
        stream = direction.stream
        found: list[Verdict] = []
        if direction.candidates is not None:
            if direction.skipped or stream.data:
                size = direction.skipped + len(stream.data)
                found.append(skipped(direction.layer, direction.role, size, frame, "never"))
        elif stream.data and stream.gap is None:
            found.append(
                unfinished(direction.layer, direction.role, len(stream.data), stream.start - stream.origin, frame)
            )
        while stream.gap is not None:
            self._pass_gap(direction, frame, "end", found)
        return found

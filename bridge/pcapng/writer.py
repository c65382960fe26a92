"""Writes a capture with its verdicts as packet comments (see bridge/writers/pcapng.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from labdissect.bridge.escape import visible
from labdissect.bridge.failures import Failure, UsageFailure
from labdissect.plugins.rule import SEVERITIES, render
from labdissect.plugins.writer import Problem, Record, Said, Summary, WriterSettings

from .blocks import (
    MARK,
    PACKETS,
    Block,
    BlockWriter,
    Damaged,
    blocks,
    commented,
    fitted,
    has_room,
    original_length,
)
from .capture import CaptureStream, FrameCounter
from .comments import fields_of, layout

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange


class Draft(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a packet when it comes by."""

    length: int | None
    """Bytes on the wire, by which it is made sure that frame and block are the same packet."""
    level: int
    """The highest severity, as :attr:`.Rule.level`."""
    codes: list[str]
    texts: list[str]
    fields: list[str]
    """Of each message of a plugin's layer."""


_drafts, _read = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Draft)


class PcapngWriter:
    """Reads the capture beside tshark's output, and writes it with comments.

    Where the capture cannot be read any further, what was read is written.
    """

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        if settings.capture is None:
            raise UsageFailure("-o pcapng writes a capture's packets: name the capture, labdissect FILE -o pcapng")
        self._language = settings.language
        self._name = settings.capture
        self._report = settings.report
        self._stream = CaptureStream(Path(settings.capture), settings.report)
        self._blocks: Iterator[Block] = blocks(self._stream)
        self._frames = FrameCounter()
        self._number = 0
        """Of the last frame that was written."""
        self._damage: Damaged | None = None
        self._out = BlockWriter(out)
        self._cut = 0
        self._roomless = 0

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """The packet with its comments."""
        self._place(packet.number, self._drafted(packet, verdicts), ())

    def draft(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        """Its comments as they are known so far."""
        return _drafts.encode(self._drafted(packet, verdicts))

    def place(self, number: int, draft: bytes, later: Sequence[Said]) -> None:
        """The packet with its comments, those included that were made later."""
        self._place(number, _read.decode(draft), later)

    def _drafted(self, packet: Packet, verdicts: Sequence[Verdict]) -> Draft:
        return Draft(
            packet.length,
            max([verdict.rule.level for verdict in verdicts]) if verdicts else 0,
            [verdict.rule.code for verdict in verdicts],
            [render(verdict, self._language) for verdict in verdicts],
            [fields_of(message, self._language) for message in packet.messages],
        )

    def _place(self, number: int, draft: Draft, later: Sequence[Said]) -> None:
        block = self._next_frame(number)
        if block is None:
            return
        if draft.length is not None and block.kind in PACKETS and original_length(block) != draft.length:
            raise Failure(
                f"frame {number} of {self._name} has {draft.length} bytes for tshark and {original_length(block)} in "
                "the file; nothing is known that would make the two differ, so please report it"
            )
        comments = self._comments(draft, later)
        if has_room(block):
            self._write_frame(block, comments)
        else:
            self._roomless += bool(comments)
            self._out.write(block)

    def _comments(self, draft: Draft, later: Sequence[Said]) -> list[bytes]:
        texts = [*draft.texts, *(one.text for one in later)]
        level = max([draft.level, *(SEVERITIES.index(one.severity) for one in later)])
        codes = [*draft.codes, *(one.code for one in later)]
        return [self._comment(text) for text in (*layout(SEVERITIES[level], codes, texts), *draft.fields)]

    def _comment(self, text: str) -> bytes:
        encoded, cut = fitted(visible(text))
        self._cut += cut
        return encoded

    def _next_frame(self, number: int) -> Block | None:
        """The block of that frame; all before it are written. None when the file cannot be read so far."""
        while (block := self._next_block()) is not None:
            if self._frames.counts(block):
                self._number += 1
                if self._number == number:
                    return block
            self._write_plain(block)
        return None

    def _next_block(self) -> Block | None:
        """None at the end, and where the file is damaged."""
        try:
            return next(self._blocks, None)
        except Damaged as damage:
            self._damage = damage
            return None

    def _write_plain(self, block: Block) -> None:
        """A block that nothing is said about; comments of an earlier run are not kept."""
        if has_room(block) and MARK in block.data:
            self._write_frame(block, ())
        else:
            self._out.write(block)

    def _write_frame(self, block: Block, comments: Sequence[bytes]) -> None:
        try:
            self._out.write_bytes(commented(block, comments))
        except Damaged as damage:
            raise Failure(f"{self._name}, frame {self._number}: {damage}") from damage

    def other(self, record: Record) -> None:
        """Nothing: the capture has no such lines."""

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Nothing: what its end tells of a packet comes with :meth:`place`."""

    def flush(self) -> None:
        """Writes what is ready."""
        self._out.flush()

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """The rest of the file, as far as tshark has read it."""
        try:
            self._rest(summary.packets)
            self._out.end_section()
        finally:
            self._out.close()
            self._stream.close()
        self._tell()
        if self._damage is not None and not summary.cut:
            raise Failure(
                f"{self._name} cannot be read to its end, though tshark has nothing against it: {self._damage}"
            )
        if self._number < summary.packets and not summary.cut:
            raise Failure(f"{self._name} has {self._number} packets, and tshark {summary.packets}; please report it")

    def _rest(self, packets: int) -> None:
        """Packets that are not shown, and blocks behind the last packet. A packet that tshark has not read ends it."""
        while (block := self._next_block()) is not None:
            if self._frames.counts(block):
                if self._number == packets:
                    return
                self._number += 1
            self._write_plain(block)

    def _tell(self) -> None:
        if self._roomless:
            noun = "packet has" if self._roomless == 1 else "packets have"
            self._report(
                Problem(
                    f"{self._roomless} {noun} no comments: simple packet blocks, and blocks that are no packet's, have "
                    "no room for them; -o csv and -o jsonl have the verdicts"
                )
            )
        if self._cut:
            noun = "comment was" if self._cut == 1 else "comments were"
            self._report(Problem(f"{self._cut} {noun} longer than the 65,535 bytes of a comment, and cut"))

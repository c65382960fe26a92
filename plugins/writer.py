"""Readers and writers as the bridge uses them, and what passes between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import msgspec

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Layer

    from .column import Column
    from .packet import Packet
    from .rule import Verdict
    from .tcp.conversation import Conversation
    from .udp import Exchange


class Record(msgspec.Struct, eq=False, gc=False):
    """One piece of the input: a packet as tshark printed it, or a line that is none (an index line, an XML head)."""

    raw: bytes
    """The piece byte for byte, its line end included."""
    packet: Packet | None = None
    """None of a piece that is no packet."""

    def spliced(self, *addition: bytes) -> Sequence[bytes | memoryview]:
        """The piece with ``addition``, itself in parts, as its last layer; in parts to be joined, as a line can be
        megabytes long. Layers of ours that it had are replaced."""
        raise NotImplementedError("only readers' own records can be spliced")

    def values(self, field: str) -> list[str]:
        """Every value that the piece has of one of tshark's fields (``tcp.analysis.flags``), in its order and as tshark
        printed it, those of quoted headers included; no layer need be defined for it."""
        return []


class Problem(msgspec.Struct):
    """Something that went wrong with the input or a plugin: what, where, what to do."""

    message: str
    fatal: bool = False
    """Whether the exit code tells of it."""
    kind: str = ""
    """Problems of one kind are said a few times, then counted: ``bad line``, ``cut``, ``plugin``."""
    unread: bool = False
    """Whether it is about a piece of the input that a reader hands on without a packet; what the output does with it
    is then said behind the message."""


class Summary(msgspec.Struct):
    """What was read and found, for closing lines and exit codes."""

    packets: int = 0
    other_lines: int = 0
    bad_lines: int = 0
    cut: bool = False
    incomplete: int = 0
    evicted: int = 0
    plugin_failures: int = 0
    verdicts: int = 0
    codes: dict[str, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    conversations: int = 0
    shown: int = 0
    left_out: int = 0
    """Verdicts of shown packets that ``--only``, ``--ignore`` or ``--min-severity`` kept back."""


class Said(msgspec.Struct, frozen=True):
    """A verdict in words: what is left of it for a packet that waits, when all else is gone."""

    about: int
    """The frame that it is about."""
    code: str
    severity: str
    rank: int
    text: str
    """As rendered: it may hold captured text, so escape it for where it goes."""


def _unsaid(problem: Problem) -> None:
    """Nobody hears it."""


class WriterSettings(msgspec.Struct, frozen=True):
    """What every writer is told."""

    language: str = "en"
    columns: Sequence[Column] = ()
    """The plugins' columns that belong in every output."""
    chosen: Sequence[str] = ()
    """``--columns``, empty for the format's own choice."""
    known_columns: Mapping[str, Column] = msgspec.field(default_factory=dict)
    """All of the plugins' columns by name, for :attr:`chosen`."""
    layers: Mapping[str, Layer] = msgspec.field(default_factory=dict)
    """All layers by name, for fields among :attr:`chosen`."""
    color: bool = False
    width: int = 120
    """Terminal columns, for tables."""
    file: str | None = None
    """The capture's name, when several are written to one output."""
    continues: bool = False
    """An earlier capture is on this output already: no second heading."""
    source_kind: str = ""
    """Name of the reader."""
    capture: str | None = None
    """Path of the capture that tshark reads; None where the input is tshark's output, or no file."""
    report: Callable[[Problem], None] = _unsaid
    """Is told what could not be written as it should, when that is no reason to stop."""


class Writer(Protocol):
    """An output format at work on one output."""

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """One packet with its verdicts, the headline first (when there is one)."""

    def other(self, record: Record) -> None:
        """A piece of the input that is no packet."""

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """A conversation is over; these verdicts had to wait for its end."""

    def flush(self) -> None:
        """Everything so far goes out: the input has nothing more at the moment."""

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """The input is over; these verdicts had to wait for its end."""


class BaseWriter:
    """Does nothing; writers inherit what they do not need."""

    patient: bool = False
    """Whether a packet may be handed over a little later, when others behind it were annotated already, which is
    faster: for writers that read nothing of a packet's conversation that these may have changed."""
    passes_on: bool = False
    """Whether :meth:`other` writes its piece as it came."""

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """Nothing."""

    def other(self, record: Record) -> None:
        """Nothing: it is no packet."""

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Nothing: no packet is left to carry what its end told."""

    def flush(self) -> None:
        """Nothing waits."""

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Nothing waits."""


class DraftingWriter(Writer, Protocol):
    """A writer whose packets can wait for what is said of them later, because nothing of them but bytes need be kept."""

    def draft(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        """All that :meth:`place` needs of the packet; called for one packet after another, as :meth:`packet` is."""

    def place(self, number: int, draft: bytes, later: Sequence[Said]) -> None:
        """Writes a drafted packet; called in the same order, but maybe much later.

        :param later: verdicts about this packet that later ones or the end decided, the highest rank first
        """


class WriterFormat(msgspec.Struct, frozen=True):
    """An output format: ``-o NAME``.

    :param make: opens a writer on a binary stream
    :param accepts: names of the readers whose records it needs; empty for any
    :param rows: whether it is a table, a row a packet: ``--columns`` chooses what is in a row, and packets of which
        ``--only`` or ``--min-severity`` leave no verdict get none
    :param joins: whether several captures' outputs can follow one another
    :param waits: of a FILE, how many packets may wait so that later verdicts are written with the packet they are
        about; None for all of them. ``make`` must then give a :class:`DraftingWriter`
    :param of_capture: whether it needs the capture itself (:attr:`WriterSettings.capture`)
    :param binary: whether a terminal cannot show it
    :param fields: where it accepts any: tshark's names of the fields, or of layers, that it reads of packets itself;
        None when that is not known
    """

    name: str
    description: str
    make: Callable[[BinaryIO, WriterSettings], Writer]
    accepts: tuple[str, ...] = ()
    rows: bool = False
    joins: bool = True
    waits: int | None = 0
    of_capture: bool = False
    binary: bool = False
    fields: tuple[str, ...] | None = None


class Reader(Protocol):
    """An input format at work on one input."""

    def records(self, chunk: bytes) -> Iterator[Record]:
        """The whole pieces that ``chunk`` completes."""

    def end(self) -> Iterator[Record]:
        """What is left when the input ends."""


class ReaderFormat(msgspec.Struct, frozen=True):
    """An input format.

    :param detects: whether the first bytes of an input (all there are, up to 4096) are of this format
    :param make: opens a reader: (layers by name, problem reporter, names of the layers that will be asked for, names of
        plugins' layers that labdissect adds itself and that are to be replaced where the input has them)
    """

    name: str
    description: str
    detects: Callable[[bytes], bool]
    make: Callable[[Any, Callable[[Problem], None], Sequence[str], Sequence[str]], Reader]

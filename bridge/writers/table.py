"""table: for people at a terminal. A packet a line, with its headline, and at the end a summary in words.

Rows appear as the packets come. Where the terminal is wide the headline has a column of its own; where it is not, it
stands indented below its packet, and on a narrow one the states do, too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from labdissect.bridge.escape import indented, shortened, visible, width, wrapped
from labdissect.dissectors.layer import Text
from labdissect.plugins.conversations import CONVERSATIONS_LIMIT
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import SEVERITIES
from labdissect.plugins.writer import BaseWriter, Record, Said, Summary, WriterFormat, WriterSettings

from .cells import FIELDS, Showing, Shown, endpoints_with_ports, headline, number, short_info, time
from .closing_words import ClosingWords

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Rule, Verdict
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange

TITLES = (
    Text("No", "编号"),
    Text("Time", "时间"),
    Text("Source → Destination", "源 → 目的"),
    Text("Info", "信息"),
    Text("Client / Server", "客户端 / 服务器"),
    Text("Verdict", "解读"),
)
UNCHANGED = "″"
ROWS_LIMIT = 2000
"""Rows that may wait for their column widths before they are written unasked."""
WAITING = 4096
"""Packets of a FILE that may wait for what is said of them later: all of a lab's, and of a long capture so many that
the first row comes soon."""

NUMBER_WIDTH, TIME_WIDTH, STATES_WIDTH = 5, 10, 25
ADDRESSES_WIDTH = (20, 45)
"""At least and at most: 45 holds two IPv4 addresses with ports; longer ones wrap."""
INFO_WIDTH = (24, 34)
VERDICT_LEAST = 44
"""Fewer columns are no column: the verdict then stands below."""
WIDTH_LEAST = 40

BOLD, DIM, RESET = "1", "2", "0"
_SEVERITY_COLORS = {"note": "33", "warn": "31", "error": "1;31"}
_PHASE_COLORS = (
    ("tcp.open.", "32"),
    ("tcp.fin.", "36"),
    ("tcp.close.", "36"),
    ("tcp.rst.", "31"),
    ("tcp.keepalive", "35"),
)
"""Opening green, closing cyan, keep-alives magenta: the terminal's own colors, which suit light and dark ones."""
NOTHING_SAID = -1
"""The severity of a packet without headline."""
ROUTINE_RANK = 30
"""Headlines up to this rank are routine and are dimmed."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """A packet's cells."""

    number: str
    time: str
    addresses: str
    info: str
    states: str
    verdict: str
    color: str
    level: int = NOTHING_SAID
    """The headline's severity, as :attr:`.Rule.level`."""
    begun: int = 0
    """Its conversation's first frame, which no other conversation has; 0 where there is none."""


class Layout(msgspec.Struct, frozen=True):
    """Widths of the columns; 0 for those that stand below."""

    number: int
    addresses: int
    info: int
    states: int
    verdict: int
    below: int
    """Columns that what stands below may take."""


_drafts, _rows = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Row)


class TableWriter(BaseWriter):
    """Writes the table."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        self._out = out
        self._chinese = settings.language == "zh"
        self._color = settings.color
        self._width = max(settings.width, WIDTH_LEAST)
        self._showing = Showing(settings.language)
        self._rows: list[Row] = []
        self._states: OrderedDict[int, str] = OrderedDict()
        """The states that were shown last, by their conversation's first frame."""
        self._addresses = ADDRESSES_WIDTH[0]
        self._number = NUMBER_WIDTH
        self._begun = False
        self._file = settings.file
        self._closing = ClosingWords(settings.language)

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """One row."""
        self._add(self._row(packet, verdicts))

    def draft(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> bytes:
        """The row as it is known so far."""
        return _drafts.encode(self._row(packet, verdicts))

    def place(self, number: int, draft: bytes, later: Sequence[Said]) -> None:
        """The row, what was said of the packet later behind its headline."""
        row = _rows.decode(draft)
        self._add(self._with_later(row, later) if later else row)

    def _row(self, packet: Packet, verdicts: Sequence[Verdict]) -> Row:
        shown = self._showing(packet, verdicts)
        said = visible(headline(shown))
        rule = shown.verdicts[0].rule if said else None
        self._closing.packet(packet)
        return Row(
            number(shown),
            time(shown),
            visible(endpoints_with_ports(packet)),
            visible(short_info(shown)),
            states(shown),
            said,
            color_of(rule),
            rule.level if rule is not None else NOTHING_SAID,
            packet.conversation.first_frame if packet.conversation is not None else 0,
        )

    def _with_later(self, row: Row, later: Sequence[Said]) -> Row:
        said = [row.verdict] if row.verdict else []
        verdict = ("" if self._chinese else " ").join([*said, *(visible(one.text) for one in later)])
        color, level = worse((row.color, row.level), later)
        return msgspec.structs.replace(row, verdict=verdict, color=color, level=level)

    def _add(self, row: Row) -> None:
        self._rows.append(self._ditto(row))
        if len(self._rows) >= ROWS_LIMIT:
            self.flush()

    def _ditto(self, row: Row) -> Row:
        """States that the conversation's row before this one has need not be read again."""
        if not row.states:
            return row
        before = self._states.get(row.begun)
        if before == row.states:
            self._states.move_to_end(row.begun)
            return msgspec.structs.replace(row, states=UNCHANGED)
        self._states[row.begun] = row.states
        self._states.move_to_end(row.begun)
        if len(self._states) > CONVERSATIONS_LIMIT:
            self._states.popitem(last=False)
        return row

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """Goes into the summary."""
        self._closing.conversation(conversation, verdicts)

    def flush(self) -> None:
        """Writes the rows that wait."""
        rows, self._rows = self._rows, []
        if not rows:
            return
        self._addresses = min(max(self._addresses, *(width(row.addresses) for row in rows)), ADDRESSES_WIDTH[1])
        self._number = max(self._number, *(len(row.number) for row in rows))
        layout = chosen_layout(self._width, self._number, self._addresses)
        lines = [] if self._begun else self._heading(layout)
        self._begun = True
        for row in rows:
            lines += self._lines(row, layout)
        self._write(lines)

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Writes the rows that wait, and the summary."""
        self.flush()
        if not self._begun:
            self._write(self._file_line())
        lines = [""] if self._begun else []
        for indent, sentence, rule in self._closing.lines(summary, verdicts):
            for position, part in enumerate(wrapped(visible(sentence), self._width - indent - 2)):
                lines.append(" " * (indent + (2 if position else 0)) + self._painted(part, color_of(rule)))
        self._write(lines)

    def _write(self, lines: Sequence[str]) -> None:
        self._out.write("".join([f"{line.rstrip()}\n" for line in lines]).encode())
        self._out.flush()

    def _file_line(self) -> list[str]:
        return [] if self._file is None else [self._painted(f"── {visible(self._file)} ──", BOLD)]

    def _heading(self, layout: Layout) -> list[str]:
        numbers, times, *others = [title.zh if self._chinese else title.en for title in TITLES]
        addresses, infos, states, verdicts = others
        row = Row(numbers, times, addresses, infos, states, verdicts, "")
        lines = self._lines(row, layout) if layout.verdict else self._lines(row, layout)[:1]
        return [*self._file_line(), *(lines if not self._color else [self._painted(line, BOLD) for line in lines])]

    def _lines(self, row: Row, layout: Layout) -> list[str]:
        """The row's lines: cells side by side, each wrapped in its own column, then what stands below."""
        columns: list[tuple[list[str], int, str]] = [
            ([indented(row.number, layout.number)], layout.number, ""),
            ([indented(row.time, TIME_WIDTH)], TIME_WIDTH, ""),
            (wrapped(row.addresses, layout.addresses), layout.addresses, ""),
            ([shortened(row.info, layout.info)], layout.info, ""),
        ]
        if layout.states:
            columns.append((wrapped(row.states, layout.states), layout.states, DIM if row.states == UNCHANGED else ""))
        if layout.verdict:
            columns.append((wrapped(row.verdict, layout.verdict), layout.verdict, row.color))
        height = max(len(parts) for parts, _, _ in columns)
        lines = []
        for line in range(height):
            cells = [self._cell(parts, line, columns_wide, color) for parts, columns_wide, color in columns]
            lines.append("  ".join(cells).rstrip())
        indent = " " * (layout.number + 2)
        if not layout.states and row.states != UNCHANGED and row.states:
            lines.append(indent + row.states)
        if not layout.verdict and row.verdict:
            lines += [indent + self._painted(part, row.color) for part in wrapped(row.verdict, layout.below)]
        return lines

    def _cell(self, parts: list[str], line: int, columns: int, color: str) -> str:
        if line >= len(parts):
            return " " * columns
        text = parts[line]
        return self._painted(text, color) + " " * max(0, columns - width(text))

    def _painted(self, text: str, color: str) -> str:
        return f"\x1b[{color}m{text}\x1b[{RESET}m" if color and text and self._color else text


def states(shown: Shown) -> str:
    """Both ends' states, of a packet of a TCP connection."""
    segment, conversation = shown.packet.segment, shown.packet.conversation
    if segment is None or conversation is None:
        return ""
    return f"{segment.client_state} / {segment.server_state}"


def chosen_layout(columns: int, numbers: int, addresses: int) -> Layout:
    """The layout for a terminal of so many columns: verdict beside the rest, else below, else states below, too."""
    fixed = numbers + 2 + TIME_WIDTH + 2 + addresses + 2
    below = columns - numbers - 2
    info_least, info_most = INFO_WIDTH
    with_states = fixed + info_least + 2 + STATES_WIDTH
    if columns >= with_states + 2 + VERDICT_LEAST:
        spare = columns - with_states - 2 - VERDICT_LEAST
        info = min(info_most, info_least + spare // 4)
        return Layout(numbers, addresses, info, STATES_WIDTH, columns - with_states + info_least - info - 2, below)
    if columns >= with_states:
        return Layout(numbers, addresses, columns - with_states + info_least, STATES_WIDTH, 0, below)
    least = columns - fixed
    if least < 12:  # the addresses wrap instead
        addresses -= 12 - least
    return Layout(numbers, max(addresses, 8), max(least, 12), 0, 0, below)


def color_of(rule: Rule | Said | None) -> str:
    """The color of a verdict: its severity's; of what is normal, its phase's; routine is dimmed."""
    if rule is None:
        return ""
    if rule.severity in _SEVERITY_COLORS:
        return _SEVERITY_COLORS[rule.severity]
    if rule.rank <= ROUTINE_RANK:
        return DIM
    return next((color for prefix, color in _PHASE_COLORS if rule.code.startswith(prefix)), "")


def worse(headline: tuple[str, int], later: Sequence[Said]) -> tuple[str, int]:
    """Color and severity of the worst that is said: of the headline, unless something later is worse."""
    worst = max(later, key=lambda said: SEVERITIES.index(said.severity))
    level = SEVERITIES.index(worst.severity)
    return (color_of(worst), level) if level > headline[1] else headline


@hookimpl
def labdissect_writers() -> Sequence[WriterFormat]:
    about = "a table for people, with a summary at the end"
    return [WriterFormat("table", about, _made, rows=True, waits=WAITING, fields=FIELDS)]


def _made(out: BinaryIO, settings: WriterSettings) -> TableWriter:
    if not settings.chosen:
        return TableWriter(out, settings)
    from .chosen_table import ChosenTableWriter  # which builds on this one

    return ChosenTableWriter(out, settings)

"""The library: captures read from Python, packet by packet, with their verdicts. ``labdissect.open`` is its door.

Nothing here prints, handles signals or starts an event loop (one thread listens to what a tshark says on stderr): a
capture may be read in any thread, each by one thread at a time. What goes wrong is raised, in the words of the command
line (:mod:`labdissect.bridge.failures`); what does not keep the reading from going on is in :attr:`Capture.problems`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import msgspec

from labdissect.plugins.packet import Packet
from labdissect.plugins.registry import Registry
from labdissect.plugins.rule import Verdict, render
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import BaseWriter, Problem, Record, Summary, Writer, WriterSettings

from . import tables
from .captured import CapturedPacket, SaidVerdict
from .failures import Failure, UsageFailure
from .guarded import guarded_columns, guarded_readers
from .interruption import Interruption
from .loading import loaded
from .opening import opened
from .request import Request, request
from .run import chunks_with_end, steps
from .selection import SelectedWriter
from .source import Source, no_such_file, others_stream
from .writers.cells import Showing, chosen_columns
from .writers.conversations import as_object as conversation_object
from .writers.conversations import later

if TYPE_CHECKING:
    from types import TracebackType

    import pandas
    import polars
    import pyarrow

    from .tshark import ChosenFrames
    from .writers.cells import ShownColumn

Language = Literal["en", "zh"]
Severity = Literal["chat", "note", "warn", "error"]
Table = Literal["packets", "verdicts", "conversations"]

Packets = Generator["CapturedPacket", None, None]

PROBLEMS_KEPT = 1000
"""Messages that a capture keeps; the rest are counted."""

_loading = threading.Lock()


def open_capture(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    lang: Language = "en",
    plugins: Iterable[str | os.PathLike[str]] = (),
    only: Sequence[str] = (),
    ignore: Sequence[str] = (),
    min_severity: Severity = "chat",
    display_filter: str | None = None,
    decode_as: Sequence[str] = (),
    preferences: Sequence[str] = (),
    two_passes: bool = False,
    columns: Sequence[str] = (),
    subnets: Sequence[str] = (),
    captured_on: str | None = None,
    settings: Mapping[str, str] | None = None,
    layers_on: Sequence[str] = (),
    plugin_timeout: float = 0,
) -> Capture:
    """Opens a capture; nothing is read yet.

    ::

        with labdissect.open("seed-web.pcapng") as capture:
            for packet in capture:
                print(packet.number, packet.headline)

    :param source: a capture that tshark reads, or tshark's EK or PDML: the file's name, or a stream of EK or PDML that
        reads bytes, which is left open
    :param lang: of the verdicts' texts
    :param plugins: as ``--plugin``: Python files or modules
    :param only: as ``--only``: the verdicts of these codes, ``tcp.fin`` for all of ``tcp.fin.…``
    :param ignore: as ``--ignore``: not those
    :param min_severity: as ``--min-severity``
    :param display_filter: as ``-Y``: only these packets; verdicts are made from all. For capture files
    :param decode_as: as ``-d``: ``"tcp.port==8000,http"``. For capture files
    :param preferences: as tshark's ``-o``: ``"tcp.desegment_tcp_streams:FALSE"``. For capture files
    :param two_passes: as ``-2``. For capture files
    :param columns: as ``--columns``: of tables; our columns, plugins', and any field that tshark knows
    :param subnets: as ``--subnet``: prefixes of links that were captured
    :param captured_on: as ``--captured-on``: an address of the host that captured
    :param settings: as ``--set``: plugins' own options
    :param layers_on: as ``--decode-as``: where plugins' layers are found, ``"udp.port==9000,labnote"``
    :param plugin_timeout: as ``--plugin-timeout``: seconds that a plugin may take at one packet; 0 is any, as the
        limit takes a timer's signal meanwhile, which a library does not do unasked
    :raises UsageFailure: when something is asked for that there is not: a file, a plugin, a code, a column
    """
    if isinstance(source, str | os.PathLike) and os.fspath(source) != "-" and not os.path.exists(source):  # noqa: PTH110
        raise no_such_file(os.fspath(source))
    plugin_names = tuple(os.fspath(plugin) for plugin in plugins)
    registry = _registry(plugin_names)
    given = {
        "output": list(preferences),
        "destination": None,
        "columns": ",".join(columns),
        "only": only,
        "ignore": ignore,
        "least": min_severity,
        "decode_as": decode_as,
        "two_passes": two_passes,
        "display_filter": display_filter,
        "color": "never",
        "settings": [f"{name}={value}" for name, value in (settings or {}).items()],
        "subnets": subnets,
        "captured_on": captured_on,
        "rebound": layers_on,
        "plugin_timeout": plugin_timeout,
    }
    if isinstance(only, str) or isinstance(ignore, str) or isinstance(columns, str):
        raise UsageFailure("only, ignore and columns are lists: only=['tcp.fin']")
    if lang not in ("en", "zh"):
        raise UsageFailure(f"lang is 'en' or 'zh', not {lang!r}")
    return Capture(source, registry, request(given, registry), lang, plugin_names)


def _registry(plugins: tuple[str, ...]) -> Registry:
    """Everything there is, loaded once for the same plugins."""
    with _loading:
        return _loaded(plugins)


@lru_cache(maxsize=16)
def _loaded(plugins: tuple[str, ...]) -> Registry:
    return loaded(plugins)


@dataclass
class _Found:
    """What one pass over the input has found besides packets."""

    conversations: list[dict[str, Any]] = field(default_factory=list)
    later: list[SaidVerdict] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)
    complete: bool = False


class _Rows(BaseWriter):
    """Takes packets from the loop into the rows of a table, at once: the next packet may change what is said of a
    connection."""

    def __init__(self, capture: Capture) -> None:
        self._showing = Showing(capture.lang)
        self._rows = tables.Rows(chosen_columns(capture._settings, tables.PACKETS))
        self._batches: list[Any] = []

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """One row."""
        self._rows.add(self._showing(packet, verdicts, record))
        if self._rows.count >= tables.BATCH_ROWS:
            self._batches.append(self._rows.taken())

    def table(self) -> Any:
        """All rows."""
        return tables.arrow().Table.from_batches([*self._batches, self._rows.taken()], self._rows.schema)


class _Collector(BaseWriter):
    """Takes packets from the loop, until somebody takes them."""

    def __init__(self, capture: Capture, found: _Found) -> None:
        self._capture, self._found = capture, found
        self._showing = Showing(capture.lang)
        self._latest: int | None = None
        self._packets: list[CapturedPacket] = []

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """The packet and its verdicts, in words."""
        self._latest = later(self._latest, packet.time)
        shown = self._showing(packet, verdicts, record)
        pairs = zip(verdicts, shown.texts, strict=True)
        said = tuple([SaidVerdict(verdict, self._capture.lang, text) for verdict, text in pairs])
        self._packets.append(CapturedPacket(self._capture, shown, said))

    def _said(self, verdicts: Sequence[Verdict]) -> list[SaidVerdict]:
        language = self._capture.lang
        return [SaidVerdict(verdict, language, render(verdict, language)) for verdict in verdicts]

    def taken(self) -> list[CapturedPacket]:
        """Those that came since it was asked last."""
        packets, self._packets = self._packets, []
        return packets

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """The conversation as it is read later, and the verdicts of its end."""
        self._found.later += self._said(verdicts)
        self._found.conversations.append(conversation_object(conversation, self._latest))

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """The verdicts of the end."""
        self._found.later += self._said(verdicts)


class Capture:
    """A capture that can be read; made by ``labdissect.open``.

    Iterating reads it packet by packet, in memory that does not grow with it (but for conversations that are over). A
    file is read anew by every loop and every method that needs it; a stream can be read once.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | BinaryIO,
        registry: Registry,
        asked: Request,
        lang: str,
        plugins: tuple[str, ...] = (),
    ) -> None:
        self._source: Any = source
        self._is_file = isinstance(source, str | os.PathLike)
        self.name: str = os.fspath(source) if isinstance(source, str | os.PathLike) else _stream_name(source)
        """The file's name."""
        self.lang: str = lang
        """Language of the verdicts."""
        self.plugins: tuple[str, ...] = plugins
        """The plugins that the user named."""
        self.problems: list[str] = []
        """What was wrong with the input or a plugin and did not keep the reading from going on, once each."""
        self.problems_left_out = 0
        """More of them than are kept."""
        self._registry, self._asked = registry, asked
        self._found = _Found()
        self._open: list[Packets] = []
        self._read = False
        known = guarded_columns(registry.columns, self._report)
        self._settings = WriterSettings(
            language=lang,
            columns=tuple(column for column in known.values() if column.everywhere),
            chosen=asked.columns,
            known_columns=known,
            layers=registry.layers,
        )
        if asked.columns:
            chosen_columns(self._settings)  # a mistake is told at once
        self._known_columns: dict[str, ShownColumn] = {}

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends loops that are not over, and their tshark. A stream that was handed over stays open."""
        unfinished, self._open = self._open, []
        for one in unfinished:
            one.close()

    def __iter__(self) -> Iterator[CapturedPacket]:
        """Packet by packet.

        :raises UsageFailure: when tshark does not take an option, or a stream was read already
        :raises TsharkFailure: when tshark is missing, or gave up before the first packet
        """
        packets = self._packets(_Found())
        self._open = [*(one for one in self._open if getattr(one, "gi_frame", None) is not None), packets]
        return packets

    def verdicts(self) -> list[SaidVerdict]:
        """Every verdict, in the order in which they were decided; those of the end last."""
        found = _Found()
        with closing(self._packets(found)) as packets:
            said = [verdict for packet in packets for verdict in packet.verdicts]
        return said + found.later

    @property
    def later(self) -> list[SaidVerdict]:
        """Of the last complete loop the verdicts that no packet decided: a conversation's end did, or the capture's."""
        return self._found.later

    def conversations(self) -> list[dict[str, Any]]:
        """TCP connections and UDP exchanges, as ``-o conversations`` has them; after a complete loop nothing is read
        again."""
        if not self._found.complete:
            with closing(self._rest()) as packets:
                for _ in packets:
                    pass
        return self._found.conversations

    def _rest(self) -> Packets:
        """Of a stream what is left, of a file all."""
        if not self._is_file and self._open and getattr(self._open[0], "gi_frame", None) is not None:
            return self._open[0]
        return self._packets(_Found())

    def to_arrow(self, table: Table = "packets") -> pyarrow.Table:
        """An Arrow table: of packets (the columns of ``columns``, else those of :mod:`labdissect.bridge.tables`), of
        verdicts (the keys of ``-o jsonl``) or of conversations.

        :raises UsageFailure: when pyarrow is not installed
        """
        pa = tables.arrow()
        if table == "conversations":
            return pa.Table.from_pylist(self.conversations(), schema=tables.conversations_schema())
        if table == "verdicts":
            rows = [tables.verdict_row(one.as_dict()) for one in self.verdicts()]
            return pa.Table.from_pylist(rows, schema=tables.verdicts_schema())
        if table != "packets":
            raise UsageFailure(f"there is no table {table!r}; there are packets, verdicts and conversations")
        packets = _Rows(self)
        for _ in self._steps(packets, Summary()):
            pass
        return packets.table()

    def to_polars(self, table: Table = "packets") -> polars.DataFrame:
        """The same as a polars DataFrame.

        :raises UsageFailure: when polars or pyarrow is not installed
        """
        try:
            import polars
        except ImportError as error:
            raise UsageFailure("polars is needed and not installed: pip install labdissect[polars]") from error
        made = polars.from_arrow(self.to_arrow(table))
        assert isinstance(made, polars.DataFrame)
        return made

    def to_pandas(self, table: Table = "packets") -> pandas.DataFrame:
        """The same as a pandas DataFrame; whole numbers stay whole where some are missing (``Int64``).

        :raises UsageFailure: when pandas or pyarrow is not installed
        """
        try:
            import pandas
        except ImportError as error:
            raise UsageFailure("pandas is needed and not installed: pip install labdissect[pandas]") from error
        arrow = self.to_arrow(table)
        return arrow.to_pandas(types_mapper={_int64(): pandas.Int64Dtype()}.get)

    def _column(self, name: str) -> ShownColumn:
        found = self._known_columns.get(name)
        if found is None:
            (found,) = chosen_columns(msgspec.structs.replace(self._settings, chosen=(name,)))
            self._known_columns[name] = found
        return found

    def _report(self, problem: Problem) -> None:
        if problem.message in self.problems:
            return
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(problem.message)
        else:
            self.problems_left_out += 1

    def _packets(self, found: _Found) -> Packets:
        """One pass over the input, packet by packet."""
        collector = _Collector(self, found)
        with closing(self._steps(collector, found.summary)) as passing:
            for _ in passing:
                yield from collector.taken()
        found.complete = True
        self._found = found

    def _steps(self, writer: Writer, summary: Summary) -> Generator[None, None, None]:
        """One pass over the input; yields whenever the writer has got something."""
        asked = self._asked
        source = self._opened()
        numbers: ChosenFrames | None = None
        try:
            if asked.options.display_filter is not None:
                from .tshark import ChosenFrames, find

                numbers = ChosenFrames(find(), self.name, asked.options)
            if numbers is not None or not asked.selection.everything():
                writer = SelectedWriter(writer, asked.selection, numbers)
            settings = asked.for_analyzers(self.lang, whole_capture=source.tshark is not None)
            chunks = chunks_with_end(source, summary, self._report)
            yield from steps(chunks, source.reader, writer, self._registry, self._report, settings, summary)
            if numbers is not None and not summary.packets:
                numbers.check()
        finally:
            source.close()
            if numbers is not None:
                numbers.close()

    def _opened(self) -> Source:
        if self._is_file:
            return opened(self.name, self._registry, Interruption(), self._asked.options, self._report)
        if self._read:
            raise UsageFailure(f"{self.name} was read already, and a stream can be read once; keep list(capture)")
        self._read = True
        if self._asked.options.any():
            raise UsageFailure(
                "display_filter, decode_as, preferences and two_passes are tshark's to act on, and a stream is its "
                "output already; name the capture's file"
            )
        readers = guarded_readers(self._registry, self._report)
        return others_stream(self._source, readers.values(), readers["ek"])

    def __repr__(self) -> str:
        if not self._found.complete:
            return f"<Capture {self.name}: not read yet>"
        summary, conversations = self._found.summary, len(self._found.conversations)
        packets = "1 packet" if summary.packets == 1 else f"{summary.packets} packets"
        exchanges = "1 conversation" if conversations == 1 else f"{conversations} conversations"
        return f"<Capture {self.name}: {packets}, {exchanges}>"

    def _repr_html_(self) -> str:
        from .html_view import PREVIEW, capture_html, failure_html

        if not self._is_file:
            return capture_html(self, [])
        first: list[CapturedPacket] = []
        try:
            with closing(self._packets(_Found())) as packets:
                for packet in packets:
                    first.append(packet)
                    if len(first) > PREVIEW:
                        break
        except Failure as failure:
            return failure_html(self, failure)
        return capture_html(self, first)


def _stream_name(stream: Any) -> str:
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) else "the stream"


def _int64() -> Any:
    return tables.arrow().int64()

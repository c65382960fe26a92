"""One plugin alone, over a capture or over frames made by hand: what it finds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from labdissect.plugins.analyzer import Settings
from labdissect.plugins.packet import Packet
from labdissect.plugins.registry import Registry, load
from labdissect.plugins.rule import Verdict, render
from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.udp import Exchange
from labdissect.plugins.writer import BaseWriter, Problem, Record, Summary

from .decode_as import places
from .handmade.ek import ek_lines
from .handmade.frames import Frame, write_pcap
from .interruption import Interruption
from .loading import PACKAGES
from .opening import opened
from .run import annotate, chunks_with_end
from .tshark_options import Options

if TYPE_CHECKING:
    from .source import Source


class PluginFailed(AssertionError):
    """The plugin raised, or said what no sentence can be made of; the message names file, line and frame."""


@dataclass
class Result:
    """What a plugin made of some packets."""

    packets: list[Packet] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    """The plugin's own and those about payloads that its layers could not read (``layer.…``), in the order in which
    they were given; those of the end last."""
    conversations: list[Conversation | Exchange] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def codes(self) -> dict[int, list[str]]:
        """The codes of the verdicts by the frame that they are about; a frame without any is not there."""
        found: dict[int, list[str]] = {}
        for verdict in self.verdicts:
            found.setdefault(verdict.about, []).append(verdict.rule.code)
        return dict(sorted(found.items()))

    def frames(self, code: str) -> list[int]:
        """The frames that have a verdict of this code."""
        return [frame for frame, codes in self.codes.items() if code in codes]

    def packet(self, number: int) -> Packet:
        """The packet of this number.

        :raises LookupError: when there is none
        """
        for packet in self.packets:
            if packet.number == number:
                return packet
        raise LookupError(f"there is no frame {number}; the last is {len(self.packets)}")

    def texts(self, language: str = "en") -> list[str]:
        """The verdicts' sentences, in ``en`` or ``zh``."""
        return [render(verdict, language) for verdict in self.verdicts]


def run(
    plugin: str | os.PathLike[str] | ModuleType,
    packets: str | os.PathLike[str] | Iterable[Frame],
    *,
    tshark: bool = False,
    decode_as: Sequence[str] = (),
    tshark_decode_as: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    check: bool = True,
) -> Result:
    """Runs one plugin alone: no other plugin is loaded, and the built-in analyzers are silent.

    :param plugin: a file, a module's name, or a module that is imported already
    :param packets: a capture (or tshark's EK or PDML) in a file, or frames made by hand
    :param tshark: whether frames made by hand go through tshark, which then must be there; else they are handed over
        as tshark would print them, their payload as plain data
    :param decode_as: as ``--decode-as``: ``["udp.port==9002,labnote"]``
    :param tshark_decode_as: as ``-d``, for what goes through tshark: ``["udp.port==5353,dns"]``
    :param settings: as ``--set``: the plugin's own options
    :param check: whether a plugin that fails raises; else :attr:`Result.problems` tells
    :raises PluginFailed: when the plugin raised at a packet
    :raises PluginError: when it cannot be loaded
    :raises UsageFailure: when the file cannot be read, or ``decode_as`` names what there is not
    :raises TsharkFailure: when tshark is needed and not there
    """
    registry = alone(plugin if isinstance(plugin, ModuleType) else os.fspath(plugin))
    result = Result()
    chosen = Settings(options=dict(settings or {}), decode_as=places(decode_as, registry))
    summary = Summary()

    def report(problem: Problem) -> None:
        result.problems.append(problem.message)

    with _source(packets, registry, tshark, Options(tuple(tshark_decode_as)), report) as source:
        chunks = source if isinstance(source, list) else chunks_with_end(source, summary, report)
        reader = registry.readers["ek"] if isinstance(source, list) else source.reader
        annotate(chunks, reader, Collector(result), registry, report, chosen, summary)
    if check and result.problems:
        raise PluginFailed("\n".join(result.problems))
    return result


def alone(plugin: str | ModuleType, beside: Sequence[str] = ()) -> Registry:
    """The built-ins and one plugin, whose analyzers are the only ones that work.

    :param beside: other plugins that it needs, a layer that its own rides on; their analyzers are silent
    :raises PluginError: when one cannot be loaded
    """
    registry = load([*beside, plugin], entry_points=False, extra_packages=PACKAGES)
    registry.judging = {list(registry.sources)[-1]}
    return registry


@contextmanager
def _source(
    packets: str | os.PathLike[str] | Iterable[Frame],
    registry: Registry,
    tshark: bool,
    options: Options,
    report: Callable[[Problem], None],
) -> Iterator[Source | list[bytes]]:
    if isinstance(packets, str | os.PathLike):
        source = opened(os.fspath(packets), registry, Interruption(), options, report)
        try:
            yield source
        finally:
            source.close()
    elif tshark:
        with tempfile.TemporaryDirectory() as folder:
            capture = write_pcap(Path(folder) / "frames.pcap", packets)
            with _source(capture, registry, False, options, report) as source_of_frames:
                yield source_of_frames
    else:
        yield [ek_lines(packets)]


class Collector(BaseWriter):
    """A writer that keeps everything, once it has seen that every verdict can be said in both languages."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """The packet and its verdicts."""
        self._keep(verdicts)
        self._result.packets.append(packet)

    def conversation(self, conversation: Conversation | Exchange, verdicts: Sequence[Verdict]) -> None:
        """The verdicts of its end."""
        self._keep(verdicts)
        self._result.conversations.append(conversation)

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """The verdicts of the end."""
        self._keep(verdicts)

    def _keep(self, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            render(verdict, "en")
            render(verdict, "zh")
        self._result.verdicts += verdicts


def assert_verdict(result: Result, frame: int, code: str, /, **params: Any) -> Verdict:
    """The verdict of this code about this frame; it may have more parameters than are given here.

    :raises AssertionError: when there is none like that; the message says what there is instead
    """
    about = [verdict for verdict in result.verdicts if verdict.about == frame]
    of_code = [verdict for verdict in about if verdict.rule.code == code]
    if not of_code:
        elsewhere = result.frames(code)
        raise AssertionError(
            f"no verdict {code} about frame {frame}; about it: {_listed(one.rule.code for one in about)}; "
            f"{code} is about frames: {_listed(map(str, elsewhere))}"
        )
    for verdict in of_code:
        if all(name in verdict.params and verdict.params[name] == value for name, value in params.items()):
            return verdict
    found = "\n".join(f"  {verdict.params}" for verdict in of_code)
    raise AssertionError(f"{code} about frame {frame} has other parameters than {params}:\n{found}")


def assert_no_verdict(result: Result, code: str, /, frame: int | None = None) -> None:
    """There is no verdict of this code, about any frame or about this one.

    :raises AssertionError: when there is one; the message has its sentence
    """
    for verdict in result.verdicts:
        if verdict.rule.code == code and frame in (None, verdict.about):
            raise AssertionError(f"{code} about frame {verdict.about}: {render(verdict)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"

"""A writer: ``-o sequence`` draws the packets as a Mermaid sequence diagram, as textbooks draw protocols.

    labdissect --plugin examples/sequence_diagram.py -o sequence -Y 'tcp.stream == 0' capture.pcapng > diagram.mmd

Put the output into a ```mermaid block of a Markdown file, or into the Mermaid live editor. Hosts are the participants,
each packet is an arrow with its headline. Headlines may hold captured text, and Mermaid gives a meaning to many
characters; so every character that is no letter, digit, blank or harmless sign is written as its number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import BinaryIO

from labdissect import BaseWriter, Packet, Record, Summary, Verdict, WriterFormat, WriterSettings, hookimpl, render

LONGEST = 120
"""Characters of a headline that are shown."""
_not_plain = re.compile(r"[^\w .,()/=+\u2013\u2026\u2192\u3002\u3001-]")


def plain(text: str) -> str:
    """Text that Mermaid shows and does not obey: ``;`` becomes ``#59;``, its way of writing a character's number."""
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return _not_plain.sub(lambda match: f"#{ord(match[0])};" if match[0].isprintable() else "#65533;", text)


def ends(packet: Packet) -> tuple[str, str]:
    """Source and destination: IP addresses, else those of the link."""
    for header in (packet.ip, packet.ipv6, packet.eth):
        if header is not None and header.src and header.dst:
            return header.src, header.dst
    return "?", "?"


class SequenceWriter(BaseWriter):
    """Writes the diagram line by line, so that it works on a live capture too."""

    def __init__(self, out: BinaryIO, settings: WriterSettings) -> None:
        self._out = out
        self._language = settings.language
        self._participants: dict[str, str] = {}
        if not settings.continues:
            self._line("sequenceDiagram")
        if settings.file is not None:
            self._line(f"    %% {plain(settings.file)}")

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """An arrow: dotted when the headline is a warning or worse."""
        source, target = [self._participant(address) for address in ends(packet)]
        headline = next((verdict for verdict in verdicts if verdict.about == packet.number), None)
        said = packet.protocols.rpartition(":")[2] if headline is None else render(headline, self._language)
        arrow = "-->>" if headline is not None and headline.rule.severity in ("warn", "error") else "->>"
        self._line(f"    {source}{arrow}{target}: {packet.number} {plain(said)}")

    def flush(self) -> None:
        """Nothing is kept back."""
        self._out.flush()

    def end(self, summary: Summary, verdicts: Sequence[Verdict]) -> None:
        """Nothing more to draw."""
        self.flush()

    def _participant(self, address: str) -> str:
        """The name that the diagram has for a host, told when it comes first."""
        name = self._participants.get(address)
        if name is None:
            name = self._participants[address] = f"p{len(self._participants) + 1}"
            self._line(f"    participant {name} as {plain(address)}")
        return name

    def _line(self, text: str) -> None:
        self._out.write(text.encode() + b"\n")


@hookimpl
def labdissect_writers() -> list[WriterFormat]:
    return [WriterFormat("sequence", "a Mermaid sequence diagram", SequenceWriter)]

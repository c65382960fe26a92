"""Drives a writer for tests: tshark's output in, the writer's output back."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from labdissect.bridge.run import annotate
from labdissect.bridge.selection import SelectedWriter, Selection
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.packet import Packet
from labdissect.plugins.registry import Registry
from labdissect.plugins.writer import Problem, WriterSettings
from tests.conftest import built_in


def written(
    data: bytes,
    output: str,
    *,
    chunk: int = 1 << 20,
    problems: list[Problem] | None = None,
    registry: Registry | None = None,
    only: Sequence[str] = (),
    **settings: Any,
) -> bytes:
    """What ``-o OUTPUT`` writes of tshark's output ``data``, handed over ``chunk`` bytes at a time.

    :param only: the verdicts that the writer gets, by the beginnings of their codes
    """
    registry = registry or built_in()
    reader = next(one for one in registry.readers.values() if one.detects(data[:4096]))
    out = io.BytesIO()
    told = WriterSettings(layers=registry.layers, known_columns=registry.columns, source_kind=reader.name, **settings)
    writer = registry.writers[output].make(out, told)
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    report = problems.append if problems is not None else _refuse
    if only:
        writer = SelectedWriter(writer, Selection(only=only), sparse=registry.writers[output].rows)
    annotate(chunks, reader, writer, registry, report, Settings(language=told.language))
    return out.getvalue()


def _refuse(problem: Problem) -> None:
    raise AssertionError(problem.message)


class FakeSource:
    """A packet's layers and columns as a test wants them."""

    def __init__(self, columns: dict[str, str]) -> None:
        self._columns = columns

    def header(self, name: str) -> None:
        """No layer at all."""

    def headers(self) -> Sequence[Any]:
        """None."""
        return ()

    def columns(self) -> dict[str, str]:
        """As given."""
        return self._columns


def fake_packet(number: int = 1, **columns: str) -> Packet:
    """A packet that has nothing but Wireshark's columns."""
    return Packet(FakeSource(columns), number, 1_700_000_000_000_000_000, 60, "eth:ethertype:ip:tcp:http")


def unsafe_characters(text: str, allowed: str = "\n") -> Iterator[str]:
    """Characters of ``text`` that act on a terminal, or that would turn text round, instead of being seen."""
    for character in text:
        code = ord(character)
        if character not in allowed and (
            code < 0x20
            or 0x7F <= code < 0xA0
            or 0xD800 <= code < 0xE000
            or 0x202A <= code <= 0x202E
            or 0x2066 <= code <= 0x2069
            or code in (0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)
        ):
            yield f"U+{code:04X}"

"""labdissect: what each packet does and why, as extra columns of tshark's output.

The public names; everything else may change between versions.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

if not (Path(__file__).resolve().parent / "bridge").is_dir():  # a checkout without symlinks
    __path__.append(str(Path(__file__).resolve().parent.parent))

from labdissect.dissectors.layer import Derived, Header, Layer, Text, bits, note, part
from labdissect.plugins.analyzer import Analyzer, BaseAnalyzer, Settings
from labdissect.plugins.column import Column
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Evidence, Explanation, Rule, Verdict, render
from labdissect.plugins.writer import Record, Summary, Writer, WriterFormat, WriterSettings

__version__ = "0.1.0"

__all__ = [
    "Analyzer",
    "BaseAnalyzer",
    "Column",
    "Derived",
    "Evidence",
    "Explanation",
    "Header",
    "Layer",
    "Packet",
    "Record",
    "Rule",
    "Settings",
    "Summary",
    "Text",
    "Verdict",
    "Writer",
    "WriterFormat",
    "WriterSettings",
    "bits",
    "hookimpl",
    "note",
    "part",
    "render",
    "teach_pyshark",
]


def teach_pyshark(plugins: Iterable[str] = ()) -> None:
    """Teaches pyshark the types of labdissect's layers, so that it reads our EK: ``packet.labdissect.verdict``.

    Call it once before reading; pyshark is imported by it and tshark asked for its fields.

    :param plugins: as ``--plugin``: files or modules whose layers are in the EK
    """
    from labdissect.bridge.pyshark_types import teach_pyshark as teach

    teach(plugins)

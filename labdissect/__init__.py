"""labdissect: what each packet does and why, as extra columns of tshark's output.

The public names; everything else may change between versions.
"""

import os  # in memory already: the program's first line comes after this file's, and till then Ctrl-C has a traceback

TYPE_CHECKING = False  # as typing has it

if not os.path.isdir(os.path.join(os.path.dirname(__file__), "bridge")):  # a checkout without symlinks
    __path__.append(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from labdissect.bridge.capture import Capture
    from labdissect.bridge.capture import open_capture as open
    from labdissect.bridge.captured import CapturedPacket, SaidVerdict
    from labdissect.bridge.failures import Failure, TsharkFailure, UsageFailure
    from labdissect.dissectors.bilingual import Text
    from labdissect.dissectors.layer import Derived, Header, Layer, bits, note, part
    from labdissect.plugins.analyzer import Analyzer, BaseAnalyzer, Settings
    from labdissect.plugins.column import Column
    from labdissect.plugins.hookspecs import hookimpl
    from labdissect.plugins.packet import Message, Packet
    from labdissect.plugins.rule import Evidence, Explanation, Rule, Verdict, render
    from labdissect.plugins.tcp.conversation import Conversation
    from labdissect.plugins.udp import Exchange
    from labdissect.plugins.writer import BaseWriter, Record, Summary, Writer, WriterFormat, WriterSettings

__version__ = "0.1.0"

_HOMES = {
    "bridge.capture": ("Capture",),
    "bridge.captured": ("CapturedPacket", "SaidVerdict"),
    "bridge.failures": ("Failure", "TsharkFailure", "UsageFailure"),
    "dissectors.layer": ("Derived", "Header", "Layer", "bits", "note", "part"),
    "dissectors.bilingual": ("Text",),
    "plugins.analyzer": ("Analyzer", "BaseAnalyzer", "Settings"),
    "plugins.column": ("Column",),
    "plugins.hookspecs": ("hookimpl",),
    "plugins.packet": ("Message", "Packet"),
    "plugins.rule": ("Evidence", "Explanation", "Rule", "Verdict", "render"),
    "plugins.tcp.conversation": ("Conversation",),
    "plugins.udp": ("Exchange",),
    "plugins.writer": ("BaseWriter", "Record", "Summary", "Writer", "WriterFormat", "WriterSettings"),
}
"""Module → its public names, each imported when it is first asked for: who needs one does not wait for all."""

__all__ = [
    "Analyzer",
    "BaseAnalyzer",
    "BaseWriter",
    "Capture",
    "CapturedPacket",
    "Column",
    "Conversation",
    "Derived",
    "Evidence",
    "Exchange",
    "Explanation",
    "Failure",
    "Header",
    "Layer",
    "Message",
    "Packet",
    "Record",
    "Rule",
    "SaidVerdict",
    "Settings",
    "Summary",
    "Text",
    "TsharkFailure",
    "UsageFailure",
    "Verdict",
    "Writer",
    "WriterFormat",
    "WriterSettings",
    "bits",
    "hookimpl",
    "note",
    "open",
    "part",
    "render",
    "teach_pyshark",
]


def __getattr__(name: str) -> "Any":
    if name == "open":
        from labdissect.bridge.capture import open_capture as value
    else:
        home = next((module for module, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module 'labdissect' has no attribute {name!r}")
        import importlib

        value = getattr(importlib.import_module(f"labdissect.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def teach_pyshark(plugins: "Iterable[str]" = ()) -> None:
    """Teaches pyshark the types of labdissect's layers, so that it reads our EK: ``packet.labdissect.verdict``.

    Call it once before reading; pyshark is imported by it and tshark asked for its fields.

    :param plugins: as ``--plugin``: files or modules whose layers are in the EK
    """
    from labdissect.bridge.pyshark_types import teach_pyshark as teach

    teach(plugins)

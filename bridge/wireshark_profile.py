"""The Wireshark profile "labdissect": what its files say.

A profile is a folder of text files (Wireshark User's Guide, appendix B.2). The columns, colors and buttons look at the
packet comments that ``-o pcapng`` and the capture interface write: the first is the headline, the second begins with
the severity and holds the codes, each ends with ``[labdissect]`` (writers/pcapng.py).
"""

from __future__ import annotations

from typing import NamedTuple

from labdissect.dissectors.layer import Text

NAME = "labdissect"
"""Of the profile and of its folder."""

_VERDICT_FIELD = "frame.comment"
_SEVERITY_FIELD = "frame.comment || frame.ignored"
"""Wireshark keeps one width for all columns of the same fields; of the second field there is no second occurrence, so
that adding it changes nothing but the name that the width is kept by."""


class Column(NamedTuple):
    """One column of the packet list."""

    title: Text
    format: str
    """As in Wireshark's preference gui.column.format."""
    width_of: str
    """As in its file ``recent``."""
    width: int


COLUMNS = (
    Column(Text("No.", "编号"), "%m", "%m", 76),
    Column(Text("Time", "时间"), "%t", "%t", 84),
    Column(Text("Source", "源"), "%s", "%s", 132),
    Column(Text("Destination", "目的"), "%d", "%d", 132),
    Column(Text("Protocol", "协议"), "%p", "%p", 64),
    Column(Text("Severity", "级别"), f"%Cus:{_SEVERITY_FIELD}:2:R", f"%Cus:{_SEVERITY_FIELD}", 62),
    Column(Text("Verdict", "解读"), f"%Cus:{_VERDICT_FIELD}:1:R", f"%Cus:{_VERDICT_FIELD}", 750),
    Column(Text("Info", "信息"), "%i", "%i", 420),
)


class Color(NamedTuple):
    """A coloring rule: the first whose filter a packet passes colors it."""

    title: Text
    filter: str
    background: str
    foreground: str
    """``RRGGBB``"""


def _severity(word: str) -> str:
    """Packets whose highest severity is this. A pattern without backslashes: each version would escape them anew."""
    return f'frame.comment matches "^{word} .*[[]labdissect]$"'


def _codes(*beginnings: str) -> str:
    """Packets with a verdict whose code begins so. A code always has a blank before it, the severity's."""
    return " || ".join(f'frame.comment contains " {beginning}."' for beginning in beginnings)


OPENING, CLOSING, LOSS = _codes("tcp.open"), _codes("tcp.fin", "tcp.close", "tcp.rst"), _codes("tcp.loss")

COLORS = (
    Color(Text("error", "错误"), _severity("error"), "a40000", "ffffff"),
    Color(Text("loss", "丢失"), LOSS, "ffd2c2", "5c1a00"),
    Color(Text("warn", "警告"), _severity("warn"), "ffb3b3", "5c0000"),
    Color(Text("closing", "关闭"), f"{CLOSING} || tcp.flags.fin == 1 || tcp.flags.reset == 1", "c9dcf5", "0b2a5b"),
    Color(Text("opening", "建立"), f"{OPENING} || tcp.flags.syn == 1", "cdeccb", "0d3b12"),
    Color(Text("note", "提示"), _severity("note"), "fff1b8", "4a3b00"),
)
"""What is wrong before what is normal; among what is normal, the phases before the rest."""


class Button(NamedTuple):
    """A button beside the display filter."""

    title: Text
    filter: str


BUTTONS = (
    Button(Text("Handshake", "建立连接"), f"tcp.flags.syn == 1 || {OPENING}"),
    Button(Text("Closing", "关闭连接"), f"tcp.flags.fin == 1 || tcp.flags.reset == 1 || {CLOSING}"),
    Button(Text("Loss", "丢失与重传"), LOSS),
    Button(Text("HTTP", "HTTP"), "http"),
    Button(Text("Warnings", "警告"), f"{_severity('warn')} || {_severity('error')}"),
)


def files(language: str) -> dict[str, str]:
    """The profile's files by name."""
    return {
        "preferences": _preferences(language),
        "colorfilters": _colorfilters(language),
        "dfilter_buttons": _buttons(language),
        REMEMBERED: _recent(),
    }


REMEMBERED = "recent"
"""The file that Wireshark itself writes anew each time it ends."""


def _said(text: Text, language: str) -> str:
    return text.zh if language == "zh" else text.en


def _preferences(language: str) -> str:
    columns = ",\n".join(f'\t"{_said(column.title, language)}", "{column.format}"' for column in COLUMNS)
    return f"# The profile labdissect\ngui.column.format: \n{columns}\n"


def _colorfilters(language: str) -> str:
    rules = "".join(
        f"@{NAME}: {_said(color.title, language)}@{color.filter}@{_channels(color.background)}"
        f"{_channels(color.foreground)}\n"
        for color in COLORS
    )
    return f"# The profile labdissect\n{rules}"


def _channels(color: str) -> str:
    """Wireshark's way of writing ``RRGGBB``: three decimal numbers up to 65535."""
    return "[" + ",".join(str(int(color[at : at + 2], 16) * 257) for at in (0, 2, 4)) + "]"


def _buttons(language: str) -> str:
    """In the form of Wireshark's tables (UAT): within a string, quotes are written as bytes in hex."""
    rows = (
        ("TRUE", _said(button.title, language), button.filter.replace('"', "\\x22"), "labdissect") for button in BUTTONS
    )
    return "# The profile labdissect\n" + "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)


def _recent() -> str:
    widths = ",\n".join(f"\t{_quoted(column.width_of)}, {column.width}" for column in COLUMNS)
    return f"# The profile labdissect\ncolumn.width: \n{widths}\n"


def _quoted(name: str) -> str:
    return f'"{name}"' if name.startswith("%Cus") else name

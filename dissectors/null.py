"""The loopback header of BSD and macOS: the address family in four bytes, in the order of the capturing machine."""

from __future__ import annotations

from construct import IfThenElse, Int32ub, Int32ul, Peek, Struct

from .layer import Layer, Text, note

LARGEST_FAMILY = 0xFFFF

LAYER = Layer(
    name="null",
    title=Text("Null/Loopback", "环回（BSD）"),
    source="tcpdump.org LINKTYPE_NULL",
    over=(("wtap_encap", 15), ("wtap_encap", 174)),
    selects=("null.family", "family"),
    struct=Struct(
        "_little" / Peek(Int32ul),
        # a small number read in the right order is a huge one in the wrong order
        "family"
        / IfThenElse(lambda header: (header._little or 0) <= LARGEST_FAMILY, Int32ul, Int32ub)
        * note(
            "address family: 2 IPv4; 24, 28 or 30 IPv6",
            "地址族：2 为 IPv4；24、28 或 30 为 IPv6",
            "tcpdump.org LINKTYPE_NULL",
        ),
    ),
)

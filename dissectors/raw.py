"""Raw IP, what a tunnel interface hands over: no link header at all, the version tells IPv4 from IPv6."""

from __future__ import annotations

from typing import Any

from construct import Int8ub, Peek, Struct

from .layer import Layer, Text, Worked


def _ethertype(header: Any) -> int | None:
    version = (header._first or 0) >> 4
    return {4: 0x0800, 6: 0x86DD}.get(version)


LAYER = Layer(
    name="raw",
    title=Text("Raw packet data", "原始 IP 数据"),
    source="tcpdump.org LINKTYPE_RAW",
    over=(("wtap_encap", 7),),
    selects=("ethertype", "_next"),
    struct=Struct("_first" / Peek(Int8ub), "_next" / Worked(_ethertype)),
)

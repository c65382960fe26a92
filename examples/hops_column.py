"""One column more: how many routers a packet has passed, as far as its TTL tells.

    labdissect --plugin examples/hops_column.py --columns number,source,hops,headline -o tsv capture.pcapng

Systems begin with 64, 128 or 255; each router takes one away. So 57 was 64 seven routers ago. A TTL that is far from
all three was set on purpose (traceroute, TTL 1 on a link): it tells nothing, and the cell stays empty.
"""

from __future__ import annotations

from labdissect import Column, Packet, Text, hookimpl

FARTHEST = 40
"""Routers on a long way across the Internet."""


def hops(packet: Packet) -> int | None:
    """Routers between the sender and the capture; None where that cannot be told."""
    ip = packet.ip if packet.ip is not None else packet.ipv6
    left = None if ip is None else ip.ttl if ip is packet.ip else ip.hlim
    if left is None:
        return None
    passed: int = min(start for start in (64, 128, 255) if start >= left) - left
    return passed if passed <= FARTHEST else None


@hookimpl
def labdissect_columns() -> list[Column]:
    return [Column("hops", Text("Hops", "跳数"), hops, everywhere=True)]

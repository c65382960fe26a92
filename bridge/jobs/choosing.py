"""When a capture is worth several tsharks, and when they would not see what one sees."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .packets import NotSplit

if TYPE_CHECKING:
    from labdissect.bridge.asking import Asked
    from labdissect.bridge.tshark_options import Options

    from .shards import Shards

LARGE = 4 << 20
"""Bytes of a capture from which on several tsharks are started unasked: one more costs a third of a second."""
AT_MOST = 4
"""tsharks that are started unasked: what reads their output is one process, which more would not make faster."""
LOPSIDED = 0.9
"""Share of the packets in one shard from which on the others are not worth it, unless they were asked for."""

STREAMS = ("tcp.stream", "udp.stream")
"""Numbers given by one tshark, which stand at the beginning of a line, before anything that a sender chose."""
_OF_THE_FILE = ("frame.time_delta", "frame.time_delta_displayed", "frame.time_relative", "frame.time_epoch_delta")
_PROTOCOLS = frozenset(
    (
        *("frame", "eth", "sll", "sll2", "vlan", "ieee8021ad", "ieee8021ah", "llc", "arp", "ip", "ipv6", "icmp"),
        *("icmpv6", "gre", "vxlan", "tcp", "udp", "dns", "dhcp", "http", "tls"),
    )
)
"""Protocols whose fields depend on nothing but their packet, their conversation, and the numbers that are put back."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def sharded(tshark: Path, capture: str, asked: Asked, options: Options, jobs: int | None) -> tuple[Asked, Shards]:
    """Several tsharks on one capture, and what they print first.

    :param jobs: how many at most; None to choose
    :raises NotSplit: when one tshark shall read it
    :raises TsharkFailure: when they cannot be started
    """
    path = Path(capture)
    if jobs is None:
        jobs = min(cores(), AT_MOST)
        if jobs < 2 or not path.is_file() or path.stat().st_size < LARGE:
            raise NotSplit("it is small")
        lopsided = LOPSIDED
    else:
        lopsided = 1.0
    if os.name != "posix":
        raise NotSplit("this system does not hand open pipes on to other processes")
    if options.decode_as or options.preferences or options.two_passes:
        raise NotSplit("-d, -2 and preferences may let conversations depend on each other")
    _check(asked)

    from .plan import planned
    from .shards import Shards

    plan = planned(path, jobs)
    if max(plan.counts) > lopsided * len(plan.order):
        raise NotSplit("most of its packets are one conversation's")
    asked = _numbers_first(asked)
    return asked, Shards(tshark, plan, asked, options)


def _check(asked: Asked) -> None:
    for title in asked.columns:
        if title == "Info":
            raise NotSplit("Wireshark's column Info has frame numbers in it")
    for name in asked.types:
        if name in _OF_THE_FILE or (name.endswith(".stream") and name not in STREAMS):
            raise NotSplit(f"{name} counts packets of all conversations")
        if name.partition(".")[0] not in _PROTOCOLS:
            raise NotSplit(f"{name} may depend on other conversations")


def _numbers_first(asked: Asked) -> Asked:
    """The same fields, in the order in which :mod:`.merging` finds the numbers that it changes."""
    first = ("frame.number", *STREAMS, *asked.references, "frame.protocols")
    names = dict.fromkeys(name for name in (*first, *asked.fields) if name in asked.fields)
    return replace(asked, fields=tuple(names))

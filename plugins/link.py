"""What a capture has shown so far of the link that it was taken on: prefixes, who has which address, who asked whom.

The rules of ARP, Ethernet and IP share it. It knows the past only and forgets what is oldest when there is no room.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

import msgspec

from .checksum import number

REMEMBERED = 4096
"""Hosts or pairs of hosts of which something is remembered."""
PREFIXES_LIMIT = 64

INITIAL_TTLS = (64, 128, 255)
"""Values that hosts start with by custom: Linux and macOS, Windows, routers."""
LONGEST_PATH = 32
"""Hops; real paths are shorter, so a TTL further below an initial value was set low on purpose."""
SHORTEST_PREFIX = 8
"""Bits: no link has a prefix shorter than a whole /8."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(OrderedDict[K, V], Generic[K, V]):
    """A dictionary with room for so many entries; the one that was set longest ago goes first."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        super().__init__()
        self._limit = limit

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > self._limit:
            self.popitem(last=False)


class Once:
    """Tells whether something comes up for the first time, as far as that is remembered."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._seen: Remembered[Hashable, None] = Remembered(limit)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._seen

    def __call__(self, key: Hashable) -> bool:
        if key in self._seen:
            return False
        self._seen[key] = None
        return True


class Prefix(msgspec.Struct, frozen=True):
    """A prefix of the link, as numbers."""

    network: int
    mask: int
    length: int
    frame: int | None = None
    """The DHCP message that told it; None when the user did."""


class Owner(msgspec.Struct, frozen=True):
    """Who has an address, as an ARP packet of its own said."""

    mac: str
    frame: int


class Seen(msgspec.Struct, frozen=True):
    """A value and the frame that had it."""

    value: int
    frame: int


class OffLink(msgspec.Struct, frozen=True):
    """Why a destination is not on its sender's link."""

    why: str
    """``subnet``: outside the known prefix; ``far``: no prefix holds both; ``ttl``: its packets passed routers."""
    frame: int | None = None
    """The frame that shows it."""
    value: int | None = None
    """Leading bits in common, or the TTL."""


class Link:
    """What is known of the link."""

    def __init__(self) -> None:
        self._prefixes: list[Prefix] = []
        self.owners: Remembered[str, Owner] = Remembered()
        """By IP address."""
        self.cards: Remembered[str, str] = Remembered()
        """MAC address → the IP address that it claimed last."""
        self.asked: Remembered[tuple[str, str], int] = Remembered()
        """(who asked, for which address) → the frame of its latest ARP request."""
        self.routers: Remembered[str, int] = Remembered(PREFIXES_LIMIT)
        """Routers that DHCP named → the frame that did."""
        self.distant: Remembered[str, Seen] = Remembered()
        """Addresses whose packets came with a TTL that routers had lowered."""

    def told(self, subnets: Iterable[str]) -> None:
        """Takes what the user said, as ``172.24.58.38/19``.

        :raises ValueError: when it is no prefix
        """
        for text in subnets:
            network = ipaddress.ip_interface(text).network
            if network.version == 4:
                self._add(Prefix(int(network.network_address), int(network.netmask), network.prefixlen))

    def leased(self, address: str, mask: str, frame: int) -> None:
        """Takes the mask that a DHCP server gave with an address."""
        bits = number(mask)
        self._add(Prefix(number(address) & bits, bits, bits.bit_count(), frame))

    def _add(self, prefix: Prefix) -> None:
        if not any((prefix.network, prefix.mask) == (known.network, known.mask) for known in self._prefixes):
            del self._prefixes[: len(self._prefixes) + 1 - PREFIXES_LIMIT]
            self._prefixes.append(prefix)

    def prefix_of(self, address: int) -> Prefix | None:
        """The longest known prefix that holds the address."""
        if not self._prefixes:
            return None
        holding = [prefix for prefix in self._prefixes if address & prefix.mask == prefix.network]
        return max(holding, key=lambda prefix: prefix.length, default=None)

    def off_link(self, source: str, destination: str) -> OffLink | None:
        """Why ``destination`` is beyond a router for ``source``; None when it is not, or when nothing tells."""
        here, there = number(source), number(destination)
        prefix = self.prefix_of(here)
        if prefix is not None:
            return None if there & prefix.mask == prefix.network else OffLink("subnet", prefix.frame)
        if not (is_ordinary(here) and is_ordinary(there)):
            return None
        common = common_bits(here, there)
        if common < SHORTEST_PREFIX:
            return OffLink("far", None, common)
        seen = self.distant.get(destination)
        return None if seen is None else OffLink("ttl", seen.frame, seen.value)


def common_bits(one: int, other: int) -> int:
    """How many leading bits two IPv4 addresses share."""
    return 32 - (one ^ other).bit_length()


def is_ordinary(address: int) -> bool:
    """An address of one host on some network: not 0/8, loopback, link-local, multicast, reserved, broadcast."""
    first = address >> 24
    return 0 < first < 224 and first != 127 and address >> 16 != 0xA9FE


def dotted(address: int) -> str:
    """Four numbers with dots."""
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


def initial_ttl(ttl: int) -> int:
    """The nearest value by custom from which a TTL may have come down."""
    return next((initial for initial in INITIAL_TTLS if initial >= ttl), INITIAL_TTLS[-1])

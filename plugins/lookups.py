"""What is remembered over all connections, within limits: names and addresses that DNS answers gave (RFC 1035 §4.1.1),
and what was said already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING

import msgspec

from .conversations import addresses

if TYPE_CHECKING:
    from .packet import Packet

ADDRESSES_LIMIT = 20_000
"""Addresses that are remembered; the one given longest ago goes first."""
ANSWERS_LIMIT = 4
"""Answers that are remembered for each address, of different names or to different hosts."""
A, AAAA = 1, 28
SAID_LIMIT = 10_000
"""Things said that are remembered; what was said longest ago may be said again."""


class Answer(msgspec.Struct, frozen=True):
    """That a name has an address, as somebody was told."""

    frame: int
    asked: str
    """The name of the question, as it was spelt."""
    owner: str
    """The name of the record: another one at the end of a chain of aliases."""
    field: str
    """tshark's field that has the address."""
    asker: str
    """Address of the host that was told."""


class Lookups:
    """What the DNS answers of the capture have told so far."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, list[Answer]] = OrderedDict()
        self.last: int | None = None
        """Frame of the newest answer of any kind."""
        self.complete = True
        """No answer had to be forgotten, and none was unreadable."""

    def observe(self, packet: Packet) -> None:
        """Takes in a packet with a DNS layer."""
        dns = packet.dns
        if dns is None or not dns.flags_response:
            return
        self.last = packet.number
        if dns.answers is None or not dns.queries:
            self.complete = self.complete and dns.count_answers == 0
            return
        asker = addresses(packet)[1]
        asked = dns.queries[0].get("name") or ""
        for record in dns.answers:
            kind, data = record.get("type"), record.get("data")
            if kind not in (A, AAAA):
                continue
            name = "a" if kind == A else "aaaa"
            address = data.get(name) if isinstance(data, dict) else None
            if not address:
                self.complete = False
                continue
            answer = Answer(packet.number, asked, record.get("name") or asked, f"dns.{name}", asker)
            self._remember(address, answer)

    def _remember(self, address: str, answer: Answer) -> None:
        known = self._answers.get(address)
        if known is None:
            known = self._answers[address] = []
            if len(self._answers) > ADDRESSES_LIMIT:
                self._answers.popitem(last=False)
                self.complete = False
        else:
            self._answers.move_to_end(address)
        same = [one for one in known if one.asker != answer.asker or not same_name(one.asked, answer.asked)]
        known[:] = [*same, answer][-ANSWERS_LIMIT:]

    def gave(self, address: str) -> list[Answer]:
        """The answers with this address, newest last; one for each name and asker."""
        return self._answers.get(address) or []


class Once:
    """Things to be said once in a capture, not on each connection."""

    def __init__(self) -> None:
        self._said: OrderedDict[Hashable, None] = OrderedDict()

    def first(self, thing: Hashable) -> bool:
        """Whether this was not asked about before."""
        if thing in self._said:
            self._said.move_to_end(thing)
            return False
        self._said[thing] = None
        if len(self._said) > SAID_LIMIT:
            self._said.popitem(last=False)
        return True


def same_name(one: str, other: str) -> bool:
    """Whether two names are one for DNS (RFC 4343)."""
    return one.rstrip(".").lower() == other.rstrip(".").lower()

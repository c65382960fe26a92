"""What an analyzer is, and what it is told at the start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from .host import CaptureHost
from .rule import Verdict
from .time_limit import SECONDS

if TYPE_CHECKING:
    from labdissect.dissectors.stack import Place

    from .packet import Packet
    from .tcp.conversation import Conversation
    from .udp import Exchange


class Settings(msgspec.Struct, frozen=True):
    """What the user asked for, as far as analyzers may care."""

    language: str = "en"
    whole_capture: bool = False
    """The input is a FILE that tshark may read twice, not a pipe."""
    subnets: tuple[str, ...] = ()
    """``--subnet``: prefixes of the links that were captured, as ``172.24.58.38/19``."""
    captured_on: str | None = None
    """``--captured-on``: an address of the host that captured."""
    host: CaptureHost = msgspec.field(default_factory=CaptureHost)
    """What is known of the host that captured; one for each input, shared by its analyzers."""
    decode_as: Mapping[Place, str] = msgspec.field(default_factory=dict)
    """``--decode-as``: places such as ``("udp.port", 9000)`` that belong to a plugin's layer of this name."""
    plugin_timeout: float = SECONDS
    """``--plugin-timeout``: seconds that a plugin's code may take at one packet; 0 for no limit. A reader's ``detects`` is
    not watched, nor ``assemble`` and ``irregular`` of a layer that tshark prints, nor anything on Windows."""
    options: dict[str, str] = msgspec.field(default_factory=dict)
    """``--set NAME=VALUE``: a plugin's own options."""


@runtime_checkable
class Analyzer(Protocol):
    """Sees the packets of some layers and finds verdicts.

    ``layers`` are the names whose packets it wants. The engine calls :meth:`analyze` for each packet that has one of
    them (once a packet), after the packet's conversation has taken it in; :meth:`ended` for each conversation that is
    over, by the end of the input or for want of room; :meth:`finish` once, last.
    """

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers whose packets it wants."""

    @property
    def fields(self) -> tuple[str, ...] | None:
        """tshark's names of the fields that it reads, and names of layers of which it may read every field. A capture
        FILE is dissected for these alone, several times as fast; of a layer asked for in part, another field raises
        AttributeError. None: not known, so everything is asked for."""

    @property
    def wants_routine(self) -> bool:
        """Whether it wants every TCP segment: also those that only go on where their connection was
        (``packet.segment.routine``), most of a capture. False where nothing could be said of them."""

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """The verdicts of this packet."""

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """What only the end of a conversation tells."""

    def finish(self) -> Iterable[Verdict] | None:
        """What only the end of the input tells."""


class BaseAnalyzer:
    """Does nothing; analyzers inherit what they do not need."""

    layers: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    wants_routine: bool = True

    def analyze(self, packet: Packet) -> Iterable[Verdict] | None:
        """Nothing."""
        return None

    def ended(self, conversation: Conversation | Exchange) -> Iterable[Verdict] | None:
        """Nothing."""
        return None

    def finish(self) -> Iterable[Verdict] | None:
        """Nothing."""
        return None

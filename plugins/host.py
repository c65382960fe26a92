"""Which host captured: what the user says, else what the packets show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .packet import Packet


class CaptureHost:
    """The host on which the capture was taken, as far as it is known."""

    def sent(self, packet: Packet) -> bool | None:
        """Whether the capturing host sent this packet; None when that is not known."""
        return None

"""What is handed on to tshark as it is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Options(msgspec.Struct, frozen=True):
    """tshark's options that labdissect takes for it."""

    decode_as: Sequence[str] = ()
    """``-d``"""
    preferences: Sequence[str] = ()
    """``-o name:value``"""
    two_passes: bool = False
    """``-2``"""
    display_filter: str | None = None
    """``-Y``: which packets are shown; never given to the tshark whose packets are judged."""

    def any(self) -> bool:
        """Whether there is something that only tshark can do."""
        return self != Options()

    def arguments(self) -> list[str]:
        """As tshark's command line has them."""
        made = ["-2"] if self.two_passes else []
        for rule in self.decode_as:
            made += ["-d", rule]
        for preference in self.preferences:
            made += ["-o", preference]
        return made

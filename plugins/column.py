"""Columns: named values of a packet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from labdissect.dissectors.layer import Text

if TYPE_CHECKING:
    from .packet import Packet


class Column(msgspec.Struct, frozen=True):
    """A value that every packet may have.

    :param name: as ``--columns`` and the output keys have it
    :param title: the heading for people
    :param value: the packet's value; None leaves the cell empty. It is called when an output shows the column.
    :param everywhere: also a key of the EK and PDML layer ``labdissect``
    :param fields: tshark's names of the fields, or of layers, that ``value`` reads; None when that is not known
    """

    name: str
    title: Text
    value: Callable[[Packet], Any]
    everywhere: bool = False
    fields: tuple[str, ...] | None = None

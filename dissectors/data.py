"""Bytes of which Wireshark knows no more than that they are there."""

from __future__ import annotations

from construct import GreedyBytes, Struct

from .layer import Derived, Layer, Text, note

LAYER = Layer(
    name="data",
    title=Text("Data", "数据"),
    source="Wireshark",
    struct=Struct("data" / GreedyBytes * note("the bytes", "字节", "Wireshark")),
    derived=(Derived("len", int, note("how many there are", "字节数")),),
)

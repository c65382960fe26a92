"""A layer that expects something else on the port than the rdt captures have there."""

from construct import Const, GreedyBytes, Int8ub, Int16ub, Struct

from labdissect import Layer, Text, hookimpl

LABNOTE = Layer(
    "labnote",
    Text("LabNote", "实验便条"),
    Struct("magic" / Const(b"LN"), "kind" / Int8ub, "number" / Int16ub, "body" / GreedyBytes),
    over=(("udp.port", 9000),),
)


@hookimpl
def labdissect_layers():
    return [LABNOTE]

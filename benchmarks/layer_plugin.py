"""A plugin with nothing but a layer, for what that costs: a header of eight members over UDP port 9000."""

from construct import FlagsEnum, GreedyBytes, Int8ub, Int16ub, Int32ub, Struct

from labdissect import Layer, Text, hookimpl

LABRATE = Layer(
    "labrate",
    Text("Header to be timed", "计时用首部"),
    Struct(
        "seq" / Int32ub,
        "ack" / Int32ub,
        "flags" / FlagsEnum(Int8ub, syn=1, ack=2, fin=4),
        "reserved" / Int8ub,
        "window" / Int16ub,
        "length" / Int16ub,
        "checksum" / Int16ub,
        "payload" / GreedyBytes,
    ),
    over=(("udp.port", 9000),),
)


@hookimpl
def labdissect_layers():
    return [LABRATE]

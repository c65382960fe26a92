"""The header of layer_plugin.py, read by Construct's compiled parser and thrown away: what the layer is measured by."""

from construct import FlagsEnum, GreedyBytes, Int8ub, Int16ub, Int32ub, Struct

from labdissect import BaseAnalyzer, hookimpl

PARSER = Struct(
    "seq" / Int32ub,
    "ack" / Int32ub,
    "flags" / FlagsEnum(Int8ub, syn=1, ack=2, fin=4),
    "reserved" / Int8ub,
    "window" / Int16ub,
    "length" / Int16ub,
    "checksum" / Int16ub,
    "payload" / GreedyBytes,
).compile()


class Parse(BaseAnalyzer):
    layers = ("udp",)

    def analyze(self, packet):
        PARSER.parse(packet.udp.payload)


@hookimpl
def labdissect_analyzers(settings):
    return [Parse()]

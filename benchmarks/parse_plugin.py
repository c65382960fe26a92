"""The header of layer_plugin.py, read by Construct's compiled parser and thrown away: what the layer is measured by."""

from benchmarks.layer_plugin import LABRATE
from labdissect import BaseAnalyzer, hookimpl

PARSER = LABRATE.struct.compile()


class Parse(BaseAnalyzer):
    layers = ("udp",)

    def analyze(self, packet):
        PARSER.parse(packet.udp.payload)


@hookimpl
def labdissect_analyzers(settings):
    return [Parse()]

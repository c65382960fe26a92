"""A verdict of one's own: which packets the next routers will drop, as traceroute wants."""

from labdissect import BaseAnalyzer, Rule, Text, Verdict, hookimpl

LOW = Rule("lab.low-ttl", "ip", "note", 60, Text("Router {ttl} will drop it.", "第 {ttl} 个路由器将丢弃它。"))


class LowTtl(BaseAnalyzer):
    layers = ("ip",)

    def analyze(self, packet):
        if packet.ip.ttl is not None and packet.ip.ttl < 5:
            yield Verdict(LOW, packet.number, {"ttl": packet.ip.ttl})


@hookimpl
def labdissect_rules():
    return [LOW]


@hookimpl
def labdissect_analyzers(settings):
    return [LowTtl()]

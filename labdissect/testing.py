"""For the tests of plugins: packets made by hand, one plugin run over them or over a capture, its verdicts asserted.

Plain functions, for pytest as for unittest. In ``test_lowttl.py`` beside ``lowttl.py``::

    import lowttl
    from labdissect.testing import assert_verdict, run, udp

    def test_a_probe():
        frames = [udp(b"probe", dport=33434, ttl=1), udp(b"answer", dport=53)]
        result = run(lowttl, frames)
        assert result.codes == {1: ["lab.low-ttl"]}
        assert_verdict(result, 1, "lab.low-ttl", ttl=1)
"""

from __future__ import annotations

from labdissect.bridge.handmade.ek import ek_lines
from labdissect.bridge.handmade.frames import Frame, ethernet, ip, tcp, tcp_connection, udp, write_pcap
from labdissect.bridge.trial import PluginFailed, Result, assert_no_verdict, assert_verdict, run

__all__ = [
    "Frame",
    "PluginFailed",
    "Result",
    "assert_no_verdict",
    "assert_verdict",
    "ek_lines",
    "ethernet",
    "ip",
    "run",
    "tcp",
    "tcp_connection",
    "udp",
    "write_pcap",
]

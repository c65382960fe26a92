"""Other libraries, reading three fields of each packet, as a script in a course would:
``python -m benchmarks.three_fields READER FILE PACKETS``. Fails when the capture has other than so many packets.

The fields: the frame's length, who sent it (IP address), and from which port; of ARP, which has none, its operation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def pyshark(path: str, **options: bool) -> int:
    """pyshark's FileCapture; packets are not kept, which spares it memory."""
    from pyshark import FileCapture

    packets = 0
    capture = FileCapture(path, keep_packets=False, **options)
    for packet in capture:
        packets += 1
        packet.length  # noqa: B018
        if "IP" in packet:
            packet.ip.src  # noqa: B018
            (packet.tcp if "TCP" in packet else packet.udp).srcport  # noqa: B018
        else:
            getattr(packet.arp, "src.proto_ipv4" if options.get("use_json") else "src_proto_ipv4")
            packet.arp.opcode  # noqa: B018
    capture.close()
    return packets


def scapy(path: str) -> int:
    """scapy's PcapReader."""
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.l2 import ARP
    from scapy.utils import PcapReader

    packets = 0
    with PcapReader(path) as capture:
        packet: Any
        for packet in capture:
            packets += 1
            packet.wirelen  # noqa: B018
            if IP in packet:
                packet[IP].src  # noqa: B018
                packet[TCP if TCP in packet else UDP].sport  # noqa: B018
            else:
                packet[ARP].psrc  # noqa: B018
                packet[ARP].op  # noqa: B018
    return packets


READERS: dict[str, Callable[[str], int]] = {
    "pyshark-ek": lambda path: pyshark(path, use_ek=True),
    "pyshark-json": lambda path: pyshark(path, use_json=True),
    "pyshark-xml": pyshark,
    "scapy": scapy,
}

if __name__ == "__main__":
    name, path, packets = sys.argv[1:]
    if (read := READERS[name](path)) != int(packets):
        sys.exit(f"{name} read {read} packets of {path}, which has {packets}")

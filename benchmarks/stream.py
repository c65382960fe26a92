"""EK lines without end, as tshark 4.0 prints small TCP packets, with the fields that rules read most:
``python -m benchmarks.stream PACKETS CONNECTIONS``.

Packets go round the connections, each of which opens, exchanges small segments for as long as the stream lasts, and
never closes, so that memory would show whatever grows with the number of packets.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

BLOCK = 1000
"""Packets made at once."""
DATA = 10
"""Bytes in a segment, once the connection is open."""
FIRST = 1_700_000_000
"""Seconds since 1970, of the first packet; the others follow 0.1 ms apart."""

_MOMENT = '{"index":{"_index":"packets-2023-11-14","_type":"doc"}}\n{"timestamp":"%d","layers":{"frame":{'
_FRAME = (
    '"frame_frame_time_epoch":"%d.%06d000","frame_frame_number":"%d","frame_frame_len":"%d","frame_frame_cap_len":"%d",'
    '"frame_frame_protocols":"eth:ethertype:ip:tcp%s"},'
)
_ENDS = (
    '"eth":{{"eth_eth_dst":"02:00:00:00:00:{to:02x}","eth_eth_src":"02:00:00:00:00:{source:02x}",'
    '"eth_eth_type":"0x0800"}},"ip":{{"ip_ip_version":"4","ip_ip_hdr_len":"20","ip_ip_id":"0x0001","ip_ip_ttl":"64",'
    '"ip_ip_proto":"6","ip_ip_src":"10.0.{source}.1","ip_ip_dst":"10.0.{to}.1",'
)
_PORTS = '"tcp":{{"tcp_tcp_srcport":"{srcport}","tcp_tcp_dstport":"{dstport}","tcp_tcp_stream":"{stream}",'
_NUMBERS = (
    '"tcp_tcp_len":"%d","tcp_tcp_seq":"%d","tcp_tcp_seq_raw":"%d","tcp_tcp_nxtseq":"%d","tcp_tcp_ack":"%d",'
    '"tcp_tcp_ack_raw":"%d","tcp_tcp_hdr_len":"20","tcp_tcp_flags":"%s","tcp_tcp_window_size_value":"65000",'
    '"tcp_tcp_window_size":"65000"}}}\n'
)


def blocks(packets: int, connections: int) -> Iterator[tuple[int, bytes]]:
    """The lines, :data:`BLOCK` packets at once, each block with the number of packets that there are with it."""
    lines = _lines(packets, connections)
    for done in range(0, packets, BLOCK):
        count = min(BLOCK, packets - done)
        yield done + count, "".join(next(lines) for _ in range(count)).encode("ascii")


def _lines(packets: int, connections: int) -> Iterator[str]:
    """Of each packet, its index line and its own."""
    ends = [_ENDS.format(source=1, to=2), _ENDS.format(source=2, to=1)]
    ports = [
        (
            _PORTS.format(srcport=20000 + stream, dstport=9100, stream=stream),
            _PORTS.format(srcport=9100, dstport=20000 + stream, stream=stream),
        )
        for stream in range(connections)
    ]
    next_numbers = [[0, 0] for _ in range(connections)]  # of the client, of the server
    for number in range(1, packets + 1):
        turn, stream = divmod(number - 1, connections)
        sender = turn % 2  # the client begins
        length = 0 if turn < 3 else DATA
        seq, ack = next_numbers[stream][sender], next_numbers[stream][1 - sender] if turn else 0
        following = seq + length & 0xFFFFFFFF
        next_numbers[stream][sender] = following + 1 if turn < 2 else following  # a SYN takes a number, too
        flags = ("0x0002", "0x0012", "0x0010")[turn] if turn < 3 else "0x0018"
        seconds, ticks = divmod(number, 10_000)
        micros, size, data = ticks * 100, 54 + length, ":data" if length else ""
        yield "".join(
            (
                _MOMENT % ((FIRST + seconds) * 1000 + micros // 1000),
                _FRAME % (FIRST + seconds, micros, number, size, size, data),
                ends[sender],
                f'"ip_ip_len":"{size - 14}"}},',
                ports[stream][sender],
                _NUMBERS % (length, seq, seq, following, ack, ack, flags),
            )
        )


if __name__ == "__main__":
    try:
        for _, block in blocks(int(sys.argv[1]), int(sys.argv[2])):
            sys.stdout.buffer.write(block)
    except BrokenPipeError:
        sys.stderr.close()

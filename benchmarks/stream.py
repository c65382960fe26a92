"""EK lines without end, as tshark 4.0 prints small TCP packets: ``python -m benchmarks.stream PACKETS CONNECTIONS``.

Packets go round the connections, each of which opens, exchanges small segments for as long as the stream lasts, and
never closes, so that memory would show whatever grows with the number of packets.
"""

from __future__ import annotations

import sys

INDEX = '{"index":{"_index":"packets-2023-11-14","_type":"doc"}}\n'
LINE = (
    '{{"timestamp":"{milliseconds}","layers":{{"frame":{{"frame_frame_time_epoch":"{seconds}.{micros:06d}000",'
    '"frame_frame_number":"{number}","frame_frame_len":"66","frame_frame_cap_len":"66",'
    '"frame_frame_protocols":"eth:ethertype:ip:tcp:data"}},'
    '"eth":{{"eth_eth_dst":"02:00:00:00:00:0b","eth_eth_src":"02:00:00:00:00:0a","eth_eth_type":"0x0800"}},'
    '"ip":{{"ip_ip_version":"4","ip_ip_hdr_len":"20","ip_ip_len":"52","ip_ip_id":"0x0001","ip_ip_ttl":"64",'
    '"ip_ip_proto":"6","ip_ip_src":"10.0.{c}.1","ip_ip_dst":"10.0.{d}.1"}},'
    '"tcp":{{"tcp_tcp_srcport":"{sport}","tcp_tcp_dstport":"{dport}","tcp_tcp_stream":"{stream}","tcp_tcp_len":"{length}",'
    '"tcp_tcp_seq":"{seq}","tcp_tcp_seq_raw":"{seq}","tcp_tcp_nxtseq":"{next}","tcp_tcp_ack":"{ack}",'
    '"tcp_tcp_ack_raw":"{ack}","tcp_tcp_hdr_len":"20","tcp_tcp_flags":"{flags}","tcp_tcp_window_size_value":"65000",'
    '"tcp_tcp_window_size":"65000"}}}}}}\n'
)


def main(packets: int, connections: int) -> None:
    """Prints the lines."""
    write = sys.stdout.write
    position = [[0, 0] for _ in range(connections)]  # next number of the client, of the server
    for number in range(1, packets + 1):
        stream = (number - 1) % connections
        turn = (number - 1) // connections
        ours = position[stream]
        client = turn % 2 == 0
        length = 0 if turn < 3 else 10
        flags = ("0x0002", "0x0012", "0x0010")[turn] if turn < 3 else "0x0018"
        mine, theirs = (0, 1) if client else (1, 0)
        seq = ours[mine]
        ours[mine] += length + (1 if turn < 2 else 0)
        microseconds = number * 100
        write(INDEX)
        write(
            LINE.format(
                milliseconds=1_700_000_000_000 + microseconds // 1000,
                seconds=1_700_000_000 + microseconds // 1_000_000,
                micros=microseconds % 1_000_000,
                number=number,
                c=1 if client else 2,
                d=2 if client else 1,
                sport=20000 + stream if client else 9100,
                dport=9100 if client else 20000 + stream,
                stream=stream,
                length=length,
                seq=seq % 2**32,
                next=ours[mine] % 2**32,
                ack=ours[theirs] % 2**32 if turn else 0,
                flags=flags,
            )
        )


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except BrokenPipeError:
        sys.stderr.close()

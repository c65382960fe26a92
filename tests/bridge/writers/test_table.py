from __future__ import annotations

import io
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given

from labdissect.bridge.escape import width
from labdissect.bridge.writers.closing_words import TOLD
from labdissect.dissectors.layer import Text
from labdissect.plugins.rule import Rule, Verdict
from labdissect.plugins.writer import Record, Summary, WriterSettings
from tests.bridge.test_escape import HOSTILE
from tests.bridge.written import fake_packet, unsafe_characters, written
from tests.conftest import built_in, ek

COLORS = re.compile(r"\x1b\[(?:[0-9];)?[0-9]{1,2}m")


def table(name: str, columns: int, **settings: Any) -> list[str]:
    return written(ek(name), "table", width=columns, **settings).decode().splitlines()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("columns", [60, 80, 120, 160, 200])
@pytest.mark.parametrize("name", ["seed-stack-web", "ipv6-ndp-ping", "tunnel-gre", "icmp-redirect", "tcp-lost-fin"])
def test_no_line_is_wider_than_the_terminal(name: str, columns: int, language: str) -> None:
    assert max(map(width, table(name, columns, language=language))) <= columns


def test_a_wide_terminal_has_the_verdict_in_a_column_of_its_own() -> None:
    lines = table("tcp-four-way-close", 200)
    begin = lines[0].index("Verdict")
    assert lines[1][begin:].startswith("Handshake 1 of 3")
    continued = [line for line in lines[1:] if line.startswith(" " * begin)]
    assert continued and all(line[begin] != " " for line in continued)


def test_a_narrow_terminal_has_the_verdict_below() -> None:
    lines = table("tcp-four-way-close", 80)
    assert "Verdict" not in lines[0]
    assert lines[1].split()[:2] == ["1", "0.000000"]
    assert lines[2].strip() == "SYN-SENT / LISTEN"
    assert lines[3].startswith("       Handshake 1 of 3")


def test_every_packet_has_its_number_time_and_ends() -> None:
    lines = [line for line in table("tcp-two-connections", 200) if re.match(r" *\d+ +\d+\.\d{6} ", line)]
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert all(re.search(r"10\.0\.0\.\d:\d+ → 10\.0\.0\.\d:\d+", line) for line in lines)


def test_states_are_not_repeated_for_the_same_connection() -> None:
    """Two connections side by side: each has a ditto mark of its own."""
    lines = table("tcp-two-connections", 200)
    assert sum("ESTABLISHED / ESTABLISHED" in line for line in lines) == 2
    assert sum("″" in line for line in lines) > 4


def test_info_is_wiresharks_without_the_ports_that_stand_beside_it() -> None:
    lines = written(ek("http-get", "-P", "-V"), "table", width=200).decode().splitlines()
    assert "[SYN] Seq=0 Win=" in lines[1]
    assert not any(re.search(r"\d+ → \d+ \[", line) for line in lines)
    assert any("GET / HTTP/1.1" in line or "GET /" in line for line in lines)


def test_without_color_there_is_no_escape_sequence() -> None:
    assert not any("\x1b" in line for line in table("tcp-linger0-abort", 120))


def test_color_changes_nothing_but_color() -> None:
    for columns in (80, 200):
        painted = table("tcp-linger0-abort", columns, color=True)
        assert any("\x1b[31m" in line for line in painted), "a reset is red"
        assert [COLORS.sub("", line).rstrip() for line in painted] == table("tcp-linger0-abort", columns)


def test_the_end_tells_the_connection_in_words() -> None:
    text = " ".join(line.strip() for line in table("tcp-keepalive", 200)[-2:])
    assert "opened by three-way handshake in 6.65 ms, closed by the client (four-way)" in text
    assert "10 bytes from the client, 11 bytes from the server" in text
    assert "3 keep-alives" in text
    chinese = "".join(table("tcp-keepalive", 400, language="zh")[-1:])
    assert "经三次握手建立，用时 6.65 ms，由客户端发起四次挥手关闭" in chinese
    assert "客户端发送 10 字节，服务器发送 11 字节" in chinese
    assert "保活探测 3 次" in chinese


def test_verdicts_of_the_end_name_their_frame() -> None:
    assert any(line.startswith("  Frame 12: The capture ends without") for line in table("tcp-cut-off-end", 200))
    assert any(line.startswith("  第 12 帧：") for line in table("tcp-cut-off-end", 200, language="zh"))


def test_what_was_not_shown_is_counted() -> None:
    out = io.BytesIO()
    writer = built_in().writers["table"].make(out, WriterSettings())
    writer.end(Summary(packets=1200, shown=3), ())
    assert out.getvalue() == b"1,200 packets, 3 shown.\n"


def test_nothing_to_show() -> None:
    assert written(b'{"index":{}}\n', "table").decode() == "0 packets.\n"


def test_files_have_a_heading() -> None:
    assert table("arp-gratuitous", 80, file="a\x1b.pcapng")[0] == "── a\\x1b.pcapng ──"


def many_connections(count: int) -> bytes:
    """EK of SYNs from as many ports."""
    line = (
        '{{"timestamp":"{ms}","layers":{{"frame":{{"frame_frame_number":"{n}","frame_frame_len":"60",'
        '"frame_frame_time_epoch":"{n}.000000000","frame_frame_protocols":"eth:ethertype:ip:tcp"}},'
        '"ip":{{"ip_ip_src":"10.0.0.1","ip_ip_dst":"10.0.0.2"}},"tcp":{{"tcp_tcp_srcport":"{n}",'
        '"tcp_tcp_dstport":"80","tcp_tcp_stream":"{n}","tcp_tcp_seq":"0","tcp_tcp_seq_raw":"7",'
        '"tcp_tcp_flags":"0x0002","tcp_tcp_len":"0","tcp_tcp_window_size_value":"1"}}}}}}\n'
    )
    return "".join(line.format(n=number, ms=number * 1000) for number in range(1, count + 1)).encode()


def test_of_thousands_of_connections_the_first_are_told_and_the_rest_counted() -> None:
    lines = written(many_connections(6000), "table", width=200).decode().splitlines()
    told = [line for line in lines if line.startswith("TCP ")]
    assert len(told) == TOLD
    assert any(line.startswith("5,980 more connections: 5,980 never answered") for line in lines)
    closing = lines[next(index for index, line in enumerate(lines) if line.startswith("6,000 packets")) :]
    assert len(closing) < 4 * TOLD


def test_columns_only_grow_while_packets_stream_in() -> None:
    """Handed over line by line, the table is the same but for the widths."""
    data = ek("tcp-four-way-close")
    whole = written(data, "table", width=120).decode().split()
    assert written(data, "table", width=120, chunk=1000).decode().split() == whole


RULE = Rule("test.table", "tcp", "note", 50, Text("{said}", "{said}"))


@given(HOSTILE, HOSTILE)
@pytest.mark.parametrize("columns", [60, 200])
def test_hostile_text_never_acts_on_the_terminal(columns: int, said: str, info: str) -> None:
    out = io.BytesIO()
    writer = built_in().writers["table"].make(out, WriterSettings(width=columns, color=True, file=said))
    verdicts = [Verdict(RULE, 1, {"said": said})]
    writer.packet(Record(b""), fake_packet(info=info, source=said), verdicts)
    writer.end(Summary(packets=1, shown=1), verdicts)
    assert not list(unsafe_characters(COLORS.sub("", out.getvalue().decode())))


def test_rows_of_a_batch_stay_in_order() -> None:
    numbers = [int(line.split()[0]) for line in table("seed-web", 200) if re.match(r" *\d+ +\d+\.\d{6} ", line)]
    assert all(one < other for one, other in pairwise(numbers)) and numbers[-1] == 2125

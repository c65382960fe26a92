from __future__ import annotations

import pytest

from labdissect.plugins.tcp.conversation import Conversation
from labdissect.plugins.tcp.zeek import (
    CLOSED,
    ESTABLISHED,
    INACTIVE,
    PARTIAL,
    RESET,
    SYN_ACK_SENT,
    SYN_SENT,
    ZeekConnection,
    conn_state,
    sender_is_server,
)
from tests.conftest import judged


@pytest.mark.parametrize(
    ("originator", "responder", "history", "expected"),
    [
        (SYN_SENT, RESET, "Sr", "REJ"),
        (SYN_ACK_SENT, RESET, "Hr", "REJ"),
        (RESET, RESET, "ShRr", "REJ"),
        (RESET, RESET, "ShADRr", "RSTR"),
        (INACTIVE, RESET, "r", "RSTRH"),
        (PARTIAL, RESET, "Ar", "RSTRH"),
        (ESTABLISHED, RESET, "ShADr", "RSTR"),
        (RESET, INACTIVE, "SR", "RSTOS0"),
        (RESET, INACTIVE, "SAR", "OTH"),
        (RESET, PARTIAL, "DaR", "OTH"),
        (RESET, ESTABLISHED, "ShAR", "RSTO"),
        (CLOSED, CLOSED, "ShAFaf", "SF"),
        (CLOSED, INACTIVE, "SAF", "SH"),
        (CLOSED, ESTABLISHED, "ShAF", "S2"),
        (INACTIVE, CLOSED, "haf", "SHR"),
        (ESTABLISHED, CLOSED, "ShAf", "S3"),
        (SYN_SENT, INACTIVE, "S", "S0"),
        (ESTABLISHED, ESTABLISHED, "ShA", "S1"),
        (PARTIAL, PARTIAL, "Dd", "OTH"),
    ],
)
def test_conn_state_is_the_first_row_that_fits(originator: int, responder: int, history: str, expected: str) -> None:
    assert conn_state(originator, responder, history) == expected


@pytest.mark.parametrize(
    ("name", "expected", "history"),
    [
        ("tcp-four-way-close", "SF", "ShADadFf"),
        ("tcp-server-closes-first", "SF", "ShADadfF"),
        ("tcp-close-unread-data", "RSTR", "ShADar"),
        ("tcp-linger0-abort", "RSTO", "ShADadR"),
        ("tcp-rst-closed-port", "REJ", "Sr"),
        ("tcp-syn-no-answer", "S0", "S"),
        ("tcp-cut-off-end", "S1", "ShADad"),
        ("tcp-one-sided", "SH", "SADF"),
        ("tcp-rto", "SF", "ShADadTFf"),
        ("tcp-mid-capture", "SF", "DdFafA"),
        ("tcp-zero-window", "SF", "ShADawFf"),
    ],
)
def test_real_connections(name: str, expected: str, history: str) -> None:
    (connection,) = judged(name).conversations
    assert isinstance(connection, Conversation)
    assert (connection.conn_state, connection.history) == (expected, history)


def test_a_letter_is_recorded_again_only_when_its_number_changes() -> None:
    zeek = ZeekConnection()
    for number in (0, 0, 7):
        zeek.record_change("S", 0, number)
    assert zeek.history == "SS"
    zeek.record("D", 0)
    zeek.record("D", 0)
    zeek.record("D", 1)
    assert zeek.history == "SSDd"


def test_counted_letters_come_on_the_1st_10th_100th_occasion() -> None:
    zeek = ZeekConnection()
    for _ in range(100):
        zeek.record_count("T", 1)
    assert zeek.history == "ttt"


def test_a_fin_then_rst_then_the_peers_fin_is_closed_again() -> None:
    zeek = ZeekConnection()
    zeek.control(0, syn=True, ack=False, fin=False, rst=False)
    zeek.control(1, syn=True, ack=True, fin=False, rst=False)
    zeek.control(0, syn=False, ack=True, fin=True, rst=False)
    zeek.control(0, syn=False, ack=True, fin=False, rst=True)
    assert zeek.states == [RESET, ESTABLISHED]
    zeek.control(1, syn=False, ack=True, fin=True, rst=False)
    assert zeek.states == [CLOSED, CLOSED]


def test_ports_tell_the_server_where_the_syn_is_missing() -> None:
    assert sender_is_server(80, 50000)
    assert not sender_is_server(50000, 80)
    assert not sender_is_server(50000, 50001)
    assert sender_is_server(80, 8080)

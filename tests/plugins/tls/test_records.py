"""What follows the hellos: openssl's client and server in tls12 and tls13, whose plain request had 18 bytes."""

from __future__ import annotations

import pytest

from labdissect.plugins.rule import render
from labdissect.plugins.tls.records import after_the_hellos
from labdissect.plugins.tls.session import CLIENT, SERVER, TLS_1_2, TLS_1_3, Session
from tests.conftest import judged


def test_every_message_of_the_clear_handshake_has_its_verdict() -> None:
    flight = ["tls.certificate", "tls.key-exchange", "tls.handshake"]
    assert [code for code in judged("tls12").codes(6) if code in flight] == flight
    assert {"tls.key-exchange", "tls.change-cipher-spec", "tls.finished"} <= set(judged("tls12").codes(8))
    assert {"tls.session-ticket", "tls.change-cipher-spec", "tls.finished"} <= set(judged("tls12").codes(9))


def test_the_certificate_says_whose_it_is() -> None:
    params = judged("tls12").verdict(6, "tls.certificate").params
    assert params["subject"] == params["issuer"] == "www.lab.test"
    assert params["until"] == "2026-12-21"
    assert "7200" in str(judged("tls12").verdict(9, "tls.session-ticket").evidence)


@pytest.mark.parametrize(
    ("capture", "frame", "added"), [("tls12", 10, 24), ("tls13", 9, 17), ("built/application-resumption", 26, 24)]
)
def test_the_size_of_the_data_shows(capture: str, frame: int, added: int) -> None:
    """``GET / HTTP/1.0`` and two line ends."""
    params = judged(capture).verdict(frame, "tls.application-data").params
    assert (params["plain"], params["added"]) == (18, added)


def test_a_finished_is_known_by_place_and_size() -> None:
    old, new = judged("tls12"), judged("tls13")
    assert [old.verdict(frame, "tls.finished").params["length"] for frame in (8, 9)] == [40, 40]
    assert "4 + 48 (the hash) + 17 of encryption = 69 bytes" in render(new.verdict(8, "tls.finished"))
    hidden = new.verdict(6, "tls.handshake-hidden")
    assert (hidden.wording, hidden.params["count"]) == ("server-finished", 4)


def test_what_tls_1_3_hides_is_not_claimed() -> None:
    found = judged("tls13")
    assert [found.verdict(frame, "tls.session-ticket").wording for frame in (10, 11)] == ["perhaps", "perhaps-again"]
    assert not {"tls.certificate", "tls.key-exchange"} & {
        code for frame in found.verdicts for code in found.codes(frame)
    }
    assert found.codes(18)[:1] != ["tls.session-ticket"]


def test_a_session_that_is_resumed_begins_with_the_servers_finished() -> None:
    found = judged("built/application-resumption")
    assert found.verdict(23, "tls.finished").params["who"] == "server"
    assert found.verdict(25, "tls.finished").params["who"] == "client"


class Layer:
    """The members of a TLS layer that are read here."""

    handshake_certificate = handshake_session_ticket_lifetime_hint = None

    def __init__(self, types: list[int], lengths: list[int], messages: list[int] | None = None) -> None:
        self.record_content_type, self.record_length, self.handshake_type = types, lengths, messages


class Numbered:
    number = 9


def codes(session: Session, layer: Layer, side: int) -> list[tuple[str, str]]:
    found = list(after_the_hellos(Numbered(), session, layer, side))  # type: ignore[arg-type]
    for verdict in found:
        assert render(verdict) and render(verdict, "zh")
    return [(verdict.rule.code, verdict.wording) for verdict in found]


def session(version: int | None, suite: str = "TLS_AES_128_GCM_SHA256") -> Session:
    return Session(hello=1, version=version, suite=suite, answer=2)


def test_data_before_the_server_hello_is_early() -> None:
    assert codes(Session(hello=1), Layer([20, 23], [1, 100]), CLIENT) == [
        ("tls.change-cipher-spec", "unsure"),
        ("tls.application-data", "early"),
    ]


def test_a_client_certificate_comes_before_the_finished() -> None:
    """4 + 32 + 17 = 53 bytes are the Finished; what follows is data."""
    found = codes(session(TLS_1_3), Layer([23, 23, 23, 23], [900, 300, 53, 60]), CLIENT)
    assert found == [("tls.finished", "1.3"), ("tls.application-data", "1.3")]
    found = codes(session(TLS_1_3), Layer([23, 23], [900, 300]), CLIENT)
    assert found == [("tls.handshake-hidden", "client")]


def test_the_server_may_go_on_before_the_clients_finished() -> None:
    one = session(TLS_1_3)
    assert codes(one, Layer([23], [900]), SERVER) == [("tls.handshake-hidden", "server")]
    assert codes(one, Layer([23], [53]), SERVER) == [("tls.handshake-hidden", "more")]


def test_where_the_cipher_hides_the_size_none_is_told() -> None:
    one = session(TLS_1_2, "TLS_RSA_WITH_AES_128_CBC_SHA")
    assert codes(one, Layer([22], [130], [16]), CLIENT) == [("tls.key-exchange", "client-rsa")]
    assert codes(one, Layer([20, 22], [1, 64]), CLIENT) == [("tls.change-cipher-spec", ""), ("tls.finished", "")]
    assert codes(one, Layer([23, 23], [64, 64]), CLIENT) == [("tls.application-data", "unsized")]
    assert codes(one, Layer([23], [64]), CLIENT) == [("tls.application-data", "unsized-again")]
    assert codes(one, Layer([22], [64]), CLIENT) == [("tls.handshake-hidden", "later")]


def test_a_mid_capture_session_is_not_guessed_at() -> None:
    assert codes(Session(), Layer([23], [500]), SERVER) == [("tls.application-data", "unsized")]


@pytest.mark.parametrize("message", [0, 4, 11, 12, 13, 14, 15, 16, 22])
def test_every_message_can_be_said_of_both_sides(message: int) -> None:
    for side in (CLIENT, SERVER):
        assert len(codes(session(TLS_1_2), Layer([22], [50], [message]), side)) == 1

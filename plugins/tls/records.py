"""What follows the hellos: the rest of the handshake in the clear, and records that are encrypted.

What an encrypted record is, its type tells up to TLS 1.2. TLS 1.3 calls them all Application Data: there only the place
and the size can tell, and where they cannot, the verdict says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.dissectors.x509 import certificate
from labdissect.plugins.rule import Evidence, Verdict

from .record_rules import (
    APPLICATION_DATA,
    CERTIFICATE,
    CHANGE_CIPHER_SPEC,
    FINISHED,
    HANDSHAKE,
    HANDSHAKE_HIDDEN,
    KEY_EXCHANGE,
    SESSION_TICKET,
)
from .session import CLIENT, SERVER, TLS_1_2, TLS_1_3, Session

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Header
    from labdissect.plugins.packet import Packet

CHANGE_CIPHER_SPEC_RECORD, HANDSHAKE_RECORD, APPLICATION_DATA_RECORD = 20, 22, 23
SHOWN = 80
"""Characters of captured text in a verdict."""
SHOWN_RECORDS = 8
"""Records of one packet that are evidence."""

HELLO_REQUEST, TICKET, CERTIFICATE_MESSAGE, SERVER_KEY, CERTIFICATE_REQUEST = 0, 4, 11, 12, 13
HELLO_DONE, CERTIFICATE_VERIFY, CLIENT_KEY, CERTIFICATE_STATUS = 14, 15, 16, 22
VERIFY_DATA_1_2 = 12
"""Bytes of the value in a Finished of TLS 1.2 (RFC 5246 §7.4.9)."""
MESSAGE_HEADER, TRUE_TYPE, TAG, NONCE = 4, 1, 16, 8
"""Bytes: of a handshake message's header; of the type that TLS 1.3 hides behind the content; that an AEAD adds for
authentication; of AES-GCM's and AES-CCM's nonce in each record of TLS 1.2 (RFC 5288 §3)."""
TICKET_SIZES = range(60, 1200)
"""Bytes of a record in which a session ticket of TLS 1.3 may hide; shorter ones have no room for one."""


def after_the_hellos(packet: Packet, session: Session, header: Header, side: int) -> Iterator[Verdict]:
    """The verdicts of one TLS layer's messages and records, the hellos and alerts excepted.

    :param side: who sends, :data:`CLIENT` or :data:`SERVER`
    """
    number = packet.number
    for message in header.handshake_type or ():
        read = _IN_THE_CLEAR.get(message)
        if read is not None:
            yield from read(number, session, header, side)
    types, lengths = header.record_content_type or [], header.record_length or []
    hidden: list[int] = []
    for kind, length in zip(types, lengths, strict=False):
        if kind == CHANGE_CIPHER_SPEC_RECORD and session.changed[side] is None:
            session.changed[side] = number
            yield _change_cipher_spec(number, session, side)
        elif kind == HANDSHAKE_RECORD and session.changed[side] is not None:
            yield _encrypted_message(number, session, length, side)
        elif kind == APPLICATION_DATA_RECORD:
            hidden.append(length)
    if hidden:
        yield from _application_data(number, session, hidden, side)


def _who(side: int) -> str:
    return ("client", "server")[side]


def _message(number: int, kind: int) -> tuple[Evidence, ...]:
    return (Evidence(number, "tls.handshake.type", kind),)


# -- in the clear -----------------------------------------------------------------------------------------------------


def _certificate(number: int, session: Session, header: Header, side: int) -> Iterator[Verdict]:
    """A Certificate message: of TLS 1.2 at most, as that of 1.3 is encrypted."""
    chain = header.handshake_certificate
    found = certificate(chain[0]) if chain else None
    params: dict[str, Any] = {"who": _who(side)}
    evidence = _message(number, CERTIFICATE_MESSAGE)
    if found is None:
        yield Verdict(CERTIFICATE, number, params, evidence, "unread" if chain is None else "none")
        return
    names = [one for one in found.names if one != found.subject]
    params |= {
        "subject": _short(found.subject or "?"),
        "issuer": _short(found.issuer or "?"),
        "until": found.until or "?",
        "count": len(chain),
        "names": _short(", ".join(names)),
    }
    wording = "self" if found.self_issued else "issued"
    yield Verdict(CERTIFICATE, number, params, evidence, f"{wording}-names" if names else wording)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _key_exchange(number: int, session: Session, header: Header, side: int) -> Iterator[Verdict]:
    """Server or Client Key Exchange."""
    evidence = _message(number, CLIENT_KEY if side == CLIENT else SERVER_KEY)
    wording = "server" if side == SERVER else "client-rsa" if session.suite.startswith("TLS_RSA_") else "client"
    yield Verdict(KEY_EXCHANGE, number, {}, evidence, wording)


def _ticket(number: int, session: Session, header: Header, side: int) -> Iterator[Verdict]:
    lifetime = header.handshake_session_ticket_lifetime_hint
    evidence = _message(number, TICKET)
    if lifetime:
        evidence = (Evidence(number, "tls.handshake.session_ticket_lifetime_hint", lifetime),)
    yield Verdict(SESSION_TICKET, number, {"lifetime": float(lifetime or 0)}, evidence, "" if lifetime else "untimed")


def _plain(kind: int, wording: str) -> Callable[[int, Session, Header, int], Iterator[Verdict]]:
    """A message of which there is nothing to say but what it is for."""

    def read(number: int, session: Session, header: Header, side: int) -> Iterator[Verdict]:
        yield Verdict(HANDSHAKE, number, {"who": _who(side)}, _message(number, kind), wording)

    return read


_IN_THE_CLEAR: dict[int, Callable[[int, Session, Header, int], Iterator[Verdict]]] = {
    CERTIFICATE_MESSAGE: _certificate,
    SERVER_KEY: _key_exchange,
    CLIENT_KEY: _key_exchange,
    TICKET: _ticket,
    HELLO_REQUEST: _plain(HELLO_REQUEST, "hello-request"),
    CERTIFICATE_REQUEST: _plain(CERTIFICATE_REQUEST, "certificate-request"),
    HELLO_DONE: _plain(HELLO_DONE, "hello-done"),
    CERTIFICATE_VERIFY: _plain(CERTIFICATE_VERIFY, "certificate-verify"),
    CERTIFICATE_STATUS: _plain(CERTIFICATE_STATUS, "certificate-status"),
}


# -- encrypted, by the type that is told ------------------------------------------------------------------------------


def _change_cipher_spec(number: int, session: Session, side: int) -> Verdict:
    evidence = (Evidence(number, "tls.record.content_type", CHANGE_CIPHER_SPEC_RECORD),)
    # the client of TLS 1.3 may send it before the Server Hello has come (RFC 8446 §D.4)
    new = session.version == TLS_1_3
    wording = "1.3" if new else "unsure" if session.version is None else ""
    return Verdict(CHANGE_CIPHER_SPEC, number, {"who": _who(side)}, evidence, wording)


def _encrypted_message(number: int, session: Session, length: int, side: int) -> Verdict:
    """An encrypted handshake message up to TLS 1.2: the first after Change Cipher Spec is Finished."""
    params: dict[str, Any] = {"who": _who(side), "length": length}
    evidence: tuple[Evidence, ...] = (Evidence(number, "tls.record.length", length),)
    if session.finished[side] is not None:
        return Verdict(HANDSHAKE_HIDDEN, number, params, evidence, "later")
    session.finished[side] = number
    evidence = (
        Evidence(session.changed[side] or number, "tls.record.content_type", CHANGE_CIPHER_SPEC_RECORD),
        *evidence,
    )
    added = _added(session)
    if added is not None and length == MESSAGE_HEADER + VERIFY_DATA_1_2 + added:
        params["added"] = added
        return Verdict(FINISHED, number, params, evidence, "sized")
    return Verdict(FINISHED, number, params, evidence)


def _added(session: Session) -> int | None:
    """Bytes that encryption adds to each record; None where they depend on the record."""
    suite = session.suite
    tag = TAG // 2 if suite.endswith("CCM_8") else TAG
    if session.version == TLS_1_3:
        return tag + TRUE_TYPE if suite else None
    if session.version != TLS_1_2:
        return None
    if "_GCM_" in suite or "_CCM" in suite:
        return tag + NONCE
    return tag if "CHACHA20" in suite else None


# -- Application Data, true and pretended -----------------------------------------------------------------------------


def _application_data(number: int, session: Session, lengths: Sequence[int], side: int) -> Iterator[Verdict]:
    """The records of type 23 in one packet."""
    if session.version == TLS_1_3 and session.finished[CLIENT] is None:
        handshake = len(lengths) if side == SERVER else _client_finishes(number, session, lengths)
        if handshake:
            yield _hidden(number, session, lengths[:handshake], side)
        lengths = lengths[handshake:]
    if lengths:
        yield _data(number, session, lengths, side)


def _client_finishes(number: int, session: Session, lengths: Sequence[int]) -> int:
    """How many of the client's first encrypted records belong to the handshake: up to the one of the size that its
    Finished has, else all of them."""
    session.finished[CLIENT] = number
    size = _finished_size(session)
    return lengths.index(size) + 1 if size in lengths else len(lengths)


def _finished_size(session: Session) -> int | None:
    """Bytes of the record with a Finished in TLS 1.3, whose value is as long as the suite's hash (RFC 8446 §4.4.4)."""
    added, digest = _added(session), _digest(session)
    return None if added is None or digest is None else MESSAGE_HEADER + digest + added


def _digest(session: Session) -> int | None:
    """Bytes of the hash that the suite's name ends with, or that of CCM."""
    suite = session.suite
    return 48 if suite.endswith("SHA384") else 32 if suite.endswith(("SHA256", "CCM_SHA256", "CCM", "CCM_8")) else None


def _hidden(number: int, session: Session, lengths: Sequence[int], side: int) -> Verdict:
    """Handshake messages of TLS 1.3, which travel as Application Data."""
    params: dict[str, Any] = {"who": _who(side), "count": len(lengths), "size": sum(lengths), "hello": session.answer}
    evidence = tuple(Evidence(number, "tls.record.length", length) for length in lengths[:SHOWN_RECORDS])
    size = _finished_size(session)
    if side == CLIENT:
        if lengths[-1] == size:
            params |= {"length": size, "digest": _digest(session), "added": _added(session)}
            return Verdict(FINISHED, number, params, evidence, "1.3")
        return Verdict(HANDSHAKE_HIDDEN, number, params, evidence, "client")
    if "flight" in session.said:
        return Verdict(HANDSHAKE_HIDDEN, number, params, evidence, "more")
    session.said.add("flight")
    if lengths[-1] == size:
        session.finished[SERVER] = number
        params |= {"length": size, "digest": _digest(session), "added": _added(session)}
        return Verdict(HANDSHAKE_HIDDEN, number, params, evidence, "server-finished")
    return Verdict(HANDSHAKE_HIDDEN, number, params, evidence, "server")


def _data(number: int, session: Session, lengths: Sequence[int], side: int) -> Verdict:
    """What an application sends, or what passes for it."""
    size, added = sum(lengths), _added(session)
    params: dict[str, Any] = {"who": _who(side), "size": size, "count": len(lengths)}
    evidence = tuple(Evidence(number, "tls.record.length", length) for length in lengths[:SHOWN_RECORDS])
    if session.version is None and side == CLIENT and session.hello is not None:
        return Verdict(APPLICATION_DATA, number, {**params, "hello": session.hello}, evidence, "early")
    if session.version == TLS_1_3 and side == SERVER:
        wording = _perhaps_a_ticket(session, lengths)
        if wording:
            said = {"length": lengths[0], "finished": session.finished[CLIENT]}
            return Verdict(SESSION_TICKET, number, said, evidence, wording)
    if added is None or size <= added * len(lengths):
        return Verdict(APPLICATION_DATA, number, params, evidence, _first(session, "unsized"))
    params |= {"plain": size - added * len(lengths), "added": added}
    kind = "1.3" if session.version == TLS_1_3 else ""
    return Verdict(APPLICATION_DATA, number, params, evidence, _first(session, kind))


def _perhaps_a_ticket(session: Session, lengths: Sequence[int]) -> str:
    """Whether the server's first record after the handshake, or one just as long behind it, may hold a session ticket:
    the wording."""
    first = "ticket" not in session.said
    session.said.add("ticket")
    if session.finished[CLIENT] is None:
        return ""
    again = session.ticket == lengths[0]
    session.ticket = lengths[0] if first and len(lengths) == 1 and lengths[0] in TICKET_SIZES else None
    return "perhaps" if first and lengths[0] in TICKET_SIZES else "perhaps-again" if again else ""


def _first(session: Session, wording: str) -> str:
    """The wording that explains, once for a connection; later ones are short."""
    if "application data" in session.said:
        return f"{wording}-again" if wording else "again"
    session.said.add("application data")
    return wording

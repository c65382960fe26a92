"""Reads the records of TLS in a packet: hellos, certificates, alerts, and how the session began and ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labdissect.plugins.rule import Evidence, Verdict
from labdissect.plugins.tcp.conversation import Segment
from labdissect.plugins.tcp.message import Carrier, reassembled

from .names import ALERTS, SIGNALS, SUITES, is_grease, suite_name, version_name
from .records import after_the_hellos
from .rules import ALERT, ALERT_CLOSE, CERTIFICATE_HIDDEN, RESUMED, SNI, SUITE, VERSION
from .session import CLIENT, SERVER, TLS_1_3, Session

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Header
    from labdissect.plugins.packet import Packet

CLIENT_HELLO, SERVER_HELLO = 1, 2
ALERT_RECORD = 21
PRE_SHARED_KEY = 41
RECORD_HEADER = 5
ENCRYPTED_ALERT = 19
"""Bytes of an alert in TLS 1.3: level and description, the true type, the tag of nearly all its suites."""
FATAL = 2
ABOUT_CERTIFICATES = frozenset({41, 42, 43, 44, 45, 46, 48})
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a Server Hello that is a Hello Retry Request (RFC 8446 §4.1.3)."""
LONGEST = 80
"""Characters of captured text in a verdict."""


def records_of(packet: Packet, segment: Segment, session: Session, carrier: Carrier) -> Iterator[Verdict]:
    """The verdicts of a packet in which records of TLS end."""
    headers = packet.all("tls")
    side, who = (CLIENT, "client") if segment.from_client else (SERVER, "server")
    for header in headers:
        types = header.handshake_type or ()
        if CLIENT_HELLO in types and header.handshake_ciphersuite:
            yield from _client_hello(packet, session, header)
        elif SERVER_HELLO in types and header.handshake_ciphersuite:
            yield from _server_hello(packet, session, header)
        yield from after_the_hellos(packet, session, header, side)
        if ALERT_RECORD in (header.record_content_type or ()):
            yield _alert(packet, session, header, who)
    yield from _carried(packet, segment, session, carrier, headers)


def _carried(
    packet: Packet, segment: Segment, session: Session, carrier: Carrier, headers: list[Header]
) -> Iterator[Verdict]:
    """Which segments carried each record."""
    sizes = [RECORD_HEADER + length for header in headers for length in header.record_length or ()]
    if not sizes:
        return
    session.small[CLIENT if segment.from_client else SERVER] = (
        packet.number if sizes[-1] == RECORD_HEADER + ENCRYPTED_ALERT else None
    )
    rest = sum(sizes)
    behind = max(0, carrier.pending - rest)  # the beginning of a record that goes on in the next segment
    if behind >= segment.length:
        carrier.take(packet, None, None)  # records have passed that the input does not tell
        return
    for size in sizes:
        rest -= size
        span = carrier.take(packet, size, rest + behind)
        if span is not None and span.exact:
            yield from reassembled(packet, span, "TLS")


def _client_hello(packet: Packet, session: Session, header: Header) -> Iterator[Verdict]:
    number = packet.number
    session.hello, session.session_id = number, header.handshake_session_id
    versions = [one for one in header.handshake_extensions_supported_version or () if not is_grease(one)]
    hello = header.handshake_version
    session.offered = tuple(map(version_name, versions or ([hello] if hello is not None else [])))
    if "offered" in session.said:  # again after a Hello Retry Request, or renegotiated
        if session.retry is not None and session.answer is None:
            evidence = (Evidence(session.retry, "tls.handshake.random", RETRY.hex()),)
            yield Verdict(VERSION, number, {"retry": session.retry}, evidence, "offered-again")
        return
    session.said.add("offered")
    name = header.handshake_extensions_server_name
    if name:
        shown = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
        evidence = (Evidence(number, "tls.handshake.extensions_server_name", shown),)
        yield Verdict(SNI, number, {"name": shown}, evidence)
    else:
        yield Verdict(SNI, number, {}, (Evidence(number, "tls.handshake.type", CLIENT_HELLO),), "absent")
    record = (header.record_version or [None])[0]
    if hello is not None and record is not None:
        yield _offer(number, record, hello, versions, session)
    suites = [one for one in header.handshake_ciphersuite if one not in SIGNALS and not is_grease(one)]
    if suites:
        evidence = (Evidence(number, "tls.handshake.ciphersuite", f"0x{suites[0]:04x}"),)
        yield Verdict(SUITE, number, {"count": len(suites), "first": suite_name(suites[0])}, evidence, "offered")


def _offer(number: int, record: int, hello: int, versions: list[int], session: Session) -> Verdict:
    params: dict[str, Any] = {"record": record, "hello": hello}
    evidence: tuple[Evidence, ...] = (
        Evidence(number, "tls.record.version", f"0x{record:04x}"),
        Evidence(number, "tls.handshake.version", f"0x{hello:04x}"),
    )
    if not versions:
        return Verdict(VERSION, number, {**params, "version": version_name(hello)}, evidence, "offered-old")
    listed = ", ".join(f"0x{one:04x}" for one in versions[:8])
    evidence = (Evidence(number, "tls.handshake.extensions.supported_version", listed), *evidence)
    return Verdict(VERSION, number, {**params, "versions": ", ".join(session.offered[:8])}, evidence, "offered")


def _server_hello(packet: Packet, session: Session, header: Header) -> Iterator[Verdict]:
    number = packet.number
    versions, hello = header.handshake_extensions_supported_version, header.handshake_version
    version = versions[0] if versions else hello
    retry = header.handshake_random == RETRY
    key = "retry" if retry else "chosen"
    if version is None or hello is None or key in session.said:
        return
    session.said.add(key)
    session.version = version
    yield _choice(number, version, hello, extension=bool(versions), retry=retry)
    if retry:
        session.retry = number
        return
    session.answer, session.suite = number, suite_name(header.handshake_ciphersuite[0])
    resumed = _resumed(number, session, header, version)
    yield _suite(number, header.handshake_ciphersuite[0], version, resumed=resumed is not None)
    if resumed is not None:
        yield resumed
    elif version >= TLS_1_3:
        evidence = (Evidence(number, "tls.handshake.extensions.supported_version", f"0x{version:04x}"),)
        yield Verdict(CERTIFICATE_HIDDEN, number, {}, evidence)


def _choice(number: int, version: int, hello: int, *, extension: bool, retry: bool) -> Verdict:
    params = {"version": version_name(version), "number": version, "hello": hello}
    evidence: tuple[Evidence, ...] = (Evidence(number, "tls.handshake.version", f"0x{hello:04x}"),)
    if extension:
        evidence += (Evidence(number, "tls.handshake.extensions.supported_version", f"0x{version:04x}"),)
    wording = "retry" if retry else "chosen" if extension else "chosen-old"
    return Verdict(VERSION, number, params, evidence, wording)


def _suite(number: int, suite: int, version: int, *, resumed: bool) -> Verdict:
    """The chosen cipher suite, and what its name tells."""
    name = SUITES.get(suite)
    params: dict[str, Any] = {"name": name, "number": suite}
    evidence = (Evidence(number, "tls.handshake.ciphersuite", f"0x{suite:04x}"),)
    if name is None:
        return Verdict(SUITE, number, params, evidence, "chosen-unnamed")
    if version >= TLS_1_3 and "_WITH_" not in name:
        return Verdict(SUITE, number, params, evidence, "chosen")
    if resumed:
        return Verdict(SUITE, number, params, evidence, "chosen-again")
    params["exchange"] = exchange = name.split("_")[1]
    return Verdict(SUITE, number, params, evidence, "chosen-rsa" if exchange == "RSA" else "chosen-ephemeral")


def _resumed(number: int, session: Session, header: Header, version: int) -> Verdict | None:
    """Whether the session goes on from an earlier connection."""
    if session.hello is None:
        return None
    params = {"hello": session.hello}
    if version >= TLS_1_3:
        if PRE_SHARED_KEY not in (header.handshake_extension_type or ()):
            return None
        evidence: tuple[Evidence, ...] = (Evidence(number, "tls.handshake.extension.type", PRE_SHARED_KEY),)
        return Verdict(RESUMED, number, params, evidence, "psk")
    given = header.handshake_session_id
    if not given or given != session.session_id:
        return None
    shown = given[:8].hex(":") + ("…" if len(given) > 8 else "")
    evidence = (
        Evidence(session.hello, "tls.handshake.session_id", shown),
        Evidence(number, "tls.handshake.session_id", shown),
    )
    return Verdict(RESUMED, number, params, evidence, "session")


def _alert(packet: Packet, session: Session, header: Header, who: str) -> Verdict:
    """An alert, readable or encrypted."""
    number, level, description = packet.number, header.alert_message_level, header.alert_message_desc
    if description is None:
        evidence: tuple[Evidence, ...] = (Evidence(number, "tls.record.content_type", ALERT_RECORD),)
        return Verdict(ALERT_CLOSE, number, {"who": who}, evidence, "encrypted")
    evidence = (
        Evidence(number, "tls.alert_message.level", level),
        Evidence(number, "tls.alert_message.desc", description),
    )
    if description == 0:
        return Verdict(ALERT_CLOSE, number, {"who": who}, evidence, "clear")
    params: dict[str, Any] = {"who": who, "name": ALERTS.get(description, "?"), "number": description}
    if level != FATAL:
        return Verdict(ALERT, number, params, evidence, "warning")
    if description == 70 and session.hello is not None and session.offered and who == "server":
        params |= {"hello": session.hello, "versions": ", ".join(session.offered[:8])}
        return Verdict(ALERT, number, params, evidence, "version")
    return Verdict(ALERT, number, params, evidence, "certificate" if description in ABOUT_CERTIFICATES else "fatal")


def closing(packet: Packet, segment: Segment, session: Session) -> list[Verdict]:
    """What the last record before a FIN may have been, where TLS 1.3 hides it."""
    frame = session.small[CLIENT if segment.from_client else SERVER]
    if segment.fin != "new" or frame is None or session.version != TLS_1_3 or segment.sender.last_data_frame != frame:
        return []
    who = "client" if segment.from_client else "server"
    params = {"who": who, "fin": packet.number, "length": ENCRYPTED_ALERT}
    evidence = (
        Evidence(frame, "tls.record.length", ENCRYPTED_ALERT),
        Evidence(packet.number, "tcp.flags.fin", True),
    )
    return [Verdict(ALERT_CLOSE, frame, params, evidence, "hidden")]

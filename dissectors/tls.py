"""TLS: the record layer (RFC 8446 §5, RFC 5246 §6) and, where it is not encrypted, the hello messages and alerts.

One record may hold several handshake messages, one handshake message several records; what does not end with its record
stays bytes, as does what is encrypted. The flat members repeat, under tshark's names, what ``records`` holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from construct import (
    Bytes,
    Construct,
    Container,
    GreedyBytes,
    Int8ub,
    Int16ub,
    Int24ub,
    Int32ub,
    ListContainer,
    Optional,
    Prefixed,
    SizeofError,
    Struct,
)
from construct.core import stream_read_entire, stream_write

from .layer import Fields, Layer, Text, Worked, as_bytes, as_integer, note
from .options import All, Options, Values
from .text import text_of

RECORD = "RFC 8446 §5.1"
HANDSHAKE_MESSAGE = "RFC 8446 §4"
CLIENT_HELLO_MESSAGE = "RFC 8446 §4.1.2"
SERVER_HELLO_MESSAGE = "RFC 8446 §4.1.3"
EXTENSION = "RFC 8446 §4.2"

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, CERTIFICATE = 1, 2, 4, 11
SERVER_NAME, SUPPORTED_GROUPS, SIGNATURE_ALGORITHMS, ALPN, SUPPORTED_VERSIONS, KEY_SHARE = 0, 10, 13, 16, 43, 51
HANDSHAKE_TYPES = frozenset({0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24})
LARGEST_RECORD = (1 << 14) + 2048
"""Bytes of an encrypted record of TLS 1.2 (RFC 5246 §6.2.3)."""
HEADER_SIZE = 5

_SHARE = Struct("group" / Int16ub, "key_exchange" / Prefixed(Int16ub, GreedyBytes))
_NUMBERS = Prefixed(Int16ub, All(Int16ub))
_PROTOCOLS = Struct("alpn_str" / Prefixed(Int16ub, All(Prefixed(Int8ub, text_of()))))
_NAMES = Prefixed(Int16ub, All(Struct("type" / Int8ub, "name" / Prefixed(Int16ub, text_of()))))

CLIENT_EXTENSIONS = Options(
    {
        SERVER_NAME: Struct("server_name" / _NAMES),
        SUPPORTED_GROUPS: Struct("supported_group" / _NUMBERS),
        SIGNATURE_ALGORITHMS: Struct("sig_hash_alg" / _NUMBERS),
        ALPN: _PROTOCOLS,
        SUPPORTED_VERSIONS: Struct("supported_version" / Prefixed(Int8ub, All(Int16ub))),
        KEY_SHARE: Struct("key_share" / Prefixed(Int16ub, All(_SHARE))),
    },
    names=("type", "len"),
    width=2,
)
SERVER_EXTENSIONS = Options(
    {
        ALPN: _PROTOCOLS,
        SUPPORTED_VERSIONS: Struct("supported_version" / Int16ub),
        KEY_SHARE: _SHARE,
    },
    names=("type", "len"),
    width=2,
)

MESSAGES = Values(
    {
        CLIENT_HELLO: Struct(
            "version" / Int16ub,
            "random" / Bytes(32),
            "session_id" / Prefixed(Int8ub, GreedyBytes),
            "ciphersuites" / _NUMBERS,
            "comp_methods" / Prefixed(Int8ub, All(Int8ub)),
            "extensions" / Optional(Prefixed(Int16ub, CLIENT_EXTENSIONS)),
        ),
        SERVER_HELLO: Struct(
            "version" / Int16ub,
            "random" / Bytes(32),
            "session_id" / Prefixed(Int8ub, GreedyBytes),
            "ciphersuite" / Int16ub,
            "comp_method" / Int8ub,
            "extensions" / Optional(Prefixed(Int16ub, SERVER_EXTENSIONS)),
        ),
        NEW_SESSION_TICKET: Struct(
            "session_ticket_lifetime_hint" / Int32ub,
            "session_ticket" / Prefixed(Int16ub, GreedyBytes),
        ),
        CERTIFICATE: Struct("certificates" / Prefixed(Int24ub, All(Prefixed(Int24ub, GreedyBytes)))),
    }
)
"""As they are in the clear: the Certificate of TLS 1.3, which differs, is always encrypted."""


class _Message(Construct):  # type: ignore[misc]
    """A handshake message: ``Container(type=…, length=…, body=…)``."""

    def _parse(self, stream: Any, context: Any, path: str) -> Container:
        kind, length = Int8ub._parsereport(stream, context, path), Int24ub._parsereport(stream, context, path)
        body = Bytes(length)._parsereport(stream, context, path)
        return Container(type=kind, length=length, body=MESSAGES.parse(kind, body))

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        body = MESSAGES.build(obj["type"], obj["body"])
        head = bytes([obj["type"]]) + len(body).to_bytes(3, "big")
        stream_write(stream, head + body, len(head) + len(body), path)
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        raise SizeofError("as long as it says", path=path)


CONTENTS = Values(
    {
        CHANGE_CIPHER_SPEC: Struct("change_cipher_spec" / Int8ub),
        ALERT: Struct("level" / Int8ub, "desc" / Int8ub),
        HANDSHAKE: Struct("handshake" / All(_Message())),
        APPLICATION_DATA: Struct("app_data" / GreedyBytes),
    }
)


class _Records(Construct):  # type: ignore[misc]
    """Records as long as they are whole: ``Container(content_type=…, version=…, length=…, content=…)``."""

    def _parse(self, stream: Any, context: Any, path: str) -> ListContainer:
        begin = stream.tell()
        data = stream_read_entire(stream, path)
        found, position = ListContainer(), 0
        while looks_like_record(data[position : position + HEADER_SIZE]):
            length = int.from_bytes(data[position + 3 : position + HEADER_SIZE], "big")
            content = data[position + HEADER_SIZE : position + HEADER_SIZE + length]
            if len(content) < length:
                break
            kind = data[position]
            value = Container(data=content) if _is_encrypted(kind, content) else CONTENTS.parse(kind, content)
            version = int.from_bytes(data[position + 1 : position + 3], "big")
            found.append(Container(content_type=kind, version=version, length=length, content=value))
            position += HEADER_SIZE + length
        stream.seek(begin + position)
        return found

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        for record in obj:
            content = CONTENTS.build(record["content_type"], record["content"])
            head = (
                bytes([record["content_type"]]) + record["version"].to_bytes(2, "big") + len(content).to_bytes(2, "big")
            )
            stream_write(stream, head + content, len(head) + len(content), path)
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        raise SizeofError("as many as there are", path=path)


def looks_like_record(data: bytes) -> bool:
    """Whether a record begins here."""
    if len(data) < HEADER_SIZE or not CHANGE_CIPHER_SPEC <= data[0] <= APPLICATION_DATA:
        return False
    return data[1] == 3 and data[2] <= 4 and 0 < int.from_bytes(data[3:5], "big") <= LARGEST_RECORD


def _is_encrypted(kind: int, content: bytes) -> bool:
    """Whether the content of a handshake record cannot be handshake messages, one after the other to its end."""
    position = 0
    while kind == HANDSHAKE and position < len(content):
        if content[position] not in HANDSHAKE_TYPES or position + 4 > len(content):
            return True
        position += 4 + int.from_bytes(content[position + 1 : position + 4], "big")
    return kind == HANDSHAKE and position != len(content)


def _messages(header: Any, *types: int) -> Iterator[Any]:
    """The handshake messages in the clear, of these types or of all."""
    for record in header.records:
        for message in record.content.get("handshake", ()):
            if not types or message.type in types:
                yield message


def _hellos(header: Any) -> Iterator[Any]:
    for message in _messages(header, CLIENT_HELLO, SERVER_HELLO):
        if "random" in message.body:
            yield message.body


def _extensions(header: Any, kind: int) -> Iterator[Any]:
    """The values of an extension in the hello messages that keep to its definition."""
    for hello in _hellos(header):
        for extension in (hello.extensions or Container(list=())).list:
            if extension.type == kind and "data" not in extension.value:
                yield extension.value


def _all(header: Any, kind: int, pick: Callable[[Any], Any]) -> list[Any] | None:
    """What ``pick`` finds in an extension, in one list; None when there is nothing."""
    found: list[Any] = []
    for value in _extensions(header, kind):
        picked = pick(value)
        found += picked if isinstance(picked, list) else [picked]
    return found or None


def _ciphersuites(header: Any) -> list[int] | None:
    found: list[int] = []
    for hello in _hellos(header):
        found += hello["ciphersuites"] if "ciphersuites" in hello else [hello["ciphersuite"]]
    return found or None


def _alert(header: Any, name: str) -> int | None:
    return next((record.content[name] for record in header.records if name in record.content), None)


def _of_message(kind: int, name: str) -> Callable[[Any], Any]:
    """A member of the first message of this type in the clear."""
    return lambda header: next((one.body[name] for one in _messages(header, kind) if name in one.body), None)


def _hello(name: str) -> Callable[[Any], Any]:
    return lambda header: next((hello[name] for hello in _hellos(header)), None)


def _shares(value: Any) -> Any:
    return [share.group for share in value.key_share] if "key_share" in value else value.group


def assemble(fields: Fields) -> dict[str, Any]:
    """Members that tshark repeats. It has two names for the type of a record: the opaque ones are those of TLS 1.3,
    which come after the others."""
    found: dict[str, Any] = {
        "record.content_type": _integers(fields, "record_content_type") + _integers(fields, "record_opaque_type"),
    }
    for member, name in _REPEATED.items():
        found[member] = _integers(fields, name)
    for member, name in _REPEATED_TEXT.items():
        found[member] = list(fields.get(f"tls_{name}", ()))
    certificates = map(as_bytes, fields.get("tls_handshake_certificate", ()))
    found["handshake.certificate"] = [one for one in certificates if one is not None]
    return {member: values for member, values in found.items() if values}


def _integers(fields: Fields, name: str) -> list[int]:
    return [number for value in fields.get(f"tls_{name}", ()) if (number := as_integer(value)) is not None]


_REPEATED = {
    "record.version": "record_version",
    "record.length": "record_length",
    "handshake.type": "handshake_type",
    "handshake.ciphersuite": "handshake_ciphersuite",
    "handshake.extension.type": "handshake_extension_type",
    "handshake.extensions_supported_group": "handshake_extensions_supported_group",
    "handshake.extensions.supported_version": "handshake_extensions_supported_version",
    "handshake.extensions_key_share_group": "handshake_extensions_key_share_group",
}
_REPEATED_TEXT = {"handshake.extensions_alpn_str": "handshake_extensions_alpn_str"}

LAYER = Layer(
    name="tls",
    title=Text("Transport Layer Security", "传输层安全（TLS）"),
    source="RFC 8446",
    over=(
        ("tcp.port", 443),
        ("tcp.port", 465),
        ("tcp.port", 636),
        ("tcp.port", 853),
        ("tcp.port", 993),
        ("tcp.port", 995),
    ),
    matches=looks_like_record,
    assemble=assemble,
    pieces=("tls.record.opaque_type",),
    struct=Struct(
        "records" / _Records() * note("the records, as far as they are whole", "各完整记录", RECORD),
        "_rest" / GreedyBytes,
        "record.content_type"
        / Worked(lambda header: [one.content_type for one in header.records] or None)
        * note(
            "of each record: 20 change cipher spec, 21 alert, 22 handshake, 23 application data",
            "各记录的类型：20 更改密码规格，21 警报，22 握手，23 应用数据",
            RECORD,
        ),
        "record.version"
        / Worked(lambda header: [one.version for one in header.records] or None)
        * note(
            "of each record: 0x0303 for TLS 1.2 and, in disguise, 1.3",
            "各记录的版本：TLS 1.2 与（伪装的）1.3 为 0x0303",
            RECORD,
            base=16,
        ),
        "record.length"
        / Worked(lambda header: [one.length for one in header.records] or None)
        * note("of each record: bytes of its content", "各记录内容的长度，字节", RECORD),
        "handshake.type"
        / Worked(lambda header: [one.type for one in _messages(header)] or None)
        * note(
            "of each message in the clear: 1 client hello, 2 server hello, 11 certificate",
            "各明文握手报文的类型：1 客户端问候，2 服务器问候，11 证书",
            HANDSHAKE_MESSAGE,
        ),
        "handshake.version"
        / Worked(_hello("version"), Int16ub)
        * note(
            "version of the hello, 0x0303 even in TLS 1.3",
            "问候报文的版本；TLS 1.3 也为 0x0303",
            CLIENT_HELLO_MESSAGE,
            base=16,
        ),
        "handshake.random"
        / Worked(_hello("random"), GreedyBytes)
        * note("32 random bytes", "32 字节随机数", CLIENT_HELLO_MESSAGE),
        "handshake.session_id"
        / Worked(lambda header: _hello("session_id")(header) or None, GreedyBytes)
        * note("to resume a session with", "会话标识", CLIENT_HELLO_MESSAGE),
        "handshake.ciphersuite"
        / Worked(_ciphersuites)
        * note("those offered, or the one chosen", "客户端提供的（或服务器选定的）密码套件", "RFC 8446 §B.4", base=16),
        "handshake.extension.type"
        / Worked(
            lambda header: (
                [one.type for hello in _hellos(header) for one in (hello.extensions or Container(list=())).list] or None
            )
        )
        * note("numbers of the extensions", "各扩展的类型", EXTENSION),
        "handshake.extensions_server_name"
        / Worked(
            lambda header: next(
                iter(_all(header, SERVER_NAME, lambda value: [one.name for one in value.server_name]) or ()), None
            ),
            text_of(),
        )
        * note("name of the server that is meant (SNI)", "所请求的服务器名称（SNI）", "RFC 6066 §3"),
        "handshake.extensions_alpn_str"
        / Worked(lambda header: _all(header, ALPN, lambda value: value.alpn_str))
        * note("protocols offered or chosen for the inside (ALPN)", "应用层协议协商（ALPN）", "RFC 7301 §3.1"),
        "handshake.extensions_supported_group"
        / Worked(lambda header: _all(header, SUPPORTED_GROUPS, lambda value: value.supported_group))
        * note("groups for the key exchange", "支持的密钥交换群组", "RFC 8446 §4.2.7", base=16),
        "handshake.extensions.supported_version"
        / Worked(lambda header: _all(header, SUPPORTED_VERSIONS, lambda value: value.supported_version))
        * note(
            "versions offered, or the one chosen: 0x0304 is TLS 1.3",
            "客户端支持的（或服务器选定的）版本：0x0304 为 TLS 1.3",
            "RFC 8446 §4.2.1",
            base=16,
        ),
        "handshake.extensions_key_share_group"
        / Worked(lambda header: _all(header, KEY_SHARE, _shares))
        * note("groups that keys are given for", "密钥份额所用的群组", "RFC 8446 §4.2.8"),
        "handshake.certificate"
        / Worked(_of_message(CERTIFICATE, "certificates"))
        * note(
            "the certificates, the sender's own first, in DER",
            "各证书（DER 编码），发送方自己的在最前",
            "RFC 5246 §7.4.2",
        ),
        "handshake.session_ticket_lifetime_hint"
        / Worked(_of_message(NEW_SESSION_TICKET, "session_ticket_lifetime_hint"), Int32ub)
        * note("seconds for which a session ticket is good", "会话票据的有效期，秒", "RFC 5077 §3.3"),
        "alert_message.level"
        / Worked(lambda header: _alert(header, "level"), Int8ub)
        * note("1 warning, 2 fatal", "1 警告，2 致命", "RFC 8446 §6"),
        "alert_message.desc"
        / Worked(lambda header: _alert(header, "desc"), Int8ub)
        * note(
            "0 close notify, 40 handshake failure, 70 protocol version",
            "0 关闭通知，40 握手失败，70 协议版本",
            "RFC 8446 §6",
        ),
    ),
)

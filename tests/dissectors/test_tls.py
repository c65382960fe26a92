from labdissect.dissectors.tls import LAYER, looks_like_record

from .synthetic import packed

EXTENSIONS = packed(
    "0000 000b 0009 00 0006 682e74657374"  # server name
    "0010 0005 0003 02 6832"  # ALPN h2
    "002b 0003 02 0304"  # TLS 1.3
    "0033 0008 0006 001d 0002 abcd"  # key share
)
BODY = packed("0303") + bytes(32) + packed("00 0002 1301 01 00") + len(EXTENSIONS).to_bytes(2, "big") + EXTENSIONS
HELLO = b"\1" + len(BODY).to_bytes(3, "big") + BODY
RECORD = packed("160301") + len(HELLO).to_bytes(2, "big") + HELLO
ALERT = packed("150303 0002 0246")
ENCRYPTED = packed("160303 0008 deadbeefdeadbeef")


def test_client_hello() -> None:
    found = LAYER.parse_header(RECORD)
    assert (found.record_content_type, found.record_version, found.handshake_type) == ([22], [0x0301], [1])
    assert (found.handshake_version, found.handshake_ciphersuite) == (0x0303, [0x1301])
    assert (found.handshake_extensions_server_name, found.handshake_extensions_alpn_str) == ("h.test", ["h2"])
    assert found.handshake_extensions_supported_version == [0x0304]
    assert found.handshake_extensions_key_share_group == [0x001D]
    assert found.records[0].content.handshake[0].body.extensions.list[3].value.key_share[0].key_exchange == packed(
        "abcd"
    )


def test_records_behind_each_other_and_one_that_goes_on() -> None:
    data = RECORD + ENCRYPTED + ALERT + packed("170303 0010 00")
    parsed = LAYER.parse(data)
    assert [one.content_type for one in parsed.records] == [22, 22, 21]
    assert parsed.records[1].content == {"data": packed("deadbeefdeadbeef")}
    assert (parsed["alert_message.level"], parsed["alert_message.desc"]) == (2, 70)
    assert parsed["_rest"] == packed("170303 0010 00")
    assert LAYER.build(parsed) == data


def test_broken_extensions_stay_bytes() -> None:
    data = RECORD.replace(packed("0009 00 0006"), packed("0009 00 0007"))
    parsed = LAYER.parse(data)
    assert parsed["handshake.extensions_server_name"] is None
    assert LAYER.build(parsed) == data


def test_what_looks_like_a_record() -> None:
    assert looks_like_record(RECORD)
    assert not looks_like_record(b"HTTP/1.1 200 OK")
    assert not looks_like_record(packed("160301 0000"))
    assert not looks_like_record(RECORD[:4])

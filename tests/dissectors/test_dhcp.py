from labdissect.dissectors.dhcp import LAYER, OPTIONS

from .synthetic import packed

HEAD = (
    packed("01 01 06 00 00001234 0001 8000") + bytes(16) + packed("020000000001") + bytes(10 + 192) + packed("63825363")
)


def test_header() -> None:
    found = LAYER.parse_header(HEAD + packed("350101 ff 0000"))
    assert (found.id, found.flags_bc, found.ip_client, found.hw_mac_addr) == (
        0x1234,
        True,
        "0.0.0.0",
        "02:00:00:00:00:01",
    )
    assert (found.cookie, found.server) == ("99.130.83.99", "")
    assert [one.type for one in found.options.list] == [53, 255]
    assert found.options.rest == b"\0\0"


def test_options_have_tsharks_names() -> None:
    found = OPTIONS.parse(packed("0604 0a000001 3304 00000e10 0c03 6c6162 370101 3d02 0102 ff")).list
    assert [dict(one.get("value", {})) for one in found] == [
        {"domain_name_server": ["10.0.0.1"]},
        {"ip_address_lease_time": 3600},
        {"hostname": "lab"},
        {"request_list_item": [1]},
        {"client_id": b"\1\2"},
        {},
    ]


def test_an_option_of_the_wrong_size_stays_bytes() -> None:
    assert OPTIONS.parse(packed("0103 0a0000 0605 0a00000101")).list[0].value == {"data": packed("0a0000")}
    assert OPTIONS.parse(packed("0605 0a00000101")).list[0].value == {"data": packed("0a00000101")}

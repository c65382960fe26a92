import pytest
from construct import ConstructError

from labdissect.dissectors.tcp import OPTIONS

from .agreement import LAYERS
from .synthetic import packed

TCP = LAYERS["tcp"]
SYN = packed("04d2 10e1 00000001 00000000 a002 2000 0000 0000 020405b4 0402 080a0000006400000000 01 030307")


def test_flags_and_length_share_two_bytes() -> None:
    segment = TCP.parse_header(SYN)
    assert (segment.hdr_len, segment.flags, segment.flags_syn, segment.flags_ack) == (40, 0x002, True, False)
    assert segment["tcp.flags.syn"] is True
    assert TCP.field("flags.syn").bits == (1, 1)
    assert (TCP.field("flags.syn").offset, TCP.field("window_size_value").offset) == (12, 14)


def test_options_of_a_syn() -> None:
    options = TCP.parse_header(SYN).options
    assert [one.kind for one in options.list] == [2, 4, 8, 1, 3]
    assert options.list[0].value.mss_val == 1460
    assert options.list[2].value.tsval == 100
    assert options.list[4].value.shift == 7
    assert options.rest == b""


@pytest.mark.parametrize(
    ("data", "kind", "value"),
    [
        (
            "0512 00000001 00000002 00000003 00000004",
            5,
            {"blocks": [{"left": 1, "right": 2}, {"left": 3, "right": 4}], "rest": b""},
        ),
        ("2208 010203040506", 34, {"cookie": packed("010203040506")}),
        ("1c04 8005", 28, {"timeout": 0x8005}),
        ("fd04 1234", 253, {"exid": 0x1234, "data": b""}),
        ("ac05 000001", 172, {"counters": [1], "rest": b""}),
        ("0205 05b400", 2, {"data": packed("05b400")}),
        ("fa03 07", 250, {"data": b"\7"}),
    ],
    ids=["sack", "fast-open", "user-timeout", "experiment", "accurate-ecn", "broken-mss", "unknown"],
)
def test_options(data: str, kind: int, value: dict[str, object]) -> None:
    found = OPTIONS.parse(packed(data))
    assert (found.list[0].kind, found.list[0].value, found.rest) == (kind, value, b"")
    assert OPTIONS.build(found) == packed(data)


@pytest.mark.parametrize("data", ["02", "0204", "0200", "0801", "020405"])
def test_broken_lists_end_in_rest(data: str) -> None:
    found = OPTIONS.parse(packed("01" + data))
    assert ([one.kind for one in found.list], found.rest) == ([1], packed(data))


def test_the_end_of_the_list_leaves_padding() -> None:
    found = OPTIONS.parse(packed("01 00 0204"))
    assert ([one.kind for one in found.list], found.rest) == ([1, 0], packed("0204"))


@pytest.mark.parametrize("size", [0, 13, 19, 20, 39])
def test_cut_headers_do_not_parse(size: int) -> None:
    with pytest.raises(ConstructError):
        TCP.parse(SYN[:size])


def test_lengths_below_the_minimum_do_not_parse() -> None:
    with pytest.raises(ConstructError):
        TCP.parse(SYN[:12] + packed("4002") + SYN[14:])


def test_older_names_of_flags() -> None:
    fields = {"tcp_flags_ns": [True], "tcp_flags_ecn": ["1"]}
    assert (TCP.decode(fields).flags_ae, TCP.decode(fields).flags_ece) == (True, True)

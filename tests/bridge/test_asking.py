"""What tshark is asked for."""

from __future__ import annotations

from labdissect.bridge.asking import asked_for
from labdissect.bridge.tshark import find
from tests.bridge.asked import asked
from tests.conftest import built_in


def test_fields_layers_and_what_every_packet_needs() -> None:
    some = asked_for([("tcp.srcport", "arp"), ()], built_in().layers, find())
    assert set(some.fields) > {"frame.number", "frame.protocols", "tcp.srcport", "arp.opcode", "arp.src.hw_mac"}
    assert "tcp.dstport" not in some.fields
    assert [one.name for one in some.members["tcp"]] == ["srcport"]
    assert some.lacking == ()


def test_who_does_not_say_what_it_reads_gets_every_field() -> None:
    some = asked_for([None], built_in().layers, find())
    for name, layer in built_in().layers.items():
        assert some.members[name] == layer.fields
    assert {"tcp.flags.syn", "tcp.payload"} <= set(some.fields)


def test_members_made_of_pieces_bring_these_along() -> None:
    some = asked_for([("dns.answers",)], built_in().layers, find())
    assert {"dns.resp.name", "dns.a", "dns.resp.ttl"} <= set(some.fields)
    assert [one.name for one in some.members["dns"]] == ["answers"]


def test_a_field_that_was_called_otherwise_once() -> None:
    some = asked_for([("tcp.flags.ae",)], built_in().layers, find())
    assert {"tcp.flags.ae", "tcp.flags.ns"} & set(some.fields)
    assert some.lacking == ()


def test_what_this_tshark_lacks_is_left_out_and_named() -> None:
    some = asked_for([("tcp.srcport", "nowhere.field", "dns.answers")], built_in().layers, find())
    assert some.lacking == ("nowhere.field",)
    assert "nowhere.field" not in some.fields


def test_built_in_rules_lack_nothing() -> None:
    assert asked("table").lacking == ()


def test_a_column_of_the_users_own_cannot_stand_beside_ours() -> None:
    wanted = ("_ws.col.Info", "tcp.srcport", "tcp.len")
    ours = asked_for([wanted], built_in().layers, find(), bytes_at_hand=True)
    assert ours.together == ("frame.number", "frame.protocols", "tcp.len")
    assert "tcp.srcport" in ours.own
    theirs = asked_for([(*wanted, "_ws.col.My delta")], built_in().layers, find(), bytes_at_hand=True)
    assert not theirs.together
    assert not theirs.own
    assert {"frame.number", "tcp.srcport", "tcp.len"} <= set(theirs.fields)


def test_wiresharks_columns() -> None:
    some = asked_for([("_ws.col.Info", "tcp.len")], built_in().layers, find())
    assert some.columns == ("Info",)
    assert "_ws.col.Info" not in some.fields


def test_what_the_bytes_tell_is_not_asked_for() -> None:
    some = asked("jsonl", bytes_at_hand=True)
    assert {"frame.number", "frame.protocols", "tcp.stream", "tcp.seq", "ip.checksum.status"} <= set(some.together)
    assert not {*some.together} & {*some.fields}
    assert {"frame.time_epoch", "eth.src", "ip.src", "tcp.srcport", "tcp.flags", "tcp.options"} <= some.own
    assert not some.own & set(some.fields)
    assert some.members == asked("jsonl").members
    assert some.lacking == ()

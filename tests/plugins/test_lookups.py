"""What DNS answers leave behind, and that memory stays within its limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labdissect.plugins import lookups
from labdissect.plugins.lookups import ANSWERS_LIMIT, Answer, Lookups, Once, same_name
from tests.conftest import judged


def test_the_addresses_that_answers_gave() -> None:
    known, given_ = Lookups(), 0
    for packet in judged("dns-basic").packets:
        known.observe(packet)
        if packet.dns is None or not packet.dns.flags_response:
            continue
        assert known.last == packet.number
        for record in packet.dns.answers or []:
            if record["type"] == lookups.A:
                given_ += 1
                answer = known.gave(record["data"]["a"])[-1]
                assert (answer.frame, answer.field, answer.owner) == (packet.number, "dns.a", record["name"])
                assert answer.asked == packet.dns.queries[0]["name"] and answer.asker == packet.ip.dst
    assert given_ and known.complete
    assert known.gave("203.0.113.99") == []


def test_packets_without_dns_and_questions_leave_nothing() -> None:
    known = Lookups()
    for packet in judged("tcp-four-way-close").packets:
        known.observe(packet)
    for packet in judged("dns-basic").packets:
        if packet.dns is not None and not packet.dns.flags_response:
            known.observe(packet)
    assert known.last is None and known.complete


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy")), max_size=30))
def test_of_an_address_the_newest_answers_are_kept(told: list[tuple[str, str]]) -> None:
    known = Lookups()
    for frame, (name, asker) in enumerate(told, 1):
        known._remember("10.0.0.1", Answer(frame, name, name, "dns.a", asker))
    newest = {pair: frame for frame, pair in enumerate(told, 1)}
    expected = sorted(newest.values())[-ANSWERS_LIMIT:]
    assert [one.frame for one in known.gave("10.0.0.1")] == expected


def test_the_address_given_longest_ago_is_forgotten() -> None:
    known, limit = Lookups(), lookups.ADDRESSES_LIMIT
    for number in range(limit):
        known._remember(str(number), Answer(1, "a", "a", "dns.a", "h"))
    known._remember("0", Answer(2, "a", "a", "dns.a", "h"))
    assert known.complete
    known._remember("one more", Answer(3, "a", "a", "dns.a", "h"))
    assert not known.complete and known.gave("1") == [] and known.gave("0")[0].frame == 2


def test_what_was_said_once_is_not_said_again_within_the_limit() -> None:
    once = Once()
    assert once.first("kept") and not once.first("kept")
    for number in range(lookups.SAID_LIMIT - 1):
        assert once.first(number)
    assert not once.first("kept")  # asked about, so it is not the oldest any more
    assert once.first("one more") and once.first(0) and not once.first("kept")


@given(st.text(alphabet="abcXYZ019-.", max_size=20))
def test_names_are_one_whatever_their_case_and_final_dot(name: str) -> None:
    assert same_name(name, name.upper()) and same_name(name, name + ".") and same_name(name.lower(), name)
    assert not same_name(name, name + "q")

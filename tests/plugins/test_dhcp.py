from __future__ import annotations

import pytest

from labdissect.plugins.rule import render
from tests.conftest import ek, judge, judged
from tests.plugins.built_captures import built


def test_four_messages_one_lease() -> None:
    dora = judged("dhcp-dora")
    assert [dora.codes(frame)[0] for frame in (1, 2, 3, 4)] == [
        "dhcp.discover",
        "dhcp.offer",
        "dhcp.request",
        "dhcp.ack",
    ]
    assert dora.verdict(2, "dhcp.offer").params["asked"] == 1
    assert dora.verdict(3, "dhcp.request").params["offer"] == 2
    ack = dora.verdict(4, "dhcp.ack")
    assert (ack.params["address"], ack.params["lease"], ack.params["asked"]) == ("10.0.0.103", 120, 3)
    assert "for 2 min" in render(ack)
    assert (
        len({dora.verdict(frame, code).params["xid"] for frame, code in ((1, "dhcp.discover"), (4, "dhcp.ack"))}) == 1
    )
    assert not dora.frames("dhcp.unanswered")


def test_the_source_0_0_0_0_is_explained_where_it_is() -> None:
    dora = judged("dhcp-dora")
    assert dora.frames("dhcp.zero-source") == [1, 3]
    assert judged("dhcp-no-server").frames("dhcp.zero-source") == [1]  # the repetitions add nothing
    assert 7 not in judged("dhcp-release").frames("dhcp.zero-source")


def test_release() -> None:
    release = judged("dhcp-release")
    verdict = release.verdict(7, "dhcp.release")
    assert (verdict.wording, verdict.params["ack"], verdict.params["address"]) == ("", 4, "10.0.0.103")
    assert not release.frames("dhcp.unanswered")


def test_no_server() -> None:
    silent = judged("dhcp-no-server")
    assert [silent.verdict(frame, "dhcp.discover").wording for frame in (1, 2, 3)] == ["", "again", "again"]
    assert silent.frames("dhcp.unanswered") == [1]
    assert silent.verdict(1, "dhcp.unanswered").params["frames"] == [1, 2, 3]


def test_renewal_at_t1_and_rebinding_at_t2() -> None:
    lease = built("dhcp-lease")
    assert {frame: lease.verdict(frame, "dhcp.renew").wording for frame in lease.frames("dhcp.renew")} == {
        6: "early",
        8: "",
        10: "",
        11: "rebind",
    }
    assert "30 min after the ACK of frame 7; T1 is 30 min, of a lease of 1 h" in render(lease.verdict(8, "dhcp.renew"))
    assert "T2 is 52 min 30 s" in render(lease.verdict(11, "dhcp.renew"))
    assert [lease.verdict(frame, "dhcp.ack").wording for frame in (5, 7, 9, 12)] == [
        "",
        "renewed",
        "renewed",
        "renewed",
    ]


def test_several_offers() -> None:
    lease = built("dhcp-lease")
    assert lease.verdict(3, "dhcp.offer").wording == "another"
    request = lease.verdict(4, "dhcp.request")
    assert (request.wording, request.params["offer"], request.params["offers"]) == ("several", 2, 2)


def test_refusal_after_a_restart() -> None:
    lease = built("dhcp-lease")
    assert lease.verdict(14, "dhcp.request").wording == "reboot"
    assert lease.verdict(14, "dhcp.zero-source").wording == "reboot"
    nak = lease.verdict(15, "dhcp.nak")
    assert (nak.wording, nak.params["asked"], nak.params["reason"]) == ("reason", 14, "wrong network")
    assert lease.codes(15)[0] == "dhcp.nak"


def test_other_messages() -> None:
    lease = built("dhcp-lease")
    assert lease.frames("dhcp.decline") == [16]
    assert lease.frames("dhcp.inform") == [17]
    assert lease.verdict(18, "dhcp.ack").wording == "settings"
    assert lease.frames("dhcp.relay") == [20]


def test_answers_of_other_transactions_are_not_paired() -> None:
    lease = built("dhcp-lease")
    assert lease.verdict(19, "dhcp.ack").wording == "unseen"
    assert lease.verdict(21, "dhcp.offer").wording == "unseen"
    assert lease.frames("dhcp.unanswered") == [10, 20]


OPTION_VALUES = {"lease": "00000078", "t1": "0000003c", "t2": "00000069", "mask": "ffffff00", "server": "0a000002"}


@pytest.mark.parametrize("option", OPTION_VALUES)
@pytest.mark.parametrize("octets", ["02", "0000007800", "ff" * 300])
def test_an_option_of_a_wrong_length_counts_as_absent(option: str, octets: str) -> None:
    found = judge(ek("dhcp-dora").replace(spaced(OPTION_VALUES[option]), spaced(octets)))
    assert not found.problems
    assert [found.codes(frame)[0] for frame in (1, 2, 3, 4)] == [
        "dhcp.discover",
        "dhcp.offer",
        "dhcp.request",
        "dhcp.ack",
    ]
    ack = found.verdict(4, "dhcp.ack")
    assert (ack.wording == "no-lease", ack.params["lease"]) == ((True, None) if option == "lease" else (False, 120))
    assert "b'" not in "".join(render(verdict) for verdict in found.verdicts[4])


def spaced(octets: str) -> bytes:
    """As EK prints the value of an option."""
    return f'"{bytes.fromhex(octets).hex(":")}"'.encode()


@pytest.mark.parametrize("address", ["1.2.3", "999.1.1.1", "::", "x", "", "a\\u0000"])
def test_an_address_given_that_is_none_teaches_no_subnet(address: str) -> None:
    found = judge(ek("dhcp-dora").replace(b'_ip_your":"10.0.0.103"', f'_ip_your":"{address}"'.encode()))
    assert not found.problems
    assert "dhcp.ack" in found.codes(4)

"""The figures of RFC 9293 step by step, and connections at rest: what is shown is what both ends are in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.bridge.handmade.ek import ek_lines
from labdissect.bridge.handmade.frames import CLIENT, SERVER, Frame, tcp
from labdissect.plugins.tcp import states
from labdissect.plugins.tcp.endpoint import Endpoint
from labdissect.plugins.tcp.states import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
    UNKNOWN,
)
from tests.conftest import judge, judged

EVERY_STATE = (
    *(UNKNOWN, LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT, LAST_ACK),
    *(FIN_WAIT_1, FIN_WAIT_2, CLOSING, TIME_WAIT, CLOSED),
)


class Ladder:
    """Two ends and the packets between them; positions count from each ISN, so a SYN is acknowledged by 1."""

    def __init__(self, client: str = UNKNOWN, server: str = UNKNOWN) -> None:
        self.client, self.server = Endpoint("10.0.0.1", 40000), Endpoint("10.0.0.2", 80)
        self.client.state, self.server.state = client, server
        self.client.packets = self.server.packets = 1

    @property
    def shown(self) -> tuple[str, str]:
        return self.client.state, self.server.state

    def out(self, acked: int | None = None, fin: str = "", at: int = 1) -> tuple[str, str]:
        """A segment of the client's. ``at`` is its FIN's position."""
        return self._sent(self.client, self.server, acked, fin, at)

    def home(self, acked: int | None = None, fin: str = "", at: int = 1) -> tuple[str, str]:
        """A segment of the server's."""
        return self._sent(self.server, self.client, acked, fin, at)

    def _sent(self, sender: Endpoint, receiver: Endpoint, acked: int | None, fin: str, at: int) -> tuple[str, str]:
        if fin:
            sender.fin_position = at
        states.segment_sent(sender, receiver, acked=acked, fin=fin)
        return self.shown


# -- the figures ------------------------------------------------------------------------------------------------------


def test_figure_6_three_way_handshake() -> None:
    ladder = Ladder()
    states.syn_sent(ladder.client, ladder.server)
    assert ladder.shown == (SYN_SENT, LISTEN)
    states.syn_ack_sent(ladder.server, ladder.client, repeated=False)
    assert ladder.shown == (SYN_SENT, SYN_RECEIVED)  # the client has sent nothing yet that shows it
    assert ladder.out(acked=1) == (ESTABLISHED, ESTABLISHED)
    assert ladder.out(acked=1) == ladder.home(acked=1) == (ESTABLISHED, ESTABLISHED)


def test_figure_7_simultaneous_open() -> None:
    ladder = Ladder()
    states.syn_sent(ladder.client, ladder.server)
    states.syn_sent(ladder.server, ladder.client)
    assert ladder.shown == (SYN_SENT, SYN_SENT)
    states.syn_ack_sent(ladder.client, ladder.server, repeated=False)
    assert ladder.shown == (SYN_RECEIVED, SYN_SENT)
    states.syn_ack_sent(ladder.server, ladder.client, repeated=False)
    assert ladder.shown == (ESTABLISHED, ESTABLISHED)


def test_figure_8_the_answer_to_an_old_syn() -> None:
    ladder = Ladder(SYN_SENT, SYN_RECEIVED)
    states.answer_rejected(ladder.server)
    assert ladder.shown == (SYN_SENT, LISTEN)
    for state in set(EVERY_STATE) - {SYN_RECEIVED}:
        ladder.server.state = state
        states.answer_rejected(ladder.server)
        assert ladder.server.state == state


def test_figure_12_normal_close() -> None:
    ladder = Ladder(ESTABLISHED, ESTABLISHED)
    assert ladder.out(acked=1, fin="new") == (FIN_WAIT_1, ESTABLISHED)
    assert ladder.home(acked=2) == (FIN_WAIT_2, CLOSE_WAIT)
    assert ladder.home(acked=2) == (FIN_WAIT_2, CLOSE_WAIT)  # it may send for as long as it likes
    assert ladder.home(acked=2, fin="new") == (FIN_WAIT_2, LAST_ACK)
    assert ladder.out(acked=2) == (TIME_WAIT, CLOSED)


def test_figure_13_simultaneous_close() -> None:
    ladder = Ladder(ESTABLISHED, ESTABLISHED)
    assert ladder.out(acked=1, fin="new") == (FIN_WAIT_1, ESTABLISHED)
    assert ladder.home(acked=1, fin="new") == (FIN_WAIT_1, FIN_WAIT_1)
    assert ladder.out(acked=2) == (CLOSING, FIN_WAIT_1)  # the server must still answer the client's FIN
    assert ladder.home(acked=2) == (TIME_WAIT, TIME_WAIT)


def test_a_fin_that_acknowledges_a_fin() -> None:
    ladder = Ladder(ESTABLISHED, ESTABLISHED)
    ladder.out(acked=1, fin="new")
    assert ladder.home(acked=2, fin="new") == (FIN_WAIT_1, LAST_ACK)  # the client owes the last ACK
    assert ladder.out(acked=2) == (TIME_WAIT, CLOSED)


def test_an_end_may_close_before_the_handshake_has_ended() -> None:
    ladder = Ladder(ESTABLISHED, SYN_RECEIVED)
    assert ladder.home(acked=1, fin="new") == (ESTABLISHED, FIN_WAIT_1)


# -- what is repeated or missing --------------------------------------------------------------------------------------


def test_a_syn_ack_that_is_repeated_opens_nothing_at_once() -> None:
    ladder = Ladder(SYN_SENT, SYN_RECEIVED)
    states.syn_ack_sent(ladder.server, ladder.client, repeated=True)
    assert ladder.shown == (SYN_SENT, SYN_RECEIVED)
    crossed = Ladder(SYN_RECEIVED, SYN_SENT)
    states.syn_ack_sent(crossed.server, crossed.client, repeated=True)
    assert crossed.shown == (SYN_RECEIVED, SYN_RECEIVED)


def test_a_syn_ack_whose_syn_is_missing() -> None:
    ladder = Ladder()
    states.syn_ack_sent(ladder.server, ladder.client, repeated=False)
    assert ladder.shown == (SYN_SENT, SYN_RECEIVED)


@pytest.mark.parametrize(
    ("before", "after"),
    [(UNKNOWN, LISTEN), (CLOSED, LISTEN), (TIME_WAIT, LISTEN), (ESTABLISHED, ESTABLISHED), (SYN_SENT, SYN_SENT)],
)
def test_who_is_asked_is_presumed_to_listen(before: str, after: str) -> None:
    ladder = Ladder(server=before)
    states.syn_sent(ladder.client, ladder.server)
    assert ladder.shown == (SYN_SENT, after)


@pytest.mark.parametrize(("seen", "client"), [(1, ESTABLISHED), (0, UNKNOWN)])
def test_a_server_that_goes_on_has_had_the_last_ack(seen: int, client: str) -> None:
    ladder = Ladder(SYN_SENT, SYN_RECEIVED)
    ladder.client.packets = seen
    states.server_goes_on(ladder.server, ladder.client)
    assert ladder.shown == (client, ESTABLISHED)


def test_of_an_end_that_the_capture_does_not_show_an_ack_says_nothing() -> None:
    ladder = Ladder(SYN_SENT, LISTEN)
    ladder.server.packets = 0
    assert ladder.out(acked=1) == (ESTABLISHED, UNKNOWN)


def test_without_ack_a_segment_shows_nothing_of_what_came() -> None:
    ladder = Ladder(SYN_SENT, SYN_RECEIVED)
    assert ladder.out(acked=None) == (SYN_SENT, SYN_RECEIVED)


def test_an_ack_before_the_fin_does_not_acknowledge_it() -> None:
    ladder = Ladder(ESTABLISHED, ESTABLISHED)
    ladder.out(acked=1, fin="new", at=100)
    assert ladder.home(acked=100) == (FIN_WAIT_1, ESTABLISHED)  # of what came before the FIN
    assert ladder.home(acked=101) == (FIN_WAIT_2, CLOSE_WAIT)


@pytest.mark.parametrize(
    ("shown", "again"), [(FIN_WAIT_2, FIN_WAIT_1), (TIME_WAIT, CLOSING), (CLOSED, LAST_ACK), (FIN_WAIT_1, FIN_WAIT_1)]
)
def test_a_fin_sent_again_tells_that_its_acknowledgment_did_not_arrive(shown: str, again: str) -> None:
    ladder = Ladder(shown, CLOSE_WAIT)
    ladder.client.fin_acked_unshown = True
    assert ladder.out(acked=1, fin="again")[0] == again
    assert not ladder.client.fin_acked_unshown


def test_a_lost_ack_of_a_fin_and_the_fin_again() -> None:
    """The ACK of frame 2 is captured, but lost behind the capture point."""
    ladder = Ladder(ESTABLISHED, ESTABLISHED)
    ladder.out(acked=1, fin="new")
    assert ladder.home(acked=2) == (FIN_WAIT_2, CLOSE_WAIT)
    assert ladder.out(acked=1, fin="again") == (FIN_WAIT_1, CLOSE_WAIT)
    assert ladder.home(acked=2) == (FIN_WAIT_2, CLOSE_WAIT)


@pytest.mark.parametrize("state", EVERY_STATE)
@pytest.mark.parametrize("acceptable", [True, False])
def test_a_reset_closes_its_sender_and_its_receiver_only_if_that_accepts_it(state: str, *, acceptable: bool) -> None:
    ladder = Ladder(state, state)
    for end in (ladder.client, ladder.server):
        end.fin_received_unshown = end.fin_acked_unshown = True
    states.reset_sent(ladder.server, ladder.client, acceptable=acceptable)
    assert ladder.shown == (CLOSED if acceptable else state, CLOSED)
    assert not ladder.server.fin_received_unshown and not ladder.server.fin_acked_unshown
    assert ladder.client.fin_received_unshown == ladder.client.fin_acked_unshown == (not acceptable)


@pytest.mark.parametrize(
    ("client", "server", "both"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_from_the_middle_only_data_of_both_ends_shows_that_it_is_open(client: bool, server: bool, both: bool) -> None:
    ladder = Ladder()
    ladder.client.sent_data, ladder.server.sent_data = client, server
    states.data_shows_open(ladder.client, ladder.server)
    assert ladder.shown == ((ESTABLISHED, ESTABLISHED) if both else (UNKNOWN, UNKNOWN))


def test_a_state_that_is_known_is_not_opened_by_data() -> None:
    ladder = Ladder(CLOSE_WAIT, UNKNOWN)
    ladder.client.sent_data = ladder.server.sent_data = True
    states.data_shows_open(ladder.client, ladder.server)
    assert ladder.shown == (CLOSE_WAIT, UNKNOWN)


EVENTS = st.tuples(st.booleans(), st.none() | st.integers(0, 4), st.sampled_from(["", "", "new", "again"]))


@given(st.sampled_from(EVERY_STATE), st.sampled_from(EVERY_STATE), st.lists(EVENTS, max_size=12))
def test_no_segment_leaves_the_states_of_the_rfc(
    client: str, server: str, events: list[tuple[bool, int | None, str]]
) -> None:
    ladder = Ladder(client, server)
    for from_client, acked, fin in events:
        found = (ladder.out if from_client else ladder.home)(acked, fin)
        assert set(found) <= set(EVERY_STATE)


# -- real captures ----------------------------------------------------------------------------------------------------

SHOWN_AT_THE_END = {
    "tcp-four-way-close": "TIME-WAIT / CLOSED",
    "tcp-server-closes-first": "CLOSED / TIME-WAIT",
    "tcp-three-segment-close": "TIME-WAIT / CLOSED",
    "tcp-simultaneous-close": "TIME-WAIT / TIME-WAIT",
    "tcp-linger0-abort": "CLOSED / CLOSED",
    "tcp-rst-closed-port": "CLOSED / CLOSED",
    "tcp-syn-no-answer": "SYN-SENT / LISTEN",
}


@pytest.mark.parametrize("name", SHOWN_AT_THE_END)
def test_how_real_connections_ended(name: str) -> None:
    found = judged(name)
    last = max(packet.number for packet in found.packets if packet.segment is not None)
    assert found.states(last) == SHOWN_AT_THE_END[name]


# -- any connection, at rest ------------------------------------------------------------------------------------------


class Segment:
    """On the wire. Numbers are positions: 0 is the SYN."""

    def __init__(self, flags: str, seq: int, ack: int, length: int = 0) -> None:
        self.flags, self.seq, self.ack, self.length = flags, seq, ack, length


class End:
    """One end as RFC 9293 §3.10 has it, on a network that loses nothing and keeps the order."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.next = self.expected = 0
        self.fin: int | None = None
        self.out: deque[Segment] = deque()

    def send(self, flags: str, length: int = 0) -> None:
        self.out.append(Segment(flags, self.next, self.expected, length))
        self.next += length + ("S" in flags) + ("F" in flags)

    def connect(self) -> None:
        self.state = SYN_SENT
        self.send("S")

    def write(self, length: int) -> None:
        if self.state in (ESTABLISHED, CLOSE_WAIT):
            self.send("PA", length)

    def close(self) -> None:
        after = {ESTABLISHED: FIN_WAIT_1, CLOSE_WAIT: LAST_ACK}.get(self.state)
        if after is not None:
            self.state, self.fin = after, self.next
            self.send("FA")

    def receive(self, one: Segment) -> None:
        if self.state == LISTEN:
            self.expected, self.state = 1, SYN_RECEIVED
            self.send("SA")
            return
        self.expected = one.seq + one.length + ("S" in one.flags) + ("F" in one.flags)
        if self.state in (SYN_SENT, SYN_RECEIVED):
            self.state = ESTABLISHED
        if self.fin is not None and one.ack > self.fin:
            acked = {FIN_WAIT_1: FIN_WAIT_2, CLOSING: TIME_WAIT, LAST_ACK: CLOSED}
            self.state = acked.get(self.state, self.state)
        if "F" in one.flags:
            closed = {ESTABLISHED: CLOSE_WAIT, FIN_WAIT_1: CLOSING, FIN_WAIT_2: TIME_WAIT}
            self.state = closed.get(self.state, self.state)
        if one.length or "S" in one.flags or "F" in one.flags:
            self.send("A")


class Network:
    """Both ends, and a capture point somewhere between them."""

    def __init__(self) -> None:
        self.client, self.server = End(CLOSED), End(LISTEN)
        self.behind: dict[bool, deque[Segment]] = {True: deque(), False: deque()}
        """Passed the capture point, not arrived yet: of the client, of the server."""
        self.frames: list[Frame] = []
        self.client.connect()

    def capture(self, *, from_client: bool) -> None:
        sender = self.client if from_client else self.server
        if not sender.out:
            return
        one = sender.out.popleft()
        self.behind[from_client].append(one)
        ours, theirs = (1000, 90_000) if from_client else (90_000, 1000)
        ports = {"sport": 40000, "dport": 80} if from_client else {"sport": 80, "dport": 40000}
        ends = {"src": CLIENT, "dst": SERVER} if from_client else {"src": SERVER, "dst": CLIENT}
        ack = theirs + one.ack if "A" in one.flags else 0
        self.frames.append(tcp(b"x" * one.length, seq=ours + one.seq, ack=ack, flags=one.flags, **ports, **ends))

    def arrive(self, *, from_client: bool) -> None:
        if self.behind[from_client]:
            (self.server if from_client else self.client).receive(self.behind[from_client].popleft())

    def rest(self) -> None:
        """Everything that is under way arrives."""
        while self.client.out or self.server.out or self.behind[True] or self.behind[False]:
            for from_client in (True, False):
                self.capture(from_client=from_client)
                self.arrive(from_client=from_client)


STEPS: dict[str, Callable[[Network], None]] = {
    "capture client": lambda network: network.capture(from_client=True),
    "capture server": lambda network: network.capture(from_client=False),
    "arrive at server": lambda network: network.arrive(from_client=True),
    "arrive at client": lambda network: network.arrive(from_client=False),
    "client writes": lambda network: network.client.write(5),
    "server writes": lambda network: network.server.write(7),
    "client closes": lambda network: network.client.close(),
    "server closes": lambda network: network.server.close(),
    "rest": lambda network: network.rest(),
}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=40))
def test_at_rest_the_states_shown_are_those_that_the_ends_are_in(steps: list[str]) -> None:
    """Wherever the capture point is, whoever closes when, however packets cross."""
    network = Network()
    network.rest()
    for step in steps:
        STEPS[step](network)
    network.rest()
    found = judge(ek_lines(network.frames))
    assert found.states(len(network.frames)) == f"{network.client.state} / {network.server.state}"
    assert not found.problems

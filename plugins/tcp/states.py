"""The RFC 9293 state of both ends, as a textbook's ladder shows it (RFC 9293 §3.3.2, §3.5, §3.6, §3.10.7).

A capture shows packets, not states, so there is a convention: a transition shows on the next packet that its end sends
because of it; one after which its end owes nothing shows on the packet that causes it, but not before that end's
earlier transitions have shown. What cannot be inferred is ``?``.
"""

from __future__ import annotations

from .endpoint import Endpoint

UNKNOWN = "?"
LISTEN, SYN_SENT, SYN_RECEIVED = "LISTEN", "SYN-SENT", "SYN-RECEIVED"
ESTABLISHED, CLOSE_WAIT, LAST_ACK = "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK"
FIN_WAIT_1, FIN_WAIT_2, CLOSING = "FIN-WAIT-1", "FIN-WAIT-2", "CLOSING"
TIME_WAIT, CLOSED = "TIME-WAIT", "CLOSED"

_PEER_CLOSED = {
    ESTABLISHED: CLOSE_WAIT,
    SYN_RECEIVED: CLOSE_WAIT,
    FIN_WAIT_1: CLOSING,
    FIN_WAIT_2: TIME_WAIT,
}
_OWN_FIN_ACKED = {FIN_WAIT_1: FIN_WAIT_2, CLOSING: TIME_WAIT, LAST_ACK: CLOSED}
_OWN_FIN_SENT = {ESTABLISHED: FIN_WAIT_1, SYN_RECEIVED: FIN_WAIT_1, CLOSE_WAIT: LAST_ACK}
_OWN_FIN_AGAIN = {FIN_WAIT_2: FIN_WAIT_1, TIME_WAIT: CLOSING, CLOSED: LAST_ACK}


def syn_sent(sender: Endpoint, receiver: Endpoint) -> None:
    """A SYN without ACK: the active open (§3.5). The other end is presumed to listen, by custom."""
    sender.state = SYN_SENT
    if receiver.state in (UNKNOWN, CLOSED, TIME_WAIT):
        receiver.state = LISTEN


def syn_ack_sent(sender: Endpoint, receiver: Endpoint, *, repeated: bool) -> None:
    """A SYN that acknowledges one. Repeated, it says that the peer's ACK did not arrive."""
    simultaneous = sender.state == SYN_SENT
    sender.state = SYN_RECEIVED
    if receiver.state in (UNKNOWN, LISTEN):  # no SYN of it in the capture, yet this packet answers one
        receiver.state = SYN_SENT
    if simultaneous and not repeated and receiver.state == SYN_RECEIVED:
        sender.state = receiver.state = ESTABLISHED


def server_goes_on(sender: Endpoint, receiver: Endpoint) -> None:
    """Data or a FIN of an end in SYN-RECEIVED: the handshake's last ACK has reached it, though the capture lacks it
    (§3.10.7.4; Fast Open apart)."""
    sender.state = ESTABLISHED
    if receiver.state == SYN_SENT:
        receiver.state = ESTABLISHED if receiver.seen else UNKNOWN


def segment_sent(sender: Endpoint, receiver: Endpoint, *, acked: int | None, fin: str) -> None:
    """A segment without SYN and RST.

    :param acked: the position of the receiver's that it acknowledges, None without ACK
    :param fin: ``new``, ``again``, or empty
    """
    _show_what_the_sender_knows(sender, receiver, acked)
    if fin == "new":
        sender.state = _OWN_FIN_SENT.get(sender.state, sender.state)
    elif fin == "again":
        sender.state = _OWN_FIN_AGAIN.get(sender.state, sender.state)
        sender.fin_acked_unshown = False
    if acked is not None:
        _acknowledge(receiver, acked, owes=bool(fin))
    if fin == "new":
        receiver.fin_received_unshown = True


def _show_what_the_sender_knows(sender: Endpoint, receiver: Endpoint, acked: int | None) -> None:
    if acked is None:
        return
    if sender.state == SYN_SENT:  # it acknowledges the peer's SYN, so it has seen it
        sender.state = ESTABLISHED
        if not receiver.seen:
            receiver.state = UNKNOWN
    if sender.fin_received_unshown and receiver.fin_position is not None and acked > receiver.fin_position:
        sender.fin_received_unshown = False
        if sender.fin_acked_unshown:
            sender.fin_acked_unshown = False
            sender.state = _OWN_FIN_ACKED.get(sender.state, sender.state)
        sender.state = _PEER_CLOSED.get(sender.state, sender.state)


def _acknowledge(receiver: Endpoint, acked: int, *, owes: bool) -> None:
    """What the acknowledgment does to its receiver at once, unless the receiver must still answer something."""
    if receiver.state == SYN_RECEIVED and acked >= 1:
        receiver.state = ESTABLISHED
    if receiver.fin_position is not None and acked > receiver.fin_position:
        if owes or receiver.fin_received_unshown:
            receiver.fin_acked_unshown = True
        else:
            receiver.state = _OWN_FIN_ACKED.get(receiver.state, receiver.state)


def reset_sent(sender: Endpoint, receiver: Endpoint, *, acceptable: bool) -> None:
    """RST: the connection is gone at its sender; at the receiver only if its number is acceptable (§3.10.7.4)."""
    sender.state = CLOSED
    if acceptable:
        receiver.state = CLOSED
        receiver.fin_received_unshown = receiver.fin_acked_unshown = False
    sender.fin_received_unshown = sender.fin_acked_unshown = False


def answer_rejected(receiver: Endpoint) -> None:
    """An RST for a SYN-ACK that answers another SYN (§3.5, figure 8): its sender goes on, its receiver listens again."""
    if receiver.state == SYN_RECEIVED:
        receiver.state = LISTEN


def data_shows_open(sender: Endpoint, receiver: Endpoint) -> None:
    """Without the handshake in the capture: both ends have sent data, so neither had closed its direction before."""
    if sender.state == receiver.state == UNKNOWN and sender.sent_data and receiver.sent_data:
        sender.state = receiver.state = ESTABLISHED

"""Zeek's conn_state and history, with Zeek's exact meaning.

Sources: Zeek's documentation of conn.log, its scripts/base/protocols/conn/main.zeek, and how its TCP analyzer moves an
endpoint from state to state. Side 0 is the originator, side 1 the responder.
"""

from __future__ import annotations

INACTIVE, PARTIAL, SYN_SENT, SYN_ACK_SENT, ESTABLISHED, CLOSED, RESET = range(7)

LIKELY_SERVER_PORTS = frozenset(
    {21, 22, 23, 25, 53, 80, 81, 110, 143, 443, 465, 587, 631, 853, 993, 995}
    | {1080, 3128, 3306, 3389, 5060, 5432, 6379, 8000, 8080, 8443, 8888}
)
"""Ports that speak for the server's side when the capture does not begin with the SYN."""


def sender_is_server(source_port: int, destination_port: int) -> bool:
    """Whether the ports say that the first packet, which is no SYN, comes from the server."""
    if source_port not in LIKELY_SERVER_PORTS:
        return False
    return destination_port not in LIKELY_SERVER_PORTS or source_port < destination_port


class ZeekConnection:
    """History and the two endpoint states of one connection."""

    __slots__ = ("_counts", "_last", "_previous", "conn_state", "history", "states")

    def __init__(self) -> None:
        self.states = [INACTIVE, INACTIVE]
        self._previous = [INACTIVE, INACTIVE]
        self.history = ""
        self._counts: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self.conn_state = conn_state(INACTIVE, INACTIVE, "")
        """The value so far: asked for with every packet, so it is worked out where something changes."""

    def _changed(self) -> None:
        self.conn_state = conn_state(self.states[0], self.states[1], self.history)

    def flipped(self) -> None:
        """The direction was turned round: what comes first was taken for the responder's."""
        if "^" not in self.history:
            self.history += "^"

    def record(self, letter: str, side: int) -> None:
        """Adds a letter the first time for its direction."""
        if side:
            letter = letter.lower()
        if letter not in self.history:
            self.history += letter
            self._changed()

    def record_change(self, letter: str, side: int, number: int) -> None:
        """Adds a letter again when ``number`` (a sequence number) is another than the last of its kind."""
        if side:
            letter = letter.lower()
        if self._last.get(letter) != number:
            self._last[letter] = number
            self.history += letter
            self._changed()

    def record_count(self, letter: str, side: int) -> None:
        """Adds a letter on its 1st, 10th, 100th… occasion."""
        if side:
            letter = letter.lower()
        count = self._counts[letter] = self._counts.get(letter, 0) + 1
        if str(count).strip("0") == "1":
            self.history += letter

    def control(self, side: int, *, syn: bool, ack: bool, fin: bool, rst: bool) -> None:
        """A segment with SYN, FIN or RST passed."""
        state, peer = self.states[side], self.states[1 - side]
        if state == INACTIVE:
            if syn:
                self._first_syn(side, peer, ack=ack)
            if fin:
                self._become(side, CLOSED)
            if rst:
                self._become(side, RESET)
        elif state in (SYN_SENT, SYN_ACK_SENT):
            if fin or rst:
                self._become(side, RESET if rst else CLOSED)
        elif state in (ESTABLISHED, PARTIAL):
            if syn and state == PARTIAL and peer == INACTIVE and not ack:
                self._become(side, SYN_SENT)
            if rst:
                self._become(side, RESET)
            elif fin:
                self._become(side, CLOSED)
                if peer == RESET and self._previous[1 - side] == CLOSED:
                    self._become(1 - side, CLOSED)
        elif state == CLOSED and rst and peer != CLOSED:
            self._become(side, RESET)

    def _first_syn(self, side: int, peer: int, *, ack: bool) -> None:
        if side == 0:
            self._become(0, SYN_ACK_SENT if ack else SYN_SENT)
            return
        if peer == SYN_ACK_SENT and not ack:
            # the SYN-ACK came first by mistake of the capture: Zeek turns the direction round
            self.flipped()
            self.states.reverse()
            self.states[:] = [ESTABLISHED, ESTABLISHED]
            self._changed()
            return
        if peer == SYN_SENT:
            self._become(0, ESTABLISHED)
        self._become(1, ESTABLISHED)

    def traffic(self, side: int, *, ack: bool, length: int) -> None:
        """A segment without SYN, FIN and RST passed."""
        if self.states[side] != INACTIVE:
            return
        if side == 1 and length == 0 and self.states[0] == SYN_SENT:
            return
        self._become(side, ESTABLISHED if ack and self.states[1 - side] == ESTABLISHED else PARTIAL)

    def _become(self, side: int, state: int) -> None:
        self._previous[side] = self.states[side]
        self.states[side] = state
        self._changed()


def conn_state(originator: int, responder: int, history: str) -> str:
    """Zeek's conn_state of a connection whose endpoints ended in these states."""
    quiet = (INACTIVE, PARTIAL)
    if responder == RESET:
        no_data = "D" not in history and "d" not in history
        if originator in (SYN_SENT, SYN_ACK_SENT) or (originator == RESET and no_data):
            return "REJ"
        return "RSTRH" if originator in quiet else "RSTR"
    if originator == RESET:
        if responder in quiet:
            return "RSTOS0" if _syn_then_reset(history) else "OTH"
        return "RSTO"
    if originator == responder == CLOSED:
        return "SF"
    if originator == CLOSED:
        return "SH" if responder in quiet else "S2"
    if responder == CLOSED:
        return "SHR" if originator in quiet else "S3"
    if originator == SYN_SENT and responder == INACTIVE:
        return "S0"
    if originator == responder == ESTABLISHED:
        return "S1"
    return "OTH"


def _syn_then_reset(history: str) -> bool:
    """The originator's S, then R, with none of its H A F G I Q between."""
    begin = history.find("S")
    end = history.find("R", begin + 1)
    return begin >= 0 and end >= 0 and not set(history[begin + 1 : end]) & set("HAFGIQ")

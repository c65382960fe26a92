"""Writes payload-streams.pcap beside this file: what can go wrong with messages on TCP, for tests/data/plugins/labline.py.

    python -m tests.data.built.make_payloads

Each client port is one connection to port 9101. The bytes are the same on every run.
"""

from __future__ import annotations

from pathlib import Path

from labdissect.testing import Frame, tcp, write_pcap

PORT = 9101
CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
FIRST, ANSWER = 1000, 5000


def line(number: int, text: bytes = b"") -> bytes:
    """A message of LabLine."""
    return (4 + len(text)).to_bytes(2, "big") + bytes([number]) + b"#" + text


class Connection:
    """A client's side of one connection."""

    def __init__(self, port: int, data: bytes, *, handshake: bool = True) -> None:
        self.port, self.data, self.frames = port, data, []
        if handshake:
            self.frames += [self._client(b"", FIRST, 0, "S"), self._server(0, "SA"), self._client(b"", FIRST + 1)]
            self.frames[1] = self._server(0, "SA", ANSWER)

    def _client(self, payload: bytes, seq: int, ack: int = ANSWER + 1, flags: str = "A") -> Frame:
        return tcp(payload, sport=self.port, dport=PORT, seq=seq, ack=ack, flags=flags, src=CLIENT, dst=SERVER)

    def _server(self, acked: int, flags: str = "A", seq: int = ANSWER + 1) -> Frame:
        return tcp(sport=PORT, dport=self.port, seq=seq, ack=FIRST + 1 + acked, flags=flags, src=SERVER, dst=CLIENT)

    def send(self, *pieces: tuple[int, int]) -> None:
        """Segments with the bytes from … to …"""
        self.frames += [self._client(self.data[begin:end], FIRST + 1 + begin, flags="PA") for begin, end in pieces]

    def acknowledge(self, size: int) -> None:
        """The server has so many bytes."""
        self.frames.append(self._server(size))

    def close(self) -> None:
        """FIN from the client."""
        self.frames.append(self._client(b"", FIRST + 1 + len(self.data), flags="FA"))


def missing() -> list[Frame]:
    """The second of four messages is not in the capture, but was acknowledged."""
    scene = Connection(40001, b"".join(line(number, b"text") for number in range(4)))
    scene.send((0, 8), (16, 24))
    scene.acknowledge(24)
    scene.send((24, 32))
    scene.close()
    return scene.frames


def endless() -> list[Frame]:
    """A message that claims more than two megabytes: its layer's own message_length says so."""
    scene = Connection(40002, b"\0\0\x7f!" + line(1))
    scene.send((0, 4), (4, 8))
    scene.close()
    return scene.frames


def begun_before() -> list[Frame]:
    """The capture begins within a message."""
    scene = Connection(40003, line(0, b"x" * 30) + line(1, b"text"), handshake=False)
    scene.send((10, 34), (34, 42))
    scene.close()
    return scene.frames


def broken_off() -> list[Frame]:
    """The client closes in the middle of its second message; the first comes in three segments, out of turn."""
    scene = Connection(40004, line(0, b"one message") + line(1, b"another")[:6])
    scene.send((4, 9), (0, 4), (9, 21))
    scene.close()
    return scene.frames


def main() -> None:
    """Writes the capture."""
    frames = [*missing(), *endless(), *begun_before(), *broken_off()]
    write_pcap(Path(__file__).with_name("payload-streams.pcap"), frames)


if __name__ == "__main__":
    main()

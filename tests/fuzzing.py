"""Hostile payloads for plugins' layers: any bytes in datagrams, any segments of any bytes on TCP streams.

With atheris (``pip install atheris``), guided by coverage, as long as one likes::

    python -m tests.fuzzing -runs=100000
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

from labdissect.bridge.trial import Result
from labdissect.plugins.streams import BYTES_LIMIT
from labdissect.testing import Frame, run, tcp, udp

ROOT = Path(__file__).parent.parent
PLUGINS = (
    "examples/labrdt.py",
    "examples/labbeacon.py",
    "tests/data/plugins/labline.py",
    "tests/data/plugins/labnote.py",
)
PORTS = (9000, 9001, 9101, 9102)
FRAMES = 100
"""Payloads of one case."""


def frames(random: Random) -> Iterator[Frame]:
    """A case: datagrams and segments, some in step, some like messages, most of them noise."""
    for _ in range(FRAMES):
        payload = random.randbytes(random.choice((0, 1, 3, 8, 16, 40)))
        if random.random() < 0.5:
            text = random.randbytes(random.randrange(20))
            payload = (4 + len(text)).to_bytes(2, "big") + b"\0#" + text + payload[:4]
        if random.random() < 0.3:
            yield udp(payload, dport=9000, sport=random.choice((9001, 40000)))
        else:
            flags = random.choice(("A", "A", "A", "PA", "S", "FA", "R"))
            seq = random.choice((0, 2**32 - 20, 2**31)) + random.randrange(-200, 200)
            ports = (40000 + random.randrange(2), random.choice(PORTS))
            sport, dport = ports if random.random() < 0.7 else ports[::-1]
            yield tcp(payload, sport=sport, dport=dport, seq=seq, ack=random.randrange(2**32), flags=flags)


def survives(random: Random) -> Result:
    """Runs every plugin over a case; nothing raises, nothing is switched off, every message lies within its stream."""
    case = list(frames(random))
    for name in PLUGINS:
        result = run(ROOT / name, case, check=False)
        assert len(result.packets) == len(case)
        assert not result.problems, result.problems
        for packet in result.packets:
            for message in packet.messages:
                assert message.frames and message.frame == packet.number and message.offset >= 0
                assert 0 < len(message.data) <= BYTES_LIMIT or not message.data
    return result


class _Bytes(Random):
    """Chance that comes from bytes, for a fuzzer that learns which bytes lead where."""

    def __new__(cls, data: bytes) -> _Bytes:
        return super().__new__(cls)

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data, self._at = data, 0

    def getrandbits(self, k: int, /) -> int:
        size = (k + 7) // 8
        taken = self._data[self._at : self._at + size].ljust(size, b"\0")
        self._at += size
        return int.from_bytes(taken, "big") >> (8 * size - k)

    def random(self) -> float:
        return self.getrandbits(53) / (1 << 53)


def main() -> None:
    """Runs atheris."""
    import atheris

    def one(data: bytes) -> None:
        survives(_Bytes(data))

    atheris.instrument_all()
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

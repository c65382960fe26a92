"""The capture interface "labdissect" in Wireshark's own list: packets come with their verdicts as comments.

Wireshark (or tshark) starts this program, which captures with dumpcap, or reads a file, and writes pcapng into a pipe
of Wireshark's (extcap(4)). Under load nothing here keeps the capture waiting: a packet waits for its verdicts, but not
for long, and is then passed on without them, and counted.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from labdissect.dissectors.layer import Text
from labdissect.plugins.writer import BaseWriter

from .pcapng.blocks import Block, commented, fitted
from .pcapng.comments import comments_of

if TYPE_CHECKING:
    from labdissect.plugins.packet import Packet
    from labdissect.plugins.rule import Verdict
    from labdissect.plugins.writer import Record

    from .dumpcap import Interface

NAME = "labdissect"
"""Of the interface, and of the program in the extcap folder."""
PATIENCE = 3.0
"""Seconds that a packet waits for its verdicts: tshark needs one or two of them to start."""
ROOM = 64 << 20
"""Bytes of packets that may wait for their verdicts."""

TOO_MUCH = 4
"""Times the room: Wireshark has come to a stand, and the kernel may drop packets and count them."""

_UNANNOTATED = Text(
    "Packets up to here without verdicts: {count}. They came faster than they could be judged.",
    "到此为止没有解读的分组：{count} 个。它们到达得太快，来不及分析。",
)


class Waiting(NamedTuple):
    """A block on its way."""

    block: Block
    number: int | None
    """The frame's; None for what is no packet."""
    judged: bool
    """Whether verdicts of it will come."""
    since: float


class Passage:
    """Blocks go in as they are captured, comments as they are made; both come out in the order of the capture.

    :param patience: seconds that a packet waits at most; None: as long as it takes
    :param room: bytes that may wait. With more, packets do not wait any longer; with :data:`TOO_MUCH` times as many
        (nobody takes what comes out) or without ``patience`` it is who puts blocks in that waits
    """

    def __init__(self, language: str = "en", patience: float | None = PATIENCE, room: int = ROOM) -> None:
        self._language = language
        self._patience = patience
        self._room = room
        self._most = room if patience is None else TOO_MUCH * room
        self._queue: deque[Waiting] = deque()
        self._size = 0
        self._comments: dict[int, Sequence[bytes]] = {}
        self._judged = self._passed = 0
        """Numbers of the last frame that was judged, and of the last that has gone out."""
        self._ended = self._hurried = False
        self._untold = 0
        """Packets gone out without verdicts, of which no comment tells yet."""
        self.unannotated = 0
        """All packets gone out before they were judged."""
        self._changed = threading.Condition()

    def put(self, block: Block, number: int | None, judged: bool) -> None:
        """A block was captured.

        :param number: the frame's; None for what is no packet
        :param judged: whether :meth:`comment` will be called for it
        """
        with self._changed:
            while self._size > self._most and not self._hurried:
                self._changed.wait()
            self._queue.append(Waiting(block, number, judged, monotonic()))
            self._size += len(block.data)
            self._changed.notify_all()

    def comment(self, number: int, comments: Sequence[bytes]) -> None:
        """A frame was judged; called in their order. Too late, it changes nothing."""
        with self._changed:
            self._judged = number
            if number > self._passed:
                self._comments[number] = comments
            self._changed.notify_all()

    def end(self) -> None:
        """No more blocks come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def hurry(self) -> None:
        """Nothing waits any longer."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()

    def come_out(self) -> Iterator[bytes]:
        """The blocks, as many at once as are ready; waits for more until all is over."""
        while True:
            with self._changed:
                while not self._ready():
                    if self._ended and not self._queue:
                        return
                    self._changed.wait(self._left())
                pieces = []
                while self._ready():
                    pieces.append(self._take())
                self._changed.notify_all()
            yield b"".join(pieces)

    def _ready(self) -> bool:
        """Whether the first block need not wait."""
        if not self._queue:
            return False
        first = self._queue[0]
        if first.number is None or not first.judged or first.number <= self._judged or self._hurried:
            return True
        return self._patience is not None and (self._size > self._room or monotonic() >= first.since + self._patience)

    def _left(self) -> float | None:
        """Seconds that the first block may still wait."""
        if not self._queue or self._patience is None:
            return None
        return max(0.0, self._queue[0].since + self._patience - monotonic())

    def _take(self) -> bytes:
        block, number, judged, _ = self._queue.popleft()
        self._size -= len(block.data)
        if number is None:
            return block.data
        self._passed = number
        comments = list(self._comments.pop(number, ()))
        if not judged or number > self._judged:
            comments = []
            self.unannotated += 1
            self._untold += 1
            if not self._is_last():
                return block.data
        if self._untold:
            template = _UNANNOTATED.zh if self._language == "zh" else _UNANNOTATED.en
            comments.append(fitted(template.format(count=self._untold))[0])
            self._untold = 0
        return commented(block, comments) if comments else block.data

    def _is_last(self) -> bool:
        return self._ended and all(waiting.number is None for waiting in self._queue)


class Commenter(BaseWriter):
    """A writer that hands each packet's comments to the passage."""

    def __init__(self, passage: Passage, language: str) -> None:
        self._passage = passage
        self._language = language

    def packet(self, record: Record, packet: Packet, verdicts: Sequence[Verdict]) -> None:
        """Its comments."""
        self._passage.comment(packet.number, comments_of(packet.number, verdicts, self._language, packet.messages))


class Replay:
    """A capture file in a capture's place.

    :raises OSError: when it cannot be read
    """

    def __init__(self, path: Path) -> None:
        from .pcapng.capture import CaptureStream

        self._file = CaptureStream(path, lambda problem: None)
        self._stopped = False
        self.stream = self

    def read(self, size: int, /) -> bytes:
        """As much as there is, until it is asked to stop."""
        return b"" if self._stopped else self._file.read(size)

    def ask_to_stop(self) -> None:
        """Reads no more."""
        self._stopped = True

    def outcome(self, name: str, packets: int) -> None:
        """Nothing to say: whoever reads it to its end knows."""

    def stop(self) -> None:
        """Closes it."""
        self._stopped = True
        self._file.close()


# what Wireshark asks for


def sentences(interfaces: Iterable[Interface]) -> list[str]:
    """What ``--extcap-config`` answers: the options that Wireshark shows for the interface."""
    lines = [
        "arg {number=0}{call=--interface}{display=Capture on}{type=selector}"
        "{tooltip=The interface whose packets are captured}",
        "arg {number=1}{call=--file}{display=Or replay a file}{type=fileselect}{mustexist=true}"
        "{tooltip=A capture that is read instead}",
        "arg {number=2}{call=--language}{display=Language}{type=selector}",
        f"arg {{number=3}}{{call=--patience}}{{display=Seconds to wait for a verdict}}{{type=double}}"
        f"{{default={PATIENCE:g}}}{{range=0,60}}{{tooltip=After that a packet is shown without}}",
    ]
    for position, interface in enumerate(interfaces, 1):  # as dumpcap counts them
        title = f"{interface.name} ({interface.title})" if interface.title else interface.name
        value = str(position) if "{" in interface.name else interface.name  # as in Windows: \Device\NPF_{…}
        first = "{default=true}" if position == 1 else ""
        lines.append(f"value {{arg=0}}{{value={value}}}{{display={_plain(title)}}}{first}")
    lines += ["value {arg=2}{value=en}{display=English}{default=true}", "value {arg=2}{value=zh}{display=中文}"]
    return lines


def _plain(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")


def launcher(folder: Path) -> tuple[Path, bytes]:
    """The program that Wireshark starts: where it goes, and what is in it.

    It names this Python, as Wireshark does not know of virtual environments, and keeps it from looking for modules in
    the working directory (``-P``), where captures lie that others made.
    """
    import labdissect

    checkout = Path(labdissect.__file__).resolve().parent.parent
    installed = any(part in ("site-packages", "dist-packages") for part in checkout.parts)
    arguments = ["-P", "-m", "labdissect", "wireshark", "extcap"]
    said = "labdissect: written by `labdissect wireshark install --extcap`, removed by `labdissect wireshark uninstall`"
    if sys.platform == "win32":
        path = "" if installed else f'@set "PYTHONPATH={checkout}"\r\n'
        command = subprocess.list2cmdline([sys.executable, *arguments])
        return folder / f"{NAME}.bat", f"@rem {said}\r\n{path}@{command} %*\r\n".encode()
    path = "" if installed else f"PYTHONPATH={shlex.quote(str(checkout))} "
    return folder / NAME, f'#!/bin/sh\n# {said}\n{path}exec {shlex.join([sys.executable, *arguments])} "$@"\n'.encode()

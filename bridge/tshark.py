"""tshark: where it is, which version, and running it on a capture without ever leaving it behind.

It is looked for in ``LABDISSECT_TSHARK``, in PATH and in Wireshark's own folders; never in the working directory and
never where a file of the working directory says (pyshark's ``get_process_path`` reads ``./config.ini``).
"""

from __future__ import annotations

import io
import os
import re
import shutil
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from labdissect.plugins.writer import Problem

from .failures import TsharkFailure, UsageFailure
from .pipe import enlarge_pipe
from .places import program
from .readers.flat import VALUES
from .source import cut
from .tshark_options import Options

if TYPE_CHECKING:
    from .asking import Asked

ENVIRONMENT_VARIABLE = "LABDISSECT_TSHARK"
LINES_KEPT = 20
"""Of what tshark says on stderr; a broken option makes it list everything it knows."""
SECONDS_TO_STOP = 3.0
_NEW_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""Windows' word for what ``start_new_session`` is elsewhere."""

_INVALID_OPTION = 1
"""tshark's exit code for options that it does not take; those for files differ by version."""
_HARMLESS = ("Running as user", "Capturing on ", "File: ", "Packets captured: ")

HOW_TO_INSTALL = "install it (Debian, Ubuntu: `sudo apt install tshark`; macOS, Windows: wireshark.org)"


def find() -> Path:
    """The tshark to run.

    :raises TsharkFailure: when there is none
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise TsharkFailure(f"{ENVIRONMENT_VARIABLE} names {named}, which is no program that can be run")
        return Path(found)
    place = program("tshark")
    if place is None:
        raise TsharkFailure(f"tshark is not there; {HOW_TO_INSTALL}, or name it in {ENVIRONMENT_VARIABLE}")
    return place


def version(path: Path) -> tuple[int, ...]:
    """``(4, 0, 17)``.

    :raises TsharkFailure: when it does not say
    """
    try:
        ran = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TsharkFailure(f"{path} cannot be run: {error}") from error
    found = re.search(rb"TShark[^\n]*?(\d+)\.(\d+)\.(\d+)", ran.stdout)
    if found is None:
        raise TsharkFailure(f"{path} does not say which version it is; is it Wireshark's tshark?")
    return tuple(int(part) for part in found.groups())


def folders(path: Path) -> dict[str, Path]:
    """Wireshark's folders as ``tshark -G folders`` names them, ``Personal configuration`` among them; of a name that
    comes twice, the first.

    :raises TsharkFailure: when it does not say
    """
    try:
        ran = subprocess.run(
            [path, "-G", "folders"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TsharkFailure(f"{path} cannot be run: {error}") from error
    found: dict[str, Path] = {}
    for line in os.fsdecode(ran.stdout).splitlines():
        name, tab, folder = line.partition("\t")
        if tab and folder.strip():
            found.setdefault(name.strip().rstrip(":"), Path(folder.strip()))
    if "Personal configuration" not in found:
        raise TsharkFailure(f"{path} does not say where its configuration is (-G folders)")
    return found


_GIVING_WAY = 10
"""Its priority then, as of ``nice``: it gets a tenth of what the others get."""


class Running:
    """A tshark at work, or a program that helps it; its output is :attr:`stream`. Whoever starts it stops it.

    :param fed: whether it reads what is written to :attr:`input`
    :param apart: whether a Ctrl-C on the terminal is kept from it
    :param handed: open files that it gets under the same numbers (POSIX)
    :param environment: its own, when not ours
    """

    program = "tshark"
    """What its complaints begin with."""

    def __init__(
        self,
        path: Path,
        arguments: Sequence[str],
        *,
        fed: bool = False,
        apart: bool = False,
        handed: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        try:
            self._process = subprocess.Popen(
                [path, *arguments],
                stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=apart,
                creationflags=_NEW_GROUP if apart else 0,
                pass_fds=handed,
                env=environment,
            )
        except OSError as error:
            raise TsharkFailure(f"{path} cannot be run: {error.strerror}") from error
        self.stream = cast(BinaryIO, self._process.stdout)
        self.input = cast(BinaryIO, self._process.stdin)
        enlarge_pipe(self.stream.fileno())
        if fed:
            enlarge_pipe(self.input.fileno())  # whoever feeds it has other work too
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=LINES_KEPT)
        # read on the side: a full stderr pipe would block tshark
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for raw in cast(BinaryIO, self._process.stderr):
            line = raw.decode("utf-8", "replace").rstrip()
            if not line or line.startswith(_HARMLESS):
                continue
            if len(self._first) < LINES_KEPT:
                self._first.append(line)
            else:
                self._last.append(line)

    def give_way(self) -> None:
        """Lets other programs go first where there are fewer processors than work: for one of several tsharks, which
        are ahead of whoever reads them anyway."""
        if hasattr(os, "setpriority"):
            with suppress(OSError):  # it has ended, or somebody has chosen a lower priority already
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _GIVING_WAY)

    def wait(self) -> int:
        """Its exit code, once its output was read to the end."""
        code = self._process.wait()
        self._listener.join(SECONDS_TO_STOP)
        return code

    def outcome(self, name: str, packets: int) -> Problem | None:
        """What became of it, once its output was read to the end: nothing to say, a problem, or a failure.

        :raises UsageFailure: when it does not take an option
        :raises TsharkFailure: when it gave up before the first packet
        """
        code = self.wait()
        if code == 0:
            return None
        said = self.complaint or f"exit code {code}"
        if code == _INVALID_OPTION and not packets:
            raise UsageFailure(f"tshark does not take an option: {said}")
        if not packets:
            raise TsharkFailure(f"tshark cannot read {name}: {said}")
        return cut(f"tshark stopped after {packets} packet{'' if packets == 1 else 's'} of {name}: {said}")

    @property
    def complaint(self) -> str:
        """The sentence in which it says why it gave up, without its own name before it; empty when it said nothing."""
        name = f"{self.program}: "
        mine = [line.removeprefix(name) for line in self.said if line.startswith(name)]
        return (mine or self.said[-1:] or [""])[0]

    @property
    def said(self) -> list[str]:
        """What it said on stderr, but for harmless lines; of many the first and the last."""
        return [*self._first, *self._last]

    def ask_to_stop(self) -> None:
        """Asks it to end, without waiting for that."""
        if self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """Ends it, if it has not ended, and frees what it held."""
        self.ask_to_stop()
        with suppress(OSError):
            self.stream.close()  # first: what waits until somebody reads its output would not end
        if self._process.poll() is None:
            try:
                self._process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def read_capture(
    path: Path, capture: str | os.PathLike[str], output: str, options: Options, *, columns: bool = False
) -> Running:
    """Starts tshark on a capture.

    :param output: ``ek`` or ``pdml``
    :param columns: with Wireshark's own columns (Protocol, Info) in each record, which costs 1 % of tshark's time; then
        names are not resolved either, as nobody sees them
    """
    extra = ["-n", "-P", "-V"] if columns else []
    return Running(path, ["-r", file_argument(capture), *extra, "-T", output, *options.arguments()])


def read_fields(path: Path, capture: str | os.PathLike[str] | None, asked: Asked, options: Options) -> Running:
    """Starts tshark on a capture for these fields alone, as flat EK; of Wireshark's columns, those asked for are beside
    ``layers``, as ``-P`` prints them.

    ``-P`` before ``-T`` and a filter that names the fields: else tshark builds the tree of every packet whole in order
    to print some of its fields, which costs more than all the rest (docs/decisions/0011-ask-for-less.md).

    :param capture: None for what is written to :attr:`Running.input`
    """
    file = "-" if capture is None else file_argument(capture)
    every_packet = " or ".join([_IN_EVERY_PACKET, *asked.fields])
    fields = [argument for name in asked.fields for argument in ("-e", name)]
    chosen = ["-Y", every_packet, "-P", "-T", "ek", *fields]
    return Running(path, ["-n", "-r", file, *options.arguments(), *_columns(asked), *chosen], fed=capture is None)


def _columns(asked: Asked) -> list[str]:
    """The preference that has tshark make the columns asked for alone: a column costs what 20 fields do. One of the
    user's own can be had only beside all of theirs."""
    if any(title not in COLUMN_FORMATS for title in asked.columns):
        return []
    formats = {title: COLUMN_FORMATS[title] for title in asked.columns}
    if asked.together:
        formats = {VALUES: f"%Cus:{' or '.join(asked.together)}:0:R"} | formats  # every value, and words for a status
    columns = ",".join(f'"{title}","{made_of}"' for title, made_of in (formats or _ONE_COLUMN).items())
    return ["-o", f"gui.column.format:{columns}"]


_IN_EVERY_PACKET = "frame.number"
COLUMN_FORMATS = {
    "No.": "%m",
    "Time": "%t",
    "Source": "%s",
    "Destination": "%d",
    "Protocol": "%p",
    "Length": "%L",
    "Info": "%i",
}
"""Wireshark's columns as everybody has them, but for those who changed them."""
_ONE_COLUMN = {"No.": "%m"}
"""tshark wants one at least; this costs least."""


class WholeFrames:
    """Frames of a capture in full EK, asked for in rising order: those that a display filter chooses.

    The second tshark that prints them is started when the first of them is wanted, which most captures never do.

    :param columns: with Wireshark's own columns
    """

    def __init__(self, path: Path, capture: str, display_filter: str, options: Options, *, columns: bool) -> None:
        extra = ["-P", "-V"] if columns else []
        chosen = ["-n", "-r", file_argument(capture), "-Y", display_filter, *extra, "-T", "ek"]
        self._path, self._arguments = path, [*chosen, *options.arguments()]
        self._running: Running | None = None
        self._lines: io.BufferedReader | None = None
        self._number = 0
        self._line = b""

    def __call__(self, number: int) -> bytes | None:
        """The frame's line; None when it is not among them."""
        if self._lines is None:
            self._running = Running(self._path, self._arguments)
            self._lines = io.BufferedReader(cast(io.RawIOBase, self._running.stream), _WHOLE_BUFFER)
        while self._number < number:
            self._line = self._lines.readline()
            if not self._line.endswith(b"\n"):
                self._number = sys.maxsize
                break
            found = _FRAME_NUMBER.search(self._line)
            if found is not None:
                self._number = int(found[1])
        return self._line if self._number == number else None

    @property
    def begun(self) -> bool:
        """Whether any was wanted."""
        return self._running is not None

    def close(self) -> None:
        """Ends the second tshark."""
        if self._running is not None:
            self._running.stop()


_FRAME_NUMBER = re.compile(rb'"frame_frame_number":"(\d{1,18})"')
_WHOLE_BUFFER = 1 << 16


class ChosenFrames:
    """The frames that a display filter chooses, asked for in rising order.

    A second tshark prints their numbers meanwhile; each is read when it is needed, so that memory stays bounded.
    """

    def __init__(self, path: Path, capture: str, options: Options) -> None:
        self._filter = options.display_filter or ""
        arguments = ["-n", "-r", file_argument(capture), "-Y", self._filter, "-T", "fields", "-e", "frame.number"]
        self._running = Running(path, [*arguments, *options.arguments()])
        self._lines = io.BufferedReader(cast(io.RawIOBase, self._running.stream))
        self._next: int | None = 0
        """The number read last; None when there are no more."""
        self._some = False

    def __call__(self, number: int) -> bool:
        """Whether this frame is chosen.

        :raises UsageFailure: when tshark does not take the filter
        """
        while self._next is not None and self._next < number:
            line = self._lines.readline()
            if not line:
                self._next = None
                self.check()
            else:
                self._next, self._some = int(line), True
        return self._next == number

    def check(self) -> None:
        """To be called when the capture has no more packets: raises as above."""
        if self._some or self._running.wait() == 0:
            return
        said = self._running.complaint
        if not said.startswith("The file "):  # else the capture is damaged, which the first tshark tells
            raise UsageFailure(f"tshark does not take the filter {self._filter}: {said}")

    def close(self) -> None:
        """Ends the second tshark."""
        self._running.stop()


def file_argument(capture: str | os.PathLike[str]) -> str:
    """A file named ``-`` is not standard input."""
    name = os.fspath(capture)
    return f".{os.sep}{name}" if name.startswith("-") else name


def trial(path: Path) -> str | None:
    """Has tshark print one harmless packet of our own as EK; what went wrong, or None."""
    arp = "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202"
    frame = bytes.fromhex(arp).ljust(60, b"\0")
    capture = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + struct.pack("<IIII", 0, 0, 60, 60) + frame
    import tempfile  # it brings random and hashlib along, which most runs do without

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trial.pcap"
        file.write_bytes(capture)
        running = read_capture(path, file, "ek", Options())
        try:
            printed = running.stream.read()
            code = running.wait()
        finally:
            running.stop()
    if code:
        return f"tshark ends with exit code {code}: {running.complaint}"
    if b'"arp' not in printed:
        return "tshark prints no EK: too old? 3.4 or newer is needed"
    return None

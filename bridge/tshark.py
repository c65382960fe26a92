"""tshark: where it is, which version, and running it on a capture without ever leaving it behind.

It is looked for in ``LABDISSECT_TSHARK``, in PATH and in Wireshark's own folders; never in the working directory and
never where a file of the working directory says (pyshark's ``get_process_path`` reads ``./config.ini``).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from labdissect.plugins.writer import Problem

from .failures import TsharkFailure, UsageFailure
from .source import cut, enlarge_pipe

ENVIRONMENT_VARIABLE = "LABDISSECT_TSHARK"
LINES_KEPT = 20
"""Of what tshark says on stderr; a broken option makes it list everything it knows."""
SECONDS_TO_STOP = 3.0

_INVALID_OPTION = 1
"""tshark's exit code for options that it does not take; those for files differ by version."""
_HARMLESS = ("Running as user", "Capturing on ", "File: ")

HOW_TO_INSTALL = "install it (Debian, Ubuntu: `sudo apt install tshark`; macOS, Windows: wireshark.org)"


@dataclass(frozen=True)
class Options:
    """What is handed on to tshark as it is."""

    decode_as: Sequence[str] = ()
    """``-d``"""
    preferences: Sequence[str] = ()
    """``-o name:value``"""
    two_passes: bool = False
    """``-2``"""

    def arguments(self) -> list[str]:
        """As tshark's command line has them."""
        made = ["-2"] if self.two_passes else []
        for rule in self.decode_as:
            made += ["-d", rule]
        for preference in self.preferences:
            made += ["-o", preference]
        return made


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
    for folder in (*_path_folders(), *_usual_folders()):
        found = shutil.which("tshark", path=folder)
        if found is not None:
            return Path(found)
    raise TsharkFailure(f"tshark is not there; {HOW_TO_INSTALL}, or name it in {ENVIRONMENT_VARIABLE}")


def _path_folders() -> list[str]:
    """PATH without its relative folders: a tshark that lies about in the working directory is not the user's."""
    return [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder).is_absolute()]


def _usual_folders() -> list[str]:
    if sys.platform == "darwin":
        return ["/Applications/Wireshark.app/Contents/MacOS", "/opt/homebrew/bin", "/usr/local/bin"]
    if sys.platform == "win32":
        programs = (os.environ.get(name) for name in ("ProgramFiles", "ProgramFiles(x86)", "ProgramW6432"))
        return [str(Path(folder) / "Wireshark") for folder in programs if folder]
    return []


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


class Running:
    """A tshark at work; its output is :attr:`stream`. Whoever starts it stops it."""

    def __init__(self, path: Path, arguments: Sequence[str]) -> None:
        try:
            self._process = subprocess.Popen(
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
        except OSError as error:
            raise TsharkFailure(f"{path} cannot be run: {error.strerror}") from error
        self.stream = cast(BinaryIO, self._process.stdout)
        enlarge_pipe(self.stream.fileno())
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

    def wait(self) -> int:
        """Its exit code, once its output was read to the end."""
        code = self._process.wait()
        self._listener.join(SECONDS_TO_STOP)
        return code

    @property
    def complaint(self) -> str:
        """The sentence in which it says why it gave up, without its own name before it; empty when it said nothing."""
        lines = [*self._first, *self._last]
        mine = [line.removeprefix("tshark: ") for line in lines if line.startswith("tshark: ")]
        return (mine or lines[-1:] or [""])[0]

    def stop(self) -> None:
        """Ends it, if it has not ended, and frees what it held."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        with suppress(OSError):
            self.stream.close()


def read_capture(
    path: Path, capture: str | os.PathLike[str], output: str, options: Options, *, columns: bool = False
) -> Running:
    """Starts tshark on a capture.

    :param output: ``ek`` or ``pdml``
    :param columns: with Wireshark's own columns (Protocol, Info) in each record, which costs 1 % of tshark's time; then
        names are not resolved either, as nobody sees them
    """
    extra = ["-n", "-P", "-V"] if columns else []
    return Running(path, ["-r", _file_argument(capture), *extra, "-T", output, *options.arguments()])


def read_numbers(path: Path, capture: str | os.PathLike[str], display_filter: str, options: Options) -> Running:
    """Starts tshark to print the frame numbers that a display filter chooses, one a line."""
    chosen = ["-Y", display_filter, "-T", "fields", "-e", "frame.number"]
    return Running(path, ["-n", "-r", _file_argument(capture), *chosen, *options.arguments()])


def _file_argument(capture: str | os.PathLike[str]) -> str:
    """A file named ``-`` is not standard input."""
    name = os.fspath(capture)
    return f".{os.sep}{name}" if name.startswith("-") else name


def outcome(running: Running, name: str, packets: int) -> Problem | None:
    """What became of a tshark whose output was read to the end: nothing to say, a problem, or a failure.

    :raises UsageFailure: when it does not take an option
    :raises TsharkFailure: when it gave up before the first packet
    """
    code = running.wait()
    if code == 0:
        return None
    said = running.complaint or f"exit code {code}"
    if code == _INVALID_OPTION and not packets:
        raise UsageFailure(f"tshark does not take an option: {said}")
    if not packets:
        raise TsharkFailure(f"tshark cannot read {name}: {said}")
    return cut(f"tshark stopped after {packets} packets of {name}: {said}")

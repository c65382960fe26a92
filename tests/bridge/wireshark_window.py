"""Wireshark itself on a screen that nobody sees (Xvfb), and what is to be seen there.

``python -m tests.bridge.wireshark_window FILE`` makes the picture of the documents.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bridge.program import environment, labdissect, quiet

NEEDED = ("wireshark", "Xvfb", "xdotool", "import")
"""Programs: Debian's packages wireshark, xvfb, xdotool, imagemagick."""
WIDTH, HEIGHT = 1440, 620


def missing() -> list[str]:
    """Those of them that are not here."""
    return [name for name in NEEDED if shutil.which(name) is None]


@dataclass(frozen=True)
class Picture:
    """Pixels, three bytes each, row by row."""

    width: int
    height: int
    pixels: bytes

    def row(self, y: int, left: int, right: int) -> list[bytes]:
        """Some pixels of a row."""
        start = 3 * (y * self.width + left)
        data = self.pixels[start : start + 3 * (right - left)]
        return [data[at : at + 3] for at in range(0, len(data), 3)]

    def rows_of(self, color: str) -> int:
        """Rows of pixels in which this color (``RRGGBB``) is what most of the row has."""
        wanted = bytes.fromhex(color)
        return sum(self.row(y, 0, self.width).count(wanted) > self.width // 4 for y in range(self.height))

    def dark(self, left: int, right: int, top: int, bottom: int) -> int:
        """Dark pixels of a part: text."""
        return sum(sum(pixel) < 300 for y in range(top, bottom) for pixel in self.row(y, left, right))


@contextmanager
def screen() -> Iterator[str]:
    """A display, until the context ends; its name."""
    told, tell = os.pipe()
    arguments = ["-displayfd", str(tell), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    with subprocess.Popen(["Xvfb", *arguments], pass_fds=[tell], stderr=subprocess.DEVNULL) as server:
        os.close(tell)
        try:
            with os.fdopen(told, encoding="ascii") as answer:
                yield f":{answer.readline().strip()}"
        finally:
            server.terminate()


@contextmanager
def wireshark(home: Path, capture: Path, *arguments: str) -> Iterator[dict[str, str]]:
    """Wireshark with the profile, on a capture that it has read; the environment to look at it."""
    with screen() as display:
        runtime = home / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        seen = environment({"HOME": str(home), "XDG_CONFIG_HOME": "", "XDG_RUNTIME_DIR": str(runtime)})
        seen |= {"DISPLAY": display, "QT_SCALE_FACTOR": "1"}
        (home / ".config" / "wireshark").mkdir(parents=True, exist_ok=True)
        (home / ".config" / "wireshark" / "recent_common").write_text("privs.warn_if_elevated: FALSE\n")
        command = ["wireshark", "-C", "labdissect", *arguments, str(capture)]
        with subprocess.Popen(command, env=seen, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            try:
                _wait_for_window(capture.name, seen)
                yield seen
            finally:
                running.kill()


def _wait_for_window(name: str, seen: dict[str, str], seconds: float = 60) -> None:
    search = ["xdotool", "search", "--onlyvisible", "--name", name]
    deadline = time.monotonic() + seconds
    while subprocess.run(search, env=seen, capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, f"no window of Wireshark's shows {name}"
        time.sleep(0.3)
    shaped = [
        "windowsize",
        "%@",
        str(WIDTH),
        str(HEIGHT),
        "windowmove",
        "%@",
        "0",
        "0",
        "mousemove",
        str(WIDTH - 5),
        str(HEIGHT - 5),
    ]
    subprocess.run([*search, *shaped], env=seen, capture_output=True, check=True)


def picture(seen: dict[str, str]) -> Picture:
    """What is on the screen, once two looks at it are alike."""
    before = b""
    for _ in range(30):
        time.sleep(1)
        command = ["import", "-window", "root", "-depth", "8", "ppm:-"]
        taken = subprocess.run(command, env=seen, capture_output=True, check=True).stdout
        if taken == before:
            break
        before = taken
    magic, size, most, pixels = taken.split(b"\n", 3)
    assert (magic, most) == (b"P6", b"255")
    width, height = map(int, size.split())
    return Picture(width, height, pixels)


def main() -> None:
    """Opens the first seed's beginning and end in Wireshark and keeps what is seen."""
    from tests.conftest import capture_path

    shown = "frame.number <= 4 || frame.number == 8 || frame.number >= 2119"
    with tempfile.TemporaryDirectory() as folder:
        home, annotated = Path(folder), Path(folder) / "annotated.pcapng"
        quiet(labdissect(capture_path("seed-web"), "-o", "pcapng", "-w", annotated))
        quiet(labdissect("wireshark", "install", changes={"HOME": folder, "XDG_CONFIG_HOME": ""}))
        with wireshark(home, annotated, "-Y", shown) as seen:
            picture(seen)
            command = ["import", "-window", "root", "+dither", "-colors", "64", sys.argv[1]]
            subprocess.run(command, env=seen, check=True)


if __name__ == "__main__":
    main()

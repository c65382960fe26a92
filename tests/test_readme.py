"""The README shows what really happens: its commands are run, its plugin is loaded, its script works."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bridge.program import COMMAND, ROOT, environment, labdissect, quiet
from tests.conftest import CAPTURES

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"```console\n\$ (.*?)\n(.*?)```", README, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), CONSOLE)
def test_commands_print_what_is_shown(command: str, shown: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "labdissect"
    ran = quiet(labdissect(*arguments, folder=CAPTURES, changes={"COLUMNS": "100"}))
    assert matches(shown, ran.text), ran.text[:3000]


def matches(shown: str, printed: str) -> bool:
    """Whether printed text is what is shown: a line ``…`` stands for any lines, ``…`` at a line's end for its rest."""
    lines = shown.splitlines()
    pattern = ""
    for line in lines:
        if line == "…":
            pattern += r"(?:.*\n)*?"
        else:
            rest = r".*" if line.endswith("…") else ""
            pattern += re.escape(line.removesuffix("…")) + rest + r"\n"
    return re.fullmatch(pattern, printed) is not None


def test_the_plugin_is_the_example_and_works() -> None:
    example = (ROOT / "examples" / "low_ttl.py").read_text(encoding="utf-8")
    assert example.partition('"""\n\n')[2] == PYTHON[0]
    capture = CAPTURES / "icmp-traceroute-udp.pcapng"
    ran = quiet(labdissect("--plugin", ROOT / "examples" / "low_ttl.py", "-o", "jsonl", "--only", "lab", capture))
    assert json.loads(ran.lines[0])["text"] == "Router 1 will drop it."


def test_the_script_works(tmp_path: Path) -> None:
    name = tmp_path / "bin" / "labdissect"
    name.parent.mkdir()
    name.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    name.chmod(0o755)
    shutil.copy(CAPTURES / "seed-web.pcapng", tmp_path)
    path = environment()["PATH"]
    ran = subprocess.run(
        [sys.executable, "-c", PYTHON[2] + "\nprint(len(verdicts), ran.returncode)"],
        capture_output=True,
        env=environment({"PATH": f"{name.parent}:{path}"}),
        cwd=tmp_path,
        text=True,
        check=True,
    )
    count, code = ran.stdout.split()
    assert int(count) > 2125 and code == "0"


def test_the_library_is_used_as_shown() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PYTHON[1]], capture_output=True, env=environment(), cwd=CAPTURES, text=True, check=True
    )
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["2122", "2124"]


def test_pyshark_reads_the_output(tmp_path: Path) -> None:
    annotated = quiet(labdissect(CAPTURES / "tcp-four-way-close.pcapng")).out
    (tmp_path / "annotated.ek").write_bytes(annotated)
    ran = subprocess.run(
        [sys.executable, "-c", PYTHON[3]], capture_output=True, env=environment(), cwd=tmp_path, text=True, check=True
    )
    assert ran.stdout.count("\n") == 13
    assert "Handshake 1 of 3" in ran.stdout


def test_every_file_it_names_is_there() -> None:
    for name in ("examples/low_ttl.py", "plugins/hookspecs.py", "dissectors/tcp.py", "bridge/run.py", "LICENSE"):
        assert (ROOT / name).is_file()
    assert (ROOT / "plugins" / "tcp" / "closing.py").is_file()

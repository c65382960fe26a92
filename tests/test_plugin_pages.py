"""docs/plugins.md and docs/from-lua.md: their code is written to files and run, and prints what they show."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.bridge.program import ROOT, Ran, environment, labdissect, quiet
from tests.conftest import CAPTURES
from tests.test_readme import matches

TUTORIAL = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
FROM_LUA = (ROOT / "docs" / "from-lua.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(python|lua|console)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"(?:#|--) (add to )?(\w+\.(?:py|lua))\n")


def written(block: str, folder: Path) -> Path:
    """A block of code as the file that its first line names; ``add to`` puts it behind what is there."""
    named = FILE.match(block)
    assert named is not None, f"the first line names no file: {block[:60]!r}"
    path = folder / named[2]
    before = path.read_text(encoding="utf-8") + "\n\n" if named[1] else ""
    path.write_text(before + block[named.end() :], encoding="utf-8")
    return path


def steps(page: str) -> Iterator[tuple[str, str]]:
    return ((match[1], match[2]) for match in BLOCK.finditer(page))


def run(command: str, folder: Path) -> Ran:
    program, *arguments = shlex.split(command)
    if program == "labdissect":
        return labdissect(*arguments, folder=folder, changes={"COLUMNS": "100"})
    assert program == "python"
    line = [sys.executable, *arguments, "-p", "no:cacheprovider"]
    ran = subprocess.run(line, capture_output=True, env=environment(), cwd=folder, check=False)
    return Ran(ran.returncode, ran.stdout, ran.stderr.decode())


def test_the_tutorial_from_an_empty_file_to_its_tests(tmp_path: Path) -> None:
    for name in re.findall(r"\b([\w-]+\.pcapng)", TUTORIAL):
        shutil.copy(CAPTURES / name, tmp_path)
    commands = 0
    for language, block in steps(TUTORIAL):
        if language == "python":
            written(block, tmp_path)
            continue
        command, _, shown = block.removeprefix("$ ").partition("\n")
        ran = run(command, tmp_path)
        assert matches(shown, quiet(ran).text), f"$ {command}\n{ran.text}"
        commands += 1
    assert commands >= 7


def test_the_tutorials_code_is_as_tidy_as_ours(tmp_path: Path) -> None:
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    for page in (TUTORIAL, FROM_LUA):
        for language, block in steps(page):
            if language == "python":
                written(block, tmp_path)
    for arguments in (["check"], ["format", "--check"]):
        ran = subprocess.run(
            [ruff, *arguments, "--config", ROOT / "pyproject.toml", "--no-cache", tmp_path],
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


@cache
def tshark_runs_lua() -> bool:
    """Whether it was built with Lua, and runs scripts for whoever runs the tests: for root, tshark 4.4 does not."""
    with TemporaryDirectory() as folder:
        script = Path(folder, "nothing.lua")
        script.write_text('print("Lua runs")\n')
        tried = ["tshark", "-X", f"lua_script:{script}", "-r", CAPTURES / "rdt-corrupted.pcapng", "-c", "1"]
        return "Lua runs" in subprocess.run(tried, capture_output=True, text=True, check=False).stdout


@pytest.mark.skipif(not tshark_runs_lua(), reason="this tshark runs no Lua scripts (for this user)")
@pytest.mark.parametrize("capture", ["rdt-go-back-n", "rdt-stop-and-wait-loss", "rdt-corrupted"])
def test_lua_and_construct_read_the_same(tmp_path: Path, capture: str) -> None:
    lua, construct = (written(block, tmp_path) for _, block in steps(FROM_LUA))
    by_lua = ["tshark", "-X", f"lua_script:{lua}", "-r", str(CAPTURES / f"{capture}.pcapng"), "-T", "ek"]
    printed = subprocess.run(by_lua, capture_output=True, check=True).stdout
    ran = labdissect("--plugin", construct, stdin=printed)
    assert (ran.code, ran.err) == (0, "")
    packets = [json.loads(line)["layers"] for line in ran.lines if not line.startswith(b'{"index"')]
    assert len(packets) > 15
    for packet in packets:
        one, other = members(packet["rdtlua"]), members(packet["rdtpy"])
        if "data" not in one:
            assert other.pop("data") == ""
        assert one == other
        assert set(one) >= {"seq", "ack", "flags", "flags_fin", "window", "length", "checksum"}


def members(layer: dict[str, Any]) -> dict[str, Any]:
    """Fields by their own names, without the layer's."""
    return {re.sub(r"^(rdt\w+?)_\1_", "", key): value for key, value in layer.items()}

"""docs/seeds.md and docs/questions.md: every command in them is run, and prints every line that is quoted."""

from __future__ import annotations

import re
import shlex
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from tests.bridge.program import ROOT, Ran, labdissect, quiet
from tests.conftest import CAPTURES

DOCUMENTS = ("seeds.md", "questions.md")
BY_LINE = re.compile(r"-o (?:tsv|csv|jsonl|conversations)\b")
"""Formats that never break a line; elsewhere a quoted line may be spread over several."""
FAR = 600
"""Characters that a ``…`` may stand for where lines are broken."""


def quoted(name: str) -> dict[str, list[str]]:
    """The lines that a document quotes of each command's output; a line beginning with ``#`` is a question."""
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                lines = found.setdefault(line[2:], [])
            elif line and line != "…" and not line.startswith("#"):
                assert lines is not None, f"{name}: no command before {line!r}"
                lines.append(line)
    return found


@cache
def run(command: str) -> Ran:
    program, *arguments = shlex.split(command)
    assert program == "labdissect", command
    return labdissect(*arguments, folder=CAPTURES)


def says(command: str, printed: str, line: str) -> bool:
    """Whether the line is there: a ``…`` stands for anything, blanks and tabs are alike."""
    pattern = r".*?".join(re.escape(squeezed(part)) for part in line.split("…"))
    if BY_LINE.search(command):
        return any(re.match(pattern, squeezed(one)) for one in printed.splitlines())
    limited = pattern.replace(".*?", f".{{0,{FAR}}}?")
    return re.search(limited, squeezed(printed)) is not None


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_quoted_line_is_printed(name: str) -> None:
    commands = quoted(name)
    with ThreadPoolExecutor() as pool:
        ran = dict(zip(commands, pool.map(run, commands), strict=True))
    missing = [
        f"$ {command}\n  {line}"
        for command, lines in commands.items()
        for line in lines
        if not says(command, quiet(ran[command]).text, line)
    ]
    assert not missing, f"docs/{name}: not printed:\n" + "\n".join(missing)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_has_a_line(name: str) -> None:
    assert [command for command, lines in quoted(name).items() if not lines] == []

"""The examples' README shows what really happens, and leaves no example out."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.bridge.program import labdissect, quiet
from tests.examples.loaded import EXAMPLES
from tests.test_readme import matches

README = (EXAMPLES / "README.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"```console\n\$ (.*?)\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=lambda text: text.partition(" tests/")[0][:60])
def test_commands_print_what_is_shown(command: str, shown: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "labdissect"
    ran = quiet(labdissect(*arguments, changes={"COLUMNS": "100"}))
    assert matches(shown, ran.text), ran.text[:3000]


def test_every_example_is_in_it() -> None:
    for path in EXAMPLES.glob("*.py"):
        assert f"({path.name})" in README, path.name

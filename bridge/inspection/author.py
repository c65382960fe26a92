"""The author's files: where something is defined, so that whatever is found names a line."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or could be better."""

    severity: str
    """:data:`ERROR`: it does not work; :data:`WARNING`: it works, and lacks something."""
    message: str
    file: str
    line: int | None = None

    def __str__(self) -> str:
        """As compilers print it, so that editors find the line."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.severity}: {self.message}"


@dataclass(frozen=True)
class Place:
    """A line of a file."""

    file: str
    line: int | None = None

    def error(self, message: str) -> Finding:
        """Something that does not work."""
        return Finding(ERROR, message, self.file, self.line)

    def warning(self, message: str) -> Finding:
        """Something that could be better."""
        return Finding(WARNING, message, self.file, self.line)


class AuthorsFiles:
    """The Python files of a plugin: one, or all of a package's folder.

    :param module: the plugin, loaded
    :param named: as the user named it; findings name the file so
    """

    def __init__(self, module: ModuleType, named: str) -> None:
        self.module = module
        self._named = named

    @cached_property
    def _files(self) -> list[Path]:
        own = Path(self.module.__file__ or self._named)
        if own.name == "__init__.py":
            return [own, *sorted(path for path in own.parent.rglob("*.py") if path != own)]
        return [own]

    @cached_property
    def trees(self) -> list[tuple[str, ast.Module]]:
        """Each file's name and syntax tree; files that are no Python by themselves are left out."""
        found = []
        for path in self._files:
            try:
                tree = ast.parse(path.read_bytes())
            except (OSError, SyntaxError, ValueError):
                continue
            found.append((self._named if path == self._files[0] and self._named.endswith(".py") else str(path), tree))
        return found

    @property
    def whole(self) -> Place:
        """The plugin's file, no line in particular."""
        return Place(self._named if self._named.endswith(".py") else str(self._files[0]))

    def hook(self, name: str) -> Callable[..., Any] | None:
        """The plugin's implementation of a hook; None when it has none."""
        found = getattr(self.module, name, None)
        return found if callable(found) and hasattr(found, "labdissect_impl") else None

    def calls(self, function: str) -> Iterator[tuple[str, ast.Call]]:
        """Calls of a function or class of this name, ``Verdict(…)`` or ``labdissect.Verdict(…)``, with their file."""
        for file, tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and _called_name(node) == function:
                    yield file, node

    def definition(self, function: str, key: str) -> Place:
        """Where ``function("key", …)`` is called: a rule by its code, a layer by its name. When it is not written out
        like that, where the key is; else the file."""
        for file, call in self.calls(function):
            arguments = [*call.args[:1], *(one.value for one in call.keywords)]
            if any(isinstance(one, ast.Constant) and one.value == key for one in arguments):
                return Place(file, call.lineno)
        return self.constant(key)

    def constant(self, text: str) -> Place:
        """Where a string is first written; else the file."""
        for file, tree in self.trees:
            lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == text]
            if lines:
                return Place(file, min(lines))
        return self.whole

    def definition_of_class(self, name: str) -> Place:
        """Where ``class name`` is; else the file."""
        for file, tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and node.name == name:
                    return Place(file, node.lineno)
        return self.whole

    def functions(self) -> Iterator[tuple[Place, str]]:
        """Functions at the top of the plugin's own file."""
        for file, tree in self.trees[:1]:
            for node in tree.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield Place(file, node.lineno), node.name


def _called_name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""

"""The page docs/hooks.md: every hook, and what it returns, as their docstrings say it."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec

from labdissect.dissectors.layer import Derived, Header, Layer, Text, note
from labdissect.plugins.analyzer import Analyzer, Settings
from labdissect.plugins.column import Column
from labdissect.plugins.hookspecs import Hooks
from labdissect.plugins.packet import Packet
from labdissect.plugins.rule import Evidence, Explanation, Rule, Verdict
from labdissect.plugins.writer import (
    BaseWriter,
    Reader,
    ReaderFormat,
    Record,
    Summary,
    Writer,
    WriterFormat,
    WriterSettings,
)

GENERATED = (
    "<!-- Written by `make docs` from plugins/hookspecs.py and the types it names: change those, not this page. -->"
)
TYPES: tuple[Any, ...] = (
    *(Layer, Text, note, Derived, Header, Packet),
    *(Rule, Explanation, Verdict, Evidence, Analyzer, Settings, Column),
    *(WriterFormat, WriterSettings, Writer, BaseWriter, Record, Summary, ReaderFormat, Reader),
)
"""In the order in which a plugin meets them."""


INTERNAL = {
    *("header_type", "parsed_type", "parsed", "regular", "decode", "header", "parse_sized", "differences"),
    *("fillers", "level", "decided"),
}
"""Members that only labdissect itself uses."""
vars(inspect.getmodule(Column)).setdefault("Packet", Packet)  # msgspec evaluates what annotations name
MADE_BY_AUTHORS = (Layer, Text, Derived, Rule, Explanation, Verdict, Evidence, Column, WriterFormat, ReaderFormat)


def hooks_page() -> str:
    """The whole page."""
    lines = [GENERATED, "", "# Hooks", "", _prose(inspect.getdoc(inspect.getmodule(Hooks)) or ""), ""]
    lines += ["[plugins.md](plugins.md) shows how to use them, step by step.", ""]
    for name, hook in vars(Hooks).items():
        if name.startswith("labdissect_"):
            lines += [f"## {name}", "", "```python", _signature("def ", name, hook), "```", ""]
            lines += [_prose(inspect.getdoc(hook) or ""), ""]
    lines += ["# Types", ""]
    for one in TYPES:
        lines += [f"## {one.__name__}", ""]
        if one in MADE_BY_AUTHORS or inspect.isfunction(one):
            lines += ["```python", _signature("", one.__name__, one), "```", ""]
        lines += [_prose(inspect.getdoc(one) or ""), ""]
        members = list(_members(one)) if inspect.isclass(one) else []
        lines += [*members, *([""] if members else [])]
    return "\n".join(lines).rstrip() + "\n"


def _signature(before: str, name: str, function: Any) -> str:
    """Names, types and defaults, as an author writes a call or a hook."""
    signature = _struct_signature(function) if hasattr(function, "__struct_fields__") else inspect.signature(function)
    parameters = signature.parameters.items()
    kept = [one for key, one in parameters if key not in ("self", *INTERNAL) and not key.startswith("_")]
    given = [_parameter(one) for one in kept]
    named = [at for at, one in enumerate(kept) if one.kind is inspect.Parameter.KEYWORD_ONLY]
    if named:
        given.insert(named[0], "*")
    result = "" if inspect.isclass(function) else f" -> {_annotation(signature.return_annotation)}"
    line = f"{before}{name}({', '.join(given)}){result}"
    if len(line) <= 100:
        return line
    return "\n".join([f"{before}{name}(", *(f"    {one}," for one in given), f"){result}"])


def _struct_signature(struct: Any) -> inspect.Signature:
    """As inspect.signature has it, but for types that only type checkers import."""
    empty = inspect.Parameter.empty
    written: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        written.update(vars(base).get("__annotations__", {}))
    names, given = struct.__struct_fields__, struct.__struct_defaults__
    made = []
    for name, default in zip(names, (empty,) * (len(names) - len(given)) + given, strict=True):
        default = empty if default is msgspec.NODEFAULT else getattr(default, "factory", default)
        made.append(
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=written[name])
        )
    return inspect.Signature(made, __validate_parameters__=False)


def _parameter(one: inspect.Parameter) -> str:
    default = "" if one.default is inspect.Parameter.empty else f" = {one.default!r}"
    return f"{one.name}: {_annotation(one.annotation)}{default}"


def _annotation(annotation: Any) -> str:
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    written = str(getattr(annotation, "__forward_arg__", annotation))
    return re.sub(r"\b(?:typing|collections\.abc|labdissect(?:\.\w+)+)\.", "", written)


def _members(kind: type) -> Iterator[str]:
    """Fields, properties and methods that have a docstring, a list item each."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    for at, node in enumerate(tree.body):
        name, shown, said = "", "", None
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            shown = f"{name}: {ast.unparse(node.annotation)}"
            after = tree.body[at + 1] if at + 1 < len(tree.body) else None
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                said = inspect.cleandoc(str(after.value.value))
        elif isinstance(node, ast.FunctionDef):
            is_property = any("property" in ast.unparse(one) for one in node.decorator_list)
            names = [one.arg for one in node.args.args if one.arg not in ("self", "cls")]
            if node.args.vararg is not None:
                names.append(f"*{node.args.vararg.arg}")
            arguments = ", ".join(names)
            name, said = node.name, ast.get_docstring(node)
            shown = name if is_property else f"{name}({arguments})"
        if said and not name.startswith("_") and name not in INTERNAL:
            first = said.partition("\n\n")[0]
            yield f"- `{shown}`: {' '.join(_prose(first).split())}"


def _prose(text: str) -> str:
    """reStructuredText as the docstrings use it, in Markdown."""
    text = re.sub(r":(?:class|data|meth|func|attr):`~?([^`]+)`", r"`\1`", text)
    text = re.sub(r"``(.+?)``", r"`\1`", text)
    text = re.sub(r"(?m)^\s*:param (\w+): ", r"- `\1`: ", text)
    text = re.sub(r"(?m)^\s*:raises ([\w.]+): ", r"- raises `\1`: ", text)
    text = re.sub(r"(?m)^    (?=\S)", "  ", text)
    return re.sub(r"(?m)^(?!- |  )(.*\S.*)\n(- )", r"\1\n\n\2", text).strip()

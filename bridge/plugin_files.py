"""The files that plugins are made of: while none of them changes, plugins say the same."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from labdissect.plugins.registry import BUILT_IN, Registry

PACKAGES = frozenset(("site-packages", "dist-packages"))
"""Folders of what is installed."""


def plugin_files(registry: Registry) -> list[Path]:
    """Of every plugin that is not built in its own file, and those in its folder (of a module in a package: the
    package's folder) that were imported by now; not what is installed there, nor Python's own."""
    found: dict[Path, None] = {}
    for name, source in registry.sources.items():
        module = None if source == BUILT_IN else inspect.getmodule(registry.manager.get_plugin(name))
        own = None if module is None else _file(module)
        if module is not None and own is not None:
            package = sys.modules.get(module.__name__.partition(".")[0], module)
            folder = (_file(package) or own).parent
            found |= dict.fromkeys((own, *sorted(_imported(folder))))
    return list(found)


def _imported(folder: Path) -> Iterator[Path]:
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if top in ("labdissect", "__main__") or top in sys.stdlib_module_names or not isinstance(module, ModuleType):
            continue
        file = _file(module)
        if file is not None and file.is_relative_to(folder):
            within = file.relative_to(folder.parent).parts[:-1]
            if PACKAGES.isdisjoint(within):
                yield file


def _file(module: ModuleType) -> Path | None:
    """Where its code is; None of a module that has no file."""
    file = vars(module).get("__file__")  # an attribute may be anything, of modules that import themselves when asked
    return Path(file).resolve() if isinstance(file, str) else None

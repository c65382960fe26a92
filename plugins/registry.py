"""Everything that plugins have added, collected once at start: the built-ins, entry points, and files named by the user."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pluggy

from labdissect.dissectors import builtin_layers
from labdissect.dissectors.layer import Layer

from .analyzer import Analyzer, Settings
from .column import Column
from .hookspecs import Hooks, hookimpl
from .rule import Rule
from .writer import ReaderFormat, WriterFormat

ENTRY_POINT_GROUP = "labdissect"
ENVIRONMENT_VARIABLE = "LABDISSECT_PLUGINS"
BUILT_IN = "built in"
"""Where the built-in plugins come from, in :attr:`Registry.sources`."""


class PluginError(Exception):
    """A plugin cannot be loaded or clashes with another; the message names the file and what to do."""


@dataclass
class Registry:
    """What there is to work with, each by its name."""

    manager: pluggy.PluginManager
    layers: dict[str, Layer] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    writers: dict[str, WriterFormat] = field(default_factory=dict)
    readers: dict[str, ReaderFormat] = field(default_factory=dict)
    carried: dict[str, Layer] = field(default_factory=dict)
    """Of the layers those that plugins read from payloads; the others are read from what tshark says."""
    givers: dict[tuple[str, str], str] = field(default_factory=dict)
    """``("layer", "labrdt")`` → name of the plugin that gave it; likewise for rules, columns, writers, readers."""
    sources: dict[str, str] = field(default_factory=dict)
    """Plugin name → where it came from, in the order of loading."""
    judging: Collection[str] | None = None
    """Names of the plugins whose analyzers work; None: all do."""

    def analyzers(self, settings: Settings) -> list[Analyzer]:
        """Fresh analyzers for one input, built-ins first."""
        found: list[Analyzer] = []
        for name, plugin in self.manager.list_name_plugin():
            if self.judging is not None and name not in self.judging:
                continue
            hook = getattr(plugin, "labdissect_analyzers", None)
            if hook is not None and self.manager.parse_hookimpl_opts(plugin, "labdissect_analyzers") is not None:
                made = _called(name, hook, settings)
                found.extend(made or ())
        return found


class _Dissectors:
    """The layers of the dissectors folder, as a plugin like any other."""

    @hookimpl
    def labdissect_layers(self) -> Sequence[Layer]:
        """Every ``LAYER`` there."""
        return builtin_layers()


def load(
    names: Iterable[str | ModuleType] = (), *, entry_points: bool = True, extra_packages: Sequence[str] = ()
) -> Registry:
    """Loads the built-ins, what is installed, and ``names`` (files ending in .py, or modules).

    :param entry_points: whether also what is installed and what LABDISSECT_PLUGINS names
    :param extra_packages: further packages whose modules hold built-in hooks (the bridge's readers and writers)
    :raises PluginError: when one cannot be loaded or two give the same name
    """
    manager = pluggy.PluginManager("labdissect")
    manager.add_hookspecs(Hooks)
    registry = Registry(manager)
    manager.register(_Dissectors(), "labdissect.dissectors")
    for package in ("labdissect.plugins", *extra_packages):
        for module in _modules(package):
            hooks = {name: value for name, value in vars(module).items() if name.startswith("labdissect_")}
            if hooks:  # pluggy looks at every name of what it registers: rules have hundreds
                manager.register(SimpleNamespace(**hooks), module.__name__)
    for name, _ in manager.list_name_plugin():
        registry.sources[name] = BUILT_IN
    if entry_points:
        _load_entry_points(registry)
    for name in (*(_from_environment() if entry_points else ()), *names):
        _load_named(registry, name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"plugin {error.plugin!r}: {error}; see docs/hooks.md for the hooks there are") from error
    _collect(registry)
    return registry


def _modules(package: str) -> Iterable[ModuleType]:
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        yield importlib.import_module(module.name)


def _from_environment() -> list[str]:
    return [name for name in os.environ.get(ENVIRONMENT_VARIABLE, "").split(os.pathsep) if name]


def _some_package_has_entry_points() -> bool:
    """Whether anything installed names our group. Asking importlib.metadata costs 17 ms of every start, so it is asked
    only then."""
    mark = f"[{ENTRY_POINT_GROUP}]".encode()
    for folder in {path for path in sys.path if path}:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.endswith((".dist-info", ".egg-info")):
                    continue
                with suppress(OSError):
                    if mark in Path(entry.path, "entry_points.txt").read_bytes():
                        return True
    return False


def _load_entry_points(registry: Registry) -> None:
    if not _some_package_has_entry_points():
        return
    import importlib.metadata

    for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        try:
            plugin = entry.load()
        except Exception as error:
            raise PluginError(f"installed plugin {entry.name} ({entry.value}): {_where(error, None)}") from error
        _register(registry, plugin, entry.name, f"entry point {entry.value}")


def _load_named(registry: Registry, name: str | ModuleType) -> None:
    if isinstance(name, ModuleType):
        _register(registry, name, name.__name__, name.__file__ or name.__name__)
        return
    path = Path(name)
    if name.endswith(".py") or path.is_file():
        if not path.is_file():
            raise PluginError(f"plugin {name}: no such file")
        plugin_name = path.stem
        spec = importlib.util.spec_from_file_location(f"labdissect_plugin_{plugin_name}", path)
        if spec is None or spec.loader is None:
            raise PluginError(f"plugin {name}: not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise PluginError(f"plugin {name}: {_where(error, path)}") from error
    else:
        plugin_name = name
        try:
            module = importlib.import_module(name)
        except Exception as error:
            raise PluginError(f"plugin {name}: {_where(error, None)}") from error
    _register(registry, module, plugin_name, str(name))


def _register(registry: Registry, plugin: Any, name: str, source: str) -> None:
    if registry.manager.has_plugin(name):
        raise PluginError(f"plugin {source}: a plugin named {name!r} is loaded already ({registry.sources[name]})")
    try:
        registry.manager.register(plugin, name)
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError(f"plugin {source}: {error}; see docs/hooks.md for the hooks there are") from error
    registry.sources[name] = source


def _where(error: BaseException, path: Path | None) -> str:
    """The error with the line of the author's file that it comes from."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    import traceback

    lines = traceback.extract_tb(error.__traceback__)
    mine = [line for line in lines if path is not None and Path(line.filename) == path]
    place = f"line {mine[-1].lineno}: " if mine else ""
    return f"{place}{type(error).__name__}: {error}"


def _called(name: str, hook: Any, *arguments: Any) -> Any:
    try:
        return hook(*arguments)
    except Exception as error:
        path = Path(hook.__code__.co_filename)
        raise PluginError(f"plugin {name}: {hook.__name__}: {_where(error, path)}") from error


def _collect(registry: Registry) -> None:
    kinds: tuple[tuple[str, dict[str, Any], type, str], ...] = (
        ("labdissect_layers", registry.layers, Layer, "name"),
        ("labdissect_rules", registry.rules, Rule, "code"),
        ("labdissect_columns", registry.columns, Column, "name"),
        ("labdissect_writers", registry.writers, WriterFormat, "name"),
        ("labdissect_readers", registry.readers, ReaderFormat, "name"),
    )
    for hook_name, table, kind, attribute in kinds:
        what = hook_name.removeprefix("labdissect_").removesuffix("s")
        given_by = registry.givers
        for plugin_name, plugin in registry.manager.list_name_plugin():
            hook = getattr(plugin, hook_name, None)
            if hook is None or registry.manager.parse_hookimpl_opts(plugin, hook_name) is None:
                continue
            for item in _called(plugin_name, hook) or ():
                if not isinstance(item, kind):
                    raise PluginError(f"plugin {plugin_name}: {hook_name} returned {item!r}, not a {kind.__name__}")
                key = getattr(item, attribute)
                if key in table:
                    raise PluginError(
                        f"plugin {plugin_name}: {attribute} {key!r} is taken by plugin {given_by[what, key]}; choose another"
                    )
                table[key] = item
                given_by[what, key] = plugin_name
                if isinstance(item, Layer) and item.over and registry.sources[plugin_name] != BUILT_IN:
                    registry.carried[key] = item
